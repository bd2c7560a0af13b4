package bpmn

import "strings"

// checkTimerDefinition requires one timer definition with one value on a boundary event. Other kinds of definitions are
// reported as unsupported elements.
func checkTimerDefinition(n *FlowNode, r report) {
	if n.Kind != BoundaryEvent {
		return
	}
	var definitions []*Element
	for _, c := range n.Element.Children {
		if c.Space == nsBPMN && (strings.HasSuffix(c.Local, "EventDefinition") || c.Local == "eventDefinitionRef") {
			definitions = append(definitions, c)
		}
	}
	switch {
	case len(definitions) == 0:
		r(n.Element, "%s has no event definition", label(n.Element))
	case len(definitions) > 1:
		r(definitions[1], "%s has more than one event definition", label(n.Element))
	case definitions[0].is("timerEventDefinition"):
		checkTimerValue(n, definitions[0], r)
	}
}

func checkTimerValue(n *FlowNode, definition *Element, r report) {
	var values []*Element
	for _, c := range definition.Children {
		if c.Space == nsBPMN && strings.HasPrefix(c.Local, "time") {
			values = append(values, c)
		}
	}
	switch {
	case len(values) == 0:
		r(definition, "the timer of %s has neither timeDuration nor timeDate", label(n.Element))
	case len(values) > 1:
		r(values[1], "the timer of %s has more than one value", label(n.Element))
	case values[0].Text == "":
		r(values[0], "the %s of %s is empty", values[0].Local, label(n.Element))
	case n.timer != nil && n.timer.Value != nil && n.timer.Value.IsLiteral():
		if err := checkTimerLiteral(n.timer.Kind, n.timer.Value.Source()); err != nil {
			r(values[0], "the %s of %s does not parse: %s", values[0].Local, label(n.Element), shorten(err.Error()))
		}
	}
}

func checkTimerLiteral(kind TimerKind, source string) error {
	if kind == TimerDate {
		_, err := ParseDateTime(source)
		return err
	}
	_, err := ParseDuration(source)
	return err
}
