package bpmn

// checkLaneReference warns about lanes that list unknown nodes, and nodes that two lanes of the same depth list.
func checkLaneReference(m *Model, r report) {
	for _, p := range m.executable() {
		for _, lane := range p.Lanes {
			for _, ref := range lane.Element.children("flowNodeRef") {
				n := p.nodes[ref.Text]
				switch {
				case n == nil:
					r(ref, "%s lists %q, which is not a node of the process", label(lane.Element), shorten(ref.Text))
				case n.Lane != lane && n.Lane.Depth == lane.Depth:
					r(ref, "%s lists %q, which is in %s already", label(lane.Element), shorten(ref.Text), label(n.Lane.Element))
				}
			}
		}
	}
}
