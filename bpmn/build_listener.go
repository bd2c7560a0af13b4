package bpmn

import (
	"cmp"
	"strings"
)

func (b *modelBuilder) listeners(e *Element, event string) []Listener {
	var found []Listener
	for _, l := range e.extensions("executionListener") {
		named := l.attr("event")
		if named == event || named == "" && e.is("sequenceFlow") {
			if listener, ok := b.listener(l); ok {
				found = append(found, listener)
			}
		}
	}
	return found
}

// taskEvents are what "all" stands for.
var taskEvents = []TaskEvent{TaskCreate, TaskAssignment, TaskComplete, TaskDelete}

func (b *modelBuilder) taskListeners(e *Element) []TaskListener {
	var found []TaskListener
	for _, l := range e.extensions("taskListener") {
		listener, ok := b.listener(l)
		if !ok {
			continue
		}
		for _, event := range taskEvents {
			if named := l.attr("event"); named == string(event) || named == "all" {
				found = append(found, TaskListener{Event: event, Listener: listener})
			}
		}
	}
	return found
}

// listener reads what a listener does; false when it says nothing, which the rules judge.
func (b *modelBuilder) listener(l *Element) (Listener, bool) {
	if source := l.attr("expression"); source != "" {
		return Listener{Expr: b.expression(l, "expression", source)}, true
	}
	if script := l.listenerScript(); script != nil {
		if !strings.EqualFold(script.scriptFormat(), string(ScriptJUEL)) {
			return Listener{}, false
		}
		return Listener{Expr: b.expression(script, "script", script.Text)}, true
	}
	s := &Service{Kind: ServiceDelegate, Retries: -1, Activity: l.attr("class")}
	if source := l.attr("delegateExpression"); s.Activity == "" && source != "" {
		s.Activity = b.bean(l, source)
	}
	if s.Activity == "" {
		return Listener{}, false
	}
	b.injected(l, l.listenerFields(), s)
	return Listener{Delegate: s}, true
}

// listenerScript is the script inside a listener; nil when there is none.
func (e *Element) listenerScript() *Element {
	for _, c := range e.Children {
		if c.Local == "script" && isVendor(c.Space) {
			return c
		}
	}
	return nil
}

// listenerFields are the fields inside a listener.
func (e *Element) listenerFields() []*Element {
	var found []*Element
	for _, c := range e.Children {
		if c.Local == "field" && isVendor(c.Space) {
			found = append(found, c)
		}
	}
	return found
}

// scriptFormat is the language of a script element, as one vendor or the other names it.
func (e *Element) scriptFormat() string { return cmp.Or(e.attr("scriptFormat"), e.attr("language")) }
