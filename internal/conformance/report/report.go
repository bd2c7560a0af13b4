// Package report holds the outcome of conformance cases: it counts them per suite, judges the counts by what is
// expected, and writes them for people and as JSON.
package report

// Outcome is how a case ended.
type Outcome string

// The outcomes of a case. A refusal is a gap, a wrong result is a defect.
const (
	Pass     Outcome = "pass"
	Refused  Outcome = "refused"  // deployment rejects the model, or the case needs something that there is not
	Wrong    Outcome = "wrong"    // anything else than what the case expects
	Doubtful Outcome = "doubtful" // the case is judged wrong in itself; it counts nowhere
	Aside    Outcome = "aside"    // nothing of what it expects is about behaviour; it counts nowhere
)

// Case is one case and its outcome.
type Case struct {
	ID      string  `json:"id"`
	Outcome Outcome `json:"outcome"`
	Why     string  `json:"why,omitempty"` // of anything but a pass
	Defect  bool    `json:"-"`             // the engine broke a promise: no doubt about the case excuses that
}

// Suite is the outcome of the cases of one suite, in the order in which they ran.
type Suite struct {
	Name     string `json:"name"`
	Pass     int    `json:"pass"`
	Refused  int    `json:"refused"`
	Wrong    int    `json:"wrong"`
	Doubtful int    `json:"doubtful"`
	Aside    int    `json:"aside"`
	Cases    []Case `json:"cases"`
}

// Results is everything that ran.
type Results struct {
	Suites []*Suite `json:"suites"`
}

// NewSuite counts the cases. Those that fail and are in doubts, reasons by id, become doubtful; the reason comes first.
// A case that passes although it is listed stays a pass and says so, that the list can be put right.
func NewSuite(name string, cases []Case, doubts map[string]string) *Suite {
	s := &Suite{Name: name, Cases: make([]Case, 0, len(cases))}
	for _, c := range cases {
		if reason, listed := doubts[c.ID]; listed {
			c = doubt(c, reason)
		}
		s.count(c.Outcome)
		s.Cases = append(s.Cases, c)
	}
	return s
}

func doubt(c Case, reason string) Case {
	if c.Defect {
		return c
	}
	switch c.Outcome {
	case Pass:
		c.Why = "is listed as doubtful, but passes: " + reason
	case Wrong, Refused:
		c.Why = reason + " (" + string(c.Outcome) + ": " + c.Why + ")"
		c.Outcome = Doubtful
	case Doubtful, Aside:
	}
	return c
}

func (s *Suite) count(o Outcome) {
	switch o {
	case Pass:
		s.Pass++
	case Refused:
		s.Refused++
	case Wrong:
		s.Wrong++
	case Doubtful:
		s.Doubtful++
	case Aside:
		s.Aside++
	}
}

// Scored is the number of cases that the score is about.
func (s *Suite) Scored() int { return s.Pass + s.Refused + s.Wrong }

// Percent is n as a share of the scored cases, 0 to 100; 0 where there are none.
func (s *Suite) Percent(n int) float64 {
	if s.Scored() == 0 {
		return 0
	}
	return 100 * float64(n) / float64(s.Scored())
}
