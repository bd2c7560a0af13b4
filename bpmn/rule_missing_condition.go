package bpmn

// checkMissingCondition warns about a choice that is made by the order of the flows: one without condition is always true.
func checkMissingCondition(n *FlowNode, r report) {
	if n.Kind != ExclusiveGateway || len(n.Out) < 2 {
		return
	}
	for _, f := range n.Out {
		if !f.Conditional && f != n.Default {
			r(f.Element, "%s leaves %s without a condition and is not its default flow; it counts as always true", label(f.Element), label(n.Element))
		}
	}
}
