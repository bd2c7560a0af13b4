package live

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/onecms/nextgen-workflow/internal/conformance/paths"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/scenario"
)

// Suite is what of a suite of cases can be played on the product, and what is left out of it.
type Suite struct {
	Name     string // "real-" and the name of the suite
	Playable []Case
	Left     []report.Case
}

// Load reads the suites of a folder that the product can be led through. A suite that is not there is left out.
func Load(dir string) ([]Suite, error) {
	var suites []Suite
	if there(dir, "scenarios") {
		all, err := scenario.Load(filepath.Join(dir, "scenarios"))
		if err != nil {
			return nil, err
		}
		s := Suite{Name: "real-scenarios"}
		s.Playable, s.Left = Scenarios(all)
		suites = append(suites, s)
	}
	if there(dir, "paths") {
		all, err := paths.Load(filepath.Join(dir, "paths"))
		if err != nil {
			return nil, err
		}
		s := Suite{Name: "real-paths"}
		s.Playable, s.Left = Paths(all)
		suites = append(suites, s)
	}
	return suites, nil
}

func there(dir, suite string) bool {
	_, err := os.Stat(filepath.Join(dir, suite))
	return err == nil
}

// Only keeps the cases of one id.
func (s Suite) Only(id string) Suite {
	s.Playable = slices.DeleteFunc(slices.Clone(s.Playable), func(c Case) bool { return c.ID != id })
	s.Left = slices.DeleteFunc(slices.Clone(s.Left), func(c report.Case) bool { return c.ID != id })
	return s
}

// Every keeps one of n playable cases, evenly over the suite; the others are left out and say so.
func (s Suite) Every(n int) Suite {
	kept := Suite{Name: s.Name, Left: slices.Clone(s.Left)}
	for i, c := range s.Playable {
		if i%n == 0 {
			kept.Playable = append(kept.Playable, c)
		} else {
			kept.Left = append(kept.Left, report.Case{ID: c.ID, Outcome: report.Aside, Why: "the sample is smaller"})
		}
	}
	return kept
}

// PlaySuite plays the cases of a suite. Those left out are aside in the outcome. The error is one of the product itself,
// not of a case.
func (p *Product) PlaySuite(ctx context.Context, s Suite) (*report.Suite, error) {
	var cases []report.Case
	for _, c := range s.Playable {
		outcome, err := p.Play(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.Name, c.ID, err)
		}
		cases = append(cases, outcome)
	}
	return report.NewSuite(s.Name, append(cases, s.Left...), nil), nil
}

// PrintLeft writes how many cases are left out for which reason.
func PrintLeft(w io.Writer, suites []Suite) {
	for _, s := range suites {
		counts := map[string]int{}
		for _, c := range s.Left {
			counts[c.Why]++
		}
		for _, why := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(w, "%s: %d left out: %s\n", s.Name, counts[why], why)
		}
	}
}
