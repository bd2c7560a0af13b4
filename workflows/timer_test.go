package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// answer completes a task with what its gateway asks for.
type answer struct{ element, variable, value string }

// follow completes tasks one minute after the other and returns how long that took.
func (c *testCase) follow(answers []answer) time.Duration {
	var after time.Duration
	for _, a := range answers {
		after += time.Minute
		c.at(after, func() {
			if a.variable == "" {
				c.complete(a.element)
				return
			}
			c.complete(a.element, a.variable, a.value)
		})
	}
	return after
}

func TestTheThirtyDayTimerOpensAReviewBesideTheInvestigation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		source       func(t *testing.T) []byte
		start        string
		roles        []string
		variables    []string
		answers      []answer
		host, review string
		boundary     string
		atEnd        []answer
		wantEnd      string
	}{
		"in our own model": {
			source: func(t *testing.T) []byte { return ownModel(t, "onecms-unified-case.bpmn") },
			start:  "caseInitiated", roles: []string{"GROUP_CSIS_INTAKE_MANAGER"},
			answers: []answer{
				{"managerOpensCase", "managerOpeningDecision", "FAST_TRACK"}, {"prepareAssignment", "assignmentDecision", "ASSIGN"},
				{"acceptAssignment", "acceptanceDecision", "ACCEPT"}, {"createPlan", "", ""},
			},
			host: "conductInvestigation", review: "progressReview", boundary: "investigationOverdue",
			atEnd: []answer{{"progressReview", "", ""}, {"conductInvestigation", "", ""}}, wantEnd: "investigationClosed",
		},
		"in the published model": {
			source: func(t *testing.T) []byte { return sharedModel(t, "OneCMS_Nextgen_WF_Enhanced_v1.bpmn20.xml") },
			start:  "start_csis_case", variables: []string{"initiatorRole", "CSIS_MANAGER"},
			answers: []answer{
				{"task_csis_manager_create", "", ""}, {"task_csis_manager_enter_info", "csisMgrAction", "FAST_TRACK"},
				{"task_inv_manager_review", "invMgrAction", "ASSIGN"}, {"task_investigator_assignment_review", "investigatorAction", "ACCEPT"},
				{"task_investigator_create_plan", "", ""},
			},
			host: "task_conduct_investigation", review: "task_escalation_review", boundary: "timer_escalation",
			atEnd: []answer{
				{"task_conduct_investigation", "investigationAction", "FINALIZE"}, {"task_finalize_investigation", "", ""},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, tc.source(t))
			c.start.StartEventID, c.start.InitiatorRoles, c.start.Variables = tc.start, tc.roles, object(tc.variables...)
			armed := c.follow(tc.answers)
			c.at(armed+30*day-time.Second, func() {
				require.Equal(t, []string{tc.host}, c.store.open(), "a second before")
				require.Equal(t, tc.boundary, c.state().Engine.Timers[0].Node)
			})
			c.at(armed+30*day+time.Second, func() {
				require.Equal(t, []string{tc.host, tc.review}, c.store.open(), "the host task stays open")
				require.Equal(t, began.Add(armed+30*day), c.store.lastCommit().At)
				require.Empty(t, c.store.lastCommit().CancelTasks)
				require.Empty(t, c.state().Engine.Timers, "it fires once")
			})
			for i, a := range tc.atEnd {
				c.at(armed+31*day+time.Duration(i)*time.Minute, func() { c.complete(a.element, a.variable, a.value) })
			}
			c.stopAt(armed + 200*day) // the published model is left with its review open
			require.NoError(t, c.run())
			require.Equal(t, 1, c.seen.most)
			if tc.wantEnd != "" {
				require.Equal(t, &casework.InstanceEnd{Status: casework.InstanceCompleted, EndEventID: tc.wantEnd}, c.store.lastCommit().End)
			}
		})
	}
}

