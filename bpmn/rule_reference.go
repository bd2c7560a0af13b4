package bpmn

// checkReference reports references to messages, signals, errors and event definitions that are not in the file.
func checkReference(m *Model, r report) { m.recorded("reference", r) }
