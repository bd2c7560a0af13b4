package bpmn

// checkDuplicateProcess requires that the processes of a file have different ids.
func checkDuplicateProcess(m *Model, r report) {
	first := map[string]*Process{}
	for _, p := range m.Processes {
		if other, known := first[p.ID]; known && p.ID != "" {
			r(p.Element, "%s has the same id as the process on line %d", label(p.Element), other.Element.Pos.Line)
		}
		remember(first, p.ID, p)
	}
}
