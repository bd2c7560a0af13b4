package bpmn

// checkBoundaryAttachment requires that a boundary event is attached to an activity.
func checkBoundaryAttachment(n *FlowNode, r report) {
	if n.Kind != BoundaryEvent {
		return
	}
	switch ref := n.Element.attr("attachedToRef"); {
	case ref == "":
		r(n.Element, "%s has no attachedToRef", label(n.Element))
	case n.Attached == nil:
		r(n.Element, "%s is attached to %q, which is not in the process", label(n.Element), shorten(ref))
	case n.Attached.Level != n.Level:
		r(n.Element, "%s is attached to %s, which does not lie beside it", label(n.Element), label(n.Attached.Element))
	case !n.Attached.isActivity():
		r(n.Element, "%s is attached to %s, which is not an activity", label(n.Element), label(n.Attached.Element))
	}
}
