package engine_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// ledger keeps account of what the effects of an instance open and close: nothing is opened twice, nothing is closed that
// is not open, and at the end of the instance nothing is left open.
type ledger struct {
	open map[string]bool // "<what> <id>"
}

// opens and closes say what an effect does to which account.
var (
	opens = map[engine.EffectKind]string{
		engine.NodeEntered: "node", engine.TaskCreated: "task", engine.TimerArmed: "timer", engine.SubscriptionOpened: "subscription",
		engine.ActivityStarted: "activity", engine.ChildStarted: "child",
	}
	closes = map[engine.EffectKind]string{
		engine.NodeLeft: "node", engine.NodeCancelled: "node", engine.TaskCancelled: "task", engine.TimerFired: "timer",
		engine.TimerCancelled: "timer", engine.SubscriptionClosed: "subscription", engine.ActivityCancelled: "activity",
		engine.ChildCancelled: "child", engine.IncidentResolved: "incident",
	}
	answers = map[engine.EventKind]string{
		engine.TaskCompleted: "task", engine.ActivityDone: "activity", engine.ActivityFailed: "activity", engine.ChildEnded: "child",
	}
)

func (l *ledger) take(ev engine.Event, effects []engine.Effect) error {
	if l.open == nil {
		l.open = map[string]bool{}
	}
	if what, ok := answers[ev.Kind]; ok {
		if err := l.close(what, ev.Token); err != nil {
			return err
		}
	}
	for _, e := range effects {
		if e.Kind == engine.IncidentRaised { // one that is not mended is raised again
			l.open["incident "+e.Instance] = true
			continue
		}
		if what, ok := opens[e.Kind]; ok {
			if key := what + " " + e.Instance; l.open[key] {
				return fmt.Errorf("%s: %s is open already", e.Kind, key)
			} else {
				l.open[key] = true
			}
		}
		if what, ok := closes[e.Kind]; ok {
			if err := l.close(what, e.Instance); err != nil {
				return fmt.Errorf("%s: %w", e.Kind, err)
			}
		}
	}
	return nil
}

func (l *ledger) close(what, id string) error {
	key := what + " " + id
	if !l.open[key] {
		return fmt.Errorf("%s is not open", key)
	}
	delete(l.open, key)
	return nil
}

// listeners are the works of delegates that listeners have called, in a fixed order.
func (l *ledger) listeners() []string {
	var works []string
	for key := range l.open {
		if id, is := strings.CutPrefix(key, "activity "); is && strings.Contains(id, ".") {
			works = append(works, id)
		}
	}
	slices.Sort(works)
	return works
}

// settled reports what is open although the instance has ended.
func (l *ledger) settled() error {
	for key := range l.open {
		return fmt.Errorf("%s is still open at the end", key)
	}
	return nil
}
