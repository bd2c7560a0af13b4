package bpmn

// checkChildExceptions warns about exceptions that are mapped with their children, which nobody knows here.
func checkChildExceptions(m *Model, r report) { m.recorded("child-exceptions", r) }
