package bpmn

// recorded reports what was met under a code while the model was built.
func (m *Model) recorded(code string, r report) {
	for _, p := range m.problems {
		if p.code == code {
			r(p.element, "%s", p.message)
		}
	}
}
