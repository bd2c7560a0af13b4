package bpmn

import "slices"

// checkEventDefinition requires definitions where an event waits for something, that each may stand where it does, and
// that it says what it is about.
func checkEventDefinition(n *FlowNode, r report) {
	if (n.Kind == CatchEvent || n.Kind == BoundaryEvent) && len(n.Definitions) == 0 && n.Element.child("eventDefinitionRef") == nil {
		r(n.Element, "%s has no event definition", label(n.Element))
	}
	for _, d := range n.Definitions {
		at := n.position()
		switch {
		case n.Kind == StartEvent && n.Level.Node != nil && !n.inEventSub():
			r(d.At, "%s has %s; the start event of a sub-process is a plain one", label(n.Element), named(d.Element))
		case !slices.Contains(eventPositions[d.Kind], at):
			r(d.At, "%s has %s, which has no meaning there", label(n.Element), named(d.Element))
		default:
			checkDefinitionContent(n, d, r)
		}
	}
}

// checkDefinitionContent requires what a definition of its kind cannot do without.
func checkDefinitionContent(n *FlowNode, d *Definition, r report) {
	e := d.Element
	switch d.Kind {
	case MessageEvent:
		if d.event.Name == nil && n.node.Service == nil && e.attr("messageRef") == "" && e.vendor("messageExpression", "type") == "" {
			r(d.At, "%s has a message without messageRef", label(n.Element))
		}
	case SignalEvent:
		if d.event.Name == nil && e.attr("signalRef") == "" && e.vendor("signalExpression") == "" {
			r(d.At, "%s has a signal without signalRef", label(n.Element))
		}
	case ConditionalEvent:
		if d.event.Condition == nil && e.child("condition") == nil && len(d.event.Variables) == 0 {
			r(d.At, "%s has a conditional event without a condition", label(n.Element))
		}
	}
}

// position is where the definitions of the event stand.
func (n *FlowNode) position() position {
	switch n.Kind {
	case StartEvent:
		if n.inEventSub() {
			return atEventSub
		}
		return atStart
	case CatchEvent:
		return atCatch
	case ThrowEvent:
		return atThrow
	case BoundaryEvent:
		return atBoundary
	}
	return atEnd
}
