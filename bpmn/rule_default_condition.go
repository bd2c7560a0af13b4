package bpmn

// checkDefaultCondition warns about a condition that is never looked at.
func checkDefaultCondition(n *FlowNode, r report) {
	if n.Default != nil && n.Default.Conditional {
		r(n.Default.Element, "%s is the default flow of %s; its condition is not evaluated", label(n.Default.Element), label(n.Element))
	}
}
