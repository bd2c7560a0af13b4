package bpmn

// checkDueDate requires that a literal due date is an ISO 8601 date-time or duration.
func checkDueDate(n *FlowNode, r report) {
	if n.node.Human == nil || n.node.Human.DueDate == nil || !n.node.Human.DueDate.IsLiteral() {
		return
	}
	source := n.node.Human.DueDate.Source()
	if _, err := ParseDateTime(source); err == nil {
		return
	}
	if _, err := ParseDuration(source); err != nil {
		r(n.Element, "%s has the due date %q, which is neither an ISO 8601 date-time nor a duration", label(n.Element), shorten(source))
	}
}
