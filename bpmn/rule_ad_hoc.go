package bpmn

// checkAdHoc requires that an ad-hoc sub-process holds activities, and neither start nor end events.
func checkAdHoc(n *FlowNode, r report) {
	if n.Kind != AdHocSubProcess {
		return
	}
	found := false
	for _, inner := range n.Inner.Nodes {
		if inner.Kind == StartEvent || inner.Kind == EndEvent {
			r(inner.Element, "%s is in %s, which has neither start nor end events", label(inner.Element), label(n.Element))
		}
		found = found || inner.isActivity() && !inner.node.Event
	}
	if !found {
		r(n.Element, "%s has no activity", label(n.Element))
	}
	if ordering := n.Element.attr("ordering"); ordering != "" && ordering != "Parallel" && ordering != "Sequential" {
		r(n.Element, "%s has the ordering %q; it is Parallel or Sequential", label(n.Element), shorten(ordering))
	}
}
