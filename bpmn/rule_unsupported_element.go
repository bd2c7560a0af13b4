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
		case e.Space == nsBPMN && e.Parent != nil && !e.Parent.is("process") && !knownChild(e):
			r(e, "%s has %s, which is not supported%s", label(e.Parent), label(e), onlyPlain(e.Parent))
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
	return knownChildren["node"][e.Local] || knownChildren[parent.Local][e.Local] ||
		supportedActivity(parent) && knownChildren["activity"][e.Local]
}

func supportedActivity(e *Element) bool { return e.is(string(UserTask)) || e.is(string(ServiceTask)) }

// onlyPlain says which events of the kind are supported.
func onlyPlain(e *Element) string {
	switch NodeKind(e.Local) {
	case StartEvent, EndEvent:
		return "; only plain ones are"
	case BoundaryEvent:
		return "; only timers are"
	}
	return ""
}
