package bpmn

// checkNoStartEvent requires a place where the process begins, and one plain start event in each sub-process. Event
// sub-processes have a rule of their own, and ad-hoc sub-processes have none.
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
			case len(starts) == 0:
				r(level.Element, "%s has no start event", label(level.Element))
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
