package bpmn

// checkEventGatewayChoice warns about an event-based gateway that leaves no choice.
func checkEventGatewayChoice(n *FlowNode, r report) {
	if n.Kind == EventGateway && len(n.Out) == 1 {
		r(n.Element, "%s has only one outgoing flow; there is nothing to choose", label(n.Element))
	}
}
