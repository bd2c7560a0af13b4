package report

import (
	"fmt"
	"strconv"
	"strings"
)

// Expectation is what a suite has to reach, in percent of the scored cases. A suite that scored nothing fails it.
type Expectation struct {
	Pass    float64 // at least
	Refused float64 // at least
	Wrong   float64 // at most
}

// Expectations are those of the suites by name.
type Expectations map[string]Expectation

// Defaults returns what the suites are expected to reach where nothing else is asked for.
func Defaults() Expectations {
	return Expectations{
		"betsy":       {Pass: 100, Wrong: 0},
		"invalid":     {Refused: 70, Wrong: 30},
		"scenarios":   {Pass: 90, Wrong: 2},
		"paths":       {Pass: 90, Wrong: 10},
		"interchange": {Pass: 100, Wrong: 0},

		"real-scenarios": {Pass: 100, Wrong: 0},
		"real-paths":     {Pass: 100, Wrong: 0},
	}
}

// Shortfalls says, a sentence each, in what the suites fall short.
func (e Expectations) Shortfalls(suites []*Suite) []string {
	var found []string
	for _, s := range suites {
		want, known := e[s.Name]
		if !known {
			continue
		}
		found = append(found, want.shortfalls(s)...)
	}
	return found
}

func (e Expectation) shortfalls(s *Suite) []string {
	if s.Scored() == 0 {
		return []string{fmt.Sprintf("%s: no case counts", s.Name)}
	}
	var found []string
	if got := s.Percent(s.Pass); got < e.Pass {
		found = append(found, fmt.Sprintf("%s: %.1f %% pass, at least %g %% are expected", s.Name, got, e.Pass))
	}
	if got := s.Percent(s.Refused); got < e.Refused {
		found = append(found, fmt.Sprintf("%s: %.1f %% refused, at least %g %% are expected", s.Name, got, e.Refused))
	}
	if got := s.Percent(s.Wrong); got > e.Wrong {
		found = append(found, fmt.Sprintf("%s: %.1f %% wrong, at most %g %% are expected", s.Name, got, e.Wrong))
	}
	return found
}

// Set changes one expectation, written "suite.measure=percent" as in "scenarios.pass=90". The measure is pass, refused
// or wrong.
func (e Expectations) Set(text string) error {
	what, number, ok := strings.Cut(text, "=")
	suite, measure, dotted := strings.Cut(what, ".")
	percent, err := strconv.ParseFloat(number, 64)
	want, known := e[suite]
	if !ok || !dotted || err != nil || !known || percent < 0 || percent > 100 {
		return fmt.Errorf("%q is not suite.measure=percent, such as scenarios.pass=90", text)
	}
	switch measure {
	case "pass":
		want.Pass = percent
	case "refused":
		want.Refused = percent
	case "wrong":
		want.Wrong = percent
	default:
		return fmt.Errorf("%q: the measure is pass, refused or wrong", text)
	}
	e[suite] = want
	return nil
}

// String shows nothing: it makes Expectations a flag whose defaults are in its description.
func (e Expectations) String() string { return "" }
