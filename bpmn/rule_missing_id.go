package bpmn

// checkMissingID requires ids on flow nodes and sequence flows.
func checkMissingID(m *Model, r report) {
	m.walk(func(e *Element) {
		if (e.isFlowNode() || e.is("sequenceFlow")) && e.attr("id") == "" {
			r(e, "%s has no id", e.Local)
		}
	})
}
