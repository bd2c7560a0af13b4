package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Names of the reconciliation. No process key holds a colon.
const (
	ReconcileWorkflow         = "nextgen:reconcile"
	ReconcileActivity         = "Reconcile"
	ReconcileUnknownActivity  = "ReconcileUnknown"
	reconcilePagesOfARun      = 500
	reconcileHeartbeatTimeout = time.Minute
)

// Reconciliation is where a reconciliation stands. The zero value is its beginning.
type Reconciliation struct {
	Began  time.Time                `json:"began"`
	Totals casework.ReconcileTotals `json:"totals"`
}

// Reconcile compares every open instance with its workflow, page by page, and then every workflow with the instances (ADR
// 0013). A Temporal Schedule runs it. It answers what it has found.
func Reconcile(ctx workflow.Context, r Reconciliation) (casework.ReconcileTotals, error) {
	if r.Began.IsZero() {
		r.Began = now(ctx)
	}
	options := workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Minute, HeartbeatTimeout: reconcileHeartbeatTimeout,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute, MaximumAttempts: 10},
	}
	for page := 1; ; page++ {
		options.Summary = "after " + short(cell(r.Totals.Last))
		if r.Totals.Last == "" {
			options.Summary = "first instances"
		}
		var found casework.ReconcileTotals
		request := casework.ReconcilePage{After: r.Totals.Last}
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), ReconcileActivity, request).Get(ctx, &found); err != nil {
			return r.Totals, fmt.Errorf("reconcile after %q: %w", request.After, err)
		}
		r.Totals = r.Totals.Add(found)
		if found.Last == "" {
			break
		}
		if page == reconcilePagesOfARun {
			return r.Totals, workflow.NewContinueAsNewError(ctx, ReconcileWorkflow, r)
		}
	}
	options.Summary = "workflows without an instance"
	var unknown casework.ReconcileTotals
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), ReconcileUnknownActivity, r.Began).Get(ctx, &unknown); err != nil {
		return r.Totals, fmt.Errorf("look for workflows without an instance: %w", err)
	}
	return r.Totals.Add(unknown), nil
}
