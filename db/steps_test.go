package db_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// burst is a step that writes something of every kind.
func (u *unit) burst(instance string, step int64) casework.StepCommit {
	name := fmt.Sprintf("s%d", step)
	return filled(casework.StepCommit{
		InstanceID: instance, Step: step, NewTasks: []casework.NewTask{u.task(name, due(-time.Minute))},
		Activities:  []casework.ActivityChange{{ElementInstanceID: name, ActivityID: "review", ActivityType: "userTask", Name: "Review", State: casework.ActivityActive}},
		Variables:   []casework.VariableChange{{Name: "step", Value: json.RawMessage(fmt.Sprint(step))}},
		Incidents:   []casework.IncidentChange{{IncidentID: "i", ActivityID: "x", Kind: "service", Message: name}},
		Escalations: []casework.EscalationDue{{TaskID: u.id(name), Level: 1}},
		Open:        []string{"review", name},
	})
}

// written counts what the steps of an instance have left behind.
func (w *world) written(t *testing.T, instance string) string {
	t.Helper()
	return one[string](t, w.super, `SELECT concat_ws(' ',
		(SELECT concat(count(*), '/', sum(version)) FROM flowable.workflow_tasks WHERE process_instance_id = $1),
		(SELECT count(*) FROM flowable.task_history WHERE process_instance_id = $1),
		(SELECT count(*) FROM flowable.activity_history WHERE process_instance_id = $1),
		(SELECT string_agg(variable_name || '=' || variable_json::TEXT, ',' ORDER BY variable_name) FROM flowable.workflow_variables WHERE process_instance_id = $1),
		(SELECT string_agg(occurrences || state, ',') FROM flowable.incidents WHERE process_instance_id = $1),
		(SELECT count(*) FROM flowable.escalations WHERE process_instance_id = $1),
		(SELECT count(*) FROM onecms.case_routing WHERE process_instance_id = $1),
		(SELECT count(*) FROM flowable.outbox WHERE process_instance_id = $1),
		(SELECT concat(last_step, status, current_activity) FROM flowable.process_instances WHERE process_instance_id = $1))`, instance)
}

func TestTheSameStepAgainAnswersAsBefore(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	c := w.burst(instance, 1)
	first := w.step(t, c)
	require.Equal(t, c.Fingerprint, first.Fingerprint)
	require.Equal(t, w.id("s1"), first.Tasks[0].TaskID)
	require.Equal(t, 1, first.Escalated[0].Level)
	require.Equal(t, casework.TaskEscalated, first.Escalated[0].Status)
	after := w.written(t, instance)
	require.Equal(t, "1/2 2 1 step=1 1OPEN 1 1 0 1ERRORreview,s1", after)
	require.Equal(t, first, w.step(t, c))

	second := w.step(t, w.burst(instance, 2)) // later steps do not change the answer of an earlier one
	require.Equal(t, first, w.step(t, c))
	require.Equal(t, second, w.step(t, w.burst(instance, 2)))
}

func TestTheSameStepAtOnceIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	store := w.store(t, workerRole, 8)
	results := together(16, func(int) casework.StepResult {
		result, err := store.CommitStep(t.Context(), w.burst(instance, 1))
		require.NoError(t, err)
		return result
	})
	for _, r := range results {
		require.Equal(t, results[0], r)
	}
	require.Equal(t, "1/2 2 1 step=1 1OPEN 1 1 0 1ERRORreview,s1", w.written(t, instance))
}

// An interpreter that took another way learns it from the fingerprint that is there; nothing of its step is written.
func TestAnotherStepInTheSamePlaceIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	w.step(t, w.burst(instance, 1))
	before := w.written(t, instance)
	other := w.burst(instance, 1)
	other.Fingerprint, other.NewTasks, other.Variables = "another way", []casework.NewTask{w.task("other")}, []casework.VariableChange{{Name: "other", Value: json.RawMessage("1")}}
	require.Equal(t, "fingerprint of 1", w.step(t, other).Fingerprint)
	require.Equal(t, before, w.written(t, instance))
}

