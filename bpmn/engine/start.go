package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// start begins an instance at a start event. A triggered one may also be a receive task, or an event behind an event-based
// gateway, that begins an instance.
func (m *machine) start(ev Event) error {
	if m.state.Started {
		return fmt.Errorf("start: already started: %w", ErrStale)
	}
	i := m.program.NodeIndex(ev.StartEvent)
	if i < 0 || !m.mayBegin(i) {
		return fmt.Errorf("start: no start event %q: %w", ev.StartEvent, ErrStale)
	}
	m.state.Rev, m.state.Started = ev.Rev, true
	if m.state.Rev == 0 {
		m.state.Rev = Rev
	}
	m.state.InstanceID, m.state.BusinessKey = ev.InstanceID, ev.BusinessKey
	if ev.Initiator.ID != "" {
		roles := slices.Clone(ev.Initiator.Roles)
		if len(roles) == 0 {
			roles = nil
		}
		m.state.Users = append(m.state.Users, User{ID: ev.Initiator.ID, Roles: roles})
	}
	node := &m.program.Nodes[i]
	if m.state.Rev > 1 {
		m.openProcess(func() error { return m.openData("", &m.program.Root) })
	}
	m.setAll("", ev.Variables)
	if node.Initiator != "" {
		m.setLocal("", node.Initiator, text(ev.Initiator.ID))
	}
	if m.state.Rev > 1 {
		if !m.opensOutside() {
			m.openProcess(func() error { return m.hearAll(visit{node: node}, opening, m.program.Start) })
		}
		for _, start := range m.eventStarts(&m.program.Root) {
			m.openProcess(func() error { return m.arm(&m.program.Nodes[start], "", "") })
		}
	}
	m.begins(node)
	return nil
}

// opensOutside reports whether a start listener of the process calls a delegate. Then they all run when the first node is
// entered, which waits for them.
func (m *machine) opensOutside() bool { return m.state.Rev > 1 && bpmn.CallsDelegate(m.program.Start) }

// openProcess does what comes before the first token. What fails is left out and on record as an incident; there is no
// node instance yet at which a person could try it again.
func (m *machine) openProcess(do func() error) {
	if err := m.try(do); err != nil {
		m.emit(Effect{Kind: IncidentRaised, Element: m.program.Key, Instance: m.newID(m.program.Key), Name: kindOf(err), Message: err.Error()})
	}
}

// mayBegin reports whether an instance may begin at a node.
func (m *machine) mayBegin(i int) bool {
	if slices.Contains(m.program.Root.Starts, i) || slices.Contains(m.program.Root.Triggered, i) {
		return true
	}
	return m.gatewayBefore(i) >= 0
}

// gatewayBefore is the instantiating event-based gateway in front of an event; -1 if there is none.
func (m *machine) gatewayBefore(i int) int {
	for _, f := range m.program.Nodes[i].In {
		g := m.program.Flows[f].Source
		if n := &m.program.Nodes[g]; n.Kind == bpmn.EventGateway && n.Instantiate && slices.Contains(m.program.Root.Triggered, g) {
			return g
		}
	}
	return -1
}

// begins sends the first token. A parallel instantiating gateway also waits for its other events (BPMN 2.0 section 13.4.4).
func (m *machine) begins(node *bpmn.Node) {
	var at *Stand
	if m.opensOutside() {
		at = &Stand{Phase: opening}
	}
	if node.Kind == bpmn.StartEvent {
		m.send(Arrival{Node: node.ID, At: at})
		return
	}
	g := m.gatewayBefore(m.program.NodeIndex(node.ID))
	if g >= 0 && !m.program.Nodes[g].Exclusive {
		v := visit{node: &m.program.Nodes[g], id: m.newID(m.program.Nodes[g].ID)}
		m.emit(Effect{Kind: NodeEntered, Element: v.node.ID, Instance: v.id})
		m.state.Tokens = append(m.state.Tokens, Token{ID: v.id, Node: v.node.ID, State: Waiting, Start: node.ID})
		if err := m.try(func() error { return m.armTargets(v, m.program.NodeIndex(node.ID)) }); err != nil {
			m.raise(v, Entering, err)
		} else if !m.waitsFor(v.id) {
			m.endGateway(v)
		}
	}
	m.send(Arrival{Node: node.ID, Caught: true, At: at})
}
