package bpmn

// checkNoDefaultFlow warns about a choice that may come out empty, which stops the case with an incident.
func checkNoDefaultFlow(n *FlowNode, r report) {
	if !n.Supported || n.Kind == ParallelGateway || len(n.Out) == 0 || n.Default != nil {
		return
	}
	for _, f := range n.Out {
		if !f.Conditional {
			return
		}
	}
	r(n.Element, "every flow after %s has a condition and none is the default", label(n.Element))
}
