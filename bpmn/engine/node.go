package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// visit is one node instance being worked on.
type visit struct {
	node *bpmn.Node
	id   string
	flow string
}

// behaviour is what a kind of flow node does once it is entered: it returns true when the token goes on at once and
// false when it rests.
type behaviour func(m *machine, v visit) (goOn bool, err error)

func behaviourOf(kind bpmn.NodeKind) behaviour {
	switch kind {
	case bpmn.UserTask:
		return (*machine).enterUserTask
	case bpmn.ServiceTask:
		return (*machine).enterServiceTask
	case bpmn.StartEvent, bpmn.EndEvent, bpmn.BoundaryEvent, bpmn.ExclusiveGateway, bpmn.ParallelGateway:
		return passThrough
	}
	return func(_ *machine, v visit) (bool, error) {
		return false, fmt.Errorf("node kind %q cannot be executed", v.node.Kind)
	}
}

func passThrough(*machine, visit) (bool, error) { return true, nil }

// enter activates a node for a token that arrived at it.
func (m *machine) enter(a arrival) {
	node := &m.program.Nodes[a.node]
	if a.id == "" {
		if node.Kind == bpmn.ParallelGateway && len(node.In) > 1 && !m.join(node, a.flow) {
			return
		}
		a.id = m.newID(node.ID)
		m.emit(Effect{Kind: NodeEntered, Element: node.ID, Instance: a.id})
	}
	v := visit{node: node, id: a.id, flow: a.flow}
	if m.visits++; m.visits > maxVisits {
		m.raise(v, Entering, failure{kind: "loop", err: fmt.Errorf("more than %d nodes were entered in one step", maxVisits)})
		return
	}
	goOn := false
	err := m.try(func() error {
		if err := m.runListeners(node.Start, v); err != nil {
			return err
		}
		var err error
		goOn, err = behaviourOf(node.Kind)(m, v)
		return err
	})
	switch {
	case err != nil:
		m.raise(v, Entering, err)
	case goOn:
		m.leave(v)
	}
}

// leave runs the end listeners, ends the node instance and sends tokens along the outgoing flows.
func (m *machine) leave(v visit) {
	err := m.try(func() error {
		if v.node.Kind == bpmn.UserTask {
			if err := m.runTaskListeners(bpmn.TaskComplete, v); err != nil {
				return err
			}
		}
		if err := m.runListeners(v.node.End, v); err != nil {
			return err
		}
		flows, err := m.chooseFlows(v)
		if err != nil {
			return err
		}
		m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
		return m.take(v, flows)
	})
	if err != nil {
		m.raise(v, Leaving, err)
		return
	}
	m.state.removeToken(v.id)
	if v.node.Kind == bpmn.EndEvent {
		m.state.EndEvent = v.node.ID
	}
}

func (m *machine) start(ev Event) error {
	if m.state.Started {
		return fmt.Errorf("start: already started: %w", ErrStale)
	}
	i := m.program.NodeIndex(ev.StartEvent)
	if i < 0 || m.program.Nodes[i].Kind != bpmn.StartEvent {
		return fmt.Errorf("start: no start event %q: %w", ev.StartEvent, ErrStale)
	}
	m.state.Rev, m.state.Started = Rev, true
	if ev.Initiator.ID != "" {
		roles := slices.Clone(ev.Initiator.Roles)
		if len(roles) == 0 {
			roles = nil
		}
		m.state.Users = append(m.state.Users, User{ID: ev.Initiator.ID, Roles: roles})
	}
	m.setVariables(ev.Variables)
	if name := m.program.Nodes[i].Initiator; name != "" {
		m.setVariable(name, text(ev.Initiator.ID))
	}
	m.arrived = append(m.arrived, arrival{node: i})
	return nil
}
