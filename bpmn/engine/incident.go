package engine

import (
	"errors"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// failure is an error with the kind of incident it becomes.
type failure struct {
	kind string
	err  error
}

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

func kindOf(err error) string {
	var f failure
	if errors.As(err, &f) {
		return f.kind
	}
	return "expression"
}

// try runs part of a visit, which only ever adds to the state; if it fails, all it added and every variable it wrote is
// as if it had not run.
func (m *machine) try(fn func() error) error {
	effects, arrived, written, changed := len(m.effects), len(m.arrived), len(m.journal), len(m.changed)
	tokens, timers, scopes, subscriptions := len(m.state.Tokens), len(m.state.Timers), len(m.state.Scopes), len(m.state.Subscriptions)
	counter := m.state.Counter
	err := fn()
	if err == nil {
		return nil
	}
	m.state.Scopes, m.state.Subscriptions = m.state.Scopes[:scopes], m.state.Subscriptions[:subscriptions]
	m.takeBack(written)
	m.effects, m.arrived, m.changed = m.effects[:effects], m.arrived[:arrived], m.changed[:changed]
	m.looked = min(m.looked, changed)
	m.state.Tokens, m.state.Timers, m.state.Counter = m.state.Tokens[:tokens], m.state.Timers[:timers], counter
	return err
}

// raise leaves the token at its node for a person to mend. The incident has the id of the node instance.
func (m *machine) raise(v visit, at TokenState, err error) {
	if i := m.state.token(v.id); i >= 0 {
		m.state.Tokens[i].State = at
	} else {
		t := v.token()
		t.State = at
		m.state.Tokens = append(m.state.Tokens, t)
	}
	m.emit(Effect{Kind: IncidentRaised, Element: v.node.ID, Instance: v.id, Name: kindOf(err), Message: err.Error()})
}

// retryIncident tries again what failed, with variables set first if the event brings any.
func (m *machine) retryIncident(ev Event) error {
	if m.retryListener(ev) {
		return nil
	}
	i := m.state.token(ev.Token)
	if i < 0 {
		return m.retryCondition(ev)
	}
	t := m.state.Tokens[i]
	if !t.hasFailed() {
		return fmt.Errorf("retry: no incident %q: %w", ev.Token, ErrStale)
	}
	v := m.visitOf(t)
	m.setAll(m.seenFrom(v), ev.Variables)
	m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: t.ID})
	switch t.State {
	case Leaving:
		m.state.Tokens[i].State = Waiting
		if s := m.state.hosted(v.id, LoopScope); s != nil && v.node.Loop.Kind == bpmn.LoopStandard {
			m.startInstances(s.ID)
			return nil
		}
		if v.node.Kind == bpmn.AdHocSubProcess && !m.isWhole(v.id) {
			m.askWhetherComplete(v)
			return nil
		}
		m.leave(v)
	case Failed:
		m.state.Tokens[i].State = Waiting
		m.askAgain(v)
	default:
		m.state.removeToken(t.ID)
		id := t.ID
		if v.node.Kind == bpmn.ComplexGateway && len(v.node.In) > 1 && !t.Caught { // it has not opened: it joins once more
			id = ""
		}
		m.send(Arrival{Node: t.Node, Flow: t.Flow, ID: id, Scope: t.Scope, Caught: t.Caught, Start: t.Start})
	}
	return nil
}

// askAgain repeats work outside that has failed.
func (m *machine) askAgain(v visit) {
	err := m.try(func() error {
		if v.node.Kind == bpmn.CallActivity {
			return m.call(v)
		}
		return m.ask(v)
	})
	if err != nil {
		m.raise(v, Failed, err)
	}
}

// retryCondition looks again at a condition that could not be evaluated.
func (m *machine) retryCondition(ev Event) error {
	i := m.state.failedCondition(ev.Token)
	if i < 0 {
		return fmt.Errorf("retry: no incident %q: %w", ev.Token, ErrStale)
	}
	s := m.state.Subscriptions[i]
	m.state.Subscriptions[i].Failed = false
	m.setAll(s.Scope, ev.Variables)
	m.emit(Effect{Kind: IncidentResolved, Element: s.Node, Instance: s.ID})
	m.armed = true
	return nil
}

// record puts a failure that nobody has to mend on record.
func (m *machine) record(element, id string, err error) {
	m.emit(Effect{Kind: IncidentRaised, Element: element, Instance: id, Name: kindOf(err), Message: err.Error()})
	m.emit(Effect{Kind: IncidentResolved, Element: element, Instance: id})
}
