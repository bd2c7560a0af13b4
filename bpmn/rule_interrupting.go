package bpmn

// checkInterrupting requires that errors and cancellations interrupt what they are caught by: there is nothing to go on
// with.
func checkInterrupting(n *FlowNode, r report) {
	attribute := ""
	switch {
	case n.node.Interrupting:
		return
	case n.Kind == BoundaryEvent:
		attribute = "cancelActivity"
	case n.Kind == StartEvent && n.inEventSub():
		attribute = "isInterrupting"
	}
	for _, d := range n.Definitions {
		if attribute != "" && (d.Kind == ErrorEvent || d.Kind == CancelEvent) {
			r(n.Element, "%s has %s=\"false\"; %s interrupts", label(n.Element), attribute, named(d.Element))
		}
	}
}
