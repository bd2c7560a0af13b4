package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/onecms/nextgen-workflow/internal/conformance/betsy"
	"github.com/onecms/nextgen-workflow/internal/conformance/models"
	"github.com/onecms/nextgen-workflow/internal/conformance/paths"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/scenario"
)

//go:embed doubtful.yaml
var doubtful []byte

// test is one case of any suite.
type test struct {
	id  string
	run func(trace func(string)) report.Case
}

// suite is where cases come from.
type suite struct {
	name string
	load func(dir string) ([]test, error)
}

// suites are all suites, in the order of the report.
func suites() []suite {
	return []suite{
		{"betsy", func(dir string) ([]test, error) {
			cases, err := betsy.Load(filepath.Join(dir, "betsy"))
			return tests(cases, func(c betsy.Case) string { return c.ID }, betsy.Run), err
		}},
		{"invalid", func(dir string) ([]test, error) {
			cases, err := models.LoadInvalid(filepath.Join(dir, "betsy"))
			return tests(cases, modelID, func(c models.Case, _ func(string)) report.Case { return models.RunInvalid(c, betsy.Options) }), err
		}},
		{"scenarios", func(dir string) ([]test, error) {
			cases, err := scenario.Load(filepath.Join(dir, "scenarios"))
			return tests(cases, func(c scenario.Case) string { return c.ID }, scenario.Run), err
		}},
		{"paths", func(dir string) ([]test, error) {
			cases, err := paths.Load(filepath.Join(dir, "paths"))
			return tests(cases, func(c paths.Case) string { return c.ID }, paths.Run), err
		}},
		{"interchange", func(dir string) ([]test, error) {
			cases, err := models.LoadInterchange(filepath.Join(dir, "interchange"))
			return tests(cases, modelID, func(c models.Case, _ func(string)) report.Case { return models.RunInterchange(c) }), err
		}},
	}
}

func modelID(c models.Case) string { return c.ID }

func tests[C any](cases []C, id func(C) string, run func(C, func(string)) report.Case) []test {
	var out []test
	for _, c := range cases {
		out = append(out, test{id: id(c), run: func(trace func(string)) report.Case { return run(c, trace) }})
	}
	return out
}

// run runs the suites that the folder has and the options ask for.
func run(o options, trace func(string)) ([]*report.Suite, error) {
	doubts, err := readDoubts()
	if err != nil {
		return nil, err
	}
	var found []*report.Suite
	for _, s := range suites() {
		if o.suite != "" && s.name != o.suite {
			continue
		}
		all, err := s.load(o.dir)
		if errors.Is(err, fs.ErrNotExist) && o.suite == "" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("suite %s: %w", s.name, err)
		}
		if cases := runAll(all, o.id, trace); len(cases) > 0 {
			found = append(found, report.NewSuite(s.name, cases, doubts[s.name]))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no such suite or case", o.dir)
	}
	return found, nil
}

func runAll(all []test, id string, trace func(string)) []report.Case {
	var cases []report.Case
	for _, t := range all {
		if id == "" || t.id == id {
			cases = append(cases, t.run(trace))
		}
	}
	return cases
}

// readDoubts are the reasons why cases are wrong in themselves, by suite and id.
func readDoubts() (map[string]map[string]string, error) {
	var doubts map[string]map[string]string
	if err := yaml.Unmarshal(doubtful, &doubts); err != nil {
		return nil, fmt.Errorf("doubtful.yaml: %w", err)
	}
	return doubts, nil
}
