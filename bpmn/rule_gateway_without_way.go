package bpmn

// checkGatewayWithoutWay refuses gateways that no flow enters, and exclusive ones that no flow leaves. Where a parallel or inclusive gateway has no outgoing flow, its branch ends.
func checkGatewayWithoutWay(n *FlowNode, r report) {
	if !n.isGateway() || n.node.Instantiate {
		return
	}
	if len(n.In) == 0 && n.Supported && !n.isSource() {
		r(n.Element, "%s has no incoming flow", label(n.Element))
	}
	if n.Kind == ExclusiveGateway && len(n.Out) == 0 {
		r(n.Element, "%s has no outgoing flow", label(n.Element))
	}
}
