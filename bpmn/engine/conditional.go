package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// checkConditions looks at the conditional events when variables have changed or one was armed, and lets the first one
// occur whose condition has become true. It reports whether one did (BPMN 2.0 section 10.4.5).
func (m *machine) checkConditions() bool {
	if len(m.changed) == m.looked && !m.armed {
		return false
	}
	changed := m.changed[min(m.looked, len(m.changed)):]
	if m.tellListeners(changed) {
		return true
	}
	armed := m.armed
	for i := range m.state.Subscriptions {
		s := &m.state.Subscriptions[i]
		if s.Kind != string(bpmn.ConditionalEvent) || s.Failed {
			continue
		}
		event := m.node(s.Node)
		def := &event.Events[s.Event]
		if def.Condition == nil || !armed && !concerns(def, changed) {
			continue
		}
		now, err := def.Condition.EvalBool(m.namesAt(event, s.Scope), limits)
		if err != nil {
			s.Failed = true
			m.emit(Effect{
				Kind: IncidentRaised, Element: s.Node, Instance: s.ID, Name: "condition",
				Message: fmt.Sprintf("condition of %q: %v", s.Node, err),
			})
			continue
		}
		was := s.Seen
		s.Seen = now
		if now && !was {
			m.occurCondition(*s, event)
			return true
		}
	}
	m.looked, m.armed = len(m.changed), false
	return false
}

// tellListeners lets the events occur that listen to changes of variables, whatever the values, and reports whether there
// was one. Conditions are looked at after that.
func (m *machine) tellListeners(changed []change) bool {
	var told []string
	for _, s := range m.state.Subscriptions {
		if s.Kind != string(bpmn.ConditionalEvent) {
			continue
		}
		if def := &m.node(s.Node).Events[s.Event]; def.Condition == nil && concerns(def, changed) {
			told = append(told, s.ID)
		}
	}
	if len(told) == 0 {
		return false
	}
	m.looked, m.armed = len(m.changed), true
	for _, id := range told {
		if i := m.subscription(id); i >= 0 { // another one may have ended it
			m.occurCondition(m.state.Subscriptions[i], m.node(m.state.Subscriptions[i].Node))
		}
	}
	return true
}

// occurCondition lets a conditional event occur. One that interrupts nothing occurs again when its condition becomes true
// again.
func (m *machine) occurCondition(s Subscription, event *bpmn.Node) {
	if !s.Repeats {
		m.unsubscribe(s.ID)
	}
	if event.AllEvents && m.waits(event.ID, s.Host) {
		return
	}
	m.trigger(event, s.Host)
}

// concerns reports whether a change of variables is one that the event looks at.
func concerns(def *bpmn.EventDefinition, changed []change) bool {
	return slices.ContainsFunc(changed, func(c change) bool {
		return (len(def.Variables) == 0 || slices.Contains(def.Variables, c.name)) &&
			(len(def.Changes) == 0 || slices.Contains(def.Changes, c.kind))
	})
}

// setFromOutside sets variables of the process, or of a node instance.
func (m *machine) setFromOutside(ev Event) error {
	scope := ""
	if ev.Token != "" {
		i := m.state.token(ev.Token)
		if i < 0 {
			return fmt.Errorf("variables: no node instance %q: %w", ev.Token, ErrStale)
		}
		if m.state.Tokens[i].State == Joining {
			return fmt.Errorf("variables: %q is no node instance yet: %w", ev.Token, ErrStale)
		}
		v := m.visitOf(m.state.Tokens[i])
		if scope = m.seenFrom(v); scope == v.scope { // it has no variables of its own yet
			scope = m.openLocal(v, nil)
		}
		for _, name := range sortedNames(ev.Variables) {
			m.setLocal(scope, name, ev.Variables[name])
		}
		return nil
	}
	m.setAll(scope, ev.Variables)
	return nil
}
