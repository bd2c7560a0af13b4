package activities

import (
	"context"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// TimerStore starts cases by timers.
type TimerStore interface {
	// StartByTimer stores a case and its start, once for each request id. The delivery is nil where there is nothing to
	// send: the case is known, or the process no longer begins by that timer.
	StartByTimer(ctx context.Context, s casework.TimerStart) (*casework.Delivery, error)
}

// StartCaseByTimer stores a case of a process that a timer begins, and sends its start.
func (a *Activities) StartCaseByTimer(ctx context.Context, s casework.TimerStart) error {
	d, err := a.Timers.StartByTimer(ctx, s)
	if err != nil || d == nil {
		return err
	}
	a.deliver(ctx, []casework.Delivery{*d})
	return nil
}
