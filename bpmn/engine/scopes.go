package engine

import (
	"encoding/json"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// Ids of the scopes that a node instance opens.
func localID(instance string) string { return instance }
func bodyID(instance string) string  { return instance + "/" }
func loopID(instance string) string  { return instance + "*" }

// seenFrom is the scope whose variables a node instance sees: the innermost one that it has opened, else the one it is in.
func (m *machine) seenFrom(v visit) string {
	for _, kind := range []ScopeKind{BodyScope, LocalScope, LoopScope} {
		if s := m.state.hosted(v.id, kind); s != nil {
			return s.ID
		}
	}
	return v.scope
}

func (m *machine) openScope(s Scope) string {
	m.state.Scopes = append(m.state.Scopes, s)
	delete(m.owned, s.ID)
	return s.ID
}

// openLocal gives a node instance variables of its own; it may have them already.
func (m *machine) openLocal(v visit, vars map[string]json.RawMessage) string {
	if s := m.state.hosted(v.id, LocalScope); s != nil {
		return s.ID
	}
	return m.openScope(Scope{ID: localID(v.id), Kind: LocalScope, Parent: v.scope, Host: v.id, Node: v.node.ID, Variables: vars})
}

// openBody opens the inside of a sub-process: its data objects, and what its event sub-processes wait for.
func (m *machine) openBody(v visit) (string, error) {
	parent := v.scope
	if s := m.state.hosted(v.id, LocalScope); s != nil {
		parent = s.ID
	}
	id := m.openScope(Scope{ID: bodyID(v.id), Kind: BodyScope, Parent: parent, Host: v.id, Node: v.node.ID})
	if err := m.openData(id, v.node.Container); err != nil {
		return id, err
	}
	return id, m.armEventSubs(id, v.node.Container)
}

// openData gives the data objects of a process or sub-process their values.
func (m *machine) openData(scope string, c *bpmn.Container) error {
	for _, o := range c.Objects {
		if o.Value == nil {
			continue
		}
		value, err := m.compute(*o.Value, m.namesIn(scope))
		if err != nil {
			return err
		}
		m.setLocal(scope, o.Name, value)
	}
	return nil
}

// armEventSubs waits for what triggers the event sub-processes of a process or sub-process.
func (m *machine) armEventSubs(scope string, c *bpmn.Container) error {
	for _, start := range m.eventStarts(c) {
		if err := m.arm(&m.program.Nodes[start], scope, scope); err != nil {
			return err
		}
	}
	return nil
}

// containerOf is what a scope runs: of the process, or of a sub-process; nil for other scopes.
func (m *machine) containerOf(scope string) *bpmn.Container {
	s := m.state.scope(scope)
	switch {
	case scope == "":
		return &m.program.Root
	case s != nil && s.Kind == BodyScope:
		return m.node(s.Node).Container
	}
	return nil
}

// closeScopes forgets the scopes that a node instance has opened, with what their event sub-processes wait for.
func (m *machine) closeScopes(instance string) {
	for _, kind := range []ScopeKind{BodyScope, LoopScope, LocalScope} {
		if s := m.state.hosted(instance, kind); s != nil {
			id := s.ID
			m.disarm(id)
			m.state.removeScope(id)
			m.state.Done = slices.DeleteFunc(m.state.Done, func(d Compensable) bool { return d.Scope == id })
		}
	}
}

// cancelScope cancels all that goes on in a scope. The scope itself stays open.
func (m *machine) cancelScope(scope string) {
	m.dropArrivals(scope)
	for _, t := range slices.Clone(m.state.Tokens) {
		if t.Scope == scope {
			m.release(t)
		}
	}
	m.state.Tokens = slices.DeleteFunc(m.state.Tokens, func(t Token) bool { return t.Scope == scope })
	m.disarm(scope)
}

// dropArrivals stops the tokens that are on their way in a scope. A node instance that was to begin is cancelled.
func (m *machine) dropArrivals(scope string) {
	in := func(a Arrival) bool {
		if a.Scope != scope {
			return false
		}
		if a.ID != "" && (m.node(a.Node).Loop == nil || m.isInstance(a.Scope, a.Node)) {
			m.emit(Effect{Kind: NodeCancelled, Element: a.Node, Instance: a.ID})
		}
		if a.ID != "" {
			m.closeScopes(a.ID)
		}
		return true
	}
	m.arrived, m.later = slices.DeleteFunc(m.arrived, in), slices.DeleteFunc(m.later, in)
}

// finishScope ends one scope in which nothing is left, the innermost first, and reports whether there was one.
func (m *machine) finishScope() bool {
	for i := len(m.state.Scopes) - 1; i >= 0; i-- {
		s := m.state.Scopes[i]
		if s.Kind != BodyScope || !m.state.isEmpty(s.ID) {
			continue
		}
		at := m.state.token(s.Host)
		if at < 0 || m.state.Tokens[at].State != Waiting || m.staysOpen(s) {
			continue
		}
		if len(s.Compensate) > 0 {
			m.compensateNext(s.ID)
			return true
		}
		v := m.visitOf(m.state.Tokens[at])
		if s.Cancelled {
			m.leaveCancelled(v)
		} else {
			m.leave(v)
		}
		return true
	}
	return false
}
