package bpmn

import "strconv"

// checkBadPriority refuses a literal priority that is not a whole number.
func checkBadPriority(n *FlowNode, r report) {
	if n.node.Human == nil || n.node.Human.Priority == nil || !n.node.Human.Priority.IsLiteral() {
		return
	}
	if _, err := strconv.ParseInt(n.node.Human.Priority.Source(), 10, 32); err != nil {
		r(n.Element, "%s has the priority %q; it is a whole number or an expression", label(n.Element), shorten(n.node.Human.Priority.Source()))
	}
}