// Workers that went different ways at the same moment: one is written whole, the others learn whose.
func TestOfDifferentStepsAtOnceOneIsWritten(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	store := w.store(t, workerRole, 8)
	instance := w.start(t, admin)
	for step := int64(1); step <= 5; step++ {
		said := together(8, func(i int) string {
			value := fmt.Sprintf("%d of %d", i, step)
			result, err := store.CommitStep(t.Context(), filled(casework.StepCommit{
				InstanceID: instance, Step: step, Fingerprint: value, NewTasks: []casework.NewTask{w.task(fmt.Sprintf("%d-%d", step, i))},
				Variables: []casework.VariableChange{{Name: "a", Value: quoted(value)}, {Name: "b", Value: quoted(value)}},
			}))
			require.NoError(t, err)
			return result.Fingerprint
		})
		for _, s := range said {
			require.Equal(t, said[0], s)
		}
		require.Equal(t, []string{said[0], said[0]}, rows[string](t, w.super, "SELECT variable_value FROM flowable.workflow_variables WHERE process_instance_id = $1", instance))
		require.Equal(t, int(step), one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE process_instance_id = $1", instance))
	}
}

func quoted(s string) json.RawMessage { return json.RawMessage(fmt.Sprintf("%q", s)) }

func TestAStepOfAnUnknownInstanceIsAnError(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	_, err := w.worker.CommitStep(t.Context(), w.burst(uuid.NewString(), 1))
	require.ErrorContains(t, err, "is not known")
}

// A crash between the commit and Temporal's record of it, and what has come meanwhile, may change the order.
func TestAStepWithAnotherCauseIsToldWhatIsOnRecord(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	first := w.burst(instance, 1)
	w.step(t, first)
	before := w.written(t, instance)
	other := w.burst(instance, 1)
	other.Cause = uuid.NewString()
	result := w.step(t, other)
	require.NotNil(t, result.Instead)
	require.Equal(t, first.Cause, result.Instead.Cause)
	require.WithinDuration(t, first.At, result.Instead.At, time.Millisecond)
	require.Equal(t, before, w.written(t, instance))
}

// The workflow task that did it was lost, and by the next try more is due: the step is done again as of its moment.
func TestAStepFromAnotherMomentIsToldWhatIsOnRecord(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	first := w.burst(instance, 1)
	w.step(t, first)
	before := w.written(t, instance)
	later := filled(w.burst(instance, 1))
	later.At, later.Fingerprint = later.At.Add(time.Minute), "with what has become due since"
	result := w.step(t, later)
	require.NotNil(t, result.Instead)
	require.Equal(t, filled(first).Cause, result.Instead.Cause)
	again := first
	again.At = result.Instead.At
	require.Nil(t, w.step(t, again).Instead, "as of the moment on record it is the same step")
	require.Equal(t, before, w.written(t, instance))
}

// A workflow that was ended past the product, and its instance with it, may still be about to write a step.
func TestAnEndedInstanceBeginsNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	w.step(t, w.burst(instance, 1))
	ended, err := w.worker.EndAbandoned(t.Context(), instance, "terminated in Temporal")
	require.NoError(t, err)
	require.True(t, ended)
	before := w.written(t, instance)
	_, err = w.worker.CommitStep(t.Context(), w.burst(instance, 2))
	require.ErrorContains(t, err, "has ended")
	require.Equal(t, before, w.written(t, instance))
	ended, err = w.worker.EndAbandoned(t.Context(), instance, "terminated in Temporal")
	require.NoError(t, err)
	require.False(t, ended, "once")
}

// What an abandoned case calls is asked to end: nobody else would.
func TestAnAbandonedCaseEndsWhatItCalls(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	parent, child := u.start(t, admin), uuid.NewString()
	u.call(t, parent, 1, casework.ChildStart{InstanceID: child, ProcessKey: u.called(t, 1)})
	_, err := u.worker.EndAbandoned(t.Context(), parent, "terminated in Temporal")
	require.NoError(t, err)
	require.Equal(t, []string{"terminate"}, rows[string](t, u.super,
		"SELECT kind::TEXT FROM flowable.task_commands WHERE process_instance_id = $1 AND state = 'ACCEPTED'", child))
}

// A database that was restored by itself lacks steps that Temporal has: going on would lose them for good.
func TestAStepAfterOneThatIsMissingIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	w.step(t, w.burst(instance, 1))
	before := w.written(t, instance)
	_, err := w.worker.CommitStep(t.Context(), w.burst(instance, 3))
	require.ErrorContains(t, err, "follows step 2, which is not on record: the last one is 1")
	require.Equal(t, before, w.written(t, instance))
}

func TestACommandThatIsNotAcceptedWritesNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, id := w.claimed(t)
	command := uuid.New()
	_, _, err := w.api.CompleteTask(t.Context(), w.user, id, command, approve)
	require.NoError(t, err)
	elsewhere, _ := newUnit(t).claimed(t)
	before := w.written(t, instance)

	forged := w.burst(instance, 2)
	forged.CommandID = uuid.NewString()
	require.True(t, w.step(t, forged).Refused, "a command that nobody has accepted")
	stolen := w.burst(elsewhere, 2)
	stolen.CommandID = command.String()
	require.True(t, w.step(t, stolen).Refused, "a command of another instance")
	require.Equal(t, before, w.written(t, instance))

	real := w.burst(instance, 2)
	real.CommandID = command.String()
	require.False(t, w.step(t, real).Refused)
	twice := w.burst(instance, 3)
	twice.CommandID = command.String()
	require.True(t, w.step(t, twice).Refused, "a command that is applied already")
	require.Equal(t, int64(2), one[int64](t, w.super, "SELECT last_step FROM flowable.process_instances WHERE process_instance_id = $1", instance))
}

func TestACompletionSettlesTheClaimsOfItsTask(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, id := w.claimed(t)
	_, err := w.api.UnclaimTask(t.Context(), w.user, id, uuid.New())
	require.NoError(t, err)
	_, err = w.api.ClaimTask(t.Context(), w.user, id, uuid.New())
	require.NoError(t, err)
	command := uuid.New()
	_, _, err = w.api.CompleteTask(t.Context(), w.user, id, command, approve)
	require.NoError(t, err)
	next, err := w.api.NextTasks(t.Context(), w.user, instance, command.String())
	require.NoError(t, err)
	require.Nil(t, next, "not applied yet")

	w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: command.String(), Actor: w.user, NewTasks: []casework.NewTask{w.task("next")}})
	require.Equal(t, []string{"claim APPLIED", "unclaim APPLIED", "claim APPLIED", "complete APPLIED"},
		rows[string](t, w.super, "SELECT kind || ' ' || state FROM flowable.task_commands WHERE task_id = $1 ORDER BY seq", id))
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.outbox WHERE process_instance_id = $1", instance), "nothing is left to deliver")
	next, err = w.api.NextTasks(t.Context(), w.user, instance, command.String())
	require.NoError(t, err)
	require.Len(t, next, 1)
	require.Equal(t, w.id("next"), next[0].TaskID)
}

func TestAStepDoesNotCancelWhatAPersonHasCompleted(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, id := w.claimed(t)
	command := uuid.New()
	_, _, err := w.api.CompleteTask(t.Context(), w.user, id, command, approve)
	require.NoError(t, err)
	before := w.written(t, instance)
	timer := w.burst(instance, 2)
	timer.CancelTasks = []string{id}
	require.Equal(t, []string{id}, w.step(t, timer).Lost)
	require.Equal(t, before, w.written(t, instance), "nothing of the step is written")

	applied := w.burst(instance, 2)
	applied.CommandID = command.String()
	require.Empty(t, w.step(t, applied).Lost)
}

// The row decides between a completion and an interrupting timer: whoever comes first wins, the other learns it.
func TestCompletionAgainstCancellationHasOneWinner(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	wins := map[string]int{}
	for range 20 {
		u := w.found(t)
		instance, id := u.claimed(t)
		type outcome struct {
			lost []string
			err  error
		}
		outcomes := together(2, func(i int) outcome {
			if i == 0 {
				_, _, err := u.api.CompleteTask(t.Context(), u.user, id, uuid.New(), approve)
				return outcome{err: err}
			}
			r, err := u.worker.CommitStep(t.Context(), filled(casework.StepCommit{InstanceID: instance, Step: 2, CancelTasks: []string{id}}))
			return outcome{r.Lost, err}
		})
		status := one[string](t, u.super, "SELECT status FROM flowable.workflow_tasks WHERE task_id = $1", id)
		wins[status]++
		require.NoError(t, outcomes[1].err)
		if status == string(casework.TaskCompleted) {
			require.NoError(t, outcomes[0].err)
			require.Equal(t, []string{id}, outcomes[1].lost)
		} else {
			require.Equal(t, casework.TaskCancelled, hasCode(t, outcomes[0].err, casework.Conflict).Current.(*casework.Task).Status)
			require.Empty(t, outcomes[1].lost)
		}
		require.Equal(t, 1, one[int](t, u.super, "SELECT count(*) FROM flowable.task_history WHERE task_id = $1 AND action_type IN ('COMPLETE', 'CANCEL')", id))
	}
	t.Log(wins)
}

