package bpmn

// checkDefaultFlow requires that a default flow leaves the node, and that the node chooses between its flows.
func checkDefaultFlow(n *FlowNode, r report) {
	ref := n.Element.attr("default")
	if ref == "" || !n.Supported {
		return
	}
	if n.Kind != ExclusiveGateway && n.Kind != InclusiveGateway && n.Kind != ComplexGateway && !n.isActivity() {
		r(n.Element, "%s has a default flow; only exclusive, inclusive and complex gateways and activities have one", label(n.Element))
		return
	}
	if n.Default == nil || n.Default.Source != n {
		r(n.Element, "%s has the default flow %q, which is not one of its outgoing flows", label(n.Element), shorten(ref))
	}
}
