package bpmn

// checkCancelEvent requires a transaction where it is cancelled: around a cancel end event, with a boundary event that says how
// to go on, and under a cancel boundary event.
func checkCancelEvent(n *FlowNode, r report) {
	d := n.definition(CancelEvent)
	if d == nil {
		return
	}
	around := n.transaction()
	switch {
	case n.Kind == EndEvent && around == nil:
		r(d.At, "%s cancels, but it is not in a transaction", label(n.Element))
	case n.Kind == EndEvent && !around.isCancellable():
		r(d.At, "%s cancels %s, which has no cancel boundary event to go on with", label(n.Element), label(around.Element))
	case n.Kind == BoundaryEvent && n.Attached != nil && n.Attached.Kind != Transaction:
		r(d.At, "%s waits for a cancellation, but %s is not a transaction", label(n.Element), label(n.Attached.Element))
	}
}

// isCancellable reports whether the activity has a cancel boundary event.
func (n *FlowNode) isCancellable() bool {
	for _, b := range n.Boundary {
		if b.definition(CancelEvent) != nil {
			return true
		}
	}
	return false
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
