package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func at(after time.Duration) *time.Time {
	t := began.Add(after)
	return &t
}

// changed is an accepted change of a task that says how the task is from then on.
func (c *testCase) changed(element string, change func(*casework.TaskPlaced)) casework.Command {
	row := c.store.taskOf(element)
	placed := c.store.placed(row)
	change(&placed)
	return c.store.accept(casework.Command{
		Kind: casework.CommandUpdateTask, InstanceID: c.start.InstanceID, TaskID: row.TaskID, ActorID: "pat", Placed: []casework.TaskPlaced{placed},
	})
}

// A due date that is changed sets the timer anew: earlier at once, later when the timer that was set has fired in vain.
func TestAChangedDeadlineSetsTheTimerAnew(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.store.sla, c.store.levels = 10*time.Hour, []time.Duration{0}
	c.at(time.Hour, func() {
		c.store.taskOf("first").due = at(5 * time.Hour)
		c.send(c.changed("first", func(*casework.TaskPlaced) {}))
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, *at(5 * time.Hour), *c.state().Tasks[0].EscalateAt)
		require.Equal(t, *at(5 * time.Hour), c.seen.timers[1].at)
	})
	c.at(3*time.Hour, func() {
		c.store.taskOf("first").due = at(20 * time.Hour)
		c.send(c.changed("first", func(*casework.TaskPlaced) {}))
	})
	c.at(6*time.Hour, func() {
		require.Zero(t, c.store.taskOf("first").level)
		require.Len(t, c.store.commits, 3, "the timer fired in vain")
	})
	c.at(20*time.Hour+time.Second, func() { require.Equal(t, 1, c.store.taskOf("first").level) })
	c.stopAt(21 * time.Hour)
	require.NoError(t, c.run())
	require.Equal(t, 1, c.seen.most)
}

func TestAPausedTaskWaitsWithoutATimer(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.store.sla, c.store.levels = 10*time.Hour, []time.Duration{0}
	c.at(time.Hour, func() {
		c.send(c.changed("first", func(p *casework.TaskPlaced) { p.EscalateAt, p.PausedAt = nil, at(time.Hour) }))
	})
	c.at(2*time.Hour, func() {
		require.Contains(t, c.details(), "paused since 2100-01-04T10:00:00Z")
		require.Zero(t, c.seen.pending, "nothing is due")
	})
	c.at(40*time.Hour, func() {
		require.Zero(t, c.store.taskOf("first").level)
		c.store.taskOf("first").due = at(49 * time.Hour)
		c.send(c.changed("first", func(*casework.TaskPlaced) {}))
	})
	c.at(49*time.Hour+time.Second, func() { require.Equal(t, 1, c.store.taskOf("first").level) })
	c.stopAt(50 * time.Hour)
	require.NoError(t, c.run())
}

// The clock to claim ends with the claim: the answer of its step says so.
func TestAClaimTakesTheClockToClaimAway(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.store.change = func(s casework.StepCommit, r casework.StepResult) casework.StepResult {
		for i := range r.Tasks {
			r.Tasks[i].ClaimDue, r.Tasks[i].EscalateAt = at(2*time.Hour), at(2*time.Hour)
		}
		if s.CommandKind == casework.CommandClaim {
			r.Escalated = []casework.TaskPlaced{c.store.placed(c.store.tasks[0])}
		}
		return r
	}
	c.at(30*time.Minute, func() { require.Contains(t, c.details(), "to be claimed by 2100-01-04T11:00:00Z") })
	c.at(time.Hour, func() {
		task := c.store.taskOf("first")
		c.send(c.store.accept(casework.Command{Kind: casework.CommandClaim, InstanceID: c.start.InstanceID, TaskID: task.TaskID, ActorID: "pat"}))
	})
	c.at(3*time.Hour, func() {
		require.Len(t, c.store.commits, 2, "no level was asked for")
		require.Equal(t, "pat", c.state().Tasks[0].Assignee)
	})
	c.stopAt(4 * time.Hour)
	require.NoError(t, c.run())
}

func TestTheDeadlineOfAProcessIsADurableTimer(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	levels := []time.Duration{-time.Hour, 0}
	clock := func(level int, due time.Duration) *casework.SLAClock {
		s := &casework.SLAClock{DueDate: *at(due), Level: level}
		if level < len(levels) {
			s.EscalateAt = at(due + levels[level])
		}
		return s
	}
	level, due := 0, 10*time.Hour
	var asked []time.Time
	c.store.change = func(s casework.StepCommit, r casework.StepResult) casework.StepResult {
		for _, e := range s.Escalations {
			if e.TaskID == "" {
				require.Equal(t, level+1, e.Level)
				asked = append(asked, s.At)
				level++
			}
		}
		r.SLA = clock(level, due)
		r.Escalated = nil
		return r
	}
	c.at(time.Hour, func() { require.Contains(t, c.details(), "the process is due 2100-01-04T19:00:00Z, raised to level 0") })
	c.at(9*time.Hour+time.Second, func() {
		require.Equal(t, []time.Time{*at(9 * time.Hour)}, asked)
		require.Equal(t, 1, c.state().SLA.Level)
		due = 8 * 24 * time.Hour // the calendar has changed
		c.send(c.order(casework.CommandUpdateTask, nil))
	})
	c.at(100*time.Hour, func() { require.Len(t, asked, 1) })
	c.at(8*day+time.Second, func() {
		require.Equal(t, []time.Time{*at(9 * time.Hour), *at(8 * day)}, asked)
		require.Nil(t, c.state().SLA.EscalateAt)
	})
	c.stopAt(9 * day)
	require.NoError(t, c.run())
	require.Equal(t, "deadline of the process at 2100-01-04T18:00:00Z", c.seen.timers[0].summary)
	require.Equal(t, 1, c.seen.most)
}

func TestALateTaskThrowsAnEscalationIntoItsCase(t *testing.T) {
	t.Parallel()
	source := []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn" targetNamespace="test">
		<escalation id="x" escalationCode="LATE"/><process id="p" isExecutable="true"><startEvent id="s"/><userTask id="work" flowable:candidateGroups="G"/>
		<boundaryEvent id="late" attachedToRef="work" cancelActivity="false"><escalationEventDefinition escalationRef="x"/></boundaryEvent>
		<userTask id="help" flowable:candidateGroups="G"/><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="work"/>
		<sequenceFlow id="f2" sourceRef="work" targetRef="e"/><sequenceFlow id="f3" sourceRef="late" targetRef="help"/></process></definitions>`)
	c := newCase(t, source)
	throw := func(task string) {
		c.send(c.store.accept(casework.Command{Kind: casework.CommandEscalation, InstanceID: c.start.InstanceID, TaskID: task, ActorID: "SYSTEM", Code: "LATE"}))
	}
	var work string
	c.at(time.Hour, func() {
		work = c.store.taskOf("work").TaskID
		throw(work)
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, []string{"work", "help"}, c.store.open())
		c.complete("work")
	})
	c.at(3*time.Hour, func() { throw(work) }) // it is done meanwhile
	c.at(4*time.Hour, func() {
		require.Equal(t, []string{"help"}, c.store.open())
		require.True(t, c.store.lastCommit().Stale)
		c.complete("help")
	})
	require.NoError(t, c.run())
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}
