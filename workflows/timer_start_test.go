package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

func TestAScheduledTimeStartsOneCase(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(worker.SDKLogger(zap.NewNop()))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "start/bills/due-2026-01-05T08:00:00Z", TaskQueue: workflows.TaskQueue})
	var asked []casework.TimerStart
	env.RegisterActivityWithOptions(func(_ context.Context, s casework.TimerStart) error {
		asked = append(asked, s)
		if len(asked) < 5 {
			return errors.New("the database is away")
		}
		return nil
	}, activity.RegisterOptions{Name: workflows.StartByTimerActivity})
	env.ExecuteWorkflow(workflows.StartByTimer, casework.TimerStart{ProcessKey: "bills", StartEventID: "due"})
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, asked, 5, "until it is done")
	want := casework.TimerStart{ProcessKey: "bills", StartEventID: "due", At: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), RequestID: "start/bills/due-2026-01-05T08:00:00Z", EngineRev: engine.Rev}
	require.Equal(t, want, asked[0])
	require.Equal(t, want, asked[4], "the id is that of the scheduled time, however often it is tried")
}
