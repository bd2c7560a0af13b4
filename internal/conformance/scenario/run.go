package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// run is a scenario under way.
type run struct {
	engine Engine
	begin  time.Time
	founds map[string]found // what steps found, by name
	user   string
	split  bool // the jobs of the engine that the case comes from are not its timers
}

// Run runs a scenario in a world of its own.
func Run(c Case, trace func(string)) report.Case {
	if !aboutBehaviour(c.Steps) {
		return report.Case{ID: c.ID, Outcome: report.Aside, Why: "it expects only internals of another engine"}
	}
	return report.Guard(c.ID, func() error {
		return Play(c, world.New(world.Config{Handler: answer, Trace: trace}), trace)
	})
}

// Play runs a scenario against an engine that is empty. The error says which step went wrong and how.
func Play(c Case, e Engine, trace func(string)) error {
	for _, model := range c.Models {
		source, err := os.ReadFile(filepath.Join(c.Dir, filepath.FromSlash(model)))
		if err != nil {
			return fmt.Errorf("read a model: %w", err)
		}
		if err := e.Deploy(filepath.Base(model), source); err != nil {
			return err
		}
	}
	r := &run{engine: e, begin: e.Now(), founds: map[string]found{}, split: strings.HasPrefix(c.Repo, "flowable/")}
	for n, s := range c.Steps {
		if trace != nil {
			trace(fmt.Sprintf("step %d: %s", n+1, s))
		}
		if err := r.step(s); err != nil {
			return fmt.Errorf("step %d: %s: %w%s", n+1, s, err, r.incidents())
		}
	}
	return nil
}

func (r *run) step(s Step) error {
	switch s.Op {
	case "query":
		f, err := r.query(s)
		r.founds[s.As] = f
		return err
	case "expect":
		if !r.checkable(s) {
			return nil
		}
		err := r.expect(s)
		if errors.Is(err, errUnreadable) {
			return nil
		}
		return err
	case "forEach":
		return r.forEach(s)
	}
	return r.operate(s)
}

func (r *run) forEach(s Step) error {
	all, err := r.lookup(s.In)
	if err != nil {
		return err
	}
	for _, it := range all.items {
		r.founds[s.Var] = found{entity: all.entity, items: []item{it}, one: true}
		for _, do := range s.Do {
			if err := r.step(do); err != nil {
				return fmt.Errorf("%s: %w", do, err)
			}
		}
	}
	return nil
}

// incidents tells of open incidents: they are mostly the reason why something else went wrong.
func (r *run) incidents() string {
	for _, i := range r.engine.Instances() {
		if len(i.Incidents) > 0 {
			return fmt.Sprintf(" (incident at %s of %s: %s)", i.Incidents[0].Element, i.Definition.Key, i.Incidents[0].Message)
		}
	}
	return ""
}
