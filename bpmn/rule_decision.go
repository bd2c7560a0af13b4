package bpmn

// checkDecision warns of decisions: they are asked for, and nothing evaluates them yet.
func checkDecision(n *FlowNode, r report) {
	if s := n.node.Service; s != nil && s.Kind == ServiceDecision {
		r(n.Element, "%s asks for a decision; unless a worker of yours evaluates it, the case has an incident there", label(n.Element))
	}
}
