package world

import (
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// NextDue is the next moment at which something happens by itself; zero when nothing will.
func (w *World) NextDue() time.Time {
	var next time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, p := range w.posts {
		earlier(p.due)
	}
	for _, i := range w.live() {
		earlier(i.State.NextDue())
	}
	for _, s := range w.schedules {
		earlier(s.due)
	}
	return next
}

// AdvanceTo lets time pass until a moment: everything due on the way happens at its time. The clock never goes back.
func (w *World) AdvanceTo(to time.Time) error {
	for {
		next := w.NextDue()
		if next.IsZero() || next.After(to) {
			break
		}
		if err := w.moment(next); err != nil {
			return err
		}
	}
	if to.After(w.now) {
		w.now = to
		w.trace("it is %s", w.now.Format(time.RFC3339))
	}
	return nil
}

// Skip lets time pass until nothing happens by itself any more, at most until a moment and for so many moments.
func (w *World) Skip(until time.Time, moments int) error {
	for range moments {
		next := w.NextDue()
		if next.IsZero() || next.After(until) {
			return nil
		}
		if err := w.moment(next); err != nil {
			return err
		}
	}
	return nil
}

// moment does what is due at a moment: answers and messages first, then the timers of the instances in order of their
// start, then processes that begin by time.
func (w *World) moment(at time.Time) error {
	if at.After(w.now) {
		w.now = at
		w.trace("it is %s", w.now.Format(time.RFC3339))
	}
	if err := w.settle(); err != nil {
		return err
	}
	for _, i := range w.live() {
		if due := i.State.NextDue(); i.State.Ended || due.IsZero() || due.After(w.now) {
			continue
		}
		if err := w.step(i, engine.Event{Kind: engine.TimersDue}); err != nil {
			return err
		}
		if err := w.settle(); err != nil {
			return err
		}
	}
	return w.startByTime()
}
