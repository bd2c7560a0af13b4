package e2e

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// TestEveryEndIsReachedWithoutAWorkflowCache lets every workflow task replay its case from the first event on.
func TestEveryEndIsReachedWithoutAWorkflowCache(t *testing.T) {
	t.Parallel()
	s := own(t, "replay", "--workflow-cache", "0")
	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	people := users(t)
	source, err := os.ReadFile("../../bpmn/models/onecms-unified-case.bpmn") // it is deployed with the sample data
	require.NoError(t, err)
	programs, findings := bpmn.Compile(source)
	require.False(t, findings.HasErrors(), "%v", findings)
	ways := plan(programs[0], people)
	require.NotEmpty(t, ways)
	for _, end := range slices.Sorted(maps.Keys(ways)) {
		t.Run(end, func(t *testing.T) {
			id := walk(t, s, people, programs[0].Key, ways[end]).ProcessInstanceID
			tasks := 0
			events := temporal.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				require.NoError(t, err)
				require.NotEqual(t, enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, event.GetEventType(), "%v", event)
				require.NotEqual(t, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, event.GetEventType(), "%v", event)
				if queue := event.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); queue != nil {
					tasks++
					require.Equal(t, enumspb.TASK_QUEUE_KIND_NORMAL, queue.GetKind(), "a sticky queue: the case was kept in a cache")
				}
			}
			require.Greater(t, tasks, 1)
		})
	}
}

// TestWhatTemporalSaysToADelivery sends the same start and the same signal twice, and a signal that comes too late.
func TestWhatTemporalSaysToADelivery(t *testing.T) {
	t.Parallel()
	s := product(t)
	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	sender := workflows.NewClient(temporal, "default")
	started, err := s.As("alice.intake").StartCase(t.Context(), casework.CaseStart{ProcessKey: "quickReview"})
	require.NoError(t, err)
	id := started.ProcessInstanceID
	require.NoError(t, sender.Deliver(t.Context(), casework.Delivery{Start: &casework.Start{InstanceID: id, ProcessKey: "quickReview"}}), "already started")

	forged := casework.Command{CommandID: uuid.NewString(), Kind: casework.CommandTerminate, InstanceID: id}
	require.NoError(t, sender.Deliver(t.Context(), casework.Delivery{Command: &forged}))
	require.NoError(t, sender.Deliver(t.Context(), casework.Delivery{Command: &forged}), "a second copy is no error")
	signals := 0
	events := temporal.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			signals++
		}
	}
	require.Equal(t, 1, signals, "the server drops the second copy by its request id")

	alice := s.As("alice.intake")
	_, err = alice.Claim(t.Context(), started.Tasks[0].TaskID)
	require.NoError(t, err)
	_, err = alice.Complete(t.Context(), started.Tasks[0].TaskID, casework.Completion{})
	require.NoError(t, err)
	require.NoError(t, temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
	late := casework.Command{CommandID: uuid.NewString(), Kind: casework.CommandClaim, InstanceID: id}
	require.ErrorIs(t, sender.Deliver(t.Context(), casework.Delivery{Command: &late}), workflows.ErrClosed)
	late.InstanceID = uuid.NewString()
	require.ErrorIs(t, sender.Deliver(t.Context(), casework.Delivery{Command: &late}), workflows.ErrClosed, "an unknown one")
	require.NoError(t, sender.Deliver(t.Context(), casework.Delivery{Start: &casework.Start{InstanceID: id, ProcessKey: "quickReview"}}),
		"a start is never repeated, not even after the end")
	elsewhere := workflows.NewClient(temporal, "elsewhere").Deliver(t.Context(), casework.Delivery{Command: &late})
	require.Error(t, elsewhere)
	require.NotErrorIs(t, elsewhere, workflows.ErrClosed, "a namespace may come yet")
}
