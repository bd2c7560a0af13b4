package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Names of what a timer start event runs as. No process key holds a colon.
const (
	StartByTimerWorkflow = "nextgen:start-by-timer"
	StartByTimerActivity = "StartCaseByTimer"
)

// StartByTimer stores a new case of the active version of a process. A Temporal Schedule runs it; its workflow id holds
// the scheduled time, so that each time starts one case, however often the work for it is repeated.
func StartByTimer(ctx workflow.Context, s casework.TimerStart) error {
	s.RequestID, s.EngineRev = workflow.GetInfo(ctx).WorkflowExecution.ID, engine.Rev
	s.At = dueAt(s.RequestID)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: commitTimeout,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
		Summary:             "start " + short(cell(s.ProcessKey)),
	})
	if err := workflow.ExecuteActivity(ctx, StartByTimerActivity, s).Get(ctx, nil); err != nil {
		return fmt.Errorf("start %s by its timer %s: %w", s.ProcessKey, s.StartEventID, err)
	}
	return nil
}

// dueAt is the scheduled time in the id of a scheduled workflow, which ends with it; zero if there is none.
func dueAt(id string) time.Time {
	const layout = "2006-01-02T15:04:05Z"
	at, err := time.Parse(layout, id[max(len(id)-len(layout), 0):])
	if err != nil {
		return time.Time{}
	}
	return at
}
