// Package activities holds the Temporal activities of cases: what the workflow may not do itself.
package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// StepStore commits engine bursts.
type StepStore interface {
	// CommitStep writes one burst in one transaction; the same step again returns the first result.
	CommitStep(ctx context.Context, c casework.StepCommit) (casework.StepResult, error)
}

// Activities are the activities with what they depend on. They are safe for concurrent use.
type Activities struct {
	Store StepStore
}

// CommitStep writes what one engine burst did. It may run any number of times for the same step (ADR 0003).
func (a *Activities) CommitStep(ctx context.Context, c casework.StepCommit) (casework.StepResult, error) {
	result, err := a.Store.CommitStep(ctx, c)
	if err != nil {
		activity.GetLogger(ctx).Warn("step not committed", "instance", c.InstanceID, "step", c.Step, "error", err)
	}
	return result, err
}
