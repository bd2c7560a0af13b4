package world

import (
	"encoding/json"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// subscription is an open subscription of an instance; the world keeps them oldest first.
type subscription struct {
	engine.Subscription
	instance *instance
}

// named is the name of a message or signal at a start, where no variable exists yet.
func named(t *expr.Template) string {
	name, err := t.EvalString(expr.MapScope{}, expr.Limits{})
	if err != nil {
		return ""
	}
	return name
}

// deliverMessage hands a message to one receiver: the oldest subscription of its name, else a process that it begins.
// Without any it is lost.
func (w *World) deliverMessage(throw engine.Throw) error {
	for _, s := range w.subscriptions {
		if s.Kind == string(bpmn.MessageEvent) && s.Name == throw.Name && s.Key == "" {
			return w.stale(w.receive(s, throw))
		}
	}
	if ts := w.triggers(bpmn.MessageEvent, throw.Name); len(ts) > 0 {
		return w.startBy(ts[0], throw)
	}
	w.trace("nobody waits for the message %q", throw.Name)
	return nil
}

func (w *World) receive(s subscription, throw engine.Throw) error {
	return w.step(s.instance, engine.Event{Kind: engine.MessageReceived, Token: s.ID, Name: throw.Name, Variables: throw.Variables})
}

// deliverSignal hands a signal to every instance that waits for it, but for the thrower, which has heard it, and starts
// the processes that it begins. Instances and processes are those at the moment of the delivery.
func (w *World) deliverSignal(throw engine.Throw, thrower *instance) error {
	var hearers []*instance
	for _, i := range w.live() {
		if i != thrower && w.hears(i, throw.Name) {
			hearers = append(hearers, i)
		}
	}
	triggers := w.triggers(bpmn.SignalEvent, throw.Name)
	for _, i := range hearers {
		if i.State.Ended { // by what an earlier hearer did
			continue
		}
		err := w.step(i, engine.Event{Kind: engine.SignalReceived, Name: throw.Name, Variables: throw.Variables})
		if err := w.stale(err); err != nil {
			return err
		}
	}
	for _, t := range triggers {
		if err := w.startBy(t, throw); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) hears(i *instance, signal string) bool {
	for _, s := range w.subscriptions {
		if s.instance == i && s.Kind == string(bpmn.SignalEvent) && s.Name == signal {
			return true
		}
	}
	return false
}

// Message sends a message from outside. Where an instance is named only that one can receive it, and where an element is
// named, only that one in it. Nobody who waits for it is ErrUnknown.
func (w *World) Message(name, instance, element string, vars map[string]json.RawMessage) error {
	throw := engine.Throw{Name: name, Variables: vars}
	for _, s := range w.subscriptions {
		if s.Kind != string(bpmn.MessageEvent) || s.Name != name ||
			instance != "" && s.instance.ID != instance || element != "" && s.Node != element {
			continue
		}
		if err := w.receive(s, throw); err != nil {
			return err
		}
		return w.settle()
	}
	if instance == "" {
		if ts := w.triggers(bpmn.MessageEvent, name); len(ts) > 0 {
			if err := w.startBy(ts[0], throw); err != nil {
				return err
			}
			return w.settle()
		}
	}
	return fmt.Errorf("a receiver of the message %q: %w", name, ErrUnknown)
}

// Signal sends a signal from outside: to all, or to one instance only.
func (w *World) Signal(name, instance string, vars map[string]json.RawMessage) error {
	throw := engine.Throw{Name: name, Variables: vars}
	if instance == "" {
		if err := w.deliverSignal(throw, nil); err != nil {
			return err
		}
		return w.settle()
	}
	i, err := w.find(instance)
	if err != nil {
		return err
	}
	if err := w.step(i, engine.Event{Kind: engine.SignalReceived, Name: name, Variables: vars}); err != nil {
		return err
	}
	return w.settle()
}
