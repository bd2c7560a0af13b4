package activities_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/onecms/nextgen-workflow/activities"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// store answers every commit in the same way.
type store struct {
	got    casework.StepCommit
	result casework.StepResult
	err    error
}

func (s *store) CommitStep(_ context.Context, c casework.StepCommit) (casework.StepResult, error) {
	s.got = c
	return s.result, s.err
}

func TestCommitStepHandsTheStepToTheStore(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*store{
		"and its result back": {result: casework.StepResult{Fingerprint: "f", Lost: []string{"t1"}, Tasks: []casework.TaskPlaced{{TaskID: "t2"}}}},
		"and a refusal back":  {result: casework.StepResult{Refused: true, Reason: "not accepted"}},
		"and its error back":  {err: errors.New("the database is away")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestActivityEnvironment()
			acts := &activities.Activities{Store: s}
			env.RegisterActivity(acts.CommitStep)
			commit := casework.StepCommit{InstanceID: "i", Step: 4, Fingerprint: "f", Variables: []casework.VariableChange{{Name: "n", Value: []byte(`{"a":1}`)}}}
			value, err := env.ExecuteActivity(acts.CommitStep, commit)
			require.Equal(t, commit, s.got)
			if s.err != nil {
				require.ErrorContains(t, err, s.err.Error())
				return
			}
			require.NoError(t, err)
			var result casework.StepResult
			require.NoError(t, value.Get(&result))
			require.Equal(t, s.result, result)
		})
	}
}
