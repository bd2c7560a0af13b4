package bpmn

import "strings"

// checkTimerDefinition requires one value of every timer definition, and that a fixed one can be read.
func checkTimerDefinition(n *FlowNode, r report) {
	for _, d := range n.Definitions {
		if d.Kind == TimerEvent {
			checkTimerValue(n, d, r)
		}
	}
}

func checkTimerValue(n *FlowNode, d *Definition, r report) {
	var values []*Element
	for _, c := range d.Element.Children {
		if c.Space == nsBPMN && strings.HasPrefix(c.Local, "time") {
			values = append(values, c)
		}
	}
	timer := d.event.Timer
	switch {
	case len(values) == 0:
		r(d.At, "the timer of %s has no timeDuration, timeDate or timeCycle", label(n.Element))
	case len(values) > 1:
		r(values[1], "the timer of %s has more than one value", label(n.Element))
	case values[0].Text == "":
		r(values[0], "the %s of %s is empty", values[0].Local, label(n.Element))
	case timer != nil && timer.Value != nil && timer.Value.IsLiteral():
		if err := checkTimerLiteral(timer.Kind, timer.Value.Source()); err != nil {
			r(values[0], "the %s of %s does not parse: %s", values[0].Local, label(n.Element), shorten(err.Error()))
		}
	}
	if timer != nil && timer.End != nil && timer.End.IsLiteral() {
		if _, err := ParseDateTime(timer.End.Source()); err != nil {
			r(values[0], "the endDate of %s does not parse: %s", label(n.Element), shorten(err.Error()))
		}
	}
}

func checkTimerLiteral(kind TimerKind, source string) (err error) {
	switch kind {
	case TimerDate:
		_, err = ParseDateTime(source)
	case TimerCycle:
		_, err = ParseCycle(source)
	default:
		_, err = ParseDuration(source)
	}
	return err
}
