package bpmn

// checkScript refuses scripts that cannot be run: in another language, or without any.
func checkScript(m *Model, r report) { m.recorded("script", r) }
