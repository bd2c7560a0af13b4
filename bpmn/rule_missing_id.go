package bpmn

// checkMissingID requires ids on flow nodes. A flow without id is named by its place.
func checkMissingID(m *Model, r report) {
	m.walk(func(e *Element) {
		if e.isFlowNode() && e.attr("id") == "" {
			r(e, "%s has no id", e.Local)
		}
	})
}
