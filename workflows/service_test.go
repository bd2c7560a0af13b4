package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// charge asks for a service and catches one of its errors.
const charge = `
	<startEvent id="start"/>
	<serviceTask id="charge" name="Charge the card" flowable:class="ChargeCard"/>
	<boundaryEvent id="declined" attachedToRef="charge"><errorEventDefinition errorRef="no"/></boundaryEvent>
	<userTask id="thank" flowable:assignee="pat"/><userTask id="call" flowable:assignee="pat"/><endEvent id="end"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="charge"/><sequenceFlow id="f2" sourceRef="charge" targetRef="thank"/>
	<sequenceFlow id="f3" sourceRef="declined" targetRef="call"/><sequenceFlow id="f4" sourceRef="thank" targetRef="end"/>
	<sequenceFlow id="f5" sourceRef="call" targetRef="end"/>`

// withErrors puts a process beside the definitions of an error and a message.
func withErrors(elements string) []byte {
	return []byte(strings.Replace(string(process(elements)), `<process id="p"`,
		`<error id="no" errorCode="DECLINED"/><message id="paid" name="Paid"/><process id="p"`, 1))
}

// position lists the elements with a token.
func (c *testCase) position() []string {
	c.t.Helper()
	s := c.state()
	return s.Engine.Open()
}

// calls remembers what an activity was asked.
type calls struct {
	mu    sync.Mutex
	in    []casework.ActivityInput
	ids   []string
	queue []string
	reply func(attempt int, in casework.ActivityInput) (any, error)
}

func (a *calls) do(ctx context.Context, in casework.ActivityInput) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	info := activity.GetInfo(ctx)
	a.in, a.ids, a.queue = append(a.in, in), append(a.ids, info.ActivityID), append(a.queue, info.TaskQueue)
	return a.reply(len(a.in), in)
}

func (c *testCase) serve(name string, reply func(attempt int, in casework.ActivityInput) (any, error)) *calls {
	a := &calls{reply: reply}
	c.RegisterActivityWithOptions(a.do, activity.RegisterOptions{Name: name})
	return a
}

func TestAServiceIsAnActivityWithTheVariablesOfTheCase(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	c.start.Variables, c.start.BusinessKey = object("card", "4711"), "ORDER-7"
	service := c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) {
		return map[string]any{"receipt": "R-1", "sum": json.Number("1.50")}, nil
	})
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
	require.Len(t, service.in, 1)
	in := service.in[0]
	require.Equal(t, c.start.InstanceID, in.ProcessInstanceID)
	require.Equal(t, "charge", in.ElementID)
	require.Equal(t, in.ElementInstanceID, service.ids[0], "the activity has the id of the node instance")
	require.Equal(t, "CASE-7", in.CaseNumber)
	require.Equal(t, "ORDER-7", in.BusinessKey)
	require.JSONEq(t, `"4711"`, string(in.Variables["card"]))
	require.Equal(t, "thank", c.store.tasks[0].DefinitionKey)
	set := map[string]string{}
	for _, commit := range c.store.commits {
		for _, v := range commit.Variables {
			set[v.Name] = string(v.Value)
		}
	}
	require.Equal(t, map[string]string{"card": `"4711"`, "receipt": `"R-1"`, "sum": "1.50"}, set)
}

func TestAFailureOfAServiceIsAnErrorOrAnIncident(t *testing.T) {
	t.Parallel()
	declined := func(details ...any) error {
		return temporal.NewNonRetryableApplicationError("card declined", casework.BpmnErrorType, nil, details...)
	}
	for name, tc := range map[string]struct {
		err      error
		attempts int
		task     string // that comes of it
		message  string // of the incident
	}{
		"a BPMN error that is caught":    {declined("DECLINED"), 1, "call", ""},
		"one with variables":             {declined("DECLINED", map[string]any{"why": "empty"}), 1, "call", ""},
		"one that nobody catches":        {declined("OTHER"), 1, "", "OTHER"},
		"one without a code":             {declined(), 1, "", "without a code"},
		"any other failure":              {errors.New("the bank is closed"), 3, "", "the bank is closed"},
		"one that is not worth a repeat": {temporal.NewNonRetryableApplicationError("no such bank", "NoBank", nil), 1, "", "no such bank"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, withErrors(charge))
			service := c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return nil, tc.err })
			c.stopAt(time.Hour)
			require.NoError(t, c.run())
			require.Len(t, service.in, tc.attempts)
			var messages []string
			for _, commit := range c.store.commits {
				for _, i := range commit.Incidents {
					if !i.Resolved {
						messages = append(messages, i.Message)
					}
				}
			}
			if tc.task != "" {
				require.Empty(t, messages)
				require.Equal(t, tc.task, c.store.tasks[0].DefinitionKey)
				return
			}
			require.Len(t, messages, 1)
			require.Contains(t, messages[0], tc.message)
		})
	}
}

