package bpmn

// checkGatewayDirection refuses gateways whose flows contradict the direction that they are given.
func checkGatewayDirection(n *FlowNode, r report) {
	if !n.isGateway() {
		return
	}
	switch direction := n.Element.attr("gatewayDirection"); {
	case direction == "Converging" && len(n.Out) > 1, direction == "Diverging" && len(n.In) > 1,
		direction == "Mixed" && (len(n.In) < 2 || len(n.Out) < 2):
		r(n.Element, "%s has the gatewayDirection %q, but %d incoming and %d outgoing flows", label(n.Element), direction, len(n.In), len(n.Out))
	}
}
