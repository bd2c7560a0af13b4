package workflows_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

func countCommits(n *int) func(*activity.Info, context.Context, converter.EncodedValues) {
	return func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == workflows.CommitStepName {
			*n++
		}
	}
}

// many asks for a service many times at once.
func many(n int) []byte {
	return process(fmt.Sprintf(`<startEvent id="start"/><serviceTask id="work" name="Work" flowable:class="Work">
			<multiInstanceLoopCharacteristics><loopCardinality>%d</loopCardinality></multiInstanceLoopCharacteristics></serviceTask><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>`, n))
}

// The server refuses more than 2,000 activities in flight, which would stop the case for ever.
func TestManyServicesTakeTurns(t *testing.T) {
	t.Parallel()
	const items = 450
	c := newCase(t, many(items))
	var done atomic.Int32
	c.RegisterActivityWithOptions(func(context.Context, casework.ActivityInput) error { done.Add(1); return nil }, activity.RegisterOptions{Name: "Work"})
	flying, most := 0, 0
	c.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { flying++; most = max(most, flying) })
	c.SetOnActivityCompletedListener(func(*activity.Info, converter.EncodedValue, error) { flying-- })
	require.NoError(t, c.run())
	require.EqualValues(t, items, done.Load())
	require.LessOrEqual(t, most, 200)
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

// What one workflow task asks for has to fit into one request to the server.
func TestLargeRequestsAreSpreadOverWorkflowTasks(t *testing.T) {
	t.Parallel()
	c := newCase(t, many(8))
	c.start.Variables = object("text", strings.Repeat("x", 400<<10))
	service := c.serve("Work", func(int, casework.ActivityInput) (any, error) { return nil, nil })
	pauses := 0
	c.SetOnTimerScheduledListener(func(string, time.Duration) { pauses++ })
	c.SetOnTimerFiredListener(func(string) {})
	require.NoError(t, c.run())
	require.Len(t, service.in, 8)
	require.GreaterOrEqual(t, pauses, 2)
}

// A request that the server would refuse is an incident, not a workflow task that fails for ever.
func TestARequestThatCannotBeMadeIsAnIncident(t *testing.T) {
	t.Parallel()
	topics := process(`<startEvent id="start"/><serviceTask id="work" flowable:type="external" flowable:topic="${topic}"/><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>`)
	for name, tc := range map[string]struct {
		source  []byte
		set     []string
		message string
	}{
		"more variables than can be sent": {many(1), []string{"a", strings.Repeat("x", 2<<20)}, "the variables that it sees"},
		"a topic of the server's":         {topics, []string{"topic", "/_sys/a"}, "topic"},
		"a long topic":                    {topics, []string{"topic", strings.Repeat("x", 1001)}, "1000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, tc.source)
			c.start.Variables = object(tc.set...)
			c.stopAt(time.Hour)
			require.NoError(t, c.run())
			require.Len(t, c.store.commits[1].Incidents, 1)
			require.Contains(t, c.store.commits[1].Incidents[0].Message, tc.message)
		})
	}
}

// A case continues as new between two services, and none is lost.
func TestANewRunStartsWhatWaitedForIt(t *testing.T) {
	t.Parallel()
	c := newCase(t, many(300))
	var done atomic.Int32
	work := func(context.Context, casework.ActivityInput) error { done.Add(1); return nil }
	c.RegisterActivityWithOptions(work, activity.RegisterOptions{Name: "Work"})
	c.SetContinueAsNewSuggested(true)
	in := c.nextInput(c.run())
	require.NotEmpty(t, in.State.Activities)
	require.Equal(t, 300-int(done.Load()), len(in.State.Activities))

	c.newRun(began.Add(time.Hour))
	c.RegisterActivityWithOptions(work, activity.RegisterOptions{Name: "Work"})
	require.NoError(t, c.runWith(in))
	require.EqualValues(t, 300, done.Load(), "each once")
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

// A service that never answers does not let the history of a run overflow: the next run asks for it again.
func TestAServiceThatDoesNotAnswerIsAskedForAgainInTheNextRun(t *testing.T) {
	t.Parallel()
	c := newCase(t, many(1))
	c.RegisterActivityWithOptions(func(context.Context, casework.ActivityInput) error { return activity.ErrResultPending }, activity.RegisterOptions{Name: "Work"})
	c.at(time.Minute, func() {
		c.SetCurrentHistoryLength(20_000)
		c.send(c.order(casework.CommandSetVariables, func(cmd *casework.Command) { cmd.Variables = object("seen", "true") }))
	})
	in := c.nextInput(c.run())
	require.Len(t, in.State.Activities, 1)

	c.newRun(began.Add(time.Hour))
	service := c.serve("Work", func(int, casework.ActivityInput) (any, error) { return nil, nil })
	require.NoError(t, c.runWith(in))
	require.Equal(t, in.State.Activities[0].Token, service.in[0].ElementInstanceID)
	require.JSONEq(t, `"true"`, string(service.in[0].Variables["seen"]))
}

// A state that is too large for a new run stays in the old one, and the case goes on. Later revisions keep it small.
func TestAStateThatIsTooLargeDoesNotContinueAsNew(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><parallelGateway id="fork"/>
		<userTask id="read" flowable:assignee="pat"><extensionElements><flowable:inputOutput xmlns:flowable="http://camunda.org/schema/1.0/bpmn">
			<flowable:inputParameter name="copy">${text}</flowable:inputParameter></flowable:inputOutput></extensionElements></userTask>
		<serviceTask id="first" flowable:class="Work"/><serviceTask id="second" flowable:class="Work"/><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="fork"/><sequenceFlow id="f2" sourceRef="fork" targetRef="read"/>
		<sequenceFlow id="f3" sourceRef="fork" targetRef="first"/><sequenceFlow id="f4" sourceRef="first" targetRef="second"/>
		<sequenceFlow id="f5" sourceRef="read" targetRef="end"/><sequenceFlow id="f6" sourceRef="second" targetRef="end"/>`))
	c.start.EngineRev = 2
	c.start.Variables = object("text", strings.Repeat("x", 1100<<10))
	service := c.serve("Work", func(int, casework.ActivityInput) (any, error) { return nil, nil })
	c.SetContinueAsNewSuggested(true)
	c.at(time.Minute, func() {
		require.Len(t, service.in, 2)
		require.Greater(t, len(c.state().Engine.Variables["text"]), 1<<20)
		c.complete("read")
	})
	require.NoError(t, c.run())
}