func TestAnInterruptingTimerCancelsItsTask(t *testing.T) {
	t.Parallel()
	c := newCase(t, ownModel(t, "onecms-unified-case.bpmn"))
	c.start.StartEventID, c.start.InitiatorRoles = "caseInitiated", []string{"GROUP_CSIS_INTAKE_MANAGER"}
	armed := c.follow([]answer{
		{"managerOpensCase", "managerOpeningDecision", "FAST_TRACK"}, {"prepareAssignment", "assignmentDecision", "ASSIGN"},
	})
	c.at(armed+14*day-time.Second, func() { require.Equal(t, []string{"acceptAssignment"}, c.store.open()) })
	c.at(armed+14*day+time.Second, func() {
		require.Equal(t, []string{"prepareAssignment"}, c.store.open())
		require.Equal(t, casework.TaskCancelled, c.store.taskOf("acceptAssignment").status)
		c.complete("prepareAssignment", "assignmentDecision", "ASSIGN") // the loop goes round
	})
	c.at(armed+15*day, func() {
		require.Equal(t, began.Add(armed+28*day+time.Second), c.state().Engine.Timers[0].Due, "the second round has a timer of its own")
	})
	c.stopAt(armed + 16*day)
	require.NoError(t, c.run())
	require.Equal(t, 1, c.seen.most)
}

// deadline is a task with an interrupting timer and another task behind it.
const deadline = `
	<startEvent id="start"/><userTask id="work" name="Work" flowable:candidateGroups="G"/>
	<boundaryEvent id="late" attachedToRef="work"><timerEventDefinition><timeDuration>PT10H</timeDuration></timerEventDefinition></boundaryEvent>
	<userTask id="chase" name="Chase" flowable:candidateGroups="G"/><endEvent id="end"/><endEvent id="chased"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>
	<sequenceFlow id="f3" sourceRef="late" targetRef="chase"/><sequenceFlow id="f4" sourceRef="chase" targetRef="chased"/>`

func TestACompletionThatCameBeforeTheTimerWinsEvenIfItsSignalIsLate(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(deadline))
	var done casework.Command
	c.at(9*time.Hour, func() { done = c.completion("work") }) // the row decided; the signal is on its way
	c.at(11*time.Hour, func() {
		require.Len(t, c.store.commits, 1, "the timer found the task completed")
		require.Empty(t, c.state().Engine.Timers)
		c.send(done)
	})
	require.NoError(t, c.run())
	require.Equal(t, &casework.InstanceEnd{Status: casework.InstanceCompleted, EndEventID: "end"}, c.store.lastCommit().End)
	require.Equal(t, began.Add(11*time.Hour), c.store.lastCommit().At)
}

func TestAnEndOfTheCaseWaitsForACompletionThatCameFirst(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(c *testCase){
		"a command":                    func(c *testCase) { c.send(c.order(casework.CommandTerminate, nil)) },
		"a cancel request in Temporal": func(c *testCase) { c.CancelWorkflow() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(twoTasks))
			var done casework.Command
			c.at(time.Hour, func() {
				done = c.completion("first")
				stop(c)
			})
			c.at(2*time.Hour, func() {
				require.Len(t, c.store.commits, 1, "nothing may be cancelled before the completion is applied")
				c.send(done)
			})
			c.at(300*day, func() { require.Fail(t, "the case goes on as if nobody had ended it") })
			require.NoError(t, c.run())
			require.Len(t, c.store.commits, 3)
			require.Equal(t, "second", c.store.commits[1].NewTasks[0].DefinitionKey)
			require.Equal(t, casework.InstanceTerminated, c.store.lastCommit().End.Status)
			require.Equal(t, began.Add(2*time.Hour), c.store.lastCommit().At)
		})
	}
}

func TestAnOverdueTaskRisesLevelByLevelAtExactTimes(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.store.sla, c.store.levels = 24*time.Hour, []time.Duration{0, 4 * time.Hour, 8 * time.Hour}
	for level, after := range []time.Duration{24 * time.Hour, 28 * time.Hour, 32 * time.Hour} {
		c.at(after-time.Second, func() { require.Equal(t, level, c.store.taskOf("first").level, "a second before") })
		c.at(after+time.Second, func() {
			require.Equal(t, level+1, c.store.taskOf("first").level)
			require.Equal(t, casework.TaskEscalated, c.store.taskOf("first").status)
			require.Equal(t, level+1, c.state().Tasks[0].Level)
			require.Equal(t, began.Add(after), c.store.lastCommit().At)
			require.Equal(t, []string{"first"}, c.store.lastCommit().Open)
		})
	}
	c.at(100*day, func() {
		require.Len(t, c.store.commits, 4, "there is no fourth level")
		require.Nil(t, c.state().Tasks[0].EscalateAt)
		c.complete("first") // still claimable, and what comes next has a clock of its own
	})
	c.at(101*day+time.Second, func() { require.Equal(t, 1, c.store.taskOf("second").level) })
	c.stopAt(101*day + time.Hour)
	require.NoError(t, c.run())
	var set []time.Time
	for _, timer := range c.seen.timers {
		set = append(set, timer.at)
	}
	require.Equal(t, []time.Time{
		began.Add(24 * time.Hour), began.Add(28 * time.Hour), began.Add(32 * time.Hour), began.Add(101 * day), began.Add(101*day + 4*time.Hour),
	}, set)
	require.Equal(t, 1, c.seen.most)
}

