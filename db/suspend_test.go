package db_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// operator hires somebody who operates cases and sees no tasks by their roles.
func (u *unit) operator(t *testing.T) string {
	t.Helper()
	id := u.name + ".operator"
	u.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ($1, $1)", id)
	u.set(t, `INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, permissions) VALUES ('OPERATOR_{name}', 'x', 'CUSTOM', '{"operate": true}')`)
	u.grant(t, id, "OPERATOR_"+u.name)
	return id
}

// running starts a case of a caller with an open and a held task, and with a called process that has an open one.
func (x *team) running(t *testing.T, caller string) (instance, child string) {
	t.Helper()
	instance = x.start(t, caller)
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{x.task("open", due(time.Hour)), x.task("held", due(time.Hour))}})
	child = uuid.NewString()
	x.call(t, instance, 2, casework.ChildStart{InstanceID: child, ProcessKey: x.called(t, 1)})
	x.step(t, casework.StepCommit{InstanceID: child, Step: 1, NewTasks: []casework.NewTask{x.task("called")}})
	x.does(t, x.user, x.id("held"), casework.TaskAct{Kind: casework.ActClaim})
	return instance, child
}

func (x *team) statuses(t *testing.T, ids ...string) string {
	t.Helper()
	return strings.Join(rows[string](t, x.super,
		"SELECT i.status FROM flowable.process_instances i WHERE i.process_instance_id = ANY ($1) ORDER BY array_position($1, i.process_instance_id::TEXT)", ids), " ")
}

