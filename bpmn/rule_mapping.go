package bpmn

// checkMapping reports input and output mappings that are incomplete.
func checkMapping(m *Model, r report) { m.recorded("mapping", r) }
