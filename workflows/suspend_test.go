package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

func (c *testCase) suspend() { c.send(c.order(casework.CommandSuspend, nil)) }

func (c *testCase) resume(placed ...casework.TaskPlaced) {
	c.send(c.order(casework.CommandResume, func(cmd *casework.Command) { cmd.Placed = placed }))
}

func TestNoTimerFiresWhileACaseIsSuspended(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(deadline))
	c.store.sla, c.store.levels = 4*time.Hour, []time.Duration{0, 20 * time.Hour}
	c.at(time.Hour, c.suspend)
	c.at(2*time.Hour, func() {
		require.Equal(t, "SUSPENDED", c.seen.attribute(workflows.AttrCaseStatus))
		require.Nil(t, c.seen.attribute(workflows.AttrNextDue))
		require.Contains(t, c.details(), ", SUSPENDED\n")
		require.Zero(t, c.seen.pending, "nothing wakes it")
	})
	later := began.Add(34 * time.Hour)
	c.at(30*time.Hour, func() {
		require.Equal(t, []string{"work"}, c.store.open(), "the boundary timer has not fired")
		require.Zero(t, c.state().Tasks[0].Level)
		placed := c.store.placed(c.store.taskOf("work"))
		placed.DueDate, placed.EscalateAt = &later, &later
		c.resume(placed)
	})
	c.at(30*time.Hour+time.Minute, func() {
		require.Equal(t, []string{"chase"}, c.store.open(), "what became due meanwhile fires when it is resumed")
		require.Equal(t, "ACTIVE", c.seen.attribute(workflows.AttrCaseStatus))
		c.complete("chase")
	})
	require.NoError(t, c.run())
}

func TestTheClocksOfAResumedCaseAreAsPostgresSays(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.store.sla, c.store.levels = 4*time.Hour, []time.Duration{0}
	c.at(time.Hour, c.suspend)
	later := began.Add(13 * time.Hour)
	c.at(10*time.Hour, func() {
		placed := c.store.placed(c.store.taskOf("first"))
		placed.DueDate, placed.EscalateAt = &later, &later
		c.resume(placed)
	})
	c.at(12*time.Hour, func() { require.Zero(t, c.state().Tasks[0].Level) })
	c.at(14*time.Hour, func() { require.Equal(t, 1, c.state().Tasks[0].Level) })
	c.stopAt(15 * time.Hour)
	require.NoError(t, c.run())
}

func TestWhatMovesACaseWaitsUntilItIsResumed(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(payment))
	var message casework.Command
	c.at(time.Hour, func() {
		subscription := c.store.lastCommit().Events.Subscribed[0].SubscriptionID
		c.suspend()
		message = c.receive(subscription)
		c.send(message)
	})
	c.at(20*time.Hour, func() {
		require.Contains(t, c.store.commands, message.CommandID, "accepted, and not lost")
		require.Len(t, c.state().Inbox, 1)
		c.resume()
	})
	c.at(21*time.Hour, func() {
		require.Equal(t, []string{"ship"}, c.store.open(), "it came before the timer")
		c.complete("ship")
	})
	require.NoError(t, c.run())
}

// A completion is accepted at the moment of the suspension: the case goes on with it when it is resumed. People's other
// acts do not wait: they do not move the case.
func TestACompletionWaitsAndOtherActsDoNot(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	var done casework.Command
	c.at(time.Hour, func() {
		reassigned := c.about(casework.CommandReassign, "first", heldBy("kim"))
		c.suspend()
		done = c.completion("first")
		c.send(done)
		c.send(reassigned)
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, "kim", c.state().Tasks[0].Assignee)
		require.Contains(t, c.store.commands, done.CommandID)
		c.resume()
	})
	c.at(3*time.Hour, func() {
		require.Equal(t, []string{"second"}, c.store.open())
		c.complete("second")
	})
	require.NoError(t, c.run())
}

func TestTheAnswerOfAServiceWaitsUntilTheCaseIsResumed(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	c.start.Variables = object("card", "4711")
	service := c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) {
		c.suspend() // while it is at work
		return map[string]any{"receipt": "R-1"}, nil
	})
	c.at(time.Hour, func() {
		require.Len(t, service.in, 1)
		require.Empty(t, c.store.open())
		c.resume()
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, []string{"thank"}, c.store.open())
		c.complete("thank")
	})
	require.NoError(t, c.run())
}

func TestASuspendedCaseCanBeEnded(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, c.suspend)
	c.at(2*time.Hour, func() {
		c.send(c.order(casework.CommandTerminate, func(cmd *casework.Command) { cmd.Reason = "enough" }))
	})
	require.NoError(t, c.run())
	require.Equal(t, casework.InstanceTerminated, c.store.lastCommit().End.Status)
}

func TestASuspendedCaseContinuesAsNewWithWhatWaits(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	var done casework.Command
	c.at(time.Hour, func() {
		c.suspend()
		done = c.completion("first")
		c.send(done)
	})
	c.at(2*time.Hour, func() {
		c.SetContinueAsNewSuggested(true)
		c.send(c.order(casework.CommandSuspend, nil)) // again; anything that wakes the run
	})
	in := c.nextInput(c.run())
	require.True(t, in.State.Suspended)
	require.Len(t, in.State.Inbox, 1)

	c.newRun(began.Add(3 * time.Hour))
	c.at(time.Minute, func() {
		require.Equal(t, []string{}, c.store.open())
		require.Contains(t, c.store.commands, done.CommandID)
		c.resume()
	})
	c.at(time.Hour, func() { c.complete("second") })
	require.NoError(t, c.runWith(in))
}
