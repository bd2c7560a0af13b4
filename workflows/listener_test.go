package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// heard is a process whose listeners call delegates, at every place where they can.
const heard = `
	<extensionElements><flowable:executionListener event="start" class="Tell"/><flowable:executionListener event="end" class="Tell"/></extensionElements>
	<startEvent id="start"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="charge"><extensionElements><flowable:executionListener event="take" class="Tell"/></extensionElements></sequenceFlow>
	<serviceTask id="charge" name="Charge" flowable:class="ChargeCard" flowable:resultVariable="receipt"><extensionElements>
		<flowable:executionListener event="start" class="Tell"><flowable:field name="greeting" expression="Hello ${execution.currentActivityId}"/></flowable:executionListener>
		<flowable:executionListener event="end" class="Tell"/></extensionElements></serviceTask>
	<sequenceFlow id="f2" sourceRef="charge" targetRef="thank"/>
	<userTask id="thank" flowable:assignee="pat"><extensionElements><flowable:taskListener event="all" delegateExpression="${Tell}"/></extensionElements></userTask>
	<sequenceFlow id="f3" sourceRef="thank" targetRef="end"/><endEvent id="end"/>`

// told lists what the delegates of listeners were called for.
func (a *calls) told() (all []string) {
	for _, in := range a.in {
		call := in.ElementInstanceID
		if in.Listener != nil {
			call += " " + in.Listener.Event + in.Listener.FlowID
			if in.Listener.Assignee != "" {
				call += " of " + in.Listener.Assignee
			}
		}
		all = append(all, call)
	}
	return all
}

func TestListenersCallDelegatesAsActivities(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(heard))
	tell := c.serve("Tell", func(n int, _ casework.ActivityInput) (any, error) { return map[string]any{"told": n}, nil })
	charge := c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return map[string]any{"id": "R-1"}, nil })
	c.at(time.Hour, func() {
		require.Equal(t, []string{"thank"}, c.store.open())
		c.complete("thank")
	})
	require.NoError(t, c.run())
	require.Equal(t, []string{
		"start:1.process.0 start", "start:1.take.0 takef1", "charge:2.start.0 start", "charge:2.end.0 end",
		"thank:3.assignment.0 assignment of pat", "thank:3.create.0 create of pat", "thank:3.complete.0 complete of pat", "p:5.end.0 end",
	}, tell.told())
	require.Equal(t, []string{"charge:2"}, charge.told(), "the work of the node has a key of its own")
	require.JSONEq(t, `"Hello charge"`, string(tell.in[2].Fields["greeting"]))
	require.Equal(t, "charge", tell.in[2].ElementID)
	require.Equal(t, "p", tell.in[7].ElementID)
	require.JSONEq(t, `3`, string(charge.in[0].Variables["told"]), "what a delegate answers are variables")
	require.JSONEq(t, `{"id":"R-1"}`, string(tell.in[3].Variables["receipt"]), "the result of the node is not that of its listeners")
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

func TestAListenerThatFailsIsTriedAgainByItself(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(heard))
	tell := c.serve("Tell", func(n int, in casework.ActivityInput) (any, error) {
		if in.Listener.Event == "create" && n < 9 {
			return nil, errors.New("nobody is there")
		}
		return nil, nil
	})
	c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return nil, nil })
	c.at(time.Hour, func() {
		require.Empty(t, c.store.open(), "nobody sees the task before its create listeners are done")
		incident := c.store.lastCommit().Incidents[0]
		require.Equal(t, "thank", incident.ActivityID)
		require.Contains(t, incident.Message, "nobody is there")
		c.send(c.order(casework.CommandRetryIncident, func(cmd *casework.Command) { cmd.IncidentID = incident.IncidentID }))
	})
	c.at(2*time.Hour, func() { require.Equal(t, []string{"thank"}, c.store.open()) })
	c.stopAt(3 * time.Hour)
	require.NoError(t, c.run())
	told := tell.told()
	require.Equal(t, []string{"thank:3.create.0 create of pat"}, told[5:6])
	require.Equal(t, told[5], told[8], "the same piece of work, after three attempts")
}

