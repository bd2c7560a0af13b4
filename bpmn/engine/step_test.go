package engine_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// oneTask is a process of one task with two timers: one cuts it off, the other reminds.
const oneTask = `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t" flowable:assignee="jo"/>
	<boundaryEvent id="cut" attachedToRef="t"><timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition></boundaryEvent>
	<boundaryEvent id="remind" attachedToRef="t" cancelActivity="false"><timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition></boundaryEvent>
	<sequenceFlow id="g" sourceRef="cut" targetRef="e"/><sequenceFlow id="h" sourceRef="remind" targetRef="e"/>
	<sequenceFlow id="i" sourceRef="t" targetRef="e"/><endEvent id="e"/>`

func TestAStepOfTheSameInputHasTheFingerprintOfRevisionOne(t *testing.T) {
	t.Parallel()
	_, effects, err := step(t, compile(t, oneTask), engine.State{}, engine.Event{Kind: engine.Start, At: began, StartEvent: "s"})
	require.NoError(t, err)
	require.Equal(t, "331e53dfe5415c7ec9a3532da5162acd96e75222221225cefbce2dd2aa9a9016", engine.Fingerprint(effects),
		"another fingerprint breaks the replay of running instances: see docs/adr/0002")
}

func TestTheFingerprintLeavesValuesOut(t *testing.T) {
	t.Parallel()
	p := compile(t, oneTask)
	start := func(value string) string {
		_, effects, err := step(t, p, engine.State{}, engine.Event{Kind: engine.Start, At: began, StartEvent: "s",
			Variables: map[string]json.RawMessage{"a": json.RawMessage(value)}})
		require.NoError(t, err)
		return engine.Fingerprint(effects)
	}
	require.Equal(t, start("1"), start(`"x"`))
	require.NotEqual(t, engine.Fingerprint(nil), start("1"))
}

func TestAStepDropsTheMonotonicClock(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s, _, err := step(t, compile(t, oneTask), engine.State{}, engine.Event{Kind: engine.Start, At: now, StartEvent: "s"})
	require.NoError(t, err)
	require.True(t, s.NextDue().Equal(now.Add(2*time.Hour)))
	require.Equal(t, time.UTC, s.NextDue().Location())
}

func TestAVariableHasOneFormHoweverItWasSent(t *testing.T) {
	t.Parallel()
	for sent, kept := range map[string]string{
		` { "b" : 1.50, "a":[ ] } `: `{"b":1.50,"a":[]}`,
		`"<a> & b"`:                 `"\u003ca\u003e \u0026 b"`,
		"\"\u2028\"":                `"\u2028"`,
		``:                          `null`,
		`{no JSON`:                  `"{no JSON"`,
		`1e400`:                     `1e400`,
	} {
		s, effects, err := engine.Step(compile(t, oneTask), engine.State{}, engine.Event{Kind: engine.Start, At: began, StartEvent: "s",
			Variables: map[string]json.RawMessage{"v": json.RawMessage(sent)}})
		require.NoError(t, err)
		require.Equal(t, kept, string(s.Variables["v"]), sent)
		require.Equal(t, kept, string(effects[0].Value), sent)
		require.Equal(t, s, throughJSON(t, s), sent)
	}
}

func TestAStepLeavesTheEventAlone(t *testing.T) {
	t.Parallel()
	roles := []string{"A"}
	ev := engine.Event{Kind: engine.Start, At: began, StartEvent: "s", Initiator: engine.User{ID: "jane", Roles: roles}}
	s, _, err := engine.Step(compile(t, oneTask), engine.State{}, ev)
	require.NoError(t, err)
	roles[0] = "B"
	require.Equal(t, []string{"A"}, s.Users[0].Roles)
}

func TestAStateTellsWhatIsDueAndWhatIsOpen(t *testing.T) {
	t.Parallel()
	p := compile(t, oneTask)
	var s engine.State
	require.Zero(t, s.NextDue())
	require.Empty(t, s.Open())
	s, _, err := step(t, p, s, engine.Event{Kind: engine.Start, At: began, StartEvent: "s"})
	require.NoError(t, err)
	require.Equal(t, began.Add(2*time.Hour), s.NextDue())
	require.Equal(t, []string{"t"}, s.Open())
	require.False(t, s.HasIncident())
}

