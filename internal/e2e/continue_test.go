package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// TestEveryActIsAppliedOnceWhileACaseContinuesAsNew claims and releases a task without a pause while large signals from
// elsewhere make the run continue as new again and again.
func TestEveryActIsAppliedOnceWhileACaseContinuesAsNew(t *testing.T) {
	t.Parallel()
	const rounds, fillers = 40, 36
	s := product(t)
	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	alice := s.As("alice.intake")
	started, err := alice.StartCase(t.Context(), casework.CaseStart{ProcessKey: "quickReview"})
	require.NoError(t, err)
	id, task := started.ProcessInstanceID, started.Tasks[0].TaskID

	var filling sync.WaitGroup
	filling.Go(func() {
		large := casework.Command{Reason: strings.Repeat("x", 400<<10)} // no id: dropped when it is read
		for range fillers {
			if err := temporal.SignalWorkflow(t.Context(), id, "", string(casework.CommandClaim), large); err != nil {
				t.Errorf("filler: %v", err)
				return
			}
		}
	})
	for range rounds {
		_, err := alice.Claim(t.Context(), task)
		require.NoError(t, err)
		_, err = alice.Do(t.Context(), "POST", "/api/workflow/tasks/"+task+"/unclaim", nil, nil)
		require.NoError(t, err)
	}
	filling.Wait()
	_, err = alice.Claim(t.Context(), task)
	require.NoError(t, err)
	require.Eventually(t, func() bool { // else the completion may overtake the last claim
		value, err := temporal.QueryWorkflow(t.Context(), id, "", "state")
		var state workflows.RunState
		if err != nil || value.Get(&state) != nil {
			return false // a signal came in between while a run continued as new: its workflow task is tried again
		}
		return len(state.Tasks) == 1 && state.Tasks[0].Assignee == "alice.intake" && state.Step == 2*rounds+2
	}, time.Minute, 50*time.Millisecond)
	_, err = alice.Complete(t.Context(), task, casework.Completion{})
	require.NoError(t, err)
	require.NoError(t, temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))

	runs, applied := countAssigned(t, temporal, id)
	require.Greater(t, runs, 1, "the case never continued as new")
	require.GreaterOrEqual(t, applied, 2*rounds+1, "each claim and release causes a step; one more for each that came in another order after a failed attempt")
	var actions casework.List[casework.TaskAction]
	_, err = alice.Do(t.Context(), "GET", "/api/workflow/tasks/"+task+"/history?limit=200", nil, &actions)
	require.NoError(t, err)
	require.Len(t, actions.Items, 2*rounds+3, "created, each claim and release once, completed")
}

// countAssigned counts the runs of a case and the commits in them that a claim or a release has caused.
func countAssigned(t *testing.T, temporal client.Client, id string) (runs, applied int) {
	t.Helper()
	latest, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	for run := latest.GetWorkflowExecutionInfo().GetFirstRunId(); run != ""; runs++ {
		events := temporal.GetWorkflowHistory(t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for run = ""; events.HasNext(); {
			event, err := events.Next()
			require.NoError(t, err)
			if strings.HasPrefix(string(event.GetUserMetadata().GetSummary().GetData()), `"task-assigned`) {
				applied++
			}
			run = event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
		}
	}
	return runs, applied
}
