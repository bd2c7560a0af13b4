package engine

import (
	"maps"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// keepForCompensation remembers a completed activity that can be compensated, with the variables of its own as they are
// now (BPMN 2.0 section 10.7). What was completed inside a sub-process goes with it.
func (m *machine) keepForCompensation(v visit) {
	if v.node.Event {
		return
	}
	var within []Compensable
	if body := m.state.hosted(v.id, BodyScope); body != nil && v.node.Container != nil {
		within = m.takeDone(func(d Compensable) bool { return d.Scope == body.ID })
	}
	if v.node.Handler < 0 && len(within) == 0 && m.compensator(v.node) < 0 {
		return
	}
	m.state.Done = append(m.state.Done, Compensable{
		Node: v.node.ID, Instance: v.id, Scope: v.scope, Variables: m.ownVariables(v.id), Within: within,
	})
}

// takeDone removes the completed activities that fit and returns them, oldest first.
func (m *machine) takeDone(fits func(Compensable) bool) []Compensable {
	var taken []Compensable
	kept := m.state.Done[:0:0]
	for _, d := range m.state.Done {
		if fits(d) {
			taken = append(taken, d)
		} else {
			kept = append(kept, d)
		}
	}
	m.state.Done = kept
	return taken
}

// ownVariables are the variables of a node instance's own scopes.
func (m *machine) ownVariables(instance string) variables {
	var vars variables
	for _, kind := range []ScopeKind{LocalScope, BodyScope} {
		if s := m.state.hosted(instance, kind); s != nil && len(s.Variables) > 0 {
			if vars == nil {
				vars = variables{}
			}
			maps.Copy(vars, s.Variables)
		}
	}
	return vars
}

// compensator is the compensation event sub-process of a sub-process; -1 if it has none.
func (m *machine) compensator(n *bpmn.Node) int {
	if n.Container == nil {
		return -1
	}
	for _, sub := range n.Container.EventSubs {
		for _, start := range m.program.Nodes[sub].Container.Triggered {
			for _, def := range m.program.Nodes[start].Events {
				if def.Kind == bpmn.CompensationEvent {
					return sub
				}
			}
		}
	}
	return -1
}

// compensate compensates one activity, or all that was completed in the scope of a throwing event, the last one first. It
// reports whether there is anything to wait for. Within an event sub-process that is the scope around it.
func (m *machine) compensate(v visit, activity int) bool {
	scope := v.scope
	for {
		done := m.takeDone(func(d Compensable) bool {
			return d.Scope == scope && (activity < 0 || d.Node == m.program.Nodes[activity].ID)
		})
		if len(done) > 0 {
			m.openScope(Scope{ID: bodyID(v.id), Kind: BodyScope, Parent: v.scope, Host: v.id, Node: v.node.ID, Compensate: done})
			return true
		}
		s := m.state.scope(scope)
		if s == nil || !m.node(s.Node).Event {
			return false
		}
		scope = s.Parent
	}
}

// compensateNext starts what compensates the last completed activity of a scope's list.
func (m *machine) compensateNext(scope string) {
	s := m.state.scope(scope)
	last := s.Compensate[len(s.Compensate)-1]
	s.Compensate = slices.Clone(s.Compensate[:len(s.Compensate)-1])
	node := m.node(last.Node)
	sub := m.compensator(node)
	switch {
	case node.Handler >= 0:
		m.startHandler(scope, &m.program.Nodes[node.Handler], last)
	case sub >= 0:
		m.startHandler(scope, &m.program.Nodes[sub], last)
	default:
		for _, d := range last.Within {
			vars := maps.Clone(last.Variables)
			if vars == nil {
				vars = variables{}
			}
			maps.Copy(vars, d.Variables)
			d.Variables = vars
			s.Compensate = append(s.Compensate, d)
		}
	}
}

// startHandler enters a compensation handler, which sees the variables of the activity as they were.
func (m *machine) startHandler(scope string, handler *bpmn.Node, d Compensable) {
	id := m.newID(handler.ID)
	m.emit(Effect{Kind: NodeEntered, Element: handler.ID, Instance: id})
	v := visit{node: handler, id: id, scope: scope}
	if len(d.Variables) > 0 {
		m.openLocal(v, d.Variables)
	}
	for _, inner := range d.Within {
		if handler.Event { // it may compensate what was completed inside
			inner.Scope = bodyID(id)
			m.state.Done = append(m.state.Done, inner)
		}
	}
	m.send(Arrival{Node: handler.ID, ID: id, Scope: scope})
}

// cancelTransaction ends a transaction: nothing goes on in it any more, and what was completed is compensated before it
// leaves by its cancel event (BPMN 2.0 section 10.7.3). The end event itself stays until it is left.
func (m *machine) cancelTransaction(v visit) {
	for _, t := range slices.Clone(m.state.Tokens) {
		if t.Scope == v.scope && t.ID != v.id && m.state.token(t.ID) >= 0 {
			m.cancelToken(t)
		}
	}
	m.dropArrivals(v.scope)
	m.disarm(v.scope)
	done := m.takeDone(func(d Compensable) bool { return d.Scope == v.scope })
	if s := m.state.scope(v.scope); s != nil {
		s.Cancelled, s.Compensate = true, done
	}
}
