package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// twoTasks is one task after the other.
const twoTasks = `
	<startEvent id="start"/><userTask id="first" name="First task" flowable:candidateGroups="G"/>
	<userTask id="second" name="Second task" flowable:candidateGroups="G"/><endEvent id="end"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="first"/><sequenceFlow id="f2" sourceRef="first" targetRef="second"/>
	<sequenceFlow id="f3" sourceRef="second" targetRef="end"/>`

func TestATaskWaitsForItsCompletion(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		require.Equal(t, []string{"first"}, c.store.open())
		require.Len(t, c.store.commits, 1)
		c.complete("first", "answer", "yes")
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, []string{"second"}, c.store.open())
		require.Len(t, c.store.commits, 2)
		c.complete("second")
	})
	require.NoError(t, c.run())
	require.Empty(t, c.store.open())
	require.Len(t, c.store.commits, 3)
	for i, commit := range c.store.commits {
		require.Equal(t, int64(i+1), commit.Step)
		require.Equal(t, began.Add(time.Duration(i)*time.Hour), commit.At, "the time of a step is the workflow's")
		require.Equal(t, "pat", commit.Actor)
	}
	second := c.store.commits[1]
	require.Equal(t, []casework.VariableChange{{Name: "answer", Value: []byte(`"yes"`)}}, second.Variables)
	require.Equal(t, workflows.TaskID(c.start.InstanceID, second.NewTasks[0].ElementInstanceID), second.NewTasks[0].TaskID)
	require.Equal(t, &casework.InstanceEnd{Status: casework.InstanceCompleted, EndEventID: "end"}, c.store.commits[2].End)
	require.Empty(t, c.seen.timers, "nothing is due, so no timer is set")
}

func TestASecondSignalOfACommandChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	var done casework.Command
	c.at(time.Hour, func() {
		done = c.completion("first")
		c.send(done)
		c.send(done) // in the same workflow task
	})
	c.at(2*time.Hour, func() {
		c.send(done) // long applied
	})
	c.at(3*time.Hour, func() {
		require.Equal(t, []string{"second"}, c.store.open())
		require.Equal(t, []string{done.CommandID}, c.state().Applied)
		c.complete("second")
	})
	require.NoError(t, c.run())
	require.Len(t, c.store.commits, 3)
	require.Equal(t, 3, c.store.attempts, "a known command does not even reach the database")
}

func TestACommandThatPostgresDoesNotKnowChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		c.send(casework.Command{
			CommandID: "0c5a5c7c-0000-4c11-8f53-a3f5a4de9ad3", Seq: 1, Kind: casework.CommandTerminate, InstanceID: c.start.InstanceID, ActorID: "mallory",
		})
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, 1, c.store.refused)
		s := c.state()
		require.Equal(t, int64(1), s.Step)
		require.Len(t, s.Tasks, 1)
		require.Equal(t, "first", s.Tasks[0].Element)
	})
	c.stopAt(3 * time.Hour)
	require.NoError(t, c.run())
}

func TestACompletionOfATaskThatIsNotOpenIsAppliedWithoutEffect(t *testing.T) {
	t.Parallel()
	for name, taskID := range map[string]string{
		"a task that never was":   "1dc5f8f7-33c2-4f4b-9f10-0e6f3f4b8a55",
		"a task that is finished": workflows.TaskID("a3f5a4de-9ad3-4c11-8f53-0c5a5c7cbb01", "first:2"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(twoTasks))
			c.at(time.Hour, func() { c.complete("first") })
			c.at(2*time.Hour, func() {
				require.Equal(t, workflows.TaskID(c.start.InstanceID, "first:2"), c.store.taskOf("first").TaskID)
				c.send(c.order(casework.CommandComplete, func(cmd *casework.Command) { cmd.TaskID = taskID }))
			})
			c.at(3*time.Hour, func() {
				require.Equal(t, []string{"second"}, c.store.open())
				last := c.store.lastCommit()
				require.Equal(t, int64(3), last.Step)
				require.Empty(t, last.Activities)
				require.Equal(t, []string{"second"}, last.Open)
				require.Empty(t, c.store.commands, "the command is settled")
				c.complete("second")
			})
			require.NoError(t, c.run())
		})
	}
}

