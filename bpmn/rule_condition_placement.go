package bpmn

// checkConditionPlacement refuses conditions on flows that are always taken: after parallel and event-based gateways.
func checkConditionPlacement(f *SequenceFlow, r report) {
	if !f.Conditional || f.Source == nil {
		return
	}
	if f.Source.Kind == ParallelGateway || f.Source.Kind == EventGateway {
		r(f.Element, "%s has a condition, but the flows after %s are always taken", label(f.Element), label(f.Source.Element))
	}
}
