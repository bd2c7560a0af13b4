package bpmn

// checkFlowAcrossLevels requires that a flow and both its ends lie in the same process or sub-process.
func checkFlowAcrossLevels(f *SequenceFlow, r report) {
	if f.Source == nil || f.Target == nil || f.Source.Level == f.Level && f.Target.Level == f.Level {
		return
	}
	r(f.Element, "%s connects %s and %s, which do not both lie in %s", label(f.Element), label(f.Source.Element), label(f.Target.Element), label(f.Level.Element))
}
