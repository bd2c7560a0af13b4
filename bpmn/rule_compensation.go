package bpmn

// checkCompensation requires that a compensation boundary event leads to one activity that is for compensation, by an
// association and not by a flow, and that a throwing event names an activity that is there.
func checkCompensation(m *Model, r report) {
	for _, p := range m.executable() {
		handlers := map[*FlowNode]bool{}
		for _, n := range p.Nodes {
			if n.Handler != nil {
				handlers[n.Handler] = true
			}
			if d := n.definition(CompensationEvent); d != nil {
				checkCompensationEvent(n, d, r)
			}
		}
		for _, n := range p.Nodes {
			checkCompensationActivity(n, handlers[n], r)
		}
	}
}

func checkCompensationEvent(n *FlowNode, d *Definition, r report) {
	ref := d.Element.attr("activityRef")
	switch {
	case n.Kind == BoundaryEvent && len(n.Definitions) > 1:
		r(d.At, "%s has other event definitions beside the one for compensation", label(n.Element))
	case n.Kind == BoundaryEvent && len(n.Out) > 0:
		r(n.Element, "%s is for compensation and has an outgoing flow, %q; an association leads to what compensates", label(n.Element), shorten(n.Out[0].ID))
	case n.Kind == BoundaryEvent && n.Attached != nil && n.Attached.Handler == nil:
		r(n.Element, "%s is for compensation, but no association leads to what compensates", label(n.Element))
	case n.Kind == BoundaryEvent:
		if n.Attached != nil && n.Attached.compensations() > 1 {
			r(n.Element, "%s is one of several compensation events of %s", label(n.Element), label(n.Attached.Element))
		}
	case ref != "" && (d.Activity == nil || !d.Activity.isActivity()):
		r(d.At, "%s compensates %q, which is not an activity of the process", label(n.Element), shorten(ref))
	}
}

func checkCompensationActivity(n *FlowNode, isHandler bool, r report) {
	switch {
	case isHandler && !n.isActivity():
		r(n.Element, "%s compensates an activity, but is not an activity", label(n.Element))
	case isHandler && !n.node.Compensation:
		r(n.Element, "%s compensates an activity, but isForCompensation is not true", label(n.Element))
	case n.node.Compensation && len(n.In)+len(n.Out) > 0:
		r(n.Element, "%s is for compensation and has flows; only a compensation enters it", label(n.Element))
	}
}

// compensations counts the compensation boundary events of an activity.
func (n *FlowNode) compensations() (count int) {
	for _, b := range n.Boundary {
		if b.definition(CompensationEvent) != nil {
			count++
		}
	}
	return count
}
