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
			if s := m.state.hosted(v.id, BodyScope); s != nil { // of a definition before this one, which comes first
				s.Compensate = append(done, s.Compensate...)
				return true
			}
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
			d.Variables = around(last.Variables, d.Variables)
			s.Compensate = append(s.Compensate, d)
		}
	}
}

// around adds variables to those of a scope around them; nil: there are none.
func around(outer, inner variables) variables {
	if len(outer)+len(inner) == 0 {
		return nil
	}
	vars := make(variables, len(outer)+len(inner))
	maps.Copy(vars, outer)
	maps.Copy(vars, inner)
	return vars
}

// startHandler enters a compensation handler, which sees the variables of the activity as they were.
func (m *machine) startHandler(scope string, handler *bpmn.Node, d Compensable) {
	id := m.newID(handler.ID)
	if handler.Loop == nil { // else each of its instances is entered
		m.emit(Effect{Kind: NodeEntered, Element: handler.ID, Instance: id})
	}
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

// cancelTransaction ends the transaction around an event: nothing goes on in it any more, and what was completed in it is
// compensated before it leaves by its cancel event (BPMN 2.0 section 10.7.3).
func (m *machine) cancelTransaction(v visit) {
	tx := m.transactionAround(v.scope)
	if tx == "" {
		return
	}
	done := m.doneWithin(tx)
	m.cancelScope(tx)
	s := m.state.scope(tx)
	s.Cancelled, s.Compensate = true, done
}

// transactionAround is the scope of the innermost transaction that a scope is, or is in; "" if there is none.
func (m *machine) transactionAround(scope string) string {
	for s := m.state.scope(scope); s != nil; s = m.state.scope(s.Parent) {
		if s.Kind == BodyScope && m.node(s.Node).Kind == bpmn.Transaction {
			return s.ID
		}
	}
	return ""
}

// doneWithin takes all that was completed in a scope, and in what is still active in it, with the variables of the scopes
// between, which are about to end.
func (m *machine) doneWithin(scope string) []Compensable {
	var done []Compensable
	for _, s := range m.state.Scopes { // a compensation that is under way
		if m.isWithin(s.ID, scope) {
			done = append(done, s.Compensate...)
		}
	}
	done = append(done, m.takeDone(func(d Compensable) bool { return m.isWithin(d.Scope, scope) })...)
	for i := range done {
		for s := m.state.scope(done[i].Scope); s != nil && s.ID != scope; s = m.state.scope(s.Parent) {
			done[i].Variables = around(s.Variables, done[i].Variables)
		}
	}
	return done
}

// isWithin reports whether a scope is another one or lies in it.
func (m *machine) isWithin(scope, other string) bool {
	for s := m.state.scope(scope); s != nil; s = m.state.scope(s.Parent) {
		if s.ID == other {
			return true
		}
	}
	return false
}
