package bpmn

// checkMissingImplementation requires that a task that does something says what.
func checkMissingImplementation(n *FlowNode, r report) {
	switch {
	case n.node.Service != nil || n.Element.vendor("type") != "":
	case n.Kind == ServiceTask && n.Element.attr("operationRef") != "":
		r(n.Element, "%s is a web service (operationRef), which is not supported", label(n.Element))
	case n.Kind == ServiceTask || n.Kind == BusinessRuleTask:
		r(n.Element, "%s has no implementation: an expression, a class or delegateExpression, a type with a topic, or a decision", label(n.Element))
	case n.Kind == SendTask && n.node.Message == nil:
		r(n.Element, "%s has neither a messageRef nor an implementation", label(n.Element))
	}
}
