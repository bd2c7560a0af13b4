package bpmn

// checkStartWithIncoming refuses flows that lead to a start event.
func checkStartWithIncoming(n *FlowNode, r report) {
	if n.Kind == StartEvent && len(n.In) > 0 {
		r(n.Element, "%s has an incoming flow, %q; start events have none", label(n.Element), shorten(n.In[0].ID))
	}
}
