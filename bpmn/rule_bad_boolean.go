package bpmn

import "strings"

// checkBadBoolean refuses values of true-or-false attributes that are neither: "True" would silently mean false.
func checkBadBoolean(m *Model, r report) {
	visit := func(e *Element) {
		for _, name := range []string{"isExecutable", "cancelActivity"} {
			if value := e.attr(name); value != "" && !strings.Contains(" true false 1 0 ", " "+value+" ") {
				r(e, "%s has %s=%q; it is true or false", label(e), name, shorten(value))
			}
		}
	}
	for _, p := range m.Processes {
		p.Element.walk(visit)
	}
}
