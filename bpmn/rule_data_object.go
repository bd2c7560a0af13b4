package bpmn

// checkDataObject reports initial values that do not fit the type of their data object.
func checkDataObject(m *Model, r report) { m.recorded("data-object", r) }
