package bpmn

// checkService reports what is wrong with the implementation of a service.
func checkService(m *Model, r report) { m.recorded("service", r) }
