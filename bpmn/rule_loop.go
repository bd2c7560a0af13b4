package bpmn

import "strconv"

// checkLoop requires that an activity has one loop marker at most, and that a multi-instance one says how many instances
// there are.
func checkLoop(m *Model, r report) {
	m.recorded("loop", r)
	eachNode(checkLoopMarker)(m, r)
}

func checkLoopMarker(n *FlowNode, r report) {
	var markers []*Element
	for _, c := range n.Element.Children {
		if c.is("standardLoopCharacteristics") || c.is("multiInstanceLoopCharacteristics") {
			markers = append(markers, c)
		}
	}
	if len(markers) > 1 {
		r(markers[1], "%s has more than one loop marker", label(n.Element))
	}
	loop := n.node.Loop
	if loop == nil || loop.Kind == LoopStandard {
		return
	}
	marker := n.Element.child("multiInstanceLoopCharacteristics")
	if behavior := marker.attr("behavior"); behavior != "" && behavior != "All" {
		r(marker, "%s has the behavior %q; only All is supported", label(n.Element), shorten(behavior))
	}
	switch cardinality := marker.child("loopCardinality"); {
	case cardinality != nil && marker.hasCollection():
		r(marker, "%s has both a loopCardinality and a collection", label(n.Element))
	case cardinality == nil && !marker.hasCollection():
		r(marker, "%s has neither a loopCardinality nor a collection", label(n.Element))
	case loop.Cardinality != nil && !hasExpression(loop.Cardinality.Source()):
		checkCardinality(n, cardinality, r)
	}
}

func (e *Element) hasCollection() bool {
	return e.vendor("collection") != "" || e.child("loopDataInputRef") != nil || e.zeebe("loopCharacteristics") != nil
}

// checkCardinality requires that a fixed cardinality is a whole number that is not negative.
func checkCardinality(n *FlowNode, e *Element, r report) {
	if count, err := strconv.Atoi(e.Text); err == nil && count >= 0 {
		return
	} else if err != nil && n.node.Loop.Cardinality != nil && !n.node.Loop.Cardinality.IsLiteral() {
		return // a bare expression
	}
	r(e, "%s has the loopCardinality %q; it is a whole number or an expression", label(n.Element), shorten(e.Text))
}
