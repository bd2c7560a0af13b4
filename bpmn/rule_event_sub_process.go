package bpmn

// checkEventSubProcess requires that an event sub-process is entered by one start event with a trigger and by nothing
// else.
func checkEventSubProcess(n *FlowNode, r report) {
	if n.Inner == nil || !isTrue(n.Element.attr("triggeredByEvent"), false) {
		return
	}
	if n.Kind != SubProcess {
		r(n.Element, "%s is triggered by an event; only a plain sub-process can be", label(n.Element))
		return
	}
	if len(n.In)+len(n.Out) > 0 {
		r(n.Element, "%s is triggered by an event and has flows", label(n.Element))
	}
	if len(n.Boundary) > 0 {
		r(n.Boundary[0].Element, "%s is attached to %s, which is triggered by an event", label(n.Boundary[0].Element), label(n.Element))
	}
	if n.node.Loop != nil || n.node.Compensation {
		r(n.Element, "%s is triggered by an event; it has no loop marker and is not for compensation", label(n.Element))
	}
	switch starts := n.Inner.starts(); {
	case len(starts) != 1:
		r(n.Element, "%s is triggered by an event and has %d start events; it has exactly one", label(n.Element), len(starts))
	case len(starts[0].Definitions) == 0 && starts[0].Element.child("eventDefinitionRef") == nil:
		r(starts[0].Element, "%s begins an event sub-process and has no event definition", label(starts[0].Element))
	}
}
