package engine

import (
	"errors"
	"fmt"
	"maps"
)

// failure is an error with the kind of incident it becomes.
type failure struct {
	kind string
	err  error
}

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

// try runs part of a visit; if it fails, its variables, effects, tokens, timers and arrivals are as if it had not run.
func (m *machine) try(fn func() error) error {
	effects, arrived := len(m.effects), len(m.arrived)
	tokens, timers, counter := len(m.state.Tokens), len(m.state.Timers), m.state.Counter
	before := m.state.Variables
	m.state.Variables = maps.Clone(before)
	if err := fn(); err != nil {
		m.effects, m.arrived = m.effects[:effects], m.arrived[:arrived]
		m.state.Tokens, m.state.Timers = m.state.Tokens[:tokens], m.state.Timers[:timers]
		m.state.Variables, m.state.Counter = before, counter
		return err
	}
	return nil
}

// raise leaves the token at its node for a person to mend. The incident has the id of the node instance.
func (m *machine) raise(v visit, at TokenState, err error) {
	kind := "expression"
	var f failure
	if errors.As(err, &f) {
		kind = f.kind
	}
	if i := m.state.token(v.id); i >= 0 {
		m.state.Tokens[i].State = at
	} else {
		m.state.Tokens = append(m.state.Tokens, Token{ID: v.id, Node: v.node.ID, Flow: v.flow, State: at})
	}
	m.emit(Effect{Kind: IncidentRaised, Element: v.node.ID, Instance: v.id, Name: kind, Message: err.Error()})
}

// retryIncident tries the failed half of a visit again, with variables set first if the event brings any.
func (m *machine) retryIncident(ev Event) error {
	i := m.state.token(ev.Token)
	if i < 0 || (m.state.Tokens[i].State != Entering && m.state.Tokens[i].State != Leaving) {
		return fmt.Errorf("retry: no incident %q: %w", ev.Token, ErrStale)
	}
	t := m.state.Tokens[i]
	m.setVariables(ev.Variables)
	m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: t.ID})
	if t.State == Leaving {
		m.leave(visit{node: m.node(t.Node), id: t.ID, flow: t.Flow})
		return nil
	}
	m.state.removeToken(t.ID)
	m.arrived = append(m.arrived, arrival{node: m.program.NodeIndex(t.Node), flow: t.Flow, id: t.ID})
	return nil
}
