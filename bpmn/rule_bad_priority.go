package bpmn

import "strconv"

// checkBadPriority refuses a literal priority that is not a whole number.
func checkBadPriority(n *FlowNode, r report) {
	if n.human == nil || n.human.Priority == nil || !n.human.Priority.IsLiteral() {
		return
	}
	if _, err := strconv.ParseInt(n.human.Priority.Source(), 10, 32); err != nil {
		r(n.Element, "%s has the priority %q; it is a whole number or an expression", label(n.Element), shorten(n.human.Priority.Source()))
	}
}
