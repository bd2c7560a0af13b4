package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// wakeup is the one durable timer of a run. It is set again only when something becomes due earlier: a timer that
// fires too early looks at the state and is armed anew.
type wakeup struct {
	at     time.Time
	future workflow.Future
	cancel workflow.CancelFunc
}

func (w *wakeup) ready() bool { return w.future != nil && w.future.IsReady() }

// arm sees to it that the run wakes up at a moment, never if that is zero; name says for people what is due then.
func (w *wakeup) arm(ctx workflow.Context, next time.Time, name func(time.Time) string) {
	if w.ready() {
		w.clear()
	}
	switch {
	case next.IsZero():
		w.clear()
		return
	case w.future != nil && !next.Before(w.at):
		return
	}
	w.clear()
	timer, cancel := workflow.WithCancel(ctx)
	w.at, w.cancel = next, cancel
	w.future = workflow.NewTimerWithOptions(timer, max(next.Sub(workflow.Now(ctx)), time.Millisecond), workflow.TimerOptions{
		Summary: name(next) + " at " + next.UTC().Format(time.RFC3339),
	})
}

func (w *wakeup) clear() {
	if w.cancel != nil {
		w.cancel()
	}
	*w = wakeup{}
}
