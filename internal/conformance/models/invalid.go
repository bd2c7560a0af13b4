// Package models runs the suites that look at models without executing them: invalid models have to be refused,
// reference models have to be read in whole.
package models

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/conformance/data"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// Case is one model.
type Case struct{ ID, File string }

// LoadInvalid reads the list of invalid models of a folder.
func LoadInvalid(dir string) ([]Case, error) {
	rows, err := data.Table(filepath.Join(dir, "invalid.tsv"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, r := range rows {
		cases = append(cases, Case{ID: r["test"], File: filepath.Join(dir, filepath.FromSlash(r["model"]))})
	}
	return cases, nil
}

// RunInvalid compiles an invalid model: a refusal, with the rules that refuse it, is what is wanted.
func RunInvalid(c Case, o bpmn.Options) report.Case {
	var findings bpmn.Diagnostics
	outcome := report.Guard(c.ID, func() error {
		source, err := os.ReadFile(c.File)
		if err != nil {
			return fmt.Errorf("read the model: %w", err)
		}
		if _, findings = world.Compile(source, o); !findings.HasErrors() {
			return errors.New("the model is accepted, and has to be refused")
		}
		return nil
	})
	if outcome.Outcome == report.Pass {
		return report.Case{ID: c.ID, Outcome: report.Refused, Why: rules(findings)}
	}
	return outcome
}

// rules names the rules that refuse a model, each once, in order of the findings.
func rules(findings bpmn.Diagnostics) string {
	var names []string
	for _, d := range findings {
		if d.Severity == bpmn.Error && !slices.Contains(names, d.Code) {
			names = append(names, d.Code)
		}
	}
	return "refused by " + strings.Join(names, ", ")
}
