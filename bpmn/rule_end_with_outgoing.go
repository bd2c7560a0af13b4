package bpmn

// checkEndWithOutgoing refuses flows that leave an end event.
func checkEndWithOutgoing(n *FlowNode, r report) {
	if n.Kind == EndEvent && len(n.Out) > 0 {
		r(n.Element, "%s has an outgoing flow, %q; end events have none", label(n.Element), shorten(n.Out[0].ID))
	}
}
