package bpmn

// checkComplexGateway requires an activationCondition where a complex gateway joins flows.
func checkComplexGateway(n *FlowNode, r report) {
	if n.Kind == ComplexGateway && len(n.In) > 1 && n.Element.child("activationCondition") == nil {
		r(n.Element, "%s joins flows and has no activationCondition", label(n.Element))
	}
}
