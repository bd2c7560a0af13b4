package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/workflows"
)

const (
	// ReconcileSchedule is the id of the Temporal Schedule of the reconciler. Operators may pause, trigger or change it there.
	ReconcileSchedule = "nextgen/reconcile"

	reconcileEvery   = 5 * time.Minute
	scheduleTryAgain = 5 * time.Second
)

// KeepReconciler makes sure that the schedule of the reconciler is there; one that is there is left as it is. It tries until
// it has succeeded or ctx ends.
func KeepReconciler(ctx context.Context, c client.ScheduleClient, log *zap.Logger) {
	tick := time.NewTicker(scheduleTryAgain)
	defer tick.Stop()
	for {
		err := createReconciler(ctx, c)
		if err == nil || ctx.Err() != nil {
			return
		}
		log.Warn("the reconciler is not scheduled yet", zap.Error(err))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func createReconciler(ctx context.Context, c client.ScheduleClient) error {
	_, err := c.Create(ctx, client.ScheduleOptions{
		ID:   ReconcileSchedule,
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: reconcileEvery}}},
		Action: &client.ScheduleWorkflowAction{
			ID: ReconcileSchedule, Workflow: workflows.ReconcileWorkflow, TaskQueue: workflows.TaskQueue,
			Args: []any{workflows.Reconciliation{}}, StaticSummary: "rows and workflows agree",
		},
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: reconcileEvery,
	})
	if err != nil && !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("schedule the reconciler: %w", err)
	}
	return nil
}
