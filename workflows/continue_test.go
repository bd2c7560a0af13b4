package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// signalLimit is the number of signals after which a run continues as new.
const signalLimit = 5000

func TestARunContinuesAsNewWithAllOfItsState(t *testing.T) {
	t.Parallel()
	for name, suggest := range map[string]func(c *testCase){
		"when the server suggests it": func(c *testCase) {
			c.at(6*time.Hour-time.Second, func() { c.SetContinueAsNewSuggested(true) })
		},
		"after many signals": func(c *testCase) {
			const batch = 500                                  // the test environment queues up to a thousand
			for sent := 2; sent < signalLimit; sent += batch { // two real ones complete the number
				c.at(6*time.Hour-time.Duration(signalLimit-sent)*time.Second, func() {
					for range min(batch, signalLimit-sent) {
						c.SignalWorkflowSkippingWorkflowTask(string(casework.CommandClaim), casework.Command{})
					}
				})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(deadline))
			c.store.sla, c.store.levels = 4*time.Hour, []time.Duration{0, 10 * time.Hour}
			var claim, release casework.Command
			var before workflows.RunState
			c.at(5*time.Hour, func() {
				claim = c.order(casework.CommandClaim, func(cmd *casework.Command) { cmd.TaskID = c.store.taskOf("work").TaskID })
				c.send(claim)
			})
			c.at(6*time.Hour, func() {
				before = c.state()
				release = c.order(casework.CommandUnclaim, func(cmd *casework.Command) { cmd.TaskID = c.store.taskOf("work").TaskID })
				c.send(release)
			})
			suggest(c)
			in := c.nextInput(c.run())
			require.Equal(t, c.start, in.Start)
			require.NotNil(t, in.State)
			require.Equal(t, int64(4), in.State.Step)
			require.Equal(t, []string{claim.CommandID, release.CommandID}, in.State.Applied)
			require.Equal(t, before.Engine.Timers, in.State.Engine.Timers, "times are absolute")
			require.Equal(t, before.Tasks[0].Due, in.State.Tasks[0].Due)
			require.Equal(t, 1, in.State.Tasks[0].Level)
			require.Empty(t, in.State.Tasks[0].Assignee)

			c.newRun(began.Add(7 * time.Hour))
			c.at(time.Minute, func() {
				c.send(claim) // the server forgets request ids with the run
				require.Equal(t, began.Add(10*time.Hour), c.seen.timers[0].at)
				require.Len(t, c.seen.timers, 1)
			})
			c.at(3*time.Hour+time.Minute, func() {
				require.Equal(t, []string{"chase"}, c.store.open(), "the timer of the first run fires in the second")
				c.complete("chase")
			})
			require.NoError(t, c.runWith(in))
			require.Len(t, c.store.commits, 6, "steps count on, and nothing is done twice")
			require.Equal(t, "chased", c.store.lastCommit().End.EndEventID)
		})
	}
}

func TestNoSignalIsLostWhenARunContinuesAsNew(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	var late casework.Command
	c.at(time.Hour, func() {
		c.SetContinueAsNewSuggested(true)
		// The second completion comes while the first one is being written: after the signals were read, before the run ends.
		c.store.fail = func(int, casework.StepCommit) error {
			c.store.fail = nil
			late = casework.Command{CommandID: "late", Seq: 99, Kind: casework.CommandTerminate, InstanceID: c.start.InstanceID, ActorID: "pat"}
			c.store.commands[late.CommandID] = late
			c.SignalWorkflow(string(late.Kind), late)
			return nil
		}
		c.complete("first")
	})
	err := c.run()
	for at := began.Add(2 * time.Hour); err != nil; at = at.Add(time.Hour) { // as often as it wants to
		in := c.nextInput(err)
		c.newRun(at)
		err = c.runWith(in)
	}
	require.Equal(t, casework.InstanceTerminated, c.store.lastCommit().End.Status)
	require.Empty(t, c.store.commands)
}

func TestARunBeginsWithTheCommandsThatTheLastOneHandsOver(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		c.SetContinueAsNewSuggested(true)
		c.SignalWorkflow(string(casework.CommandClaim), casework.Command{}) // wakes the run up
	})
	in := c.nextInput(c.run())
	require.Empty(t, in.State.Inbox)
	in.State.Inbox = []casework.Command{c.completion("first")}

	c.newRun(began.Add(2 * time.Hour))
	c.at(0, func() { c.send(in.State.Inbox[0]) }) // and it comes once more as a signal
	c.at(time.Minute, func() {
		require.Equal(t, []string{"second"}, c.store.open())
		require.Len(t, c.store.commits, 2)
		c.complete("second")
	})
	require.NoError(t, c.runWith(in))
	require.Len(t, c.store.commits, 3)
}

func TestARunThatWaitsForACompletionDoesNotContinueAsNew(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	var done casework.Command
	c.at(time.Hour, func() {
		c.SetContinueAsNewSuggested(true)
		done = c.completion("first")
		c.send(c.order(casework.CommandTerminate, nil))
	})
	c.at(2*time.Hour, func() { c.send(done) })
	require.NoError(t, c.run(), "it ends in the run it is in")
	require.Equal(t, casework.InstanceTerminated, c.store.lastCommit().End.Status)
}

func TestNoSearchAttributeIsLeftStaleByContinueAsNew(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(deadline))
	c.at(11*time.Hour, func() { // the timer has fired: nothing is due any more
		c.SetContinueAsNewSuggested(true)
		c.SignalWorkflow(string(casework.CommandClaim), casework.Command{})
	})
	c.at(9*time.Hour, func() {
		require.NotNil(t, c.seen.attribute(workflows.AttrNextDue))
		c.SetContinueAsNewSuggested(true) // the burst at 10h is the last of this run
	})
	in := c.nextInput(c.run())
	require.Empty(t, in.State.Engine.Timers)
	require.Nil(t, c.seen.attribute(workflows.AttrNextDue), "the next run does not know that it was set")
	require.Equal(t, []string{"chase"}, c.seen.attribute(workflows.AttrOpenElements))
}
