package bpmn

// checkCancelEvent requires a transaction where it is cancelled: around a cancel end event, and under a cancel boundary
// event.
func checkCancelEvent(n *FlowNode, r report) {
	d := n.definition(CancelEvent)
	switch {
	case d == nil:
	case n.Kind == EndEvent && n.transaction() == nil:
		r(d.At, "%s cancels, but it is not in a transaction", label(n.Element))
	case n.Kind == BoundaryEvent && n.Attached != nil && n.Attached.Kind != Transaction:
		r(d.At, "%s waits for a cancellation, but %s is not a transaction", label(n.Element), label(n.Attached.Element))
	}
}

// transaction is the innermost transaction around the node; nil when there is none.
func (n *FlowNode) transaction() *FlowNode {
	for around := n.Level.Node; around != nil; around = around.Level.Node {
		if around.Kind == Transaction {
			return around
		}
	}
	return nil
}
