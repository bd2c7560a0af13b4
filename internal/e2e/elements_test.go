package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// Scenarios of the elements are data: testdata/elements holds models, and beside each a YAML file of what is done with
// them over HTTP and what must come of it.
const elementModels = "testdata/elements"

// scenario is one case and what must come of it.
type scenario struct {
	Name string
	Do   []step

	Status    string         // how the case ends; COMPLETED where it is empty
	End       string         // end event
	Visited   []string       // elements that were completed
	Cancelled []string       // elements that were cancelled
	Not       []string       // elements that were never entered
	Variables map[string]any // some of the process variables at the end
	Incident  string         // part of the message of an open incident; the case does not end then
}

// step is one thing that is done; exactly one field is set.
type step struct {
	Start     *start   // begins a case, which the steps after it are about
	Began     string   // waits for a case of this process that began by itself
	Message   *message // sends one
	Signal    string
	Condition map[string]any // evaluates start conditions with these variables; one of them must hold
	Waits     []string       // waits until these elements are at work
	Open      []string       // waits until these are the open tasks, in any order
	Complete  *done
	Set       map[string]any // variables
	Activate  *activation    // of an ad-hoc sub-process
	Finish    string         // an ad-hoc sub-process
	Incident  string         // waits for an incident whose message holds this
}

type start struct {
	Process, Key string
	Variables    map[string]any
}

type message struct {
	Name, Key string
	Starts    bool // it must begin a case, which the steps after it are about
	Variables map[string]any
}

type done struct {
	Task      string
	Variables map[string]any
}

type activation struct {
	In       string
	Elements []string
}

// scenarios reads those of a model.
func scenarios(t *testing.T, file string) (list []scenario) {
	t.Helper()
	source, err := os.ReadFile(strings.TrimSuffix(file, ".bpmn") + ".yaml")
	require.NoError(t, err)
	decoder := yaml.NewDecoder(strings.NewReader(string(source)))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&list), file)
	return list
}

// TestEveryElementRunsOnTheRealStack keeps no workflow in memory: every workflow task replays its case from the first event
// on, and a difference would stop it.
func TestEveryElementRunsOnTheRealStack(t *testing.T) {
	t.Parallel()
	s := own(t, "elements", "--workflow-cache", "0")
	files, err := filepath.Glob(elementModels + "/*.bpmn")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	require.NoError(t, s.Deploy(t.Context(), files...))
	remoteWorker(t, s)
	for _, file := range files {
		for _, sc := range scenarios(t, file) {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".bpmn")+"/"+sc.Name, func(t *testing.T) {
				t.Parallel()
				r := &runner{t: t, client: s.As("mike.admin")}
				for _, step := range sc.Do {
					r.do(step)
				}
				r.check(sc)
			})
		}
	}
}

// TestEveryElementHasAScenario compares the models of the scenarios with what the compiler knows.
func TestEveryElementHasAScenario(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(elementModels + "/*.bpmn")
	require.NoError(t, err)
	kinds, events, loops := map[bpmn.NodeKind]bool{}, map[bpmn.EventKind]bool{}, map[bpmn.LoopKind]bool{}
	for _, file := range files {
		named := map[string]bool{}
		for _, sc := range scenarios(t, file) {
			for _, id := range slices.Concat(sc.Visited, sc.Cancelled, []string{sc.End}) {
				named[id] = true
			}
		}
		for _, p := range compiled(t, file) {
			for _, n := range p.Nodes {
				if !named[n.ID] {
					continue
				}
				kinds[n.Kind] = true
				for _, e := range n.Events {
					events[e.Kind] = true
				}
				if n.Loop != nil {
					loops[n.Loop.Kind] = true
				}
			}
		}
	}
	for _, kind := range []bpmn.NodeKind{
		bpmn.StartEvent, bpmn.EndEvent, bpmn.CatchEvent, bpmn.ThrowEvent, bpmn.BoundaryEvent, bpmn.Task, bpmn.ManualTask, bpmn.UserTask,
		bpmn.ServiceTask, bpmn.SendTask, bpmn.ReceiveTask, bpmn.ScriptTask, bpmn.BusinessRuleTask, bpmn.CallActivity, bpmn.SubProcess,
		bpmn.Transaction, bpmn.AdHocSubProcess, bpmn.ExclusiveGateway, bpmn.ParallelGateway, bpmn.InclusiveGateway, bpmn.EventGateway, bpmn.ComplexGateway,
	} {
		require.True(t, kinds[kind], "no scenario names a %s", kind)
	}
	for _, kind := range []bpmn.EventKind{
		bpmn.MessageEvent, bpmn.TimerEvent, bpmn.ErrorEvent, bpmn.EscalationEvent, bpmn.SignalEvent, bpmn.ConditionalEvent,
		bpmn.CompensationEvent, bpmn.CancelEvent, bpmn.LinkEvent, bpmn.TerminateEvent,
	} {
		require.True(t, events[kind], "no scenario names an event of the kind %s", kind)
	}
	for _, kind := range []bpmn.LoopKind{bpmn.LoopStandard, bpmn.LoopSequential, bpmn.LoopParallel} {
		require.True(t, loops[kind], "no scenario names a %s loop", kind)
	}
}

// remoteWorker runs the second worker program until the test is over: its standard input closes then.
func remoteWorker(t *testing.T, s *stack.Stack) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "remoteworker")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./remoteworker").CombinedOutput()
	require.NoError(t, err, string(out))
	cmd := exec.Command(path, s.TemporalAddress) // the context of the test ends before its cases do
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
}

// text is a value as JSON, for comparing what YAML and the API say.
func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

func instancePath(id string) string { return "/api/workflow/process-instances/" + id }

// activities lists the visits of elements of an instance.
func activities(t *testing.T, c *stack.Client, id string) []casework.Activity {
	t.Helper()
	var list casework.List[casework.Activity]
	_, err := c.Do(t.Context(), "GET", instancePath(id)+"/activities?limit=200", nil, &list)
	require.NoError(t, err)
	return list.Items
}
