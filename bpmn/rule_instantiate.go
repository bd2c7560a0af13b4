package bpmn

// checkInstantiate requires that what begins an instance lies in the process itself and is not entered by a flow.
func checkInstantiate(n *FlowNode, r report) {
	switch {
	case !n.node.Instantiate:
	case n.Level.Node != nil:
		r(n.Element, "%s begins an instance, but lies in a sub-process", label(n.Element))
	case n.Kind == ReceiveTask && len(n.In) > 0:
		r(n.Element, "%s begins an instance and has an incoming flow, %q", label(n.Element), shorten(n.In[0].ID))
	case n.Kind == ReceiveTask && n.node.Message == nil:
		r(n.Element, "%s begins an instance and has no messageRef", label(n.Element))
	}
}
