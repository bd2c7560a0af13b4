package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

func TestVariablesFromOutsideAreSeenInsideOfWhatTheyAreSetOn(t *testing.T) {
	t.Parallel()
	p := compile(t, `<startEvent id="s"/><subProcess id="sub"><startEvent id="si"/><userTask id="a" flowable:assignee="jo"/><userTask id="b" name="${x}" flowable:assignee="jo"/>
		<sequenceFlow id="i1" sourceRef="si" targetRef="a"/><sequenceFlow id="i2" sourceRef="a" targetRef="b"/></subProcess><sequenceFlow id="f1" sourceRef="s" targetRef="sub"/>`)
	s, _, err := settle(t, p, engine.State{}, engine.Event{Kind: engine.Start, StartEvent: "s", At: began})
	require.NoError(t, err)
	for _, e := range []engine.Event{
		{Kind: engine.VariablesSet, Token: s.Tokens[0].ID, Variables: encode(t, map[string]any{"x": "inner"})},
		{Kind: engine.TaskCompleted, Token: s.Tokens[1].ID},
	} {
		var effects []engine.Effect
		e.At = began
		s, effects, err = settle(t, p, s, e)
		require.NoError(t, err)
		if created := filter(effects, engine.TaskCreated); len(created) > 0 {
			require.Equal(t, "inner", created[0].Task.Name)
			return
		}
	}
	require.Fail(t, "the second task was not created")
}

func TestVariablesOfAGatewayGoWithIt(t *testing.T) {
	t.Parallel()
	p := compile(t, `<startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="c"><signalEventDefinition signalRef="S"/></intermediateCatchEvent>
		<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent><userTask id="a" flowable:assignee="jo"/>
		<sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="f2" sourceRef="g" targetRef="c"/><sequenceFlow id="f3" sourceRef="g" targetRef="t"/><sequenceFlow id="f4" sourceRef="c" targetRef="a"/>`)
	s, _, err := settle(t, p, engine.State{}, engine.Event{Kind: engine.Start, StartEvent: "s", At: began})
	require.NoError(t, err)
	s, _, err = settle(t, p, s, engine.Event{Kind: engine.VariablesSet, At: began, Token: s.Tokens[0].ID, Variables: encode(t, map[string]any{"x": 1})})
	require.NoError(t, err)
	s, _, err = settle(t, p, s, engine.Event{Kind: engine.SignalReceived, At: began, Name: "S"})
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, s.Open())
	require.Empty(t, s.Scopes)
}

func TestVariablesAreNotSetOnATokenThatWaitsForOthers(t *testing.T) {
	t.Parallel()
	p := compile(t, `<startEvent id="s"/><parallelGateway id="g"/><userTask id="a" flowable:assignee="jo"/><parallelGateway id="j"/><endEvent id="e"/>
		<sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="f2" sourceRef="g" targetRef="a"/><sequenceFlow id="f3" sourceRef="g" targetRef="j"/><sequenceFlow id="f4" sourceRef="a" targetRef="j"/><sequenceFlow id="f5" sourceRef="j" targetRef="e"/>`)
	s, _, err := settle(t, p, engine.State{}, engine.Event{Kind: engine.Start, StartEvent: "s", At: began})
	require.NoError(t, err)
	for _, token := range s.Tokens {
		if token.State == engine.Joining {
			_, _, err = settle(t, p, s, engine.Event{Kind: engine.VariablesSet, At: began, Token: token.ID, Variables: encode(t, map[string]any{"x": 1})})
			require.ErrorIs(t, err, engine.ErrStale)
		}
	}
}