func TestAnIncidentOfAServiceIsRetriedAsAnotherActivity(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	service := c.serve("ChargeCard", func(attempt int, _ casework.ActivityInput) (any, error) {
		if attempt <= 3 {
			return nil, errors.New("the bank is closed")
		}
		return nil, nil
	})
	c.at(time.Hour, func() {
		require.Equal(t, "INCIDENT", c.seen.attribute(workflows.AttrCaseStatus))
		require.Empty(t, c.state().Activities)
		c.send(c.order(casework.CommandRetryIncident, func(cmd *casework.Command) {
			cmd.IncidentID, cmd.Variables = c.store.lastCommit().Incidents[0].IncidentID, object("card", "4712")
		}))
	})
	c.at(2*time.Hour, func() { c.complete("thank") })
	require.NoError(t, c.run())
	require.Len(t, service.in, 4)
	require.Equal(t, service.in[0].ElementInstanceID, service.in[3].ElementInstanceID)
	require.Equal(t, service.ids[0]+"#2", service.ids[3])
	require.JSONEq(t, `"4712"`, string(service.in[3].Variables["card"]))
}

func TestTheModelSaysHowAServiceIsRepeatedAndWhere(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><serviceTask id="work" flowable:type="external" flowable:topic="billing">
			<extensionElements><flowable:failedJobRetryTimeCycle>R4/PT10M</flowable:failedJobRetryTimeCycle></extensionElements></serviceTask><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>`))
	service := c.serve("billing", func(attempt int, _ casework.ActivityInput) (any, error) {
		if attempt < 5 {
			return nil, errors.New("not yet")
		}
		return "done", nil
	})
	require.NoError(t, c.run())
	require.Equal(t, "billing", service.queue[0])
	require.Len(t, service.in, 5)
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

func TestAServiceThatIsNoLongerWantedIsCancelled(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><serviceTask id="work" name="Work" flowable:class="Work"/>
		<boundaryEvent id="late" attachedToRef="work"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
		<userTask id="chase" flowable:assignee="pat"/><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>
		<sequenceFlow id="f3" sourceRef="late" targetRef="chase"/><sequenceFlow id="f4" sourceRef="chase" targetRef="end"/>`))
	c.serve("Work", func(int, casework.ActivityInput) (any, error) {
		return nil, temporal.NewApplicationErrorWithOptions("later", "Later", temporal.ApplicationErrorOptions{NextRetryDelay: 2 * time.Hour})
	})
	c.at(time.Minute, func() {
		require.Contains(t, c.details(), "- activity **Work** (Work) runs since 2100-01-04T09:00:00Z")
		c.SetContinueAsNewSuggested(true) // not while an activity is under way
	})
	c.at(2*time.Hour, func() {
		c.SetContinueAsNewSuggested(false)
		require.Empty(t, c.state().Activities)
		require.Equal(t, []string{"chase"}, c.store.open())
		c.complete("chase")
	})
	in := c.nextInput(c.run())
	require.Empty(t, in.State.Activities)
}

func TestAScriptGivesItsResultAndItsVariables(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/>
		<scriptTask id="compute" scriptFormat="javascript" flowable:resultVariable="total"><script>a + 1</script></scriptTask><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="compute"/><sequenceFlow id="f2" sourceRef="compute" targetRef="end"/>`))
	script := c.serve(casework.ActivityRunScript, func(int, casework.ActivityInput) (any, error) {
		return casework.ScriptResult{Result: json.RawMessage("3"), Variables: map[string]json.RawMessage{"seen": json.RawMessage("true")}}, nil
	})
	require.NoError(t, c.run())
	require.Equal(t, &casework.ScriptSource{Format: "javascript", Source: "a + 1"}, script.in[0].Script)
	require.Equal(t, []casework.VariableChange{{Name: "seen", Value: json.RawMessage("true")}, {Name: "total", Value: json.RawMessage("3")}}, c.store.lastCommit().Variables)
}

// After a reset an activity is done again and may answer something else; the answer on record is the one that counts.
func TestAnAnswerOnRecordComesBeforeAnotherOne(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return map[string]any{"receipt": "R-1"}, nil })
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
	first := c.store.commits[:2]
	require.NotEmpty(t, first[1].Answer)

	again := newCase(t, withErrors(charge))
	again.store = c.store
	again.store.commits, again.store.tasks = first, nil
	delete(again.store.results, 3)
	again.newRun(began.Add(day))
	again.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) {
		return nil, temporal.NewNonRetryableApplicationError("card declined", casework.BpmnErrorType, nil, "DECLINED")
	})
	again.at(time.Minute, func() {
		require.JSONEq(t, `"R-1"`, string(again.state().Engine.Variables["receipt"]))
		require.Equal(t, []string{"thank"}, again.position())
	})
	again.stopAt(time.Hour)
	require.NoError(t, again.run())
}

func TestThousandAutomaticStepsAreAFewCommits(t *testing.T) {
	t.Parallel()
	elements := `<startEvent id="n0"/>`
	const n = 2500
	for i := 1; i <= n; i++ {
		elements += `<task id="` + node(i) + `"/><sequenceFlow id="f` + node(i) + `" sourceRef="` + node(i-1) + `" targetRef="` + node(i) + `"/>`
	}
	c := newCase(t, process(elements+`<endEvent id="end"/><sequenceFlow id="last" sourceRef="`+node(n)+`" targetRef="end"/>`))
	require.NoError(t, c.run())
	require.Equal(t, 3, len(c.store.commits))
	require.Equal(t, "continue", c.store.lastCommit().Cause)
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

func node(i int) string {
	b, err := json.Marshal(i)
	if err != nil {
		panic(err)
	}
	return "n" + string(b)
}
