package bpmn

// checkNoStartEvent requires a place where the process begins.
func checkNoStartEvent(m *Model, r report) {
	for _, p := range m.executable() {
		found := false
		for _, n := range p.Nodes {
			found = found || n.Kind == StartEvent
		}
		if !found {
			r(p.Element, "%s has no start event", label(p.Element))
		}
	}
}
