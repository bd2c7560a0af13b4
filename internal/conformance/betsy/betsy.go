// Package betsy runs process tests whose outcome is a trace: script tasks append tokens to it.
package betsy

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/conformance/data"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// Options are how the models are written: scripts are one word, expressions have nothing around them.
var Options = bpmn.Options{BareScripts: true, BareExpressions: true}

// Time that a test may take on the skipped clock, and moments at which something may happen in it.
const (
	horizon = 24 * time.Hour
	moments = 10_000
)

// Outcomes of a test that are not a trace.
const (
	errorDeployment = "ERROR_deployment"       // the model has to be refused
	errorRuntime    = "ERROR_runtime"          // an incident
	errorAny        = "ERROR"                  // either
	errorUncaught   = "ERROR_thrownErrorEvent" // a BPMN error that nobody caught ended the instance
	companion       = "ParallelProcess"        // started first where the test says so
)

// Case is one test with one input.
type Case struct {
	ID             string
	Process        string // id of the process to start
	File           string
	Test           string // variable "test"; "": it is not set
	Integer        int
	CompanionFirst bool
	Want           []string // trace in any order, or one of the outcomes above
}

// Load reads the cases of a folder.
func Load(dir string) ([]Case, error) {
	rows, err := data.Table(filepath.Join(dir, "cases.tsv"))
	if err != nil {
		return nil, err
	}
	cases := make([]Case, 0, len(rows))
	for _, r := range rows {
		integer, err := strconv.Atoi(r["var_integerVariable"])
		if err != nil && r["var_integerVariable"] != "" {
			return nil, fmt.Errorf("case %s: integerVariable: %w", r["test"], err)
		}
		cases = append(cases, Case{
			ID: r["test"] + "#" + r["case"], Process: r["test"], File: filepath.Join(dir, filepath.FromSlash(r["model"])),
			Test: r["var_test"], Integer: integer, CompanionFirst: r["start_ParallelProcess_first"] == "1",
			Want: strings.Fields(r["expected_trace_multiset"]),
		})
	}
	return cases, nil
}

// Run runs a case.
func Run(c Case, trace func(string)) report.Case {
	return report.Guard(c.ID, func() error { return run(c, trace) })
}

func run(c Case, trace func(string)) error {
	source, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("read the model: %w", err)
	}
	scripts := &scripts{}
	w := world.New(world.Config{Options: Options, Handler: scripts.do, Trace: trace})
	var refused *world.RefusedError
	switch err := w.Deploy(filepath.Base(c.File), source); {
	case errors.As(err, &refused) && c.wants(errorDeployment, errorAny):
		return nil
	case err != nil:
		return err
	case c.wants(errorDeployment):
		return errors.New("the model is accepted, and has to be refused")
	}
	main, err := c.start(w)
	if err != nil {
		return err
	}
	if err := live(w); err != nil {
		return err
	}
	return c.check(w, main, scripts)
}

func (c Case) wants(outcomes ...string) bool {
	return len(c.Want) == 1 && slices.Contains(outcomes, c.Want[0])
}

func (c Case) start(w *world.World) (string, error) {
	integer, _ := json.Marshal(c.Integer)
	vars := map[string]json.RawMessage{"integerVariable": integer}
	if c.Test != "" {
		vars["test"], _ = json.Marshal(c.Test)
	}
	if c.CompanionFirst {
		if _, err := w.Start(world.Request{Key: companion, Variables: vars}); err != nil {
			return "", err
		}
	}
	return w.Start(world.Request{Key: c.Process, Variables: vars})
}

// check compares what happened with what was to happen. An incident or an uncaught error that was not expected is wrong,
// whatever the trace is.
func (c Case) check(w *world.World, main string, s *scripts) error {
	instance, err := w.Instance(main)
	if err != nil {
		return err
	}
	incident, uncaught := "", ""
	for _, i := range w.Instances() {
		if len(i.Incidents) > 0 {
			incident = i.Incidents[0].Element + ": " + i.Incidents[0].Message
		}
		if i.Code != "" && i.Parent == "" { // the error of a called instance is its caller's matter
			uncaught = i.Code
		}
	}
	switch {
	case c.wants(errorRuntime, errorAny):
		if incident == "" {
			return fmt.Errorf("an incident was to come; the trace is %v", s.trace)
		}
		return nil
	case c.wants(errorUncaught):
		if instance.Code == "" {
			return fmt.Errorf("a BPMN error was to end the instance; the trace is %v", s.trace)
		}
		return nil
	case incident != "":
		return fmt.Errorf("incident at %s", incident)
	case uncaught != "":
		return fmt.Errorf("nobody caught the BPMN error %q", uncaught)
	case s.unknown != "":
		return fmt.Errorf("the script %q has no meaning here", s.unknown)
	}
	want, got := slices.Sorted(slices.Values(c.Want)), slices.Sorted(slices.Values(s.trace))
	if !slices.Equal(want, got) {
		return fmt.Errorf("the trace is %v, expected is %v", got, want)
	}
	return nil
}
