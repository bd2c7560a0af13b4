package bpmn

// checkEventGateway requires that the flows after an event-based gateway lead to events that are waited for, and that
// nothing else leads there.
func checkEventGateway(n *FlowNode, r report) {
	if n.Kind != EventGateway {
		return
	}
	if len(n.Out) == 0 {
		r(n.Element, "%s has no outgoing flow", label(n.Element))
	}
	if n.node.Instantiate && len(n.In) > 0 {
		r(n.Element, "%s begins an instance and has an incoming flow, %q", label(n.Element), shorten(n.In[0].ID))
	}
	if !n.node.Instantiate && !n.node.Exclusive {
		r(n.Element, "%s is parallel; only an event-based gateway that begins an instance can be", label(n.Element))
	}
	messages, receives := false, false
	for _, f := range n.Out {
		if t := f.Target; t != nil {
			checkGatewayTarget(n, f, r)
			messages = messages || t.definition(MessageEvent) != nil
			receives = receives || t.Kind == ReceiveTask
		}
	}
	if messages && receives {
		r(n.Element, "%s leads to both message events and receive tasks", label(n.Element))
	}
}

// gatewayEvents are what an event-based gateway can wait for.
var gatewayEvents = map[EventKind]bool{MessageEvent: true, TimerEvent: true, SignalEvent: true, ConditionalEvent: true}

func checkGatewayTarget(n *FlowNode, f *SequenceFlow, r report) {
	t := f.Target
	switch {
	case t.Kind != CatchEvent && t.Kind != ReceiveTask:
		r(f.Element, "%s leads to %s; the flows after an event-based gateway lead to catching events and receive tasks", label(n.Element), label(t.Element))
	case len(t.In) > 1:
		r(f.Element, "%s leads to %s, which has other incoming flows", label(n.Element), label(t.Element))
	case t.Kind == ReceiveTask && len(t.Boundary) > 0:
		r(f.Element, "%s leads to %s, which has a boundary event", label(n.Element), label(t.Element))
	case t.Kind == ReceiveTask && t.node.Message == nil:
		r(f.Element, "%s leads to %s, which has no messageRef", label(n.Element), label(t.Element))
	case t.Kind == ReceiveTask && t.node.Loop != nil:
		r(f.Element, "%s leads to %s, which is repeated", label(n.Element), label(t.Element))
	}
	for _, d := range t.Definitions {
		if t.Kind == CatchEvent && !gatewayEvents[d.Kind] {
			r(f.Element, "%s leads to %s with %s, which it cannot wait for", label(n.Element), label(t.Element), named(d.Element))
		}
	}
}
