package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

func TestErrorsAreJudged(t *testing.T) {
	t.Parallel()
	refusal := &world.RefusedError{File: "m.bpmn", Findings: bpmn.Diagnostics{{Severity: bpmn.Error, Code: "some-rule", Line: 3, Column: 4, Message: "is bad"}}}
	for name, tc := range map[string]struct {
		err  error
		want report.Case
	}{
		"no error":      {nil, report.Case{ID: "c", Outcome: report.Pass}},
		"a refusal":     {fmt.Errorf("deploy: %w", refusal), report.Case{ID: "c", Outcome: report.Refused, Why: "m.bpmn: 3:4: error: is bad [some-rule]"}},
		"a gap":         {fmt.Errorf("suspend: %w", report.ErrGap), report.Case{ID: "c", Outcome: report.Refused, Why: "suspend: not supported"}},
		"anything else": {errors.New("two tasks"), report.Case{ID: "c", Outcome: report.Wrong, Why: "two tasks"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, report.Judge("c", tc.err))
		})
	}
}

func TestAPanicIsWrongInItsCaseAlone(t *testing.T) {
	t.Parallel()
	c := report.Guard("c", func() error { panic("oops") })
	require.Equal(t, report.Case{ID: "c", Outcome: report.Wrong, Why: "panic: oops"}, c)
}

func TestDoubtfulCasesCountBesideTheScore(t *testing.T) {
	t.Parallel()
	s := report.NewSuite("s", []report.Case{
		{ID: "fine", Outcome: report.Pass},
		{ID: "listed", Outcome: report.Wrong, Why: "three tasks"},
		{ID: "listed but fine", Outcome: report.Pass},
		{ID: "gap", Outcome: report.Refused},
		{ID: "aside", Outcome: report.Aside},
		{ID: "bad", Outcome: report.Wrong},
		{ID: "listed defect", Outcome: report.Wrong, Defect: true},
	}, map[string]string{"listed defect": "odd", "listed": "the model has no such task", "listed but fine": "odd"})
	require.Equal(t, [5]int{2, 1, 2, 1, 1}, [5]int{s.Pass, s.Refused, s.Wrong, s.Doubtful, s.Aside})
	require.Equal(t, 5, s.Scored())
	require.InDelta(t, 40, s.Percent(s.Pass), 0.01)
	require.Equal(t, report.Case{ID: "listed", Outcome: report.Doubtful, Why: "the model has no such task (wrong: three tasks)"}, s.Cases[1])
	require.Contains(t, s.Cases[2].Why, "but passes")

	var out strings.Builder
	report.PrintCases(&out, []*report.Suite{s}, report.Doubtful)
	require.Equal(t, "s: doubtful listed: the model has no such task (wrong: three tasks)\n", out.String())
}

func TestSuitesAreMeasuredByWhatIsExpected(t *testing.T) {
	t.Parallel()
	cases := func(pass, refused, wrong int) (out []report.Case) {
		for outcome, n := range map[report.Outcome]int{report.Pass: pass, report.Refused: refused, report.Wrong: wrong} {
			for range n {
				out = append(out, report.Case{Outcome: outcome})
			}
		}
		return out
	}
	for name, tc := range map[string]struct {
		suite *report.Suite
		want  []string
	}{
		"all pass":          {report.NewSuite("scenarios", cases(98, 0, 2), nil), nil},
		"too few pass":      {report.NewSuite("scenarios", cases(89, 10, 1), nil), []string{"scenarios: 89.0 % pass, at least 90 % are expected"}},
		"too many wrong":    {report.NewSuite("scenarios", cases(97, 0, 3), nil), []string{"scenarios: 3.0 % wrong, at most 2 % are expected"}},
		"too few refused":   {report.NewSuite("invalid", cases(0, 7, 4), nil), []string{"invalid: 63.6 % refused, at least 70 % are expected", "invalid: 36.4 % wrong, at most 30 % are expected"}},
		"nothing counts":    {report.NewSuite("betsy", nil, nil), []string{"betsy: no case counts"}},
		"an unknown suite":  {report.NewSuite("other", cases(0, 0, 9), nil), nil},
		"an empty of those": {report.NewSuite("paths", []report.Case{{Outcome: report.Aside}}, nil), []string{"paths: no case counts"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, report.Defaults().Shortfalls([]*report.Suite{tc.suite}))
		})
	}
}

func TestExpectationsAreChangedByText(t *testing.T) {
	t.Parallel()
	e := report.Defaults()
	require.NoError(t, e.Set("scenarios.pass=12.5"))
	require.NoError(t, e.Set("scenarios.wrong=40"))
	require.Equal(t, report.Expectation{Pass: 12.5, Wrong: 40}, e["scenarios"])
	for _, bad := range []string{"", "scenarios", "scenarios=9", "scenarios.pass", "scenarios.pass=x", "scenarios.pass=101", "other.pass=1", "paths.good=1"} {
		require.Error(t, e.Set(bad), bad)
	}
}