func TestASuspendedCaseStandsStillWithAllThatItCalls(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	operator := x.operator(t)
	instance, child := x.running(t, operator)
	deliveries, err := x.api.SuspendInstance(t.Context(), operator, instance, uuid.New(), true)
	require.NoError(t, err)
	require.Len(t, deliveries, 2)
	for i, id := range []string{instance, child} {
		require.Equal(t, []any{id, casework.CommandSuspend}, []any{deliveries[i].Command.InstanceID, deliveries[i].Command.Kind})
	}
	require.Equal(t, "SUSPENDED SUSPENDED", x.statuses(t, instance, child))

	t.Run("nobody acts on its tasks, but comments on them", func(t *testing.T) {
		at := time.Now().Add(time.Hour)
		for name, do := range map[string]struct {
			who, task string
			act       casework.TaskAct
		}{
			"claim":    {x.third, "open", casework.TaskAct{Kind: casework.ActClaim}},
			"called":   {x.third, "called", casework.TaskAct{Kind: casework.ActClaim}},
			"unclaim":  {x.user, "held", casework.TaskAct{Kind: casework.ActUnclaim}},
			"complete": {x.user, "held", casework.TaskAct{Kind: casework.ActComplete}},
			"delegate": {x.user, "held", casework.TaskAct{Kind: casework.ActDelegate, To: x.third}},
			"resolve":  {x.user, "held", casework.TaskAct{Kind: casework.ActResolve}},
			"reassign": {x.boss, "open", casework.TaskAct{Kind: casework.ActReassign, To: x.third}},
			"escalate": {x.boss, "open", casework.TaskAct{Kind: casework.ActEscalate, Reason: "x"}},
			"move":     {x.boss, "open", casework.TaskAct{Kind: casework.ActMove, QueueName: x.elsewhere}},
			"update":   {x.boss, "open", casework.TaskAct{Kind: casework.ActUpdate, DueDate: &casework.DateChange{At: &at}}},
		} {
			version, history, commands := x.trace(t, x.id(do.task))
			_, _, err := x.api.ActOnTask(t.Context(), do.who, x.id(do.task), uuid.New(), do.act)
			require.Equal(t, map[string]string{"status": "SUSPENDED"}, hasCode(t, err, casework.Conflict).Current, name)
			nowVersion, nowHistory, nowCommands := x.trace(t, x.id(do.task))
			require.Equal(t, []any{version, history, commands}, []any{nowVersion, nowHistory, nowCommands}, name)
		}
		next, err := x.api.ClaimNext(t.Context(), x.third, nil, uuid.New())
		require.NoError(t, err)
		require.Nil(t, next)
		require.True(t, x.does(t, x.third, x.id("open"), casework.TaskAct{Kind: casework.ActComment, Text: "why?"}).Suspended)
	})
	t.Run("operators only end it or let it go on", func(t *testing.T) {
		_, err := x.api.RetryIncident(t.Context(), operator, instance, "x", uuid.New(), nil)
		require.Equal(t, map[string]string{"status": "SUSPENDED"}, hasCode(t, err, casework.Conflict).Current)
		_, err = x.api.SetVariables(t.Context(), operator, instance, uuid.New(), map[string]any{"a": 1})
		hasCode(t, err, casework.Conflict)
	})
	t.Run("suspending it again has no effect", func(t *testing.T) {
		deliveries, err := x.api.SuspendInstance(t.Context(), operator, instance, uuid.New(), true)
		require.NoError(t, err)
		require.Empty(t, deliveries)
	})
	t.Run("what is on its way still comes, and stands still with it", func(t *testing.T) {
		result := x.step(t, casework.StepCommit{InstanceID: instance, Step: 3, NewTasks: []casework.NewTask{x.task("late", due(time.Hour))}})
		require.Nil(t, result.Tasks[0].EscalateAt)
		_, err := x.api.ClaimTask(t.Context(), x.third, x.id("late"), uuid.New())
		hasCode(t, err, casework.Conflict)
		require.Equal(t, "SUSPENDED SUSPENDED", x.statuses(t, instance, child))
	})

	x.exec(t, "UPDATE flowable.process_instances SET suspended_at = suspended_at - INTERVAL '1 day' WHERE process_instance_id = $1", instance)
	x.exec(t, "UPDATE flowable.workflow_tasks SET paused_at = paused_at - INTERVAL '1 day' WHERE process_instance_id = $1", instance)
	x.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP - INTERVAL '1 hour' WHERE task_id = $1", x.id("held"))
	x.exec(t, "CALL flowable.escalate_overdue_tasks()")
	require.Zero(t, one[int](t, x.super, "SELECT escalation_level FROM flowable.workflow_tasks WHERE task_id = $1", x.id("held")), "its clocks stand still")

	deliveries, err = x.api.SuspendInstance(t.Context(), operator, instance, uuid.New(), false)
	require.NoError(t, err)
	require.Len(t, deliveries, 2)
	require.Equal(t, "ACTIVE ACTIVE", x.statuses(t, instance, child))
	require.Len(t, deliveries[0].Command.Placed, 3)
	for _, placed := range deliveries[0].Command.Placed {
		require.WithinRange(t, *placed.DueDate, time.Now().Add(22*time.Hour), time.Now().Add(26*time.Hour))
		require.NotNil(t, placed.EscalateAt)
	}
	claimed := x.does(t, x.third, x.id("open"), casework.TaskAct{Kind: casework.ActClaim})
	require.False(t, claimed.Suspended)
	history, err := x.api.TaskHistory(t.Context(), x.third, x.id("open"), casework.Page{})
	require.NoError(t, err)
	var acts []string
	for _, a := range history.Items {
		acts = append(acts, strings.TrimSpace(a.ActionType+" "+a.ActionBy+" "+string(a.Data)))
	}
	require.Equal(t, []string{
		`CREATE SYSTEM {"routedBy": "role"}`, `UPDATE ` + operator + ` {"suspended": {"to": true, "from": false}}`, "COMMENT " + x.third,
		`UPDATE ` + operator + ` {"suspended": {"to": false, "from": true}}`, "CLAIM " + x.third,
	}, acts)
}