func TestAClaimDoesNotWaitForItsListener(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><userTask id="work" flowable:candidateGroups="G"><extensionElements>
			<flowable:taskListener event="assignment" class="Tell"/></extensionElements></userTask><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>`))
	tell := c.serve("Tell", func(n int, _ casework.ActivityInput) (any, error) {
		if n <= 3 {
			return nil, errors.New("nobody is there")
		}
		return nil, nil
	})
	claim := func(who string) {
		c.send(c.store.accept(casework.Command{Kind: casework.CommandClaim, InstanceID: c.start.InstanceID, TaskID: c.store.taskOf("work").TaskID, ActorID: who}))
	}
	c.at(time.Hour, func() { claim("ann") })
	c.at(2*time.Hour, func() {
		require.Contains(t, c.details(), "held by ann")
		require.Len(t, tell.in, 3)
		incident := c.store.lastCommit().Incidents[0]
		require.Contains(t, incident.Message, "nobody is there")
		c.send(c.order(casework.CommandRetryIncident, func(cmd *casework.Command) { cmd.IncidentID = incident.IncidentID }))
	})
	c.at(3*time.Hour, func() {
		require.Len(t, tell.in, 4)
		require.Equal(t, []string{"work"}, c.store.open())
		claim("bob")
	})
	c.at(4*time.Hour, func() { c.complete("work") }) // by pat, with the claim that did not come before it
	require.NoError(t, c.run())
	told := tell.told()
	require.Len(t, told, 6)
	require.Contains(t, told[3], "assignment of ann")
	require.Contains(t, told[4], "assignment of bob")
	require.Contains(t, told[5], "assignment of pat")
	require.NotEqual(t, told[3][:len("work:2.assignment:3")], told[4][:len("work:2.assignment:3")], "each assignment is another piece of work")
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

func TestADelegateThatIsNoLongerWantedIsCancelled(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><userTask id="work" name="Work" flowable:assignee="pat"><extensionElements>
			<flowable:taskListener event="create" class="Tell"/></extensionElements></userTask>
		<boundaryEvent id="late" attachedToRef="work"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
		<userTask id="chase" flowable:assignee="pat"/><endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>
		<sequenceFlow id="f3" sourceRef="late" targetRef="chase"/><sequenceFlow id="f4" sourceRef="chase" targetRef="end"/>`))
	c.serve("Tell", func(int, casework.ActivityInput) (any, error) { return nil, activity.ErrResultPending })
	cancelled := 0
	c.SetOnActivityCanceledListener(func(*activity.Info) { cancelled++ })
	c.at(time.Minute, func() {
		require.Contains(t, c.details(), "- create listener of **Work** (Tell) runs since 2100-01-04T09:00:00Z")
	})
	c.at(2*time.Hour, func() {
		require.Empty(t, c.state().Activities)
		require.Equal(t, []string{"chase"}, c.store.open())
		c.complete("chase")
	})
	require.NoError(t, c.run())
	require.Equal(t, 1, cancelled)
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

// The run stays until the delegates of delete listeners were tried; what they come to is on record.
func TestDeleteListenersOutliveTheInstance(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`<startEvent id="start"/><userTask id="work" flowable:assignee="pat"><extensionElements>
			<flowable:taskListener event="delete" class="Tell"/><flowable:taskListener event="delete" class="Miss"/></extensionElements></userTask>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/>`))
	tell := c.serve("Tell", func(int, casework.ActivityInput) (any, error) { return map[string]any{"late": true}, nil })
	miss := c.serve("Miss", func(int, casework.ActivityInput) (any, error) { return nil, errors.New("nobody is there") })
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
	require.Equal(t, []string{"work:2.delete.0 delete of pat"}, tell.told())
	require.Len(t, miss.in, 3)
	commits := c.store.commits
	require.Len(t, commits, 4)
	require.Equal(t, casework.InstanceTerminated, commits[1].End.Status)
	require.Empty(t, commits[2].Variables)
	last := commits[3]
	require.Nil(t, last.End)
	require.Len(t, last.Incidents, 2)
	require.Contains(t, last.Incidents[0].Message, "nobody is there")
	require.True(t, last.Incidents[1].Resolved)
}

// A run whose history is too long does not wait for a delegate: the next one asks again, wherever the listener stands.
func TestTheNextRunAsksTheDelegateOfAListenerAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		event string // whose delegate does not answer
		do    func(c *testCase)
		told  []string // in the next run
	}{
		"of the process": {"start", nil, []string{"start:1.process.0 start"}},
		"of a flow":      {"take", nil, []string{"start:1.take.0 takef1"}},
		"of a new task":  {"create", nil, []string{"thank:3.create.0 create of pat"}},
		"of an open task": {"assignment of bob", func(c *testCase) {
			c.send(c.store.accept(casework.Command{Kind: casework.CommandClaim, InstanceID: c.start.InstanceID, TaskID: c.store.taskOf("thank").TaskID, ActorID: "bob"}))
		}, []string{"thank:3.assignment:4.0 assignment of bob"}},
		"of a completion": {"complete", func(c *testCase) { c.complete("thank") }, []string{"thank:3.complete.0 complete of pat", "p:5.end.0 end"}},
		"of the end":      {"end of p", func(c *testCase) { c.complete("thank") }, []string{"p:5.end.0 end"}},
		"of an ended instance": {"delete", func(c *testCase) { c.send(c.order(casework.CommandTerminate, nil)) },
			[]string{"thank:3.delete.0 delete of pat"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(heard))
			silent := func(_ int, in casework.ActivityInput) (any, error) {
				does := in.Listener.Event
				if in.Listener.Assignee == "bob" || in.ElementID == "p" {
					does += " of " + in.Listener.Assignee + map[bool]string{true: "p"}[in.ElementID == "p"]
				}
				if does == tc.event {
					return nil, activity.ErrResultPending
				}
				return nil, nil
			}
			c.serve("Tell", silent)
			c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return nil, nil })
			if tc.do != nil {
				c.at(time.Minute, func() { tc.do(c) })
			}
			c.at(time.Hour, func() {
				c.SetCurrentHistoryLength(20_000)
				c.SignalWorkflow(string(casework.CommandClaim), casework.Command{}) // wakes the run up
			})
			in := c.nextInput(c.run())
			require.Len(t, in.State.Activities, 1)

			c.newRun(began.Add(2 * time.Hour))
			tell := c.serve("Tell", func(int, casework.ActivityInput) (any, error) { return nil, nil })
			c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return nil, nil })
			c.stopAt(time.Hour)
			require.NoError(t, c.runWith(in))
			require.Equal(t, tc.told, tell.told()[:len(tc.told)])
			require.True(t, c.ended(), "the instance has ended")
		})
	}
}

// ended reports whether a step has ended the instance.
func (c *testCase) ended() bool {
	for _, commit := range c.store.commits {
		if commit.End != nil {
			return true
		}
	}
	return false
}
