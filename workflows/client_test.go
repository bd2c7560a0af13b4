package workflows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// server is a Temporal server that answers every start with the same error, or none.
type server struct {
	client.Client
	err error

	started client.StartWorkflowOptions
	kind    any
	args    []any
}

func (s *server) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, kind any, args ...any) (client.WorkflowRun, error) {
	s.started, s.kind, s.args = o, kind, args
	return nil, s.err
}

var aStart = casework.Start{
	InstanceID: "i-1", ProcessKey: "complaints", ProcessName: "Complaints", DefinitionVersion: 3, SHA256: "0123", CaseNumber: "CASE-7",
}

func TestACaseIsStartedOnceAndReadable(t *testing.T) {
	t.Parallel()
	s := &server{}
	require.NoError(t, workflows.NewClient(s, "cases").Deliver(t.Context(), casework.Delivery{Start: &aStart}))
	require.Equal(t, "complaints", s.kind, "the type is the process key")
	require.Equal(t, []any{workflows.Input{Start: aStart}}, s.args)
	require.Equal(t, "i-1", s.started.ID)
	require.Equal(t, workflows.TaskQueue, s.started.TaskQueue)
	require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, s.started.WorkflowIDReusePolicy)
	require.True(t, s.started.WorkflowExecutionErrorWhenAlreadyStarted)
	require.Zero(t, s.started.WorkflowExecutionTimeout, "a case lasts as long as it lasts")
	require.Zero(t, s.started.WorkflowRunTimeout)
	require.Equal(t, "Complaints · case CASE-7", s.started.StaticSummary)
	require.Equal(t, "Process `complaints` version 3\n\nSource SHA-256 `0123`", s.started.StaticDetails)
	key, _ := s.started.TypedSearchAttributes.GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttrProcessKey))
	number, _ := s.started.TypedSearchAttributes.GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttrCaseNumber))
	require.Equal(t, []string{"complaints", "CASE-7"}, []string{key, number})
}

func TestWhatAFailedStartMeans(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err error
		ok  bool
	}{
		"it was sent before":       {serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""), true},
		"Temporal is away":         {serviceerror.NewUnavailable("away"), false},
		"the namespace is unknown": {serviceerror.NewNamespaceNotFound("cases"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := workflows.NewClient(&server{err: tc.err}, "cases").Deliver(t.Context(), casework.Delivery{Start: &aStart})
			require.NotErrorIs(t, err, workflows.ErrClosed, "trying again may help")
			require.Equal(t, tc.ok, err == nil, "%v", err)
		})
	}
	require.NoError(t, workflows.NewClient(&server{}, "cases").Deliver(t.Context(), casework.Delivery{}), "nothing to deliver")
}
