package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// armTimers arms the boundary timers of an activity that was entered.
func (m *machine) armTimers(v visit) error {
	for _, b := range v.node.Boundary {
		event := &m.program.Nodes[b]
		s, err := event.Events[0].Timer.Value.EvalString(m.scope(v), limits)
		if err != nil {
			return failure{kind: "timer", err: fmt.Errorf("timer %q: %w", event.ID, err)}
		}
		due, err := instant(s, m.at)
		if err != nil {
			return failure{kind: "timer", err: fmt.Errorf("timer %q: %w", event.ID, err)}
		}
		t := Timer{ID: m.newID(event.ID), Node: event.ID, Host: v.id, Due: due.UTC()}
		m.state.Timers = append(m.state.Timers, t)
		m.emit(Effect{Kind: TimerArmed, Element: t.Node, Instance: t.ID, Due: t.Due})
	}
	return nil
}

func (m *machine) cancelTimers(host string) {
	for _, t := range m.state.Timers {
		if t.Host == host {
			m.emit(Effect{Kind: TimerCancelled, Element: t.Node, Instance: t.ID})
		}
	}
	m.state.Timers = slices.DeleteFunc(m.state.Timers, func(t Timer) bool { return t.Host == host })
}

// fireTimers fires what is due, the earliest first; of equal ones the first armed. An interrupting one takes the other
// timers of its activity with it.
func (m *machine) fireTimers() error {
	fired := false
	for {
		next := -1
		for i, t := range m.state.Timers {
			if !t.Due.After(m.at) && (next < 0 || t.Due.Before(m.state.Timers[next].Due)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		fired = true
		t := m.state.Timers[next]
		m.state.Timers = slices.Delete(m.state.Timers, next, next+1)
		m.fire(t)
	}
	if !fired {
		return fmt.Errorf("timers: none is due: %w", ErrStale)
	}
	return nil
}

func (m *machine) fire(t Timer) {
	m.emit(Effect{Kind: TimerFired, Element: t.Node, Instance: t.ID})
	event := m.node(t.Node)
	if event.Interrupting {
		if i := m.state.token(t.Host); i >= 0 {
			m.cancelToken(m.state.Tokens[i])
		}
	}
	m.arrived = append(m.arrived, arrival{node: m.program.NodeIndex(event.ID)})
}

// DropTimers forgets the timers due at a moment whose activity a person completed first: the row in the database
// decided, and the completion is on its way. It returns a changed copy of the state.
func DropTimers(p *bpmn.Program, s State, hosts []string) State {
	c := s.clone()
	c.Timers = slices.DeleteFunc(c.Timers, func(t Timer) bool {
		i := p.NodeIndex(t.Node)
		return slices.Contains(hosts, t.Host) && i >= 0 && p.Nodes[i].Interrupting
	})
	c.tidy()
	return c
}
