package bpmn

// checkMessageFlow refuses message flows in the wrong direction: a start event sends nothing, and an end event receives
// nothing.
func checkMessageFlow(m *Model, r report) {
	for _, collaboration := range m.Root.children("collaboration") {
		for _, f := range collaboration.children("messageFlow") {
			if n := m.node(f.attr("sourceRef")); n != nil && n.Kind == StartEvent {
				r(f, "%s begins at %s, which sends no message", label(f), label(n.Element))
			}
			if n := m.node(f.attr("targetRef")); n != nil && n.Kind == EndEvent {
				r(f, "%s leads to %s, which receives no message", label(f), label(n.Element))
			}
		}
	}
}

// node finds a flow node of any process by its id; nil when there is none.
func (m *Model) node(id string) *FlowNode {
	for _, p := range m.Processes {
		if n := p.nodes[withoutPrefix(id)]; n != nil {
			return n
		}
	}
	return nil
}
