package bpmn

import "strings"

// booleans are the true-or-false attributes that are read.
var booleans = strings.Fields(`isExecutable cancelActivity isInterrupting isForCompensation triggeredByEvent
	parallelMultiple instantiate isSequential testBefore waitForCompletion cancelRemainingInstances`)

// checkBadBoolean refuses values of true-or-false attributes that are neither: "True" would silently mean false.
func checkBadBoolean(m *Model, r report) {
	visit := func(e *Element) {
		for _, name := range booleans {
			if value := e.attr(name); value != "" && !strings.Contains(" true false 1 0 ", " "+value+" ") {
				r(e, "%s has %s=%q; it is true or false", label(e), name, shorten(value))
			}
		}
	}
	for _, p := range m.Processes {
		p.Element.walk(visit)
	}
}
