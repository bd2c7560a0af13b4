package api

import (
	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// startEvents lists where an instance may begin: plain start events first, then one entry for every trigger of the others.
func startEvents(p *bpmn.Program) []casework.StartEvent {
	found := []casework.StartEvent{}
	for _, i := range p.Starts {
		found = append(found, casework.StartEvent{ID: p.Nodes[i].ID, Name: p.Nodes[i].Name, Type: casework.StartNone})
	}
	for _, i := range p.Root.Triggered {
		n := &p.Nodes[i]
		if n.Kind != bpmn.EventGateway {
			found = append(found, triggersOf(n)...)
			continue
		}
		for _, f := range n.Out { // the instance begins at the event behind the gateway
			found = append(found, triggersOf(&p.Nodes[p.Flows[f].Target])...)
		}
	}
	return found
}

// triggersOf lists what triggers the start at one node.
func triggersOf(event *bpmn.Node) (found []casework.StartEvent) {
	entry := casework.StartEvent{ID: event.ID, Name: event.Name}
	if event.Kind == bpmn.ReceiveTask && event.Message != nil {
		entry.Type, entry.Trigger = casework.StartMessage, literal(event.Message)
		return []casework.StartEvent{entry}
	}
	for _, d := range event.Events {
		e := entry
		switch {
		case d.Kind == bpmn.MessageEvent && d.Name != nil:
			e.Type, e.Trigger = casework.StartMessage, literal(d.Name)
		case d.Kind == bpmn.SignalEvent && d.Name != nil:
			e.Type, e.Trigger = casework.StartSignal, literal(d.Name)
		case d.Kind == bpmn.TimerEvent && d.Timer != nil:
			e.Type, e.Trigger, e.Timer = casework.StartTimer, literal(d.Timer.Value), string(d.Timer.Kind)
		case d.Kind == bpmn.ConditionalEvent && d.Condition != nil:
			e.Type, e.Trigger = casework.StartConditional, d.Condition.Source()
		default:
			continue
		}
		found = append(found, e)
	}
	return found
}

// literal is the text of a trigger. Nothing has a value before there is an instance, so an expression that cannot do
// without one stays as it is written.
func literal(t *expr.Template) string {
	text, err := t.EvalString(expr.MapScope{}, expr.Limits{})
	if err != nil || text == "" {
		return t.Source()
	}
	return text
}