func TestCommandsAreAppliedInTheOrderOfTheirAcceptance(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		task := c.store.taskOf("first").TaskID
		claim := c.order(casework.CommandClaim, func(cmd *casework.Command) { cmd.TaskID = task })
		release := c.order(casework.CommandUnclaim, func(cmd *casework.Command) { cmd.TaskID = task })
		again := c.order(casework.CommandClaim, func(cmd *casework.Command) { cmd.TaskID, cmd.ActorID = task, "kim" })
		for _, cmd := range []casework.Command{again, release, claim} {
			c.SignalWorkflowSkippingWorkflowTask(string(cmd.Kind), cmd)
		}
		c.send(claim)
	})
	c.at(2*time.Hour, func() {
		require.Len(t, c.store.applied, 3)
		require.Equal(t, c.store.applied, c.state().Applied)
		require.Equal(t, "kim", c.state().Tasks[0].Assignee)
		require.Equal(t, "kim", c.state().Engine.Tokens[0].Assignee)
	})
	c.stopAt(3 * time.Hour)
	require.NoError(t, c.run())
	var actors []string
	for _, commit := range c.store.commits {
		actors = append(actors, commit.Actor)
	}
	require.Equal(t, []string{"pat", "pat", "pat", "kim", ""}, actors)
}

func TestAClaimThatComesAfterTheReleaseDoesNotHoldTheTask(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	var claim casework.Command
	c.at(time.Hour, func() {
		about := func(cmd *casework.Command) { cmd.TaskID = c.store.taskOf("first").TaskID }
		claim = c.order(casework.CommandClaim, about)
		c.send(c.order(casework.CommandUnclaim, about))
		c.send(casework.Command{CommandID: "forged", Seq: 99, Kind: casework.CommandClaim, InstanceID: c.start.InstanceID, TaskID: claim.TaskID, ActorID: "mallory"})
	})
	c.at(2*time.Hour, func() { c.send(claim) }) // its first signal was lost
	c.at(3*time.Hour, func() {
		require.Empty(t, c.state().Tasks[0].Assignee)
		require.Empty(t, c.state().Engine.Tokens[0].Assignee)
		require.Empty(t, c.store.commands, "it is settled all the same")
		c.send(c.order(casework.CommandClaim, func(cmd *casework.Command) { cmd.TaskID, cmd.ActorID = claim.TaskID, "kim" }))
	})
	c.at(4*time.Hour, func() {
		require.Equal(t, "kim", c.state().Tasks[0].Assignee)
		c.complete("first")
	})
	c.at(5*time.Hour, func() { c.complete("second") })
	require.NoError(t, c.run())
}

func TestASignalThatCannotBeReadIsDropped(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		c.SignalWorkflow(string(casework.CommandComplete), "no command")
		c.SignalWorkflow(string(casework.CommandTerminate), casework.Command{})
		c.SignalWorkflow("unknown", casework.Command{CommandID: "x"})
		c.complete("first")
	})
	c.at(2*time.Hour, func() { c.complete("second") })
	require.NoError(t, c.run())
	require.Equal(t, 3, c.store.attempts)
}

func TestTheOutcomeOfATaskIsAVariable(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		variables []string
		want      string
	}{
		"named after the element":         {nil, `"APPROVED"`},
		"unless the person sent that one": {[]string{"first_outcome", "mine"}, `"mine"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(twoTasks))
			c.at(time.Hour, func() {
				done := c.completion("first", tc.variables...)
				done.Outcome = "APPROVED"
				c.send(done)
			})
			c.at(2*time.Hour, func() { require.JSONEq(t, tc.want, string(c.state().Engine.Variables["first_outcome"])) })
			c.stopAt(3 * time.Hour)
			require.NoError(t, c.run())
		})
	}
}

func TestATerminatedCaseCancelsItsTasks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stop   func(c *testCase)
		actor  string
		reason string
	}{
		"by a command": {func(c *testCase) {
			c.send(c.order(casework.CommandTerminate, func(cmd *casework.Command) { cmd.Reason = "opened twice" }))
		}, "pat", "opened twice"},
		"by a cancel request in Temporal": {func(c *testCase) { c.CancelWorkflow() }, "", "cancelled in Temporal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(twoTasks))
			c.at(time.Hour, func() { tc.stop(c) })
			require.NoError(t, c.run(), "a cancelled case ends as any other")
			last := c.store.lastCommit()
			require.Equal(t, tc.actor, last.Actor)
			require.Len(t, last.CancelTasks, 1)
			require.Equal(t, &casework.InstanceEnd{Status: casework.InstanceTerminated, Reason: tc.reason}, last.End)
		})
	}
}
