package bpmn

// checkBlockedJoin refuses parallel joins that can never open, because no path from a start event leads to one of their
// flows.
func checkBlockedJoin(m *Model, r report) {
	for _, p := range m.executable() {
		reached := p.reachable()
		for _, n := range p.Nodes {
			if n.Kind != ParallelGateway || len(n.In) < 2 || !reached[n] {
				continue
			}
			for _, f := range n.In {
				if f.Source != nil && !reached[f.Source] {
					r(n.Element, "%s never opens: no path from a start event leads to %s before it", label(n.Element), label(f.Source.Element))
					break
				}
			}
		}
	}
}
