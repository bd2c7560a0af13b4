package bpmn

// checkIncomingOutgoing warns where the incoming and outgoing elements of a node contradict the flows, which decide.
func checkIncomingOutgoing(m *Model, r report) {
	for _, p := range m.executable() {
		for _, n := range p.Nodes {
			for _, c := range n.Element.Children {
				f := p.flows[c.Text]
				switch {
				case c.is("incoming") && (f == nil || f.Target != n):
					r(c, "%s lists the incoming flow %q, which does not lead to it", label(n.Element), shorten(c.Text))
				case c.is("outgoing") && (f == nil || f.Source != n):
					r(c, "%s lists the outgoing flow %q, which does not begin at it", label(n.Element), shorten(c.Text))
				}
			}
		}
	}
}
