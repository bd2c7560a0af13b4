package bpmn

// checkLinkEvent requires that throwing and catching link events of a level are paired by name, and that a pair stands
// in for a flow: none leads to the catching one or away from the throwing one.
func checkLinkEvent(m *Model, r report) {
	for _, p := range m.executable() {
		for _, level := range p.Levels {
			caught, thrown := map[string]*FlowNode{}, map[string]bool{}
			for _, n := range level.Nodes {
				if d := n.definition(LinkEvent); d != nil && n.Kind == ThrowEvent {
					thrown[d.Element.attr("name")] = true
				}
			}
			for _, n := range level.Nodes {
				if d := n.definition(LinkEvent); d != nil {
					checkLink(n, d, caught, thrown, r)
				}
			}
		}
	}
}

func checkLink(n *FlowNode, d *Definition, caught map[string]*FlowNode, thrown map[string]bool, r report) {
	name := d.Element.attr("name")
	switch {
	case name == "":
		r(d.At, "%s has a link without a name", label(n.Element))
	case len(n.Definitions) > 1:
		r(d.At, "%s has other event definitions beside its link", label(n.Element))
	case n.Kind == ThrowEvent && d.Target == nil:
		r(d.At, "%s leads to the link %q, which no event beside it catches", label(n.Element), shorten(name))
	case n.Kind == ThrowEvent && len(n.Out) > 0:
		r(n.Element, "%s has an outgoing flow, %q; its link is the way on", label(n.Element), shorten(n.Out[0].ID))
	case n.Kind == CatchEvent && caught[name] != nil:
		r(d.At, "%s catches the link %q, as %s does", label(n.Element), shorten(name), label(caught[name].Element))
	case n.Kind == CatchEvent && !thrown[name]:
		r(d.At, "%s catches the link %q, which no event beside it throws", label(n.Element), shorten(name))
	case n.Kind == CatchEvent && len(n.In) > 0:
		r(n.Element, "%s has an incoming flow, %q; its link is the way in", label(n.Element), shorten(n.In[0].ID))
	}
	if n.Kind == CatchEvent {
		remember(caught, name, n)
	}
}
