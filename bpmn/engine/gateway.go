package engine

import (
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// join notes a token at a gateway that joins and reports whether it may be entered now. Any other node may at once.
func (m *machine) join(node *bpmn.Node, a Arrival) bool {
	if len(node.In) < 2 || a.Flow == "" {
		return true
	}
	switch node.Kind {
	case bpmn.ParallelGateway:
		return m.joinAll(node, a)
	case bpmn.InclusiveGateway:
		m.noteJoining(node, a) // whether it opens depends on all other tokens: see openInclusiveJoin
		return false
	case bpmn.ComplexGateway:
		m.joinComplex(node, a)
		return false
	}
	return true
}

func (m *machine) noteJoining(node *bpmn.Node, a Arrival) {
	m.state.Tokens = append(m.state.Tokens, Token{ID: m.newID(node.ID), Node: node.ID, Flow: a.Flow, State: Joining, Scope: a.Scope})
}

// joinAll reports whether one token of each incoming flow is at a parallel gateway; those are then consumed. A second token
// on the same flow waits for the next round (BPMN 2.0 section 13.4.1).
func (m *machine) joinAll(node *bpmn.Node, a Arrival) bool {
	m.noteJoining(node, a)
	round := make([]string, 0, len(node.In))
	for _, f := range node.In {
		id := m.joining(node.ID, a.Scope, m.program.Flows[f].ID)
		if id == "" {
			return false
		}
		round = append(round, id)
	}
	for _, id := range round {
		m.state.removeToken(id)
	}
	return true
}

// joining finds the oldest token that waits at a gateway for others and came by a flow; "" if there is none.
func (m *machine) joining(node, scope, flow string) string {
	for i := range m.state.Tokens {
		if t := &m.state.Tokens[i]; t.State == Joining && !t.Spent && t.Node == node && t.Scope == scope && t.Flow == flow {
			return t.ID
		}
	}
	return ""
}

// openInclusiveJoin opens one inclusive gateway at which tokens wait and which no other token of its scope can still reach,
// and reports whether there was one (BPMN 2.0 section 13.4.3).
func (m *machine) openInclusiveJoin() bool {
	var looked []Token // one of each gateway and scope
	for _, t := range m.state.Tokens {
		if t.State != Joining || slices.ContainsFunc(looked, func(l Token) bool { return l.Node == t.Node && l.Scope == t.Scope }) {
			continue
		}
		looked = append(looked, t)
		node := m.node(t.Node)
		if node.Kind != bpmn.InclusiveGateway || m.isAwaited(node, t.Scope) {
			continue
		}
		flow := ""
		for _, f := range node.In {
			if id := m.joining(node.ID, t.Scope, m.program.Flows[f].ID); id != "" {
				m.state.removeToken(id)
				flow = m.program.Flows[f].ID
			}
		}
		id := m.newID(node.ID)
		m.emit(Effect{Kind: NodeEntered, Element: node.ID, Instance: id})
		m.send(Arrival{Node: node.ID, ID: id, Flow: flow, Scope: t.Scope})
		return true
	}
	return false
}

// isAwaited reports whether a token elsewhere in the scope can reach an incoming flow of the gateway that has no token, and
// cannot reach one that has.
func (m *machine) isAwaited(node *bpmn.Node, scope string) bool {
	var empty, full []int
	for _, f := range node.In {
		if m.joining(node.ID, scope, m.program.Flows[f].ID) == "" {
			empty = append(empty, f)
		} else {
			full = append(full, f)
		}
	}
	return m.canCome(node, scope, empty, full)
}

// canCome reports whether a token elsewhere in the scope can reach one of the empty flows of a gateway, and none of the
// full ones.
func (m *machine) canCome(node *bpmn.Node, scope string, empty, full []int) bool {
	if len(empty) == 0 {
		return false
	}
	join := m.program.NodeIndex(node.ID)
	looked := make([]bool, len(m.program.Nodes))
	for _, t := range m.state.Tokens {
		from := m.program.NodeIndex(t.Node)
		if t.Scope != scope || looked[from] || from == join && t.State == Joining || t.Ahead || t.Spent {
			continue
		}
		looked[from] = true
		reached := m.reachable(from, join)
		touches := func(flows []int) bool { return slices.ContainsFunc(flows, func(f int) bool { return reached[f] }) }
		if touches(empty) && !touches(full) {
			return true
		}
	}
	return false
}

// reachable marks the flows that a token at a node may still take on its way, without passing the gateway itself.
func (m *machine) reachable(from, gateway int) []bool {
	flows := make([]bool, len(m.program.Flows))
	seen := make([]bool, len(m.program.Nodes))
	queue := []int{from}
	seen[from] = true
	visit := func(n int) {
		if n != gateway && n >= 0 && !seen[n] {
			seen[n] = true
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		node := &m.program.Nodes[queue[0]]
		queue = queue[1:]
		for _, f := range node.Out {
			flows[f] = true
			visit(m.program.Flows[f].Target)
		}
		for _, b := range node.Boundary {
			visit(b)
		}
		for _, e := range node.Events {
			if e.Kind == bpmn.LinkEvent && node.Kind == bpmn.ThrowEvent {
				visit(e.Target)
			}
		}
	}
	return flows
}

// enterEventGateway waits for the first of the events behind the gateway.
func (m *machine) enterEventGateway(v visit) (outcome, error) {
	if err := m.rest(v); err != nil {
		return stay, err
	}
	return stay, m.armTargets(v, m.program.NodeIndex(v.start))
}

// armTargets arms the events behind an event-based gateway, but for one.
func (m *machine) armTargets(v visit, without int) error {
	for _, f := range v.node.Out {
		if target := m.program.Flows[f].Target; target != without {
			if err := m.arm(&m.program.Nodes[target], v.id, v.scope); err != nil {
				return err
			}
		}
	}
	return nil
}

// passGateway goes on with the event that came first; a parallel one, which begins an instance, goes on with each.
func (m *machine) passGateway(v visit, event *bpmn.Node) {
	flow := ""
	for _, f := range v.node.Out {
		if m.program.Nodes[m.program.Flows[f].Target].ID == event.ID {
			flow = m.program.Flows[f].ID
		}
	}
	if v.node.Instantiate && !v.node.Exclusive {
		m.send(Arrival{Node: event.ID, Flow: flow, Scope: v.scope, Caught: true})
		if !m.waitsFor(v.id) {
			m.endGateway(v)
		}
		return
	}
	m.disarm(v.id)
	m.endGateway(v, flow)
}

// endGateway ends the visit of an event-based gateway and goes on by the flows, to events that have come.
func (m *machine) endGateway(v visit, flows ...string) {
	if bpmn.CallsDelegate(v.node.End) {
		v.at = &Stand{ID: v.id + "." + string(ending), Phase: ending, Flows: flows}
		m.state.Tokens[m.state.token(v.id)].At = v.at
		m.leaveGateway(v)
		return
	}
	// The event has come whatever a listener says.
	_ = m.try(func() error { return m.hearAll(v, ending, v.node.End) })
	m.passOn(v, flows)
}

// leaveGateway ends the visit of an event-based gateway once the delegates of its end listeners are done.
func (m *machine) leaveGateway(v visit) {
	var at *Stand
	err := m.try(func() (err error) {
		at, err = m.listen(v, ending, v.at.Flows)
		return err
	})
	switch {
	case err != nil:
		m.raise(v, Leaving, err)
	case at != nil:
		m.hold(v, at)
	default:
		m.passOn(v, v.at.Flows)
	}
}

func (m *machine) passOn(v visit, flows []string) {
	m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
	m.closeScopes(v.id)
	m.state.removeToken(v.id)
	for _, f := range v.node.Out {
		if flow := &m.program.Flows[f]; slices.Contains(flows, flow.ID) {
			m.send(Arrival{Node: m.program.Nodes[flow.Target].ID, Flow: flow.ID, Scope: v.scope, Caught: true})
		}
	}
}

// waitsFor reports whether anything is armed for a host.
func (m *machine) waitsFor(host string) bool {
	return slices.ContainsFunc(m.state.Subscriptions, func(s Subscription) bool { return s.Host == host }) ||
		slices.ContainsFunc(m.state.Timers, func(t Timer) bool { return t.Host == host })
}
