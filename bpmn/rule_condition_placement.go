package bpmn

// checkConditionPlacement refuses conditions on flows that are always taken: after parallel gateways and events.
func checkConditionPlacement(f *SequenceFlow, r report) {
	if !f.Conditional || f.Source == nil {
		return
	}
	switch f.Source.Kind {
	case ParallelGateway, StartEvent, BoundaryEvent:
		r(f.Element, "%s has a condition, but the flows after %s are always taken", label(f.Element), label(f.Source.Element))
	}
}
