package bpmn

// checkUnreachable warns about nodes that no path from a start event leads to.
func checkUnreachable(m *Model, r report) {
	for _, p := range m.executable() {
		reached := map[*FlowNode]bool{}
		var pending []*FlowNode
		reach := func(n *FlowNode) {
			if n != nil && !reached[n] {
				reached[n] = true
				pending = append(pending, n)
			}
		}
		for _, n := range p.Nodes {
			if n.Kind == StartEvent {
				reach(n)
			}
		}
		for len(pending) > 0 {
			n := pending[len(pending)-1]
			pending = pending[:len(pending)-1]
			for _, f := range n.Out {
				reach(f.Target)
			}
			for _, b := range n.Boundary {
				reach(b)
			}
		}
		for _, n := range p.Nodes {
			if !reached[n] && n.Supported {
				r(n.Element, "no path from a start event leads to %s", label(n.Element))
			}
		}
	}
}
