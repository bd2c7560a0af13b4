// Package paths runs cases that name a path of flow nodes through a model: an instance must be able to take it.
package paths

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/internal/conformance/data"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// Case is one path. It may stop in the middle of the process, or begin there: then whatever leads to it is allowed.
type Case struct {
	ID   string
	File string
	Path []string // element ids; empty: the process can be started
}

// Load reads the paths of a folder.
func Load(dir string) ([]Case, error) {
	rows, err := data.Table(filepath.Join(dir, "paths.tsv"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, r := range rows {
		c := Case{File: filepath.Join(dir, filepath.FromSlash(r["model"]))}
		c.ID = r["dialect"] + "/" + strings.TrimSuffix(filepath.Base(c.File), ".bpmn") + " " + r["test_case"]
		for step := range strings.SplitSeq(r["expected_path"], ">") {
			if step = strings.TrimSpace(step); step != "" {
				c.Path = append(c.Path, step)
			}
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// Run drives an instance along the path.
func Run(c Case, trace func(string)) report.Case {
	return report.Guard(c.ID, func() error { return run(c, trace) })
}

func run(c Case, trace func(string)) error {
	return Play(c, world.New(world.Config{Trace: trace, Handler: func(world.Work) world.Answer { return world.Answer{Never: true} }}))
}

// Engine is what paths are driven on: the world in memory, or anything else that can do the same.
type Engine interface {
	Deploy(file string, source []byte) error
	Start(r world.Request) (instance string, err error)
	Message(name, instance, element string, vars map[string]json.RawMessage) error
	Signal(name, instance string, vars map[string]json.RawMessage) error
	Complete(task string, vars map[string]json.RawMessage) error
	Answer(instance, nodeInstance string, a world.Answer) error
	SetVariables(instance, nodeInstance string, vars map[string]json.RawMessage) error

	NextDue() time.Time
	AdvanceTo(to time.Time) error

	Definitions() []*world.Definition
	Instance(id string) (world.Instance, error)
	Instances() []world.Instance
	Tasks() []world.Task
}

// Play drives an instance along the path on an engine that is empty.
func Play(c Case, e Engine) error {
	source, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("read the model: %w", err)
	}
	if err := e.Deploy(filepath.Base(c.File), source); err != nil {
		return err
	}
	d := definition(e, c.Path)
	if d == nil {
		return fmt.Errorf("no process has the nodes of the path")
	}
	for _, called := range calls(e) {
		if err := e.Deploy(called+".bpmn", stub(called)); err != nil {
			return err
		}
	}
	return drive(e, d, c.Path)
}

// definition is the process that has the nodes of the path; the first one where the path is empty.
func definition(w Engine, path []string) *world.Definition {
	for _, d := range w.Definitions() {
		if len(path) == 0 || d.Program.NodeIndex(path[0]) >= 0 {
			return d
		}
	}
	return nil
}

// calls are the processes that are called and not there, in order.
func calls(w Engine) []string {
	var missing []string
	there := map[string]bool{}
	for _, d := range w.Definitions() {
		there[d.Key] = true
	}
	for _, d := range w.Definitions() {
		for _, n := range d.Program.Nodes {
			if key := called(n); key != "" && !there[key] {
				there[key] = true
				missing = append(missing, key)
			}
		}
	}
	return missing
}

// called is the process that a call activity names without looking at variables; "" when there is none.
func called(n bpmn.Node) string {
	if n.Call == nil || n.Call.Element == nil || len(n.Call.Element.Names()) > 0 {
		return ""
	}
	key, err := n.Call.Element.EvalString(expr.MapScope{}, expr.Limits{})
	if err != nil {
		return ""
	}
	return key
}

// stub is a process that ends at once, in place of a called one.
func stub(key string) []byte {
	return []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="stub">
<process id="` + key + `" isExecutable="true"><startEvent id="stubStart"/><sequenceFlow id="stubFlow" sourceRef="stubStart" targetRef="stubEnd"/>
<endEvent id="stubEnd"/></process></definitions>`)
}