// The same with the order fixed: the step comes while the completion is not yet committed, and waits for it.
func TestAStepThatWaitsForACompletionLearnsOfIt(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, id := w.claimed(t)
	conn := w.conn(t, apiRole)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT set_config('app.current_user_id', $1, TRUE)", w.user)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT flowable.complete_task($1, $2, gen_random_uuid(), '{}')", id, w.user)
	require.NoError(t, err)

	type outcome struct {
		result casework.StepResult
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := w.worker.CommitStep(t.Context(), filled(casework.StepCommit{InstanceID: instance, Step: 2, CancelTasks: []string{id}}))
		done <- outcome{r, err}
	}()
	require.Eventually(t, func() bool {
		var waiting bool
		err := w.super.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))", conn.PgConn().PID()).Scan(&waiting)
		return err == nil && waiting
	}, 8*time.Second, 5*time.Millisecond, "the step waits for the row")
	require.NoError(t, tx.Commit(t.Context()))
	step := <-done
	require.NoError(t, step.err)
	require.Equal(t, []string{id}, step.result.Lost, "the person was told that the task is completed")
	require.Equal(t, int64(1), one[int64](t, w.super, "SELECT last_step FROM flowable.process_instances WHERE process_instance_id = $1", instance))
}

// The delegate of a delete listener may answer when its instance has ended.
func TestAStepAfterTheEndLeavesTheEndAsItIs(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, _ := w.claimed(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, At: at, End: &casework.InstanceEnd{Status: casework.InstanceTerminated, EndEventID: "end", Reason: "why", Code: "E"}})
	ended, err := w.api.Instance(t.Context(), admin, instance)
	require.NoError(t, err)
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 3, At: at.Add(time.Minute), Incidents: []casework.IncidentChange{
		{IncidentID: "t:1.delete.0", ActivityID: "t", Kind: "listener", Message: "away"}, {IncidentID: "t:1.delete.0", ActivityID: "t", Resolved: true},
	}})
	after, err := w.api.Instance(t.Context(), admin, instance)
	require.NoError(t, err)
	require.Equal(t, ended, after)
	require.Equal(t, "away RESOLVED", one[string](t, w.super, "SELECT message || ' ' || state FROM flowable.incidents WHERE process_instance_id = $1", instance))
	require.Equal(t, "E", one[string](t, w.super, "SELECT end_code FROM flowable.process_instances WHERE process_instance_id = $1", instance))
}

func TestTheEndOfAnInstanceLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	for status, caseStatus := range map[casework.InstanceStatus]string{casework.InstanceCompleted: "CLOSED", casework.InstanceTerminated: "CANCELLED"} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			w := newUnit(t)
			instance, id := w.claimed(t)
			at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, At: at, End: &casework.InstanceEnd{Status: status, EndEventID: "end", Reason: "why"}})
			i, err := w.api.Instance(t.Context(), admin, instance)
			require.NoError(t, err)
			require.Equal(t, []any{status, at, "end", []string{}}, []any{i.Status, *i.CompletedAt, i.EndEventID, i.CurrentActivities})
			c, err := w.api.Case(t.Context(), admin, i.CaseID)
			require.NoError(t, err)
			require.Equal(t, []any{caseStatus, at, 0}, []any{c.Status, *c.ClosedAt, len(c.Tasks)})
			require.Equal(t, "CANCELLED", one[string](t, w.super, "SELECT status FROM flowable.workflow_tasks WHERE task_id = $1", id))
			require.Equal(t, "REJECTED", one[string](t, w.super, "SELECT state FROM flowable.task_commands WHERE task_id = $1", id))
			require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.outbox WHERE process_instance_id = $1", instance))
			_, _, err = w.api.CompleteTask(t.Context(), w.user, id, uuid.New(), approve)
			hasCode(t, err, casework.Conflict)
			_, err = w.api.TerminateInstance(t.Context(), admin, instance, uuid.New(), "again")
			hasCode(t, err, casework.Conflict)
		})
	}
}
