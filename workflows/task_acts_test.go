package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// assigned has a task whose assignment listener counts, and says who holds it.
const assigned = `
	<startEvent id="start"/><userTask id="work" name="Work" flowable:candidateGroups="G"><extensionElements>
		<flowable:taskListener event="assignment" expression="${execution.setVariable('holder', task.assignee)}"/>
		<flowable:taskListener event="assignment" expression="${execution.setVariable('n', n + 1)}"/></extensionElements></userTask><endEvent id="end"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>`

// about is an accepted act on the task of an element, after which the task is as change makes it.
func (c *testCase) about(kind casework.CommandKind, element string, change func(p *casework.TaskPlaced)) casework.Command {
	t := c.store.taskOf(element)
	placed := c.store.placed(t)
	change(&placed)
	t.assignee, t.due, t.level = placed.Assignee, placed.DueDate, placed.Level
	return c.order(kind, func(cmd *casework.Command) {
		cmd.TaskID, cmd.Assignee, cmd.Placed = t.TaskID, placed.Assignee, []casework.TaskPlaced{placed}
	})
}

func heldBy(who string) func(p *casework.TaskPlaced) {
	return func(p *casework.TaskPlaced) { p.Assignee, p.Status = who, casework.TaskClaimed }
}

// variable is the value of a process variable of the case as it is now.
func (c *testCase) variable(name string) string { return string(c.state().Engine.Variables[name]) }

func TestTheModelHearsOfEveryNewHolder(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(assigned))
	c.start.Variables = []byte(`{"n": 0}`)
	for i, act := range []struct {
		kind   casework.CommandKind
		holder string
		n      string
	}{
		{casework.CommandReassign, "kim", "1"}, {casework.CommandDelegate, "lee", "2"}, {casework.CommandResolve, "kim", "3"},
		{casework.CommandUpdateTask, "kim", "3"}, // the same holder: nobody is told anew
		{casework.CommandUpdateTask, "", "3"},    // moved to another queue: nobody holds it
		{casework.CommandEscalate, "", "3"},
	} {
		c.at(time.Duration(i+1)*time.Hour, func() { c.send(c.about(act.kind, "work", heldBy(act.holder))) })
		c.at(time.Duration(i+1)*time.Hour+time.Minute, func() {
			require.Empty(t, c.store.commands, act.kind)
			require.Equal(t, act.n, c.variable("n"), act.kind)
			require.Equal(t, act.holder, c.state().Tasks[0].Assignee)
			require.Equal(t, act.holder, c.state().Engine.Tokens[0].Assignee)
		})
	}
	c.at(8*time.Hour, func() { require.Equal(t, `"kim"`, c.variable("holder")) })
	c.stopAt(9 * time.Hour)
	require.NoError(t, c.run())
}

func TestARunShowsWhatActsMadeOfItsTasks(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(deadline))
	c.store.sla, c.store.levels = 4*time.Hour, []time.Duration{0, 4 * time.Hour}
	later := began.Add(7 * time.Hour)
	c.at(time.Hour, func() {
		c.send(c.about(casework.CommandDelegate, "work", heldBy("lee")))
		c.send(c.about(casework.CommandUpdateTask, "work", func(p *casework.TaskPlaced) {
			p.QueueName, p.DueDate, p.EscalateAt = "other-queue", &later, &later
		}))
	})
	c.at(2*time.Hour, func() {
		require.Contains(t, c.details(), "- task **Work** in other-queue, held by lee, due 2100-01-04T16:00:00Z\n")
		require.Equal(t, later, c.seen.attribute("NextDue"))
	})
	c.at(6*time.Hour, func() { require.Zero(t, c.state().Tasks[0].Level, "it is not due at its first time any more") })
	c.at(8*time.Hour, func() { require.Equal(t, 1, c.state().Tasks[0].Level) })
	c.at(9*time.Hour, func() {
		c.send(c.about(casework.CommandEscalate, "work", func(p *casework.TaskPlaced) { p.Level, p.EscalateAt = 2, nil }))
	})
	c.at(9*time.Hour+time.Minute, func() {
		require.Contains(t, c.details(), "raised to level 2")
		c.complete("work")
	})
	require.NoError(t, c.run())
}

func TestAnActThatComesLateDoesNotUndoALaterOne(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(assigned))
	c.start.Variables = []byte(`{"n": 0}`)
	var claim, first, second casework.Command
	c.at(time.Hour, func() {
		claim = c.order(casework.CommandClaim, func(cmd *casework.Command) { cmd.TaskID = c.store.taskOf("work").TaskID })
		first = c.about(casework.CommandDelegate, "work", heldBy("lee"))
		second = c.about(casework.CommandReassign, "work", heldBy("kim"))
		c.send(second)
	})
	c.at(2*time.Hour, func() { c.send(first); c.send(claim) })
	c.at(3*time.Hour, func() {
		require.Empty(t, c.store.commands, "they are settled all the same")
		require.Equal(t, "kim", c.state().Tasks[0].Assignee)
		require.Equal(t, "1", c.variable("n"))
		c.complete("work")
	})
	require.NoError(t, c.run())
	for _, commit := range c.store.commits[2:4] {
		require.True(t, commit.Stale)
	}
}

func TestAnActOnATaskThatIsGoneIsAppliedWithoutEffect(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		late := c.about(casework.CommandReassign, "first", heldBy("kim"))
		c.complete("first")
		c.at(time.Minute, func() { c.send(late) })
	})
	c.at(2*time.Hour, func() {
		require.True(t, c.store.lastCommit().Stale)
		require.Empty(t, c.store.commands)
		c.complete("second")
	})
	require.NoError(t, c.run())
}
