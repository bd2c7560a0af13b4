package world

import (
	"encoding/json"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// Trigger lets what waits at an element go on: a receive task or message event as if its message had come, work as if it
// were done. An empty element means the first that waits like this. A conditional event decides by itself: that is not
// an error.
func (w *World) Trigger(instance, element string, vars map[string]json.RawMessage) error {
	i, err := w.find(instance)
	if err != nil {
		return err
	}
	at := func(node string) bool { return element == "" || node == element }
	for _, s := range i.State.Subscriptions {
		if at(s.Node) && s.Kind == string(bpmn.MessageEvent) {
			ev := engine.Event{Kind: engine.MessageReceived, Token: s.ID, Name: s.Name, Variables: vars}
			if err := w.step(i, ev); err != nil {
				return err
			}
			return w.settle()
		}
	}
	for _, job := range w.work {
		if job.instance == i && at(i.nodeOf(job.token)) {
			return w.Answer(instance, job.token, Answer{Variables: vars})
		}
	}
	if n := i.node(element); n != nil && len(n.Events) == 1 && n.Events[0].Kind == bpmn.ConditionalEvent {
		return nil
	}
	return fmt.Errorf("something to trigger at %q: %w", element, ErrUnknown)
}

func (i *instance) nodeOf(token string) string {
	for _, t := range i.State.Tokens {
		if t.ID == token {
			return t.Node
		}
	}
	return ""
}
