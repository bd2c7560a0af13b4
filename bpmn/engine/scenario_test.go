package engine_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// scenario is one file of testdata/scenarios: an instance, what happens to it, and what is to come of it.
type scenario struct {
	About  string `yaml:"about"`
	Roots  string `yaml:"roots"` // XML beside the process: messages, signals, errors, …
	Model  string `yaml:"model"` // file of testdata/models, XML, or a path from this folder that is skipped if absent
	Start  action `yaml:"start"`
	Steps  []action
	loaded *bpmn.Program
}

// action is one event; the field that is set says which kind.
type action struct {
	Event     string         `yaml:"event"`    // start: the start event
	Complete  string         `yaml:"complete"` // element id, or token id
	Assign    string         `yaml:"assign"`   // element id, or token id; an empty assignee releases the task
	Advance   string         `yaml:"advance"`  // duration, after which the timers are due
	Retry     string         `yaml:"retry"`    // element id, or token id
	Resolve   string         `yaml:"resolve"`  // element id, or token id
	Terminate string         `yaml:"terminate"`
	Message   string         `yaml:"message"` // name
	Signal    string         `yaml:"signal"`  // name
	Done      string         `yaml:"done"`    // element id, or token id, of work outside
	Failed    string         `yaml:"failed"`  // element id, or token id, of work outside
	Child     string         `yaml:"child"`   // element id, or token id, of a call activity whose child has ended
	Escalated string         `yaml:"escalated"`
	Late      string         `yaml:"late"`     // element id, or token id, of a task at which an escalation is thrown; process: at none
	Set       bool           `yaml:"set"`      // the variables from outside
	Activate  string         `yaml:"activate"` // ad-hoc sub-process
	Finish    string         `yaml:"finish"`   // ad-hoc sub-process
	Elements  []string       `yaml:"elements"`
	Result    any            `yaml:"result"`
	Code      string         `yaml:"code"`
	Type      string         `yaml:"type"`
	Reason    string         `yaml:"reason"`
	Variables map[string]any `yaml:"variables"`
	Assignee  string         `yaml:"assignee"`
	Initiator struct {
		ID    string   `yaml:"id"`
		Roles []string `yaml:"roles"`
	} `yaml:"initiator"`
	Stale  bool        `yaml:"stale"` // the event is refused
	Expect expectation `yaml:"expect"`
}

// scenarioRun is a scenario under way.
type scenarioRun struct {
	program *bpmn.Program
	state   engine.State
	now     time.Time
}

func TestEveryScenarioGoesAsWritten(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scenarios/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 25)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			runScenario(t, readScenario(t, file))
		})
	}
}

func readScenario(t *testing.T, file string) scenario {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var s scenario
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&s))
	require.NotEmpty(t, s.About, "a scenario says what it is about")
	source := s.Model
	if !strings.HasPrefix(source, "<") {
		name := filepath.Join("testdata", "models", source)
		if strings.Contains(source, "/") {
			name = filepath.FromSlash(source)
		}
		source = readModel(t, name)
	}
	if s.Roots != "" {
		source = string(bytes.Replace(definitions(source), []byte("<process "), []byte(s.Roots+"<process "), 1))
	}
	s.loaded = compile(t, source)
	return s
}

// readModel reads a model file; models outside the module are not everywhere.
func readModel(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if os.IsNotExist(err) && strings.Contains(name, "shared") {
		t.Skipf("the folder of shared models is absent: %s", filepath.Base(name))
	}
	require.NoError(t, err)
	return string(raw)
}

func runScenario(t *testing.T, s scenario) {
	t.Helper()
	r := &scenarioRun{program: s.loaded, now: began}
	for i, a := range append([]action{s.Start}, s.Steps...) {
		ev := r.event(t, a, i == 0)
		next, effects, err := settle(t, r.program, r.state, ev)
		if a.Stale {
			require.ErrorIs(t, err, engine.ErrStale, "step %d (%s)", i, ev.Kind)
		} else {
			require.NoError(t, err, "step %d (%s)", i, ev.Kind)
		}
		r.state = next
		require.NoError(t, a.Expect.check(next, effects), "step %d (%s)", i, ev.Kind)
	}
}

func (r *scenarioRun) event(t *testing.T, a action, first bool) engine.Event {
	t.Helper()
	ev := engine.Event{Variables: encode(t, a.Variables), Assignee: a.Assignee, Code: a.Code, Type: a.Type, Reason: a.Reason, Elements: a.Elements}
	if a.Result != nil {
		ev.Value = encode(t, map[string]any{"": a.Result})[""]
	}
	switch {
	case first || a.Event != "":
		ev.Kind, ev.StartEvent = engine.Start, a.Event
		ev.Initiator = engine.User{ID: a.Initiator.ID, Roles: a.Initiator.Roles}
		if a.Event == "" {
			ev.StartEvent = r.program.Nodes[append(r.program.Root.Starts, r.program.Root.Triggered...)[0]].ID
		}
	case a.Complete != "":
		ev.Kind, ev.Token = engine.TaskCompleted, r.token(a.Complete)
	case a.Assign != "":
		ev.Kind, ev.Token = engine.TaskAssigned, r.token(a.Assign)
	case a.Retry != "":
		ev.Kind, ev.Token = engine.RetryIncident, r.token(a.Retry)
	case a.Resolve != "":
		ev.Kind, ev.Token = engine.ResolveIncident, r.token(a.Resolve)
	case a.Terminate != "":
		ev.Kind, ev.Reason = engine.Terminate, a.Terminate
	case a.Message != "":
		ev.Kind, ev.Name = engine.MessageReceived, a.Message
	case a.Signal != "":
		ev.Kind, ev.Name = engine.SignalReceived, a.Signal
	case a.Done != "":
		ev.Kind, ev.Token = engine.ActivityDone, r.token(a.Done)
	case a.Failed != "":
		ev.Kind, ev.Token = engine.ActivityFailed, r.token(a.Failed)
	case a.Child != "":
		ev.Kind, ev.Token = engine.ChildEnded, r.token(a.Child)
	case a.Escalated != "":
		ev.Kind, ev.Token = engine.ChildEscalated, r.token(a.Escalated)
	case a.Late == "process":
		ev.Kind = engine.Escalated
	case a.Late != "":
		ev.Kind, ev.Token = engine.Escalated, r.token(a.Late)
	case a.Set:
		ev.Kind = engine.VariablesSet
	case a.Activate != "":
		ev.Kind, ev.Token = engine.Activate, r.token(a.Activate)
	case a.Finish != "":
		ev.Kind, ev.Token = engine.Complete, r.token(a.Finish)
	case a.Advance != "":
		d, err := bpmn.ParseDuration(a.Advance)
		require.NoError(t, err)
		r.now = d.AddTo(r.now)
		ev.Kind = engine.TimersDue
	default:
		require.Fail(t, "a step says what happens")
	}
	ev.At = r.now
	return ev
}

// token finds the oldest token that rests at an element; a text that is no element is a token itself.
func (r *scenarioRun) token(element string) string {
	for _, token := range r.state.Tokens {
		if token.Node == element {
			return token.ID
		}
	}
	return element
}

func encode(t testing.TB, variables map[string]any) map[string]json.RawMessage {
	t.Helper()
	if len(variables) == 0 {
		return nil
	}
	out := make(map[string]json.RawMessage, len(variables))
	for name, v := range variables {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		out[name] = raw
	}
	return out
}