func TestDroppingTimersKeepsThoseThatDoNotInterrupt(t *testing.T) {
	t.Parallel()
	p := compile(t, oneTask)
	s, _, err := step(t, p, engine.State{}, engine.Event{Kind: engine.Start, At: began, StartEvent: "s"})
	require.NoError(t, err)
	before := throughJSON(t, s)

	require.Equal(t, s, engine.DropTimers(p, s, nil))
	dropped := engine.DropTimers(p, s, []string{"t:2"})
	require.Equal(t, before, s, "the given state is changed")
	require.Len(t, dropped.Timers, 1)
	require.Equal(t, "remind", dropped.Timers[0].Node)

	fired, effects, err := step(t, p, dropped, engine.Event{Kind: engine.TimersDue, At: s.NextDue()})
	require.NoError(t, err)
	require.Equal(t, []string{"remind"}, elements(effects, engine.TimerFired))
	require.Equal(t, []string{"t"}, fired.Open())
	_, _, err = step(t, p, fired, engine.Event{Kind: engine.TaskCompleted, At: began, Token: "t:2"})
	require.NoError(t, err)
}

func TestAnUnknownEventIsStale(t *testing.T) {
	t.Parallel()
	p := compile(t, oneTask)
	for _, kind := range []engine.EventKind{"", "surprise"} {
		_, _, err := step(t, p, engine.State{}, engine.Event{Kind: kind, At: began})
		require.ErrorIs(t, err, engine.ErrStale)
	}
}

func TestAnInstanceThatNeverStartedCanBeTerminated(t *testing.T) {
	t.Parallel()
	p := compile(t, oneTask)
	s, effects, err := step(t, p, engine.State{}, engine.Event{Kind: engine.Terminate, At: began, Reason: "a mistake"})
	require.NoError(t, err)
	require.True(t, s.Ended)
	require.Equal(t, []engine.Effect{{Kind: engine.InstanceEnded, Status: engine.Terminated, Message: "a mistake"}}, effects)
	_, _, err = step(t, p, s, engine.Event{Kind: engine.Start, At: began, StartEvent: "s"})
	require.ErrorIs(t, err, engine.ErrStale)
}

func TestAStateOfAnotherDefinitionPanicsRatherThanGoOn(t *testing.T) {
	t.Parallel()
	s, _, err := engine.Step(compile(t, oneTask), engine.State{}, engine.Event{Kind: engine.Start, At: began, StartEvent: "s"})
	require.NoError(t, err)
	other := compile(t, `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/>`)
	require.PanicsWithValue(t, `program p has no node "t": state and definition do not belong together`, func() {
		_, _, _ = engine.Step(other, s, engine.Event{Kind: engine.TaskCompleted, At: began, Token: "t:2"})
	})
}

func TestAForkThatMultipliesWithoutEndStops(t *testing.T) {
	t.Parallel()
	p := compile(t, `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="merge"/><exclusiveGateway id="merge" default="on"/>
		<sequenceFlow id="on" sourceRef="merge" targetRef="fork"/>
		<sequenceFlow id="out" sourceRef="merge" targetRef="e"><conditionExpression>${stop}</conditionExpression></sequenceFlow>
		<parallelGateway id="fork"/><sequenceFlow id="b1" sourceRef="fork" targetRef="merge"/><sequenceFlow id="b2" sourceRef="fork" targetRef="merge"/>
		<endEvent id="e"/>`)
	s, effects, err := settle(t, p, engine.State{}, engine.Event{Kind: engine.Start, At: began, StartEvent: "s"})
	require.NoError(t, err)
	require.True(t, s.HasIncident())
	require.Less(t, len(s.Tokens), 10_000)
	s, ended, err := engine.Step(p, s, engine.Event{Kind: engine.Terminate, At: began})
	require.NoError(t, err)
	require.True(t, s.Ended)
	require.Less(t, len(effects)+len(ended), 100_000)
}
