package bpmn

// checkCall reports call activities that do not say what they call, or say it in a way that is not supported.
func checkCall(m *Model, r report) { m.recorded("call", r) }
