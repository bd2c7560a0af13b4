package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// payment waits for a message, but not for ever.
const payment = `
	<startEvent id="start"/><receiveTask id="wait" name="Wait for the money" messageRef="paid"/>
	<boundaryEvent id="late" attachedToRef="wait"><timerEventDefinition><timeDuration>PT10H</timeDuration></timerEventDefinition></boundaryEvent>
	<userTask id="ship" flowable:assignee="pat"/><userTask id="remind" flowable:assignee="pat"/><endEvent id="end"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="wait"/><sequenceFlow id="f2" sourceRef="wait" targetRef="ship"/>
	<sequenceFlow id="f3" sourceRef="late" targetRef="remind"/><sequenceFlow id="f4" sourceRef="ship" targetRef="end"/>
	<sequenceFlow id="f5" sourceRef="remind" targetRef="end"/>`

// receive is an accepted message for a subscription, not yet signalled.
func (c *testCase) receive(subscription string, variables ...string) casework.Command {
	cmd := c.order(casework.CommandMessage, func(cmd *casework.Command) {
		cmd.SubscriptionID, cmd.Name, cmd.Variables = subscription, "Paid", object(variables...)
	})
	c.store.taken = map[string]string{subscription: cmd.CommandID}
	return cmd
}

func TestAMessageIsReceivedBySubscription(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(payment))
	c.at(time.Hour, func() {
		opened := c.store.lastCommit().Events.Subscribed
		require.Len(t, opened, 1)
		require.Equal(t, casework.Subscription{SubscriptionID: opened[0].SubscriptionID, Kind: "message", Name: "Paid", ElementID: "wait"}, opened[0])
		require.Contains(t, c.details(), "- **Wait for the money** waits for the message **Paid**")
		c.send(c.receive(opened[0].SubscriptionID, "sum", "7"))
	})
	c.at(2*time.Hour, func() {
		last := c.store.lastCommit()
		require.Equal(t, []string{c.store.commits[0].Events.Subscribed[0].SubscriptionID}, last.Events.Unsubscribed)
		require.Equal(t, "sum", last.Variables[0].Name)
		require.False(t, last.Stale)
		c.send(c.receive("wait:99")) // for nobody
	})
	c.at(3*time.Hour, func() {
		require.True(t, c.store.lastCommit().Stale)
		c.complete("ship")
	})
	require.NoError(t, c.run())
}

// The database has accepted a message before the timer; the timer waits for it to come.
func TestATimerGivesWayToAMessageThatWasAcceptedFirst(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(payment))
	var sent casework.Command
	c.at(10*time.Hour-time.Second, func() { sent = c.receive(c.store.lastCommit().Events.Subscribed[0].SubscriptionID) })
	c.at(11*time.Hour, func() {
		require.Equal(t, []string{"wait"}, c.position(), "the timer is due, and waits")
		require.Empty(t, c.store.open())
		attempts := c.store.attempts
		c.at(12*time.Hour, func() {})
		require.Equal(t, attempts, c.store.attempts, "it does not ask again and again")
		c.send(sent)
	})
	c.at(12*time.Hour, func() {
		require.Equal(t, []string{"ship"}, c.store.open())
		c.complete("ship")
	})
	require.NoError(t, c.run())
}

// caller calls a process and goes on with what it says.
const caller = `
	<startEvent id="start"/><callActivity id="call" name="Check" calledElement="check"><extensionElements>
		<flowable:in source="card" target="number"/><flowable:out source="verdict" target="checked"/></extensionElements></callActivity>
	<boundaryEvent id="bad" attachedToRef="call"><errorEventDefinition errorRef="no"/></boundaryEvent>
	<userTask id="thank" flowable:assignee="pat"/><userTask id="reject" flowable:assignee="pat"/><endEvent id="end"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="call"/><sequenceFlow id="f2" sourceRef="call" targetRef="thank"/>
	<sequenceFlow id="f3" sourceRef="bad" targetRef="reject"/><sequenceFlow id="f4" sourceRef="thank" targetRef="end"/>
	<sequenceFlow id="f5" sourceRef="reject" targetRef="end"/>`

func TestACalledProcessTellsItsCallerHowItEnded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status, code, reason string
		open                 []string
	}{
		"completed":                      {"COMPLETED", "", "the end", []string{"thank"}},
		"by an error":                    {"TERMINATED", "DECLINED", "declined", []string{"reject"}},
		"terminated by a person":         {"TERMINATED", "", "opened twice", []string{"call"}},
		"terminated without a reason":    {"TERMINATED", "", "", []string{"call"}},
		"not at all: it is not deployed": {casework.ChildFailed, "", "there is no active process", []string{"call"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, withErrors(caller))
			c.start.Variables = object("card", "4711")
			c.at(time.Hour, func() {
				child := c.store.lastCommit().Events.Children[0]
				require.Equal(t, "check", child.ProcessKey)
				require.JSONEq(t, `"4711"`, string(child.Variables["number"]))
				require.Equal(t, workflows.ChildID(c.start.InstanceID, child.ElementInstanceID, 1), child.InstanceID)
				require.Contains(t, c.details(), "- called process **check** of Check runs as `"+child.InstanceID+"`")
				c.send(c.order(casework.CommandChildEnded, func(cmd *casework.Command) {
					cmd.ChildID, cmd.Status, cmd.Code, cmd.Reason = child.InstanceID, tc.status, tc.code, tc.reason
					cmd.Variables = object("verdict", "good")
				}))
			})
			c.at(2*time.Hour, func() {
				require.Equal(t, tc.open, c.position())
				require.Empty(t, c.state().Children)
				if tc.open[0] != "call" {
					return
				}
				raised := c.store.lastCommit().Incidents[0]
				require.Contains(t, raised.Message, tc.reason)
				c.send(c.order(casework.CommandRetryIncident, func(cmd *casework.Command) { cmd.IncidentID = raised.IncidentID }))
			})
			c.at(3*time.Hour, func() {
				if tc.open[0] == "thank" {
					require.JSONEq(t, `"good"`, string(c.state().Engine.Variables["checked"]))
				}
				if tc.open[0] != "call" {
					return
				}
				again := c.store.lastCommit().Events.Children
				require.Len(t, again, 1)
				require.NotEqual(t, c.store.commits[0].Events.Children[0].InstanceID, again[0].InstanceID, "a retry calls anew")
			})
			c.stopAt(4 * time.Hour)
			require.NoError(t, c.run())
			if tc.open[0] == "call" {
				require.Len(t, c.store.lastCommit().Events.CancelChildren, 1)
			}
		})
	}
}

func TestTheEndOfAChildThatNobodyWaitsForChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(caller))
	c.at(time.Hour, func() {
		c.send(c.order(casework.CommandChildEnded, func(cmd *casework.Command) { cmd.ChildID, cmd.Status = "another", "COMPLETED" }))
	})
	c.at(2*time.Hour, func() {
		require.True(t, c.store.lastCommit().Stale)
		require.Len(t, c.state().Children, 1)
	})
	c.stopAt(3 * time.Hour)
	require.NoError(t, c.run())
}

func TestVariablesComeFromOutside(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(payment))
	c.at(time.Hour, func() {
		c.send(c.order(casework.CommandSetVariables, func(cmd *casework.Command) { cmd.Variables = object("note", "urgent") }))
	})
	c.at(2*time.Hour, func() { require.JSONEq(t, `"urgent"`, string(c.state().Engine.Variables["note"])) })
	c.stopAt(3 * time.Hour)
	require.NoError(t, c.run())
}
