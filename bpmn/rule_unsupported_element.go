package bpmn

// checkUnsupportedElement refuses everything of BPMN that would have to execute and does not.
func checkUnsupportedElement(m *Model, r report) {
	for _, c := range m.Root.Children {
		if c.Space == nsBPMN && !ignoredInDefinitions[c.Local] {
			r(c, "%s is not supported", label(c))
		}
		if c.Space == "" {
			r(c, "the element %s has no namespace; elements of BPMN are in %q", label(c), nsBPMN)
		}
	}
	m.walk(func(e *Element) {
		switch {
		case e.Space == "":
			r(e, "the element %s has no namespace; elements of BPMN are in %q", label(e), nsBPMN)
		case e.isUnsupportedNode():
			r(e, "%s is not supported", label(e))
		case e.Space == nsBPMN && e.Parent != nil && !e.Parent.is("process") && !e.isFlowNode() && !knownChild(e):
			r(e, "%s has %s, which is not supported", label(e.Parent), label(e))
		}
	})
}

// knownChild reports whether the element may be where it is. Elements whose children are not listed accept any.
func knownChild(e *Element) bool {
	parent := e.Parent
	if !parent.isFlowNode() {
		known, listed := knownChildren[parent.Local]
		return !listed || known[e.Local]
	}
	if knownChildren["node"][e.Local] || knownChildren[parent.Local][e.Local] || containers[parent.Local] && ignoredInContainer[e.Local] {
		return true
	}
	switch {
	case activities[parent.Local]:
		return knownChildren["activity"][e.Local]
	case catches(parent):
		return knownChildren["catch"][e.Local]
	}
	return events[parent.Local] && knownChildren["throw"][e.Local]
}
