package engine

import (
	"github.com/onecms/nextgen-workflow/bpmn"
)

// rest keeps the token at its node and arms the node's boundary events. An instance of a repeated activity has none: they
// belong to the activity as a whole.
func (m *machine) rest(v visit) error {
	return m.restWith(v, Token{})
}

func (m *machine) restWith(v visit, t Token) error {
	t.ID, t.Node, t.Flow, t.Scope, t.State = v.id, v.node.ID, v.flow, v.scope, Waiting
	m.state.Tokens = append(m.state.Tokens, t)
	if m.isInstance(v.scope, v.node.ID) {
		return nil
	}
	return m.armBoundary(v)
}

func (m *machine) armBoundary(v visit) error {
	for _, b := range v.node.Boundary {
		if err := m.arm(&m.program.Nodes[b], v.id, m.seenFrom(v)); err != nil {
			return err
		}
	}
	return nil
}

// enterSubProcess opens the inside and sends a token to each plain start event; what has no incoming flow begins a
// sub-process without one (BPMN 2.0 section 13.3.4).
func (m *machine) enterSubProcess(v visit) (outcome, error) {
	body, err := m.openBody(v)
	if err != nil {
		return stay, err
	}
	if err := m.rest(v); err != nil {
		return stay, err
	}
	starts := v.node.Container.Starts
	if len(starts) == 0 {
		starts = v.node.Container.Sources
	}
	for _, s := range starts {
		m.send(Arrival{Node: m.program.Nodes[s].ID, Scope: body})
	}
	return stay, nil
}

// enterEventSub opens an event sub-process at the start event that was triggered.
func (m *machine) enterEventSub(v visit) (outcome, error) {
	body, err := m.openBody(v)
	if err != nil {
		return stay, err
	}
	start := v.start
	if start == "" {
		start = m.program.Nodes[v.node.Container.Triggered[0]].ID // a compensation: it is entered, not triggered
	}
	m.send(Arrival{Node: start, Scope: body})
	return stay, m.rest(v)
}

// startEventSub begins an event sub-process of a scope. An interrupting one ends all else in that scope first (BPMN 2.0
// section 13.5.4).
func (m *machine) startEventSub(start *bpmn.Node, scope string) {
	if start.Interrupting {
		m.cancelScope(scope)
	}
	m.send(Arrival{Node: m.program.Nodes[start.Parent].ID, Scope: scope, Start: start.ID})
}

// leaveCancelled ends a transaction by its cancel event, once all in it is compensated; without such an event it goes on
// as if it had completed. The event belongs to a repeated transaction as a whole.
func (m *machine) leaveCancelled(v visit) {
	whole := v
	if m.isInstance(v.scope, v.node.ID) {
		if i := m.state.token(m.state.scope(v.scope).Host); i >= 0 {
			whole = m.visitOf(m.state.Tokens[i])
		}
	}
	for _, b := range v.node.Boundary {
		event := &m.program.Nodes[b]
		for _, e := range event.Events {
			if e.Kind == bpmn.CancelEvent {
				if i := m.state.token(whole.id); i >= 0 {
					m.cancelToken(m.state.Tokens[i])
				}
				m.send(Arrival{Node: event.ID, Scope: whole.scope})
				return
			}
		}
	}
	m.leave(v)
}
