package bpmn

// checkCodeReference warns about errors and escalations whose code stands where a reference should.
func checkCodeReference(m *Model, r report) { m.recorded("code-reference", r) }
