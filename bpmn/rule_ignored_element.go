package bpmn

// ignoredElements say something about data or people that execution does not look at.
var ignoredElements = words(`dataStoreReference property potentialStarter resourceRole performer
	supportedInterfaceRef ioBinding correlationSubscription rendering`)

// checkIgnoredElement warns about elements that are read over.
func checkIgnoredElement(m *Model, r report) {
	m.walk(func(e *Element) {
		if e.Space == nsBPMN && ignoredElements[e.Local] && (e.Parent.is("process") || containers[e.Parent.Local] || e.Parent.isFlowNode()) {
			r(e, "%s has no effect", label(e))
		}
	})
}
