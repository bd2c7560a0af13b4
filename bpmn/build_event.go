package bpmn

import (
	"cmp"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// eventKind is the kind of an event definition element; "" for other elements.
func eventKind(e *Element) EventKind {
	kind, found := strings.CutSuffix(e.Local, "EventDefinition")
	if !found || e.Space != nsBPMN || eventPositions[EventKind(kind)] == nil {
		return ""
	}
	return EventKind(kind)
}

// definitions reads the event definitions of an event, in document order.
func (b *modelBuilder) definitions(n *FlowNode) []*Definition {
	var found []*Definition
	for _, c := range n.Element.Children {
		switch {
		case eventKind(c) != "":
			found = append(found, b.definition(n, c, c))
		case c.is("eventDefinitionRef"):
			target := b.model.roots[c.Text]
			if target == nil {
				target = b.model.roots[withoutPrefix(c.Text)]
			}
			if target == nil || eventKind(target) == "" {
				b.problem("reference", c, "%s refers to the event definition %q, which is not in the file", label(n.Element), shorten(c.Text))
				continue
			}
			found = append(found, b.definition(n, target, c))
		}
	}
	for _, v := range n.Element.extensions("variableListenerEventDefinition") {
		found = append(found, b.variableListener(v))
	}
	return found
}

// definition compiles an event definition. References to other nodes wait until all are known.
func (b *modelBuilder) definition(n *FlowNode, e, at *Element) *Definition {
	throws := n.Kind == ThrowEvent || n.Kind == EndEvent
	d := &Definition{Element: e, At: at, Kind: eventKind(e)}
	d.event = EventDefinition{Kind: d.Kind, Activity: -1, Target: -1}
	switch d.Kind {
	case MessageEvent:
		d.event.Name = b.messageName(e)
		d.event.Key = b.messageKey(e)
		b.payload(n, e, &d.event)
	case SignalEvent:
		b.signal(e, &d.event)
		b.payload(n, e, &d.event)
	case TimerEvent:
		d.event.Timer = b.timer(e)
	case ErrorEvent:
		d.event.Code = b.code(n, e, "error", "errorCode", throws)
		d.event.CodeVariable = e.vendor("errorCodeVariable", "errorVariable", "errorVariableName")
		d.event.MessageVariable = e.vendor("errorMessageVariable")
	case EscalationEvent:
		d.event.Code = b.code(n, e, "escalation", "escalationCode", throws)
		d.event.CodeVariable = e.vendor("escalationCodeVariable")
	case ConditionalEvent:
		d.event.Condition = b.condition(e.child("condition"))
		d.event.Variables = splitList(e.vendor("variableName"))
		d.event.Changes = splitList(e.vendor("variableEvents"))
	case CompensationEvent:
		d.event.NoWait = !isTrue(e.attr("waitForCompletion"), true)
	case LinkEvent:
		d.event.Name = b.literal(e, e.attr("name"))
	case TerminateEvent:
		d.event.All = isTrue(e.vendor("terminateAll"), false)
		d.event.Multi = isTrue(e.vendor("terminateMultiInstance"), false)
	}
	return d
}

// variableListener reads a vendor's event on the change of a variable.
func (b *modelBuilder) variableListener(e *Element) *Definition {
	d := &Definition{Element: e, At: e, Kind: ConditionalEvent}
	d.event = EventDefinition{Kind: ConditionalEvent, Activity: -1, Target: -1, Variables: splitList(e.attr("variableName"))}
	if change := cmp.Or(e.attr("variableChangeType"), "all"); change != "all" {
		d.event.Changes = splitList(strings.ReplaceAll(change, "-", ","))
	}
	return d
}

// messageName is the name of the message that an element refers to; nil when it refers to none.
func (b *modelBuilder) messageName(e *Element) *expr.Template {
	if source := e.vendor("messageExpression"); source != "" {
		return b.template(e, "messageExpression", source)
	}
	return b.rootName(e, "messageRef", "message")
}

// messageKey is the correlation key of a message; nil when there is none.
func (b *modelBuilder) messageKey(e *Element) *expr.Template {
	if source := e.vendor("correlationKey"); source != "" {
		return b.template(e, "correlationKey", source)
	}
	if message := b.model.root(e.attr("messageRef"), "message"); message != nil {
		if s := message.zeebe("subscription"); s != nil {
			return b.feel(s, "correlationKey", s.attr("correlationKey"))
		}
	}
	return nil
}

// signal reads the name and the scope of a signal.
func (b *modelBuilder) signal(e *Element, event *EventDefinition) {
	if source := e.vendor("signalExpression"); source != "" {
		event.Name = b.template(e, "signalExpression", source)
		return
	}
	event.Name = b.rootName(e, "signalRef", "signal")
	if signal := b.model.root(e.attr("signalRef"), "signal"); signal != nil {
		event.Local = signal.vendor("scope") == "processInstance"
	}
}

// rootName is the name of the root element that an attribute refers to: its id where it has no name.
func (b *modelBuilder) rootName(e *Element, attribute, local string) *expr.Template {
	ref := e.attr(attribute)
	if ref == "" {
		return nil
	}
	target := b.model.root(ref, local)
	if target == nil {
		b.problem("reference", e, "%s has the %s %q, which is not in the file", label(e), attribute, shorten(ref))
		return nil
	}
	name := cmp.Or(target.attr("name"), target.attr("id"))
	if isFEEL(name) {
		return b.feel(target, "name", name)
	}
	return b.template(target, "name", name)
}

// code is the code of an error or escalation. A definition without reference or code, when it catches, means any code; a
// reference to nothing is the code itself, as some editors write it.
func (b *modelBuilder) code(n *FlowNode, e *Element, local, attribute string, throws bool) *expr.Template {
	ref := e.attr(local + "Ref")
	target := b.model.root(ref, local)
	switch {
	case target != nil && !throws && target.attr(attribute) == "":
		return nil
	case target != nil:
		return b.template(target, attribute, cmp.Or(target.attr(attribute), target.attr("id")))
	case ref != "":
		b.problem("code-reference", e, "%s of %s has the %sRef %q, which is not in the file; it counts as the code", named(e), label(n.Element), local, shorten(ref))
		return b.literal(e, ref)
	case throws:
		b.problem("reference", e, "%s throws an %s without %sRef", label(n.Element), local, local)
	}
	return nil
}

// timer reads a timer definition; nil when it has no value.
func (b *modelBuilder) timer(definition *Element) *Timer {
	for _, c := range definition.Children {
		if c.is(string(TimerDuration)) || c.is(string(TimerDate)) || c.is(string(TimerCycle)) {
			timer := &Timer{Kind: TimerKind(c.Local), End: b.template(c, "endDate", c.vendor("endDate"))}
			if isFEEL(c.Text) {
				timer.Value = b.feel(c, c.Local, c.Text)
			} else {
				timer.Value = b.template(c, c.Local, c.Text)
			}
			return timer
		}
	}
	return nil
}

// payload reads the variables that travel with a thrown message or signal.
func (b *modelBuilder) payload(n *FlowNode, e *Element, event *EventDefinition) {
	for _, in := range e.extensions("in") {
		if n.Kind != ThrowEvent && n.Kind != EndEvent {
			b.refused(in, "%s has %s, which is supported where something is thrown", label(n.Element), named(in))
			return
		}
		if in.attr("variables") == "all" {
			event.AllData = true
			continue
		}
		if m, ok := b.transfer(in); ok {
			event.Data = append(event.Data, m)
		}
	}
}

// resolveEvents finds the nodes that event definitions and compensation associations refer to.
func (b *modelBuilder) resolveEvents(p *Process) {
	for _, n := range p.Nodes {
		for _, d := range n.Definitions {
			switch {
			case d.Kind == CompensationEvent:
				d.Activity = p.nodes[d.Element.attr("activityRef")]
			case d.Kind == LinkEvent && n.Kind == ThrowEvent:
				d.Target = linkTarget(n, d)
			}
		}
	}
	for _, a := range p.associations {
		from, to := p.nodes[a.attr("sourceRef")], p.nodes[a.attr("targetRef")]
		if from != nil && from.Kind != BoundaryEvent {
			from, to = to, from
		}
		if from == nil || to == nil || from.definition(CompensationEvent) == nil || from.Kind != BoundaryEvent || from.Attached == nil {
			continue
		}
		if from.Attached.Handler == nil {
			from.Attached.Handler = to
		}
	}
}

// linkTarget is the catching link event of the same name and level; nil when there is none.
func linkTarget(n *FlowNode, link *Definition) *FlowNode {
	for _, other := range n.Level.Nodes {
		if d := other.definition(LinkEvent); other.Kind == CatchEvent && d != nil && d.Element.attr("name") == link.Element.attr("name") {
			return other
		}
	}
	return nil
}
