package bpmn

// checkBoundaryFlows requires that a boundary event only begins flows.
func checkBoundaryFlows(n *FlowNode, r report) {
	if n.Kind != BoundaryEvent {
		return
	}
	if len(n.In) > 0 {
		r(n.Element, "%s has an incoming flow, %q; boundary events have none", label(n.Element), shorten(n.In[0].ID))
	}
	if len(n.Out) == 0 && n.definition(CompensationEvent) == nil {
		r(n.Element, "%s has no outgoing flow", label(n.Element))
	}
}
