package bpmn

// checkMissingImplementation requires that a service task says what it does.
func checkMissingImplementation(n *FlowNode, r report) {
	if n.Kind == ServiceTask && n.Element.vendor("expression") == "" {
		r(n.Element, "%s has no expression; only expressions are supported", label(n.Element))
	}
}
