package bpmn

// maxIDLength is in bytes.
const maxIDLength = 200

// checkIDTooLong bounds ids, which are stored and shown everywhere.
func checkIDTooLong(m *Model, r report) {
	m.walk(func(e *Element) {
		if id := e.attr("id"); len(id) > maxIDLength && e.Space == nsBPMN && !e.is("process") {
			r(e, "%s has an id of %d bytes; the limit is %d", label(e), len(id), maxIDLength)
		}
	})
}
