package bpmn

// checkNoExecutableProcess refuses files that deploy nothing.
func checkNoExecutableProcess(m *Model, r report) {
	switch {
	case len(m.Processes) == 0:
		r(m.Root, "the file has no process")
	case len(m.executable()) == 0:
		r(m.Processes[0].Element, "no process of the file is executable; isExecutable is false")
	}
}