func TestATaskThatThePeoplesDatabaseHasEndedIsNotRaisedAgainAndAgain(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.store.sla, c.store.levels = time.Hour, []time.Duration{0, time.Hour}
	var done casework.Command
	c.at(30*time.Minute, func() { done = c.completion("first") })
	c.at(10*time.Hour, func() {
		require.Len(t, c.store.commits, 2, "asked for once")
		require.Equal(t, 0, c.store.taskOf("first").level)
		c.send(done)
	})
	c.stopAt(10*time.Hour + time.Minute)
	require.NoError(t, c.run())
}

func TestThereIsOneWakeUpTimerHoweverMuchIsDue(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`
		<startEvent id="start"/><parallelGateway id="fork"/><endEvent id="end"/>
		<userTask id="a" name="A" flowable:candidateGroups="G" flowable:dueDate="PT30H"/>
		<boundaryEvent id="aLate" name="A is late" cancelActivity="false" attachedToRef="a"><timerEventDefinition><timeDuration>PT20H</timeDuration></timerEventDefinition></boundaryEvent>
		<userTask id="b" name="B" flowable:candidateGroups="G" flowable:dueDate="PT40H"/>
		<boundaryEvent id="bLate" attachedToRef="b"><timerEventDefinition><timeDuration>PT20H</timeDuration></timerEventDefinition></boundaryEvent>
		<userTask id="c" name="C" flowable:candidateGroups="G"/>
		<userTask id="d" name="D" flowable:candidateGroups="G" flowable:dueDate="PT1H"/>
		<sequenceFlow id="f0" sourceRef="start" targetRef="fork"/><sequenceFlow id="f1" sourceRef="fork" targetRef="a"/>
		<sequenceFlow id="f2" sourceRef="fork" targetRef="b"/><sequenceFlow id="f3" sourceRef="fork" targetRef="c"/>
		<sequenceFlow id="f4" sourceRef="c" targetRef="d"/><sequenceFlow id="f5" sourceRef="a" targetRef="end"/>
		<sequenceFlow id="f6" sourceRef="b" targetRef="end"/><sequenceFlow id="f7" sourceRef="d" targetRef="end"/>
		<sequenceFlow id="f8" sourceRef="aLate" targetRef="end"/><sequenceFlow id="f9" sourceRef="bLate" targetRef="end"/>`))
	c.store.levels = []time.Duration{0}
	c.at(2*time.Hour, func() {
		require.Len(t, c.seen.timers, 1)
		c.complete("c") // due at 3h, earlier than the timer that is set
	})
	c.at(150*time.Minute, func() {
		require.Len(t, c.seen.timers, 2)
		require.Equal(t, began.Add(3*time.Hour), c.seen.timers[1].at)
		c.complete("d") // nothing is due before 20h now; the timer is left to fire in vain
	})
	c.at(4*time.Hour, func() { require.Len(t, c.store.commits, 3) })
	c.at(21*time.Hour, func() {
		require.Equal(t, []string{"a"}, c.store.open(), "both boundary timers fired in one step")
		require.Len(t, c.store.commits, 4)
	})
	c.at(31*time.Hour, func() {
		require.Equal(t, 1, c.store.taskOf("a").level)
		c.complete("a")
	})
	require.NoError(t, c.run())
	require.Equal(t, 1, c.seen.most)
	var summaries []string
	for _, timer := range c.seen.timers {
		summaries = append(summaries, timer.summary)
	}
	require.Equal(t, []string{
		"timer A is late at 2100-01-05T05:00:00Z", "deadline of D at 2100-01-04T12:00:00Z", "timer A is late at 2100-01-05T05:00:00Z",
		"deadline of A at 2100-01-05T15:00:00Z",
	}, summaries)
}
