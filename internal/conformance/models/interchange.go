package models

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
)

// LoadInterchange lists the reference models of a folder, by name.
func LoadInterchange(dir string) ([]Case, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.bpmn"))
	if err != nil {
		return nil, fmt.Errorf("list the reference models: %w", err)
	}
	slices.Sort(files)
	var cases []Case
	for _, f := range files {
		cases = append(cases, Case{ID: strings.TrimSuffix(filepath.Base(f), ".bpmn"), File: f})
	}
	return cases, nil
}

// RunInterchange reads a reference model and looks for every flow node and sequence flow that its XML has.
func RunInterchange(c Case) report.Case {
	return report.Guard(c.ID, func() error {
		source, err := os.ReadFile(c.File)
		if err != nil {
			return fmt.Errorf("read the model: %w", err)
		}
		want, err := outline(source)
		if err != nil {
			return fmt.Errorf("the file is not XML: %w", err)
		}
		model, findings := bpmn.Parse(source)
		if model == nil {
			return fmt.Errorf("the model is not read: %v", findings)
		}
		return want.compare(model)
	})
}

// contents are the ids of the flow nodes and sequence flows of a file, with their kinds.
type contents struct {
	nodes map[string]string
	flows map[string][2]string // source and target
}

func (want contents) compare(model *bpmn.Model) error {
	nodes, flows := map[string]string{}, map[string][2]string{}
	for _, p := range model.Processes {
		for _, n := range p.Nodes {
			nodes[n.ID] = string(n.Kind)
		}
		for _, f := range p.Flows {
			var ends [2]string
			if f.Source != nil && f.Target != nil {
				ends = [2]string{f.Source.ID, f.Target.ID}
			}
			flows[f.ID] = ends
		}
	}
	problems := append(differences("node", want.nodes, nodes), differences("flow", want.flows, flows)...)
	if len(problems) > 0 {
		slices.Sort(problems)
		return errors.New(strings.Join(problems[:min(len(problems), 5)], "; "))
	}
	return nil
}

func differences[T comparable](what string, want, got map[string]T) []string {
	var found []string
	for id, w := range want {
		if g, ok := got[id]; !ok {
			found = append(found, fmt.Sprintf("%s %s (%v) is missing", what, id, w))
		} else if g != w {
			found = append(found, fmt.Sprintf("%s %s is %v, not %v", what, id, g, w))
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			found = append(found, fmt.Sprintf("%s %s is not in the file", what, id))
		}
	}
	return found
}
