package bpmn

// checkDanglingFlow requires that both ends of a flow are nodes of its process.
func checkDanglingFlow(f *SequenceFlow, r report) {
	for _, end := range []struct {
		name string
		node *FlowNode
	}{{"sourceRef", f.Source}, {"targetRef", f.Target}} {
		switch ref := f.Element.attr(end.name); {
		case ref == "":
			r(f.Element, "%s has no %s", label(f.Element), end.name)
		case end.node == nil:
			r(f.Element, "%s has the %s %q, which is not a node of the process", label(f.Element), end.name, shorten(ref))
		}
	}
}