// A completion that was accepted first waits until the case is resumed; the end of the case does not wait for that.
func TestASuspendedCaseEndsAlthoughACompletionWaits(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	operator := x.operator(t)
	instance := x.start(t, operator)
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{x.task("waits", due(time.Hour))}})
	x.does(t, x.user, x.id("waits"), casework.TaskAct{Kind: casework.ActClaim})
	x.does(t, x.user, x.id("waits"), casework.TaskAct{Kind: casework.ActComplete})
	_, err := x.api.SuspendInstance(t.Context(), operator, instance, uuid.New(), true)
	require.NoError(t, err)
	d, err := x.api.TerminateInstance(t.Context(), operator, instance, uuid.New(), "over")
	require.NoError(t, err)
	result := x.step(t, casework.StepCommit{
		InstanceID: instance, Step: 2, CommandID: d.Command.CommandID, CommandKind: casework.CommandTerminate, CancelTasks: []string{x.id("waits")},
		End: &casework.InstanceEnd{Status: casework.InstanceTerminated, Reason: "over"},
	})
	require.Empty(t, result.Lost)
	require.Equal(t, "TERMINATED", x.statuses(t, instance))
	require.Zero(t, one[int](t, x.super, "SELECT count(*) FROM flowable.task_commands WHERE process_instance_id = $1 AND state = 'ACCEPTED'", instance))
}

func TestSuspendingIsForOperatorsWhoSeeTheCase(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	operator := x.operator(t)
	instance, child := x.running(t, admin)
	for who, want := range map[string]casework.Code{operator: casework.NotFound, x.user: casework.Forbidden, lisa: casework.NotFound, "": casework.NotFound} {
		for _, suspend := range []bool{true, false} {
			_, err := x.api.SuspendInstance(t.Context(), who, instance, uuid.New(), suspend)
			hasCode(t, err, want)
		}
	}
	require.Equal(t, "ACTIVE ACTIVE", x.statuses(t, instance, child))
	require.ErrorContains(t, x.unit.does(t, apiRole, x.user, "SELECT flowable.switch_instances($1, TRUE)", instance), "42501")

	x.step(t, casework.StepCommit{InstanceID: child, Step: 2, End: &casework.InstanceEnd{Status: casework.InstanceCompleted}})
	_, err := x.api.SuspendInstance(t.Context(), admin, child, uuid.New(), true)
	require.Equal(t, map[string]string{"status": "COMPLETED"}, hasCode(t, err, casework.Conflict).Current)
}

func TestACalledProcessIsSuspendedByItself(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	instance, child := x.running(t, admin)
	id := uuid.New()
	deliveries, err := x.api.SuspendInstance(t.Context(), admin, child, id, true)
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	again, err := x.api.SuspendInstance(t.Context(), admin, child, id, true)
	require.NoError(t, err)
	require.Empty(t, again)
	require.Equal(t, "ACTIVE SUSPENDED", x.statuses(t, instance, child))
	_, err = x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), false) // the caller goes on already, and what it calls with it
	require.NoError(t, err)
	require.Equal(t, "ACTIVE ACTIVE", x.statuses(t, instance, child))
}

// The step that calls was under way when its case was suspended.
func TestWhatASuspendedCaseCallsIsSuspendedAsWell(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	key := x.called(t, 1)
	x.exec(t, `UPDATE flowable.workflow_definitions SET sla_config = '{"withinMinutes": 60}' WHERE process_key = $1`, key)
	instance, child, inner := x.start(t, admin), uuid.NewString(), uuid.NewString()
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 1})
	_, err := x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), true)
	require.NoError(t, err)
	calls := func(parent string, step int64, id string) casework.Command {
		sent := x.call(t, parent, step, casework.ChildStart{InstanceID: id, ProcessKey: key}).Deliveries
		require.Len(t, sent, 2)
		require.Equal(t, id, sent[0].Start.InstanceID)
		require.Equal(t, []any{id, casework.CommandSuspend}, []any{sent[1].Command.InstanceID, sent[1].Command.Kind})
		return *sent[1].Command
	}
	suspend := calls(instance, 2, child)
	started := x.step(t, casework.StepCommit{InstanceID: child, Step: 1, NewTasks: []casework.NewTask{x.task("called", due(time.Hour))}})
	require.Nil(t, started.Tasks[0].EscalateAt)
	require.Nil(t, started.SLA.EscalateAt)
	calls(child, 2, inner)
	require.False(t, x.step(t, casework.StepCommit{InstanceID: child, Step: 3, CommandID: suspend.CommandID}).Refused)
	require.Equal(t, "SUSPENDED SUSPENDED SUSPENDED", x.statuses(t, instance, child, inner))
	_, err = x.api.ClaimTask(t.Context(), x.user, x.id("called"), uuid.New())
	hasCode(t, err, casework.Conflict)

	resumed, err := x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), false)
	require.NoError(t, err)
	require.Len(t, resumed, 3)
	require.NotNil(t, resumed[1].Command.Placed[0].EscalateAt)
	require.Equal(t, "ACTIVE ACTIVE ACTIVE", x.statuses(t, instance, child, inner))
	require.Equal(t, 2, one[int](t, x.super, "SELECT count(*) FROM flowable.process_instances WHERE process_instance_id = ANY ($1) AND sla_next_at IS NOT NULL AND suspended_at IS NULL", []string{child, inner}))
	x.does(t, x.user, x.id("called"), casework.TaskAct{Kind: casework.ActClaim})
}

