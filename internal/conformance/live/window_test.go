package live

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/conformance/scenario"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// model is a task of ann with a reminder after an hour, beside a signal; process "alarm" begins by a message.
const model = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn" targetNamespace="test">
<signal id="s" name="stop"/><message id="m" name="alarm"/>
<process id="one" isExecutable="true"><startEvent id="begin"/><sequenceFlow id="f1" sourceRef="begin" targetRef="work"/>
	<userTask id="work" name="Work" flowable:assignee="ann"/><sequenceFlow id="f2" sourceRef="work" targetRef="done"/><endEvent id="done"/>
	<boundaryEvent id="late" attachedToRef="work"><timerEventDefinition><timeDuration>${wait}</timeDuration></timerEventDefinition></boundaryEvent>
	<boundaryEvent id="stopped" attachedToRef="work"><signalEventDefinition signalRef="s"/></boundaryEvent>
	<sequenceFlow id="f3" sourceRef="late" targetRef="done"/><sequenceFlow id="f4" sourceRef="stopped" targetRef="done"/></process>
<process id="alarm" isExecutable="true"><startEvent id="rings"><messageEventDefinition messageRef="m"/></startEvent>
	<sequenceFlow id="g" sourceRef="rings" targetRef="over"/><endEvent id="over"/></process></definitions>`

// caseOf is a scenario of the model: its start with a reminder after some time, then steps, one a line.
func caseOf(t *testing.T, wait, steps string) scenario.Case {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.bpmn"), []byte(model), 0o600))
	c := scenario.Case{ID: "c", Models: []string{"model.bpmn"}, Dir: dir}
	require.NoError(t, json.Unmarshal([]byte(`[{"op":"start","key":"one","vars":{"wait":"`+wait+`"},"as":"pi1"},`+steps+`]`), &c.Steps))
	return c
}

const completed = `{"op":"query","as":"q1","entity":"task","filters":[["taskAssignee","ann"]],"get":"one"},{"op":"complete","task":"q1"},{"op":"expect","ended":"pi1"}`

func TestCasesAreLeftOutForAReason(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ wait, steps, why string }{
		"a task is completed": {"PT1H", completed, ""},
		"a signal for all":    {"PT1H", `{"op":"signal","name":"stop"},{"op":"expect","ended":"pi1"}`, ""},
		"a message begins":    {"PT1H", `{"op":"start","message":"alarm","as":"pi2"},{"op":"expect","ended":"pi2"}`, ""},
		"a timer that is near": {
			"PT5M", completed, "a timer would fire by itself, or time has to be skipped",
		},
		"time is skipped": {
			"PT1H", `{"op":"advanceClockTo","ms_from_start":3600000},{"op":"expect","ended":"pi1"}`,
			"a timer would fire by itself, or time has to be skipped",
		},
		"a signal for one": {
			"PT1H", `{"op":"signal","name":"stop","to":"pi1"},{"op":"expect","ended":"pi1"}`, "it sends a signal to one instance",
		},
		"a local variable": {
			"PT1H", `{"op":"query","as":"q1","entity":"task","filters":[],"get":"one"},{"op":"setVariableLocal","task":"q1","args":["a",1]},{"op":"expect","notEnded":"pi1"}`,
			"it sets local variables from outside",
		},
		"a start by hand": {
			"PT1H", `{"op":"start","key":"alarm","as":"pi2"},{"op":"expect","ended":"pi2"}`, "it starts a process by hand that begins by an event",
		},
		"a task is taken": {
			"PT1H", `{"op":"query","as":"q1","entity":"task","filters":[],"get":"one"},{"op":"setAssignee","task":"q1","args":["bob"]},{"op":"expect","notEnded":"pi1"}`,
			"it takes a task from its holder",
		},
		"it is wrong":    {"PT1H", `{"op":"expect","ended":"pi1"}`, "it does not pass in memory"},
		"only internals": {"PT1H", `{"op":"query","as":"q1","entity":"job","filters":[],"get":"count"},{"op":"expect","what":"q1","count":7}`, "it expects only internals of another engine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs, why := probeScenario(caseOf(t, tc.wait, tc.steps))
			require.Equal(t, tc.why, why)
			if why == "" {
				require.Contains(t, needs.users, "ann")
				require.Contains(t, needs.users, player)
			}
		})
	}
}

func TestDifferencesFromTheMemoryAreNamed(t *testing.T) {
	t.Parallel()
	visit := func(element string, left time.Time) world.Activity {
		return world.Activity{Element: element, Left: left}
	}
	want := world.Instance{Activities: []world.Activity{visit("begin", world.Began), visit("work", time.Time{})}}
	same := world.Instance{Activities: []world.Activity{visit("work", time.Time{}), visit("begin", time.Now())}}
	require.Empty(t, differ(want, same), "neither order nor times count")

	later := world.Instance{Activities: []world.Activity{visit("begin", world.Began), visit("work", world.Began)}}
	require.Contains(t, differ(want, later), "[begin:COMPLETED work:COMPLETED] instead of [begin:COMPLETED work:ACTIVE]")
	told := same
	told.State.Variables = map[string]json.RawMessage{"n": json.RawMessage("1")}
	require.Contains(t, differ(want, told), "the variables are")
	over := same
	over.State.Ended = true
	require.Contains(t, differ(want, over), "ended is true instead of false")
	stuck := same
	stuck.Incidents = []world.Incident{{Element: "work"}}
	require.Contains(t, differ(want, stuck), "the incidents are")
}

// TestWhatTheProductDoesIsWhatCounts plays a case whose expectation does not hold, and one on a product that does
// something else than the memory.
func TestWhatTheProductDoesIsWhatCounts(t *testing.T) {
	t.Parallel()
	p := Running(t)
	good, bad := caseOf(t, "PT1H", completed), caseOf(t, "PT1H", `{"op":"expect","ended":"pi1"}`)
	outcome, err := p.Play(t.Context(), Case{ID: "good", needs: people{users: []string{player, "ann"}}, play: func(e *double) error {
		return scenario.Play(good, e, nil)
	}})
	require.NoError(t, err)
	require.Empty(t, outcome.Why)

	outcome, err = p.Play(t.Context(), Case{ID: "bad", needs: people{users: []string{player, "ann"}}, play: func(e *double) error {
		return scenario.Play(bad, e, nil)
	}})
	require.NoError(t, err)
	require.Contains(t, outcome.Why, "the instance waits at [work]")

	outcome, err = p.Play(t.Context(), Case{ID: "other", needs: people{users: []string{player, "ann"}}, play: func(e *double) error {
		return scenario.Play(good, sabotaged{e}, nil)
	}})
	require.NoError(t, err)
	require.Contains(t, outcome.Why, `open task "i1/work:2" of the product: not found`)
}

// sabotaged ends the instance on the product alone, before its task is completed.
type sabotaged struct{ *double }

func (s sabotaged) Complete(task string, vars map[string]json.RawMessage) error {
	for _, real := range s.real {
		if err := s.terminate(real, "behind the back of the memory"); err != nil {
			return err
		}
	}
	return s.double.Complete(task, vars)
}
