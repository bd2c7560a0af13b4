package bpmn

import "slices"

// checkNoStartEvent requires a place where the process begins, and in each sub-process one plain start event, or none and
// something that no flow leads to. Event sub-processes have a rule of their own, and ad-hoc sub-processes have none.
func checkNoStartEvent(m *Model, r report) {
	for _, p := range m.executable() {
		if begins(p) == 0 {
			r(p.Element, "%s has no start event", label(p.Element))
		}
		for _, level := range p.Levels[1:] {
			if level.Node.Kind == AdHocSubProcess || level.Node.node.Event {
				continue
			}
			switch starts := level.starts(); {
			case len(starts) == 0 && !level.hasSource():
				r(level.Element, "%s has no start event, and nothing else in it begins", label(level.Element))
			case len(starts) > 1:
				r(starts[1].Element, "%s has a second start event, %q", label(level.Element), shorten(starts[1].ID))
			}
		}
	}
}

// begins counts what can begin an instance of the process.
func begins(p *Process) (n int) {
	for _, node := range p.Levels[0].Nodes {
		if node.Kind == StartEvent || node.node.Instantiate {
			n++
		}
	}
	return n
}

// hasSource reports whether something in the level begins without a start event.
func (l *Level) hasSource() bool { return slices.ContainsFunc(l.Nodes, (*FlowNode).isSource) }

// starts returns the start events of the level.
func (l *Level) starts() []*FlowNode {
	var found []*FlowNode
	for _, n := range l.Nodes {
		if n.Kind == StartEvent {
			found = append(found, n)
		}
	}
	return found
}