func TestAResumedCaseHasItsIncidentsStill(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	instance, child := x.running(t, admin)
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 3, Incidents: []casework.IncidentChange{{IncidentID: "i", ActivityID: "x", Kind: "service", Message: "down"}}})
	for _, suspend := range []bool{true, false} {
		_, err := x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), suspend)
		require.NoError(t, err)
	}
	require.Equal(t, "ERROR ACTIVE", x.statuses(t, instance, child))
	_, err := x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), true)
	require.NoError(t, err)
	d, err := x.api.TerminateInstance(t.Context(), admin, instance, uuid.New(), "enough")
	require.NoError(t, err, "a suspended case can be ended")
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 4, CommandID: d.Command.CommandID, End: &casework.InstanceEnd{Status: casework.InstanceTerminated}})
	require.Equal(t, []string{"CANCELLED", "CANCELLED"}, rows[string](t, x.super, "SELECT status FROM flowable.workflow_tasks WHERE process_instance_id = $1 AND NOT is_suspended", instance))
}

// A suspension and the steps of the case take turns: whichever is first, no task is left that people can act on.
func TestNoTaskSlipsThroughASuspension(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	for range 8 {
		instance := x.start(t, admin)
		x.step(t, casework.StepCommit{InstanceID: instance, Step: 1})
		name := uuid.NewString()[:8]
		errs := together(2, func(i int) error {
			if i == 0 {
				_, err := x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), true)
				return err
			}
			_, err := x.worker.CommitStep(t.Context(), filled(casework.StepCommit{InstanceID: instance, Step: 2, NewTasks: []casework.NewTask{x.task(name)}}))
			return err
		})
		require.Equal(t, []error{nil, nil}, errs)
		require.True(t, one[bool](t, x.super, "SELECT is_suspended AND paused_at IS NOT NULL FROM flowable.workflow_tasks WHERE task_id = $1", x.id(name)))
	}
}

func TestASuspendedCaseIsNotToldAgainAndAgain(t *testing.T) {
	t.Parallel()
	x := newWorld(t).team(t) // others would be leased as well
	instance := x.start(t, admin)
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 1})
	_, err := x.api.SetVariables(t.Context(), admin, instance, uuid.New(), map[string]any{"a": 1})
	require.NoError(t, err)
	_, err = x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), true)
	require.NoError(t, err)
	for attempts, most := range map[int]time.Duration{1: time.Minute, 9: 11 * time.Minute} {
		x.exec(t, "UPDATE flowable.outbox SET due_at = CURRENT_TIMESTAMP, attempts = $2 WHERE process_instance_id = $1", instance, attempts)
		_, err = x.worker.DueDeliveries(t.Context(), 1000, 10*time.Second)
		require.NoError(t, err)
		due := one[time.Time](t, x.super, "SELECT max(due_at) FROM flowable.outbox WHERE process_instance_id = $1", instance)
		require.WithinRange(t, due, time.Now().Add(most/10), time.Now().Add(most))
	}
}
