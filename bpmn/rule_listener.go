package bpmn

import "strings"

// listenerEvents are the events of a listener, by the element it is on: "node" for every flow node.
var listenerEvents = map[string]map[string]bool{
	"executionListener process":      words("start end"),
	"executionListener sequenceFlow": words("take"),
	"executionListener node":         words("start end"),
	"taskListener userTask":          words("create assignment complete delete all"),
}

// checkListener refuses listeners that are not expressions, and events that are never raised.
func checkListener(m *Model, r report) {
	m.walk(func(e *Element) {
		if e.isUnsupportedNode() {
			return
		}
		for _, kind := range []string{"executionListener", "taskListener"} {
			for _, l := range e.extensions(kind) {
				checkListenerEvent(e, l, r)
				checkListenerWork(e, l, r)
			}
		}
	})
}

func checkListenerEvent(e, l *Element, r report) {
	place := e.Local
	if l.Local == "executionListener" && e.isFlowNode() {
		place = "node"
	}
	events := listenerEvents[l.Local+" "+place]
	event := l.attr("event")
	switch {
	case events == nil:
		r(l, "%s has a %s, which is not supported there", label(e), named(l))
	case event == "" && e.is("sequenceFlow"): // the only event of a flow
	case event == "":
		r(l, "%s has a %s without event", label(e), named(l))
	case !events[event]:
		r(l, "%s has a %s for the event %q, which is not supported", label(e), named(l), shorten(event))
	}
}

// checkListenerWork requires that the listener is an expression and nothing else.
func checkListenerWork(e, l *Element, r report) {
	var extras []string
	for _, a := range l.Attrs {
		if a.Name.Local != "event" && a.Name.Local != "expression" && a.Name.Local != "id" {
			extras = append(extras, shorten(a.Name.Local))
		}
	}
	for _, c := range l.Children {
		extras = append(extras, shorten(c.Local))
	}
	switch {
	case l.attr("class") != "" || l.attr("delegateExpression") != "":
		r(l, "%s has a %s that calls a delegate, which is not supported; let a service task before or after it call the delegate", label(e), named(l))
	case len(extras) > 0:
		r(l, "%s has a %s with %s, which is not supported; listeners are expressions", label(e), named(l), strings.Join(extras, ", "))
	case l.attr("expression") == "":
		r(l, "%s has a %s without expression", label(e), named(l))
	}
}
