package bpmn

// checkDataAssociation refuses data associations that do more than copy, or whose ends are no data of the process.
func checkDataAssociation(m *Model, r report) { m.recorded("data-association", r) }
