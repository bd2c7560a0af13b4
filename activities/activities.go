// Package activities holds the Temporal activities of cases: what the workflow may not do itself.
package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// StepStore commits engine bursts.
type StepStore interface {
	// CommitStep writes one burst in one transaction; the same step again returns the first result.
	CommitStep(ctx context.Context, c casework.StepCommit) (casework.StepResult, error)
}

// Sender delivers to Temporal what the database has accepted. A failure loses nothing: a relay sends it again.
type Sender interface {
	Deliver(ctx context.Context, d casework.Delivery) error
}

// Activities are the activities with what they depend on. They are safe for concurrent use.
type Activities struct {
	Store  StepStore
	Sender Sender // nil leaves everything to the relay
	Timers TimerStore
}

// CommitStep writes what one engine burst did. It may run any number of times for the same step (ADR 0003). What the step
// sends to other instances is delivered at once.
func (a *Activities) CommitStep(ctx context.Context, c casework.StepCommit) (casework.StepResult, error) {
	result, err := a.Store.CommitStep(ctx, c)
	if err != nil {
		activity.GetLogger(ctx).Warn("step not committed", "instance", c.InstanceID, "step", c.Step, "error", err)
		return result, err
	}
	a.deliver(ctx, result.Deliveries)
	return result, nil
}

// mostDeliveries are sent by the step itself: it must not take long. The relay sends the others.
const mostDeliveries = 20

func (a *Activities) deliver(ctx context.Context, ds []casework.Delivery) {
	if a.Sender == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, d := range ds[:min(len(ds), mostDeliveries)] {
		if err := a.Sender.Deliver(ctx, d); err != nil {
			activity.GetLogger(ctx).Debug("left to the relay", "outboxId", d.OutboxID, "error", err)
			return
		}
	}
}
