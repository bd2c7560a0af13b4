package bpmn

import "strings"

// listenerEvents are the events of a listener, by the element it is on: "node" for every flow node.
var listenerEvents = map[string]map[string]bool{
	"executionListener process":      words("start end"),
	"executionListener sequenceFlow": words("take"),
	"executionListener node":         words("start end"),
	"taskListener userTask":          words("create assignment complete delete all"),
}

// checkListener refuses listeners that do nothing that is known, and events that are never raised.
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

// checkListenerWork requires that the listener says what it does in exactly one way, and nothing that is not done.
func checkListenerWork(e, l *Element, r report) {
	ways, extras := listenerWays(l), listenerExtras(l)
	script := l.listenerScript()
	switch {
	case len(extras) > 0:
		r(l, "%s has a %s with %s, which is not supported", label(e), named(l), strings.Join(extras, ", "))
	case len(ways) == 0:
		r(l, "%s has a %s without class, delegateExpression, expression or script", label(e), named(l))
	case len(ways) > 1:
		r(l, "%s has a %s with %s; it does one thing", label(e), named(l), strings.Join(ways, " and "))
	case script != nil && !strings.EqualFold(script.scriptFormat(), string(ScriptJUEL)):
		r(l, "%s has a %s with a script in the format %q; a listener has scripts in juel only, or calls a delegate", label(e), named(l), shorten(script.scriptFormat()))
	}
}

// listenerWays are the ways in which a listener says what it does.
func listenerWays(l *Element) []string {
	var ways []string
	for _, way := range []string{"class", "delegateExpression", "expression"} {
		if l.attr(way) != "" {
			ways = append(ways, way)
		}
	}
	if l.listenerScript() != nil {
		ways = append(ways, "script")
	}
	return ways
}

// listenerExtras are the attributes and children of a listener, and of its script, that are not read.
func listenerExtras(l *Element) []string {
	var extras []string
	for _, a := range l.Attrs {
		isScript := a.Name.Local == "type" && a.Value == "script" && l.listenerScript() != nil
		if !listenerAttributes[a.Name.Local] && !isScript {
			extras = append(extras, shorten(a.Name.Local))
		}
	}
	for _, c := range l.Children {
		isField := c.Local == "field" && (l.attr("class") != "" || l.attr("delegateExpression") != "")
		if !isVendor(c.Space) || c.Local != "script" && !isField {
			extras = append(extras, shorten(c.Local))
		}
	}
	if script := l.listenerScript(); script != nil {
		for _, a := range script.Attrs {
			if a.Name.Local != "scriptFormat" && a.Name.Local != "language" {
				extras = append(extras, shorten(a.Name.Local))
			}
		}
	}
	return extras
}

// listenerAttributes are the attributes of a listener that are read or do nothing.
var listenerAttributes = words("event expression class delegateExpression id")
