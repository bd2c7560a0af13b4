package bpmn

// checkDuplicateID requires that an id names one element of the file. Processes have a rule of their own.
func checkDuplicateID(m *Model, r report) {
	first := map[string]*Element{}
	m.walk(func(e *Element) {
		id := e.attr("id")
		if id == "" || e.Space != nsBPMN {
			return
		}
		other, known := first[id]
		if !known {
			first[id] = e
			return
		}
		if !e.is("process") || !other.is("process") {
			r(e, "%s has the same id as the %s on line %d", label(e), named(other), other.Pos.Line)
		}
	})
}
