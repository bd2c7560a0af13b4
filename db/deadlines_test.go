package db_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// configure sets what the deadlines of the unit's queue do. In the text {name}, {role}, {queue} and {user} stand for those of
// the unit.
func (u *unit) configure(t *testing.T, config string) {
	t.Helper()
	config = strings.NewReplacer("{name}", u.name, "{role}", u.role, "{queue}", u.queue, "{user}", u.user).Replace(config)
	_, _, mistakes := casework.ParseEscalationConfig(json.RawMessage(config))
	require.Empty(t, mistakes)
	u.exec(t, "UPDATE flowable.workflow_queues SET escalation_config = $2::JSONB WHERE queue_name = $1", u.queue, config)
}

// late lets the worker do what is due of a task, as its case's own timer does.
func (u *unit) late(t *testing.T, name string) casework.TaskPlaced {
	t.Helper()
	return u.lateAt(t, name, time.Now())
}

func (u *unit) lateAt(t *testing.T, name string, at time.Time) casework.TaskPlaced {
	t.Helper()
	return one[casework.TaskPlaced](t, u.conn(t, workerRole), "SELECT flowable.escalate_due($1, $2, 'TIMER')", u.id(name), at)
}

// done lists what became of the actions of a task's escalations: "clock level: action result…".
func (w *world) done(t *testing.T, taskID string) []string {
	t.Helper()
	return rows[string](t, w.super, `SELECT clock || ' ' || escalation_level || ':' || COALESCE((
			SELECT string_agg(' ' || (a.value ->> 'action') || COALESCE(' failed, ' || (a.value ->> 'failed'), ''), ',' ORDER BY a.ordinality)
			FROM jsonb_array_elements(action) WITH ORDINALITY AS a), '')
		FROM flowable.escalations WHERE task_id = $1 ORDER BY escalation_id`, taskID)
}

func (w *world) see(t *testing.T, caller, id string) casework.Task {
	t.Helper()
	task, err := w.api.Task(t.Context(), caller, id)
	require.NoError(t, err)
	return task
}

// told lists the subjects of a person's notifications, oldest first.
func (w *world) told(t *testing.T, user string) []string {
	t.Helper()
	list, err := w.api.Notifications(t.Context(), user, false, casework.Page{})
	require.NoError(t, err)
	var subjects []string
	for _, n := range slices.Backward(list.Items) {
		subjects = append(subjects, string(n.Kind)+" "+n.Subject)
	}
	return subjects
}

func TestALevelNotifiesThoseItNames(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	boss, colleague := u.hire(t, 1)[0], u.hire(t, 1)[0]
	outsider := "outsider-" + u.name
	u.exec(t, "INSERT INTO entitlements.users (user_id, username, email) VALUES ($1, $1, $2)", outsider, outsider+"@example.com")
	u.exec(t, "UPDATE entitlements.users SET supervisor_id = $2 WHERE user_id = $1", u.user, boss)
	u.configure(t, `{"levels": [
		{"afterMinutes": -30, "actions": [{"action": "notify", "assignee": true, "supervisor": true}]},
		{"afterMinutes": 0, "actions": [{"action": "notify", "roles": ["{role}"], "users": ["outsider-{name}"], "text": "hurry"}]}]}`)
	instance := u.place(t, u.task("t", due(20*time.Minute)))
	_, err := u.api.ClaimTask(t.Context(), u.user, u.id("t"), uuid.New())
	require.NoError(t, err)

	warned := u.late(t, "t")
	require.Equal(t, []any{1, casework.TaskClaimed}, []any{warned.Level, warned.Status})
	subject := `Soon past its due date: level 1: "Review t" of case ` + u.caseNumber(t, instance)
	for _, who := range []string{u.user, boss} {
		require.Equal(t, []string{"WARNING " + subject}, u.told(t, who))
	}
	require.Empty(t, u.told(t, colleague))
	require.Empty(t, u.told(t, outsider))

	u.lateAt(t, "t", time.Now().Add(21*time.Minute))
	for _, who := range []string{u.user, boss, colleague, outsider} {
		told := u.told(t, who)
		require.Contains(t, told[len(told)-1], "BREACH Past its due date: level 2", who)
	}
	require.Equal(t, []string{"hurry"}, rows[string](t, u.super, "SELECT body FROM flowable.notifications WHERE recipient_id = $1 AND mail_due_at IS NOT NULL", outsider))
	require.Equal(t, []string{"DUE 1: notify", "DUE 2: notify"}, u.done(t, u.id("t")))
}

func (w *world) caseNumber(t *testing.T, instance string) string {
	t.Helper()
	return one[string](t, w.super, "SELECT c.case_number FROM onecms.cases c JOIN flowable.process_instances i USING (case_id) WHERE i.process_instance_id = $1", instance)
}

func TestAWarningLeavesATaskOpen(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.configure(t, `{"levels": [{"afterMinutes": -30}, {"afterMinutes": 0}]}`)
	u.place(t, u.task("t", due(20*time.Minute)))
	warned := u.late(t, "t")
	require.Equal(t, []any{1, casework.TaskOpen}, []any{warned.Level, warned.Status})
	require.WithinDuration(t, time.Now().Add(20*time.Minute), *warned.EscalateAt, time.Minute)
	require.Equal(t, casework.SLAWarned, u.see(t, u.user, u.id("t")).SLA.State)
	_, err := u.api.ClaimTask(t.Context(), u.user, u.id("t"), uuid.New())
	require.NoError(t, err)
	back, err := u.api.UnclaimTask(t.Context(), u.user, u.id("t"), uuid.New())
	require.NoError(t, err)
	require.Equal(t, casework.TaskOpen, back.Status, "it is not past its deadline")

	late := u.lateAt(t, "t", time.Now().Add(21*time.Minute))
	require.Equal(t, []any{2, casework.TaskEscalated}, []any{late.Level, late.Status})
	require.Nil(t, late.EscalateAt)
}

func TestALevelRaisesThePriority(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "raisePriority", "by": 30}]},
		{"afterMinutes": 1, "actions": [{"action": "raisePriority", "to": 60}]}, {"afterMinutes": 2, "actions": [{"action": "raisePriority", "by": 90}]}]}`)
	u.place(t, u.task("t", due(-30*time.Second), priority(40)))
	u.late(t, "t")
	require.Equal(t, 70, u.see(t, u.user, u.id("t")).Priority)
	u.lateAt(t, "t", time.Now().Add(time.Minute))
	require.Equal(t, 70, u.see(t, u.user, u.id("t")).Priority, "never lower")
	u.lateAt(t, "t", time.Now().Add(2*time.Minute))
	require.Equal(t, 100, u.see(t, u.user, u.id("t")).Priority, "the highest")
}

func TestALevelReleasesTheClaim(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "release"}]}]}`)
	_, id := u.claimed(t)
	u.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP WHERE task_id = $1", id)
	released := u.late(t, "held")
	require.Equal(t, []any{casework.TaskEscalated, ""}, []any{released.Status, released.Assignee})
	require.Equal(t, []string{"ESCALATE CLAIMED ESCALATED " + u.user}, rows[string](t, u.super, `SELECT concat_ws(' ', action_type, old_status, new_status, old_assignee, new_assignee)
		FROM flowable.task_history WHERE task_id = $1 AND action_type = 'ESCALATE'`, id))
	told := rows[string](t, u.super, `SELECT concat_ws(' ', o.payload ->> 'kind', o.payload #>> '{placed,0,status}', o.payload #>> '{placed,0,assignee}')
		FROM flowable.outbox o JOIN flowable.task_commands c USING (command_id) WHERE c.task_id = $1`, id)
	require.Equal(t, []string{"update-task ESCALATED"}, told, "the model hears that nobody holds it")
	next, err := u.api.ClaimNext(t.Context(), u.user, nil, uuid.New())
	require.NoError(t, err)
	require.Equal(t, id, next.TaskID)
}

// inbox lists the ids of the tasks that a person may claim.
func (w *world) inbox(t *testing.T, user string) (ids []string) {
	t.Helper()
	list, err := w.api.Tasks(t.Context(), user, casework.TaskFilter{Candidate: true, Status: []casework.TaskStatus{casework.TaskOpen, casework.TaskEscalated}})
	require.NoError(t, err)
	for _, task := range list.Items {
		ids = append(ids, task.TaskID)
	}
	return ids
}

func TestALevelReassigns(t *testing.T) {
	t.Parallel()
	t.Run("to a role", func(t *testing.T) {
		t.Parallel()
		u, other := newUnit(t), newUnit(t)
		u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "role": "`+other.role+`"}]}]}`)
		_, id := u.claimed(t)
		u.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP WHERE task_id = $1", id)
		require.Equal(t, casework.TaskEscalated, u.late(t, "held").Status)
		_, err := u.api.ClaimTask(t.Context(), u.user, id, uuid.New())
		hasCode(t, err, casework.NotFound)
		require.Equal(t, []string{id}, other.inbox(t, other.user))
		taken, err := u.api.ClaimNext(t.Context(), other.user, nil, uuid.New())
		require.NoError(t, err)
		require.Equal(t, id, taken.TaskID)
		require.Equal(t, []string{other.role}, taken.CandidateGroups)
		require.Equal(t, other.queue, taken.QueueName, "the role's own")
	})
	t.Run("to a role without a queue of its own", func(t *testing.T) {
		t.Parallel()
		u, other := newUnit(t), newUnit(t)
		u.exec(t, "UPDATE entitlements.workflow_roles SET queue_name = NULL WHERE role_code = $1", other.role)
		u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "role": "`+other.role+`"}]}]}`)
		u.place(t, u.task("t", due(-time.Second)))
		require.Equal(t, u.queue, u.late(t, "t").QueueName)
		require.Equal(t, []string{u.id("t")}, u.inbox(t, other.user))
	})
	t.Run("to a role that works on its queue", func(t *testing.T) {
		t.Parallel()
		x := newTeam(t)
		x.exec(t, "UPDATE entitlements.workflow_roles SET queue_name = $2 WHERE role_code = $1", "BOSS_"+x.name, x.elsewhere)
		x.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "role": "BOSS_{name}"}]}]}`)
		x.place(t, x.task("t", due(-time.Second)))
		require.Equal(t, x.queue, x.late(t, "t").QueueName)
		require.Equal(t, []string{x.id("t")}, x.inbox(t, x.boss))
	})
	t.Run("to the supervisor, in another queue, who gives it back there", func(t *testing.T) {
		t.Parallel()
		x := newTeam(t)
		second := x.name + "-second"
		x.exec(t, "INSERT INTO flowable.workflow_queues (queue_name) VALUES ($1)", second)
		x.exec(t, `INSERT INTO flowable.queue_assignments (queue_id, role_id) SELECT q.queue_id, r.role_id
			FROM flowable.workflow_queues q, entitlements.workflow_roles r WHERE q.queue_name = $1 AND r.role_code = $2`, second, "BOSS_"+x.name)
		x.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "moveToQueue", "queue": "{name}-second"}, {"action": "reassign", "supervisor": true}]}]}`)
		x.place(t, x.task("t", due(-time.Second), forGroups(x.role, "BOSS_"+x.name)))
		require.Equal(t, x.boss, x.late(t, "t").Assignee)
		_, err := x.api.UnclaimTask(t.Context(), x.boss, x.id("t"), uuid.New())
		require.NoError(t, err)
		require.Equal(t, []string{x.id("t")}, x.inbox(t, x.user), "a candidate who does not work on that queue")
	})
	t.Run("to the holder's supervisor", func(t *testing.T) {
		t.Parallel()
		u := newUnit(t)
		boss := u.hire(t, 1)[0]
		u.exec(t, "UPDATE entitlements.users SET supervisor_id = $2 WHERE user_id = $1", u.user, boss)
		u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "supervisor": true}]}]}`)
		_, id := u.claimed(t)
		u.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP WHERE task_id = $1", id)
		u.late(t, "held")
		task := u.see(t, boss, id)
		require.Equal(t, []any{casework.TaskClaimed, boss}, []any{task.Status, *task.AssigneeID})
	})
	t.Run("to a supervisor of the queue", func(t *testing.T) {
		t.Parallel()
		u := newUnit(t)
		lead := u.name + "-lead"
		u.exec(t, `INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name, permissions) VALUES ($1, $1, 'CUSTOM', $2, '{"supervise": true}')`, lead, u.queue)
		busy, idle := u.hire(t, 1)[0], u.hire(t, 1)[0]
		u.grant(t, busy, lead)
		u.grant(t, idle, lead)
		u.place(t, u.task("other"), u.task("t", due(-time.Second)))
		_, err := u.api.ClaimTask(t.Context(), busy, u.id("other"), uuid.New())
		require.NoError(t, err)
		u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "supervisor": true}]}]}`)
		require.Equal(t, idle, u.late(t, "t").Assignee, "the one who holds least")
	})
	t.Run("to a supervisor who has room", func(t *testing.T) {
		t.Parallel()
		u := newUnit(t)
		lead := u.name + "-lead"
		u.exec(t, `INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name, permissions) VALUES ($1, $1, 'CUSTOM', $2, '{"supervise": true}')`, lead, u.queue)
		full, busy := u.hire(t, 1)[0], u.hire(t, 1)[0]
		u.grant(t, full, lead)
		u.grant(t, busy, lead)
		u.limit(t, 1)
		other := u.found(t)
		other.grant(t, busy, other.role)
		for i := range 2 { // more than the full one holds, but of another queue
			other.place(t, other.task(fmt.Sprint(i)))
			_, err := u.api.ClaimTask(t.Context(), busy, other.id(fmt.Sprint(i)), uuid.New())
			require.NoError(t, err)
		}
		u.place(t, u.task("held"), u.task("t", due(-time.Second)), u.task("more", due(-time.Second)))
		_, err := u.api.ClaimTask(t.Context(), full, u.id("held"), uuid.New())
		require.NoError(t, err)
		u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "supervisor": true}]}]}`)
		require.Equal(t, busy, u.late(t, "t").Assignee)
		require.Equal(t, casework.TaskEscalated, u.late(t, "more").Status)
		require.Equal(t, []string{"DUE 1: reassign failed, no supervisor has room for one more of the queue"}, u.done(t, u.id("more")))
	})
	t.Run("to nobody", func(t *testing.T) {
		t.Parallel()
		u := newUnit(t)
		u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "supervisor": true}]}]}`)
		u.place(t, u.task("t", due(-time.Second)))
		require.Equal(t, casework.TaskEscalated, u.late(t, "t").Status)
		require.Equal(t, []string{"DUE 1: reassign failed, there is no supervisor who may hold it"}, u.done(t, u.id("t")))
	})
}

func TestALevelMovesToAnotherQueueWithLevelsOfItsOwn(t *testing.T) {
	t.Parallel()
	u, other := newUnit(t), newUnit(t)
	u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "moveToQueue", "queue": "`+other.queue+`"}]}]}`)
	other.configure(t, `{"levels": [{"afterMinutes": 0}, {"afterMinutes": 5, "actions": [{"action": "raisePriority", "to": 99}]}]}`)
	u.place(t, u.task("t", due(-time.Second)))
	moved := u.late(t, "t")
	require.Equal(t, []any{other.queue, 1}, []any{moved.QueueName, moved.Level})
	require.WithinDuration(t, moved.DueDate.Add(5*time.Minute), *moved.EscalateAt, 0)
	require.Equal(t, 2, u.lateAt(t, "t", time.Now().Add(5*time.Minute)).Level)
	taken, err := u.api.ClaimTask(t.Context(), other.user, u.id("t"), uuid.New())
	require.NoError(t, err)
	require.Equal(t, 99, taken.Priority)
}

// What a configuration names may be gone by the time it is needed: the others of the level happen all the same.
func TestWhatCannotBeDoneKeepsNothingElseBack(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "moveToQueue", "queue": "gone"}, {"action": "reassign", "role": "GONE"},
		{"action": "notify", "roles": ["GONE"], "users": ["nobody", "{user}"]}, {"action": "signalProcess", "message": "not waited for"}, {"action": "raisePriority", "by": 1}]}]}`)
	u.place(t, u.task("t", due(-time.Second), priority(10)))
	u.late(t, "t")
	require.Equal(t, []string{"DUE 1: moveToQueue failed, there is no active queue gone, reassign failed, there is no active role GONE, " +
		"notify failed, there is no active user nobody, role GONE, signalProcess failed, the process does not wait for the message, raisePriority"}, u.done(t, u.id("t")))
	require.Equal(t, 11, u.see(t, u.user, u.id("t")).Priority)
	require.Len(t, u.told(t, u.user), 1)
}

func TestALevelMovesNothingToWhereNobodyWorks(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "moveToQueue", "queue": "{name}-elsewhere"}]}]}`)
	x.exec(t, "UPDATE entitlements.workflow_roles SET is_active = FALSE WHERE role_code = $1", "ELSEWHERE_"+x.name)
	_, id := x.claimed(t)
	x.lateAt(t, "held", time.Now().Add(2*time.Hour))
	require.Equal(t, []string{"DUE 1: moveToQueue failed, no role works on the queue " + x.elsewhere}, x.done(t, id))
	task := x.see(t, x.user, id)
	require.Equal(t, []any{x.queue, x.user, []string{x.role}}, []any{task.QueueName, *task.AssigneeID, task.CandidateGroups})
}

func TestALevelTellsTheProcess(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "signalProcess", "signal": "late"}, {"action": "signalProcess", "escalation": "LATE"},
		{"action": "signalProcess", "message": "late"}]}]}`)
	instance := u.start(t, admin)
	u.step(t, casework.StepCommit{
		InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{u.task("t", due(-time.Second))},
		Events: &casework.StepEvents{Subscribed: []casework.Subscription{{SubscriptionID: "m:1", Kind: "message", Name: "late", ElementID: "m"}}},
	})
	u.late(t, "t")
	require.Equal(t, []string{"signal late", "throw-escalation LATE " + u.id("t"), "message late"}, rows[string](t, u.super,
		`SELECT concat_ws(' ', payload ->> 'kind', COALESCE(payload ->> 'name', payload ->> 'code'), payload ->> 'taskId') FROM flowable.outbox
		 WHERE process_instance_id = $1 AND kind = 'SIGNAL' ORDER BY outbox_id`, instance))
	require.Equal(t, u.id("t"), one[string](t, u.super, `SELECT DISTINCT payload #>> '{variables,escalatedTask}' FROM flowable.outbox
		WHERE process_instance_id = $1 AND kind = 'SIGNAL'`, instance))
}

func TestWhatALevelTellsTheProcessSurvivesACompletion(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "signalProcess", "escalation": "LATE"}]}]}`)
	instance, id := u.claimed(t)
	u.lateAt(t, "held", time.Now().Add(2*time.Hour))
	_, delivery, err := u.api.CompleteTask(t.Context(), u.user, id, uuid.New(), approve)
	require.NoError(t, err)
	u.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: delivery.Command.CommandID, CommandKind: casework.CommandComplete})
	const thrown = "SELECT c.state FROM flowable.task_commands c JOIN flowable.outbox o USING (command_id) WHERE c.task_id = $1 AND c.kind = 'throw-escalation'"
	require.Equal(t, []string{"ACCEPTED"}, rows[string](t, u.super, thrown, id), "it is still to be delivered")
}

func TestTheClockToClaim(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.configure(t, `{"levels": [], "claimLevels": [{"afterMinutes": -5, "actions": [{"action": "notify", "roles": ["{role}"]}]}, {"afterMinutes": 0}, {"afterMinutes": 10}]}`)
	u.exec(t, "UPDATE flowable.workflow_queues SET claim_sla_minutes = 15 WHERE queue_name = $1", u.queue)
	u.place(t, u.task("t"))
	task := u.see(t, u.user, u.id("t"))
	require.WithinDuration(t, task.CreatedAt.Add(15*time.Minute), *task.ClaimDueDate, 0)
	require.Equal(t, []any{"CLAIM", 1}, []any{task.SLA.Next.Clock, task.SLA.Next.Level})
	require.WithinDuration(t, task.CreatedAt.Add(10*time.Minute), task.SLA.Next.At, 0)

	u.lateAt(t, "t", task.CreatedAt.Add(10*time.Minute))
	require.Len(t, u.told(t, u.user), 1)
	require.Equal(t, casework.TaskOpen, u.see(t, u.user, u.id("t")).Status)
	missed := u.lateAt(t, "t", task.CreatedAt.Add(15*time.Minute))
	require.Equal(t, []any{casework.TaskEscalated, 0}, []any{missed.Status, missed.Level})

	_, err := u.api.ClaimTask(t.Context(), u.user, u.id("t"), uuid.New())
	require.NoError(t, err)
	require.Nil(t, u.lateAt(t, "t", task.CreatedAt.Add(time.Hour)).EscalateAt, "it is claimed")
	require.Nil(t, u.see(t, u.user, u.id("t")).SLA.Next)
	back, err := u.api.UnclaimTask(t.Context(), u.user, u.id("t"), uuid.New())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(15*time.Minute), *back.ClaimDueDate, time.Minute, "it begins anew")
	u.lateAt(t, "t", back.ClaimDueDate.Add(time.Second))
	require.Equal(t, []string{"CLAIM 1: notify", "CLAIM 2:", "CLAIM 1: notify", "CLAIM 2:"}, u.done(t, u.id("t")))
}

func TestATaskThatComesBackInFreeTimeIsLateOnce(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	day := func(in int) string { return strings.ToLower(time.Now().UTC().AddDate(0, 0, in).Weekday().String()) }
	calendar := u.calendar(t, "UTC", fmt.Sprintf(`{"%s": [["09:00", "17:00"]]}`, day(3)), "[]")
	u.configure(t, `{"levels": [], "claimLevels": [{"afterMinutes": -60, "actions": [{"action": "notify", "users": ["{user}"]}]}, {"afterMinutes": 0}]}`)
	u.exec(t, "UPDATE flowable.workflow_queues SET claim_sla_minutes = 120, calendar_name = $2 WHERE queue_name = $1", u.queue, calendar)
	u.place(t, u.task("t"))
	first := u.see(t, u.user, u.id("t"))
	u.lateAt(t, "t", first.ClaimDueDate.Add(-time.Minute))
	_, err := u.api.ClaimTask(t.Context(), u.user, u.id("t"), uuid.New())
	require.NoError(t, err)
	back, err := u.api.UnclaimTask(t.Context(), u.user, u.id("t"), uuid.New())
	require.NoError(t, err)
	require.WithinDuration(t, *first.ClaimDueDate, *back.ClaimDueDate, 0)
	require.Equal(t, 2, u.see(t, u.user, u.id("t")).SLA.Next.Level, "the first was reached")
	u.lateAt(t, "t", *first.ClaimDueDate)
	require.Equal(t, []string{"CLAIM 1: notify", "CLAIM 2:"}, u.done(t, u.id("t")))

	u.exec(t, "UPDATE flowable.workflow_tasks SET claim_level = 0 WHERE task_id = $1", u.id("t")) // a changed calendar brings the moment back
	u.lateAt(t, "t", *first.ClaimDueDate)
	require.Len(t, u.done(t, u.id("t")), 2)
	require.Nil(t, u.see(t, u.user, u.id("t")).SLA.Next)
}

func TestClocksOfTheModelComeBeforeThoseOfTheQueue(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	office := u.calendar(t, "Europe/Berlin", `{"monday": [["09:00", "17:00"]], "tuesday": [["09:00", "17:00"]]}`, "[]")
	other := u.calendar(t, "UTC", `{"sunday": [["00:00", "24:00"]]}`, "[]")
	u.exec(t, "UPDATE flowable.workflow_queues SET calendar_name = $2, sla_minutes = 600, claim_sla_minutes = 60 WHERE queue_name = $1", u.queue, office)
	monday := time.Date(2030, 1, 7, 15, 0, 0, 0, time.UTC) // 16:00 in Berlin
	instance := u.start(t, admin)
	placed := func(n string, change ...string) casework.Task {
		raw, err := json.Marshal(u.task(n))
		require.NoError(t, err)
		body := strings.TrimSuffix(string(raw), "}") + strings.Join(change, "") + "}"
		u.exec(t, `SELECT flowable.place_task(i, c, 'k', '{}', $2::JSONB, $3) FROM flowable.process_instances i JOIN onecms.cases c USING (case_id) WHERE process_instance_id = $1`, instance, body, monday)
		return u.see(t, u.user, u.id(n))
	}
	at := func(day, hour int) time.Time { return time.Date(2030, 1, day, hour, 0, 0, 0, time.UTC) }
	queue := placed("queue")
	require.Equal(t, []time.Time{at(14, 9), at(7, 16)}, []time.Time{*queue.DueDate, *queue.ClaimDueDate}, "600 minutes: one on Monday, eight on Tuesday, one the Monday after")
	model := placed("model", `,"completeSeconds": 7200, "claimSeconds": 60, "calendar": "`+other+`"`)
	require.Equal(t, []time.Time{at(13, 2), at(13, 0).Add(time.Minute)}, []time.Time{*model.DueDate, *model.ClaimDueDate}, "on Sunday")
	fixed := placed("fixed", `,"dueDate": "2030-01-09T12:00:00Z"`)
	require.Equal(t, at(9, 12), *fixed.DueDate)
	unknown := placed("unknown", `,"calendar": "nowhere"`)
	require.Equal(t, *queue.DueDate, *unknown.DueDate)
	require.Contains(t, one[string](t, u.super, "SELECT comments FROM flowable.task_history WHERE task_id = $1", u.id("unknown")), "'nowhere'")

	// Minutes before and after a deadline are working time as well.
	u.configure(t, `{"levels": [{"afterMinutes": -120}, {"afterMinutes": 60}], "claimLevels": []}`)
	next := func(deadline time.Time, level int) time.Time {
		return one[time.Time](t, u.super, "SELECT flowable.escalation_at($1, $2, escalation_config -> 'levels', $3) FROM flowable.workflow_queues WHERE queue_name = $4",
			office, deadline, level, u.queue)
	}
	require.WithinDuration(t, at(8, 15), next(at(14, 9), 1), 0, "an hour before on Monday, one before on Tuesday")
	require.WithinDuration(t, at(14, 9).Add(time.Hour), next(at(14, 9), 2), 0)
}

func TestAPausedTaskIsNotLate(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	_, id := u.claimed(t)
	_, other := u.place(t, u.task("other")), u.id("other")
	pause := casework.TaskAct{Kind: casework.ActPause, Reason: "the customer is asked"}
	_, _, err := u.api.ActOnTask(t.Context(), u.user, other, uuid.New(), pause)
	require.Equal(t, "assignee", hasCode(t, err, casework.Forbidden).Rule)
	paused, delivery, err := u.api.ActOnTask(t.Context(), u.user, id, uuid.New(), pause)
	require.NoError(t, err)
	require.NotNil(t, paused.PausedAt)
	require.Nil(t, delivery.Command.Placed[0].EscalateAt, "its timer is not wanted any more")
	again, delivery, err := u.api.ActOnTask(t.Context(), u.user, id, uuid.New(), pause)
	require.NoError(t, err)
	require.Nil(t, delivery)
	require.Equal(t, paused, again)

	u.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP - INTERVAL '1 minute', complete_seconds = NULL, paused_at = CURRENT_TIMESTAMP - INTERVAL '1 hour' WHERE task_id = $1", id)
	require.Zero(t, u.late(t, "held").Level)
	clock := u.see(t, u.user, id).SLA
	require.Equal(t, casework.SLAPaused, clock.State)
	require.InDelta(t, 59*60, *clock.RemainingSeconds, 2, "as when it was paused")

	resumed, delivery, err := u.api.ActOnTask(t.Context(), u.user, id, uuid.New(), casework.TaskAct{Kind: casework.ActResume})
	require.NoError(t, err)
	require.Nil(t, resumed.PausedAt)
	require.WithinDuration(t, time.Now().Add(59*time.Minute), *resumed.DueDate, 10*time.Second)
	require.WithinDuration(t, *resumed.DueDate, *delivery.Command.Placed[0].EscalateAt, 0)
	require.Equal(t, []string{"the customer is asked", ""}, rows[string](t, u.super, `SELECT COALESCE(comments, '') FROM flowable.task_history
		WHERE task_id = $1 AND action_data ? 'pausedAt' ORDER BY history_id`, id))
	require.Equal(t, casework.SLARunning, u.see(t, u.user, id).SLA.State)
}

func TestAPausedTaskThatIsGivenUpGoesOn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		act  casework.TaskAct
		goes bool
	}{
		"unclaim":  {casework.TaskAct{Kind: casework.ActUnclaim}, true},
		"move":     {casework.TaskAct{Kind: casework.ActMove}, true},
		"release":  {casework.TaskAct{Kind: casework.ActEscalate, Reason: "x"}, true},
		"delegate": {casework.TaskAct{Kind: casework.ActDelegate}, false},
		"reassign": {casework.TaskAct{Kind: casework.ActReassign}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTeam(t)
			x.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "release"}]}, {"afterMinutes": 9}]}`)
			instance, id := x.claimed(t)
			x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActPause, Reason: "the customer is asked"})
			x.exec(t, "UPDATE flowable.workflow_tasks SET paused_at = paused_at - INTERVAL '1 hour' WHERE task_id = $1", id)
			before := x.see(t, x.boss, id)
			act := end.act
			switch act.Kind {
			case casework.ActMove:
				act.QueueName = x.elsewhere
			case casework.ActDelegate, casework.ActReassign:
				act.To = x.delegate
			default:
			}
			who := map[bool]string{true: x.boss, false: x.user}[act.Kind != casework.ActUnclaim && act.Kind != casework.ActDelegate]
			x.does(t, who, id, act)
			if act.Kind == casework.ActEscalate {
				command := one[string](t, x.super, "SELECT command_id::TEXT FROM flowable.task_commands WHERE task_id = $1 AND kind = 'escalate'", id)
				x.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: command, CommandKind: casework.CommandEscalate, Actor: x.boss})
			}
			after := x.see(t, admin, id)
			if !end.goes {
				require.Equal(t, []any{before.PausedAt, before.DueDate}, []any{after.PausedAt, after.DueDate})
				return
			}
			require.Nil(t, after.PausedAt)
			require.Nil(t, after.AssigneeID)
			require.WithinDuration(t, before.DueDate.Add(time.Hour), *after.DueDate, time.Minute)
			require.NotNil(t, one[*time.Time](t, x.super, "SELECT escalate_at FROM flowable.workflow_tasks WHERE task_id = $1", id))
			require.Equal(t, 1, one[int](t, x.super, `SELECT count(*) FROM flowable.task_history h, flowable.workflow_tasks t
				WHERE t.task_id = $1 AND h.task_id = t.task_id AND h.action_data #>> '{pausedAt,to}' IS NULL AND h.action_data ? 'pausedAt'`, id)+
				one[int](t, x.super, "SELECT count(*) FROM flowable.escalations WHERE task_id = $1 AND action -> 0 ? 'pausedAt'", id), "on record")
		})
	}
	t.Run("but not while its case is suspended", func(t *testing.T) {
		t.Parallel()
		x := newTeam(t)
		x.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "release"}]}]}`)
		instance, id := x.claimed(t)
		x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActEscalate, Reason: "x"})
		_, err := x.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), true)
		require.NoError(t, err)
		x.exec(t, "SELECT flowable.do_raised($1)", id)
		after := x.see(t, admin, id)
		require.Nil(t, after.AssigneeID)
		require.NotNil(t, after.PausedAt)
	})
}

func TestASubstituteLetsTheClocksStandStill(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	_, id := x.claimed(t)
	x.absent(t, x.user, x.third)
	x.does(t, x.third, id, casework.TaskAct{Kind: casework.ActPause, Reason: "the customer is asked"})
	require.Nil(t, x.does(t, x.third, id, casework.TaskAct{Kind: casework.ActResume}).PausedAt)
	require.Equal(t, []string{x.user, x.user}, rows[string](t, x.super, "SELECT action_data ->> 'actingFor' FROM flowable.task_history WHERE task_id = $1 AND action_by = $2", id, x.third))
}

func TestADateThatIsSetDuringAPauseLosesOnlyWhatIsLeftOfIt(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskOpen)
	x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActPause, Reason: "x"})
	x.exec(t, `UPDATE flowable.workflow_tasks SET paused_at = CURRENT_TIMESTAMP - INTERVAL '3 hours', offered_at = CURRENT_TIMESTAMP - INTERVAL '4 hours',
		claim_seconds = 7200, claim_due_date = CURRENT_TIMESTAMP - INTERVAL '2 hours' WHERE task_id = $1`, id)
	due := time.Now().Add(5 * time.Hour).UTC().Truncate(time.Second)
	paused := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActUpdate, DueDate: &casework.DateChange{At: &due}})
	require.WithinDuration(t, due, *paused.DueDate, 0)
	require.WithinDuration(t, time.Now(), *paused.PausedAt, 10*time.Second)
	resumed := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActResume})
	require.WithinDuration(t, due, *resumed.DueDate, 10*time.Second)
	require.WithinDuration(t, time.Now().Add(time.Hour), *resumed.ClaimDueDate, 10*time.Second, "which has stood still for all of the pause")
}

func TestAPauseInFreeTimeCostsNothing(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	_, id := u.claimed(t)
	day := strings.ToLower(time.Now().UTC().Add(-96 * time.Hour).Weekday().String()) // some other day than today and yesterday
	calendar := u.calendar(t, "UTC", `{"`+day+`": [["09:00", "17:00"]]}`, "[]")
	due := time.Now().Add(72 * time.Hour).UTC().Truncate(time.Second)
	u.exec(t, "UPDATE flowable.workflow_tasks SET calendar_name = $2, due_date = $3, complete_seconds = NULL, paused_at = CURRENT_TIMESTAMP - INTERVAL '1 hour' WHERE task_id = $1", id, calendar, due)
	resumed, _, err := u.api.ActOnTask(t.Context(), u.user, id, uuid.New(), casework.TaskAct{Kind: casework.ActResume})
	require.NoError(t, err)
	require.WithinDuration(t, due, *resumed.DueDate, 0)
}

func TestAChangedCalendarMovesTheDeadlinesOfOpenTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	always := w.calendar(t, "UTC", `{"monday": [["00:00", "24:00"]], "tuesday": [["00:00", "24:00"]], "wednesday": [["00:00", "24:00"]], "thursday": [["00:00", "24:00"]],
		"friday": [["00:00", "24:00"]], "saturday": [["00:00", "24:00"]], "sunday": [["00:00", "24:00"]]}`, "[]")
	w.exec(t, "UPDATE flowable.workflow_queues SET calendar_name = $2, claim_sla_minutes = 30 WHERE queue_name = $1", w.queue, always)
	fixed := time.Now().Add(30 * time.Minute).UTC().Truncate(time.Second)
	var tasks []casework.NewTask
	for i := range 7 {
		tasks = append(tasks, w.task(fmt.Sprintf("t%d", i)))
	}
	instance := w.place(t, append(tasks, w.task("fixed", func(n *casework.NewTask) { n.DueDate = &fixed }), w.task("done"))...)
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CancelTasks: []string{w.id("done")}})
	before := w.see(t, w.user, w.id("t3"))

	today, tomorrow := time.Now().UTC().Format(time.DateOnly), time.Now().UTC().Add(24*time.Hour).Format(time.DateOnly)
	w.exec(t, "UPDATE flowable.business_calendars SET holidays = to_jsonb(ARRAY[$2, $3]) WHERE calendar_name = $1", always, today, tomorrow)
	looked := 0
	for {
		n := one[int](t, w.conn(t, workerRole), "SELECT flowable.rearm_clocks(3)")
		if n == 0 {
			break
		}
		require.LessOrEqual(t, n, 4, "in batches")
		looked++
	}
	require.Equal(t, 4, looked, "eight open tasks in batches of three, and no instance")
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.clock_changes"))
	after := w.see(t, w.user, w.id("t3"))
	free := time.Date(before.CreatedAt.Year(), before.CreatedAt.Month(), before.CreatedAt.Day()+2, 0, 0, 0, 0, time.UTC)
	require.Equal(t, []time.Time{free.Add(time.Hour), free.Add(30 * time.Minute)}, []time.Time{*after.DueDate, *after.ClaimDueDate})
	require.Greater(t, after.Version, before.Version)
	require.Equal(t, fixed, *w.see(t, w.user, w.id("fixed")).DueDate, "it was given as a moment")
	told := one[casework.Command](t, w.super, "SELECT payload FROM flowable.outbox o JOIN flowable.task_commands c USING (command_id) WHERE c.task_id = $1", w.id("t3"))
	require.Equal(t, casework.CommandUpdateTask, told.Kind)
	require.WithinDuration(t, free.Add(30*time.Minute), *told.Placed[0].EscalateAt, 0)
	require.Equal(t, 7, one[int](t, w.super, "SELECT count(*) FROM flowable.task_history WHERE action_type = 'UPDATE' AND action_data ? 'dueDate'"))

	// A change in the midst of a change begins anew; one that changes nothing tells nobody.
	w.exec(t, "UPDATE flowable.business_calendars SET holidays = '[]' WHERE calendar_name = $1", always)
	one[int](t, w.conn(t, workerRole), "SELECT flowable.rearm_clocks(3)")
	w.exec(t, "UPDATE flowable.business_calendars SET holidays = to_jsonb(ARRAY[$2, $3]) WHERE calendar_name = $1", always, today, tomorrow)
	for more := true; more; {
		var err error
		more, err = w.worker.RearmClocks(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, after.DueDate, w.see(t, w.user, w.id("t0")).DueDate)
	require.Equal(t, after.Version, w.see(t, w.user, w.id("t6")).Version, "of the last ones nobody ever heard")
}

// A task that is paused while its calendar changes counts on the new one when it goes on.
func TestACalendarThatChangesDuringAPauseHoldsAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hours := func(days ...string) string {
		week := map[string][][2]string{}
		for _, day := range days {
			week[day] = [][2]string{{"00:00", "24:00"}}
		}
		raw, err := json.Marshal(week)
		require.NoError(t, err)
		return string(raw)
	}
	day := func(in int) string { return strings.ToLower(time.Now().UTC().AddDate(0, 0, in).Weekday().String()) }
	calendar := w.calendar(t, "UTC", hours(day(3)), "[]")
	w.exec(t, "UPDATE flowable.workflow_queues SET calendar_name = $2 WHERE queue_name = $1", w.queue, calendar)
	_, id := w.claimed(t)
	paused, _, err := w.api.ActOnTask(t.Context(), w.user, id, uuid.New(), casework.TaskAct{Kind: casework.ActPause, Reason: "x"})
	require.NoError(t, err)
	require.Equal(t, day(3), strings.ToLower(paused.DueDate.UTC().Weekday().String()))
	w.exec(t, "UPDATE flowable.business_calendars SET working_hours = $2::JSONB WHERE calendar_name = $1", calendar, hours(day(2)))
	for more := true; more; {
		more, err = w.worker.RearmClocks(t.Context())
		require.NoError(t, err)
	}
	require.WithinDuration(t, *paused.DueDate, *w.see(t, w.user, id).DueDate, 0, "it stands still")
	resumed, _, err := w.api.ActOnTask(t.Context(), w.user, id, uuid.New(), casework.TaskAct{Kind: casework.ActResume})
	require.NoError(t, err)
	require.Equal(t, day(2), strings.ToLower(resumed.DueDate.UTC().Weekday().String()))
	require.Equal(t, 1, resumed.DueDate.UTC().Hour())
}

func TestAChangedEscalationIsToldToTheWorkflows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.open(t, 3)
	w.configure(t, `{"levels": [{"afterMinutes": -50}]}`)
	for more := true; more; {
		var err error
		more, err = w.worker.RearmClocks(t.Context())
		require.NoError(t, err)
	}
	for _, id := range ids {
		told := one[casework.Command](t, w.super, "SELECT payload FROM flowable.outbox o JOIN flowable.task_commands c USING (command_id) WHERE c.task_id = $1", id)
		require.WithinDuration(t, told.Placed[0].DueDate.Add(-50*time.Minute), *told.Placed[0].EscalateAt, 0)
	}
}

func TestBothNetsAtOnceEscalateOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "notify", "users": ["{user}"]}, {"action": "raisePriority", "by": 1}]}],
		"claimLevels": [{"afterMinutes": 0, "actions": [{"action": "notify", "users": ["{user}"]}]}]}`)
	w.exec(t, "UPDATE flowable.workflow_queues SET claim_sla_minutes = 1 WHERE queue_name = $1", w.queue)
	const n = 40
	var tasks []casework.NewTask
	var due []casework.EscalationDue
	for i := range n {
		tasks = append(tasks, w.task(fmt.Sprintf("%03d", i), dueAgo(2*time.Minute)))
		due = append(due, casework.EscalationDue{TaskID: tasks[i].TaskID, Level: 1})
	}
	instance := w.place(t, tasks...)
	w.exec(t, "UPDATE flowable.workflow_tasks SET claim_due_date = CURRENT_TIMESTAMP - INTERVAL '1 minute'")
	store := w.store(t, workerRole, 8)
	for _, err := range together(6, func(i int) error {
		if i%2 == 0 {
			return store.EscalateOverdue(context.WithoutCancel(t.Context()))
		}
		_, err := store.CommitStep(context.WithoutCancel(t.Context()), filled(casework.StepCommit{InstanceID: instance, Step: 2, Escalations: due, Cause: "escalation"}))
		return err
	}) {
		require.NoError(t, err)
	}
	require.NoError(t, store.EscalateOverdue(t.Context()))
	require.Equal(t, []int{2 * n, 2 * n, 2 * n, n}, rows[int](t, w.super, `SELECT unnest(ARRAY[(SELECT count(*) FROM flowable.escalations),
		(SELECT count(*) FROM flowable.notifications), (SELECT count(*) FROM flowable.task_history WHERE action_type = 'ESCALATE'),
		(SELECT count(*) FROM flowable.workflow_tasks WHERE priority = 51 AND escalation_level = 1 AND claim_level = 1)])`))
}

// What the safety net cannot do keeps nothing else back, and what it has done stays done when it is stopped.
func TestTheSafetyNetDoesWhatItCan(t *testing.T) {
	t.Parallel()
	x := newWorld(t).team(t)
	const most = 500 // of a batch
	instance := x.place(t, x.task("bad", dueAgo(2*time.Hour)), x.task("last", dueAgo(time.Minute)), x.task("raised"), x.task("badly"))
	x.exec(t, `INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, element_instance_id, process_key, due_date)
		SELECT 'many-' || n, $1, 'k', 'n', $2, 'e:' || n, 'p', CURRENT_TIMESTAMP - INTERVAL '1 hour' FROM generate_series(1, $3) AS n`, instance, x.queue, most-1)
	x.exec(t, `CREATE FUNCTION public.refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
		BEGIN RAISE 'not this one' USING ERRCODE = CASE WHEN NEW.task_id LIKE '%-last' THEN 'query_canceled' ELSE 'check_violation' END; END $$`)
	refuses := func(ids ...string) {
		x.exec(t, "DROP TRIGGER IF EXISTS refuse ON flowable.workflow_tasks")
		x.exec(t, fmt.Sprintf(`CREATE TRIGGER refuse BEFORE UPDATE ON flowable.workflow_tasks FOR EACH ROW
			WHEN (NEW.task_id IN ('%s')) EXECUTE FUNCTION public.refuse()`, strings.Join(ids, "', '")))
	}
	level := func(like string) []int {
		return rows[int](t, x.super, "SELECT DISTINCT escalation_level FROM flowable.workflow_tasks WHERE task_id LIKE $1 ORDER BY 1", like)
	}
	refuses(x.id("bad"), x.id("last"))
	require.ErrorContains(t, x.worker.EscalateOverdue(t.Context()), "not this one", "it is stopped")
	require.Equal(t, []int{1}, level("many-%"), "the batch before")
	require.Equal(t, []int{0}, level("%-bad"))

	x.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "raisePriority", "to": 90}]}]}`)
	for _, name := range []string{"raised", "badly"} {
		_, _, err := x.api.ActOnTask(t.Context(), x.boss, x.id(name), uuid.New(), casework.TaskAct{Kind: casework.ActEscalate, Reason: "x"})
		require.NoError(t, err)
	}
	x.exec(t, "UPDATE flowable.escalations SET escalated_at = escalated_at - INTERVAL '2 minutes' WHERE pending")
	refuses(x.id("bad"), x.id("badly"))
	require.NoError(t, x.worker.EscalateOverdue(t.Context()))
	require.Equal(t, []int{0}, level("%-bad"))
	require.Equal(t, []int{1}, level("%-last"))
	require.Equal(t, 90, x.see(t, x.boss, x.id("raised")).Priority)
	require.Equal(t, []string{x.id("badly")}, rows[string](t, x.super, "SELECT task_id FROM flowable.escalations WHERE pending"))

	x.exec(t, "DROP TRIGGER refuse ON flowable.workflow_tasks")
	require.NoError(t, x.worker.EscalateOverdue(t.Context()))
	require.Equal(t, []int{1}, level("%-bad"))
	require.Equal(t, 90, x.see(t, x.boss, x.id("badly")).Priority)
}

func dueAgo(ago time.Duration) func(*casework.NewTask) {
	at := time.Now().Add(-ago)
	return func(n *casework.NewTask) { n.DueDate = &at }
}

// What a person raises is done by the worker, when the case hears of it: a person may not do all of it.
func TestALevelThatIsReachedByHandIsDone(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.configure(t, `{"levels": [{"afterMinutes": 60, "actions": [{"action": "notify", "users": ["{user}"]}, {"action": "release"}]}, {"afterMinutes": 70, "actions": [{"action": "raisePriority", "to": 90}]}]}`)
	instance, id := x.claimed(t)
	_, delivery, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: casework.ActEscalate, Reason: "the press asks"})
	require.NoError(t, err)
	require.Empty(t, x.told(t, x.user))
	result := x.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: delivery.Command.CommandID, CommandKind: casework.CommandEscalate, Actor: x.boss})
	require.Equal(t, casework.TaskEscalated, result.Escalated[0].Status)
	require.Len(t, x.told(t, x.user), 1)
	require.Equal(t, []string{"DUE 1: notify, release"}, x.done(t, id))

	// The workflow is gone: the net does it.
	_, _, err = x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: casework.ActEscalate, Reason: "again"})
	require.NoError(t, err)
	x.exec(t, "UPDATE flowable.escalations SET escalated_at = escalated_at - INTERVAL '2 minutes' WHERE task_id = $1 AND pending", id)
	require.NoError(t, x.worker.EscalateOverdue(t.Context()))
	require.Equal(t, 90, x.see(t, x.boss, id).Priority)
}

func TestWhatWasRaisedByHandAndEndedFirstKeepsNothingBack(t *testing.T) {
	t.Parallel()
	x := newUnit(t).team(t)
	x.configure(t, `{"levels": [{"afterMinutes": 60, "actions": [{"action": "raisePriority", "to": 90}]}]}`)
	instance, id := x.claimed(t)
	_, delivery, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: casework.ActEscalate, Reason: "x"})
	require.NoError(t, err)
	_, _, err = x.api.CompleteTask(t.Context(), x.user, id, uuid.New(), approve)
	require.NoError(t, err)
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: delivery.Command.CommandID, CommandKind: casework.CommandEscalate, Actor: x.boss})
	require.Equal(t, []string{"DUE 1:"}, x.done(t, id))
	require.Zero(t, one[int](t, x.super, "SELECT count(*) FROM flowable.escalations WHERE task_id = $1 AND pending", id))
}

func TestTheClockOfAProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := strings.ReplaceAll(`{"withinMinutes": 60, "levels": [{"afterMinutes": -10, "actions": [{"action": "notify", "assignee": true}]},
		{"afterMinutes": 0, "actions": [{"action": "notify", "users": ["{user}"]}, {"action": "signalProcess", "signal": "late"}]}]}`, "{user}", w.user)
	_, _, mistakes := casework.ParseProcessSLA(json.RawMessage(config))
	require.Empty(t, mistakes)
	w.exec(t, "UPDATE flowable.workflow_definitions SET sla_config = $2::JSONB WHERE process_key = $1", w.definition.ProcessKey, config)
	instance := w.start(t, admin)
	began := w.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{w.task("t")}})
	require.NotNil(t, began.SLA)
	require.WithinDuration(t, time.Now().Add(time.Hour), began.SLA.DueDate, time.Minute)
	require.WithinDuration(t, began.SLA.DueDate.Add(-10*time.Minute), *began.SLA.EscalateAt, 0)
	require.WithinDuration(t, began.SLA.DueDate, one[time.Time](t, w.super, "SELECT expected_completion FROM onecms.case_workflow_mapping WHERE process_instance_id = $1", instance), time.Millisecond)

	warned := w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, At: *began.SLA.EscalateAt, Escalations: []casework.EscalationDue{{Level: 1}}}).SLA
	require.Equal(t, 1, warned.Level)
	require.WithinDuration(t, warned.DueDate, *warned.EscalateAt, 0)
	require.Len(t, w.told(t, admin), 1, "who started it")

	w.exec(t, "UPDATE flowable.process_instances SET sla_due_date = CURRENT_TIMESTAMP, sla_next_at = CURRENT_TIMESTAMP WHERE process_instance_id = $1", instance)
	for range 2 {
		require.NoError(t, w.worker.EscalateOverdue(t.Context()))
	}
	require.Equal(t, []string{"PROCESS 1 TIMER", "PROCESS 2 SWEEP"}, rows[string](t, w.super, "SELECT concat_ws(' ', clock, escalation_level, source) FROM flowable.escalations WHERE process_instance_id = $1 ORDER BY 1", instance))
	require.Contains(t, w.told(t, w.user)[0], "PROCESS_BREACH Past its due date: level 2: process")
	require.Equal(t, 1, one[int](t, w.super, "SELECT count(*) FROM flowable.task_commands WHERE kind = 'signal'"))
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 3, End: &casework.InstanceEnd{Status: casework.InstanceCompleted}})
	require.Nil(t, one[*time.Time](t, w.super, "SELECT sla_next_at FROM flowable.process_instances WHERE process_instance_id = $1", instance))
}

func TestASuspendedProcessHasMoreTime(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	instance := u.place(t, u.task("t"))
	u.exec(t, "UPDATE flowable.process_instances SET sla_seconds = 3600, sla_due_date = CURRENT_TIMESTAMP + INTERVAL '1 hour', sla_next_at = CURRENT_TIMESTAMP + INTERVAL '1 hour' WHERE process_instance_id = $1", instance)
	_, err := u.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), true)
	require.NoError(t, err)
	require.Nil(t, one[*time.Time](t, u.super, "SELECT sla_next_at FROM flowable.process_instances WHERE process_instance_id = $1", instance))
	u.exec(t, "UPDATE flowable.process_instances SET suspended_at = suspended_at - INTERVAL '1 day' WHERE process_instance_id = $1", instance)
	_, err = u.api.SuspendInstance(t.Context(), admin, instance, uuid.New(), false)
	require.NoError(t, err)
	for _, column := range []string{"i.sla_due_date", "i.sla_next_at", "m.expected_completion"} {
		require.WithinDuration(t, time.Now().Add(25*time.Hour), one[time.Time](t, u.super, "SELECT "+column+
			" FROM flowable.process_instances i JOIN onecms.case_workflow_mapping m USING (process_instance_id) WHERE process_instance_id = $1", instance), time.Minute)
	}
}

func TestNotificationsAreForTheirRecipientsOnly(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	other := newUnit(t)
	instance := u.start(t, admin)
	for i := range 5 {
		u.exec(t, "INSERT INTO flowable.notifications (recipient_id, kind, process_instance_id, subject, body) VALUES ($1, 'BREACH', $2, $3, 'b')", u.user, instance, fmt.Sprint(i))
	}
	first, err := u.api.Notifications(t.Context(), u.user, true, casework.Page{Limit: 3})
	require.NoError(t, err)
	require.Len(t, first.Items, 3)
	rest, err := u.api.Notifications(t.Context(), u.user, true, casework.Page{Limit: 3, Cursor: first.NextCursor})
	require.NoError(t, err)
	require.Equal(t, []string{"1", "0"}, []string{rest.Items[0].Subject, rest.Items[1].Subject})
	require.Empty(t, rest.NextCursor)

	id := first.Items[0].NotificationID
	_, err = u.api.ReadNotification(t.Context(), other.user, id)
	hasCode(t, err, casework.NotFound)
	read, err := u.api.ReadNotification(t.Context(), u.user, id)
	require.NoError(t, err)
	again, err := u.api.ReadNotification(t.Context(), u.user, id)
	require.NoError(t, err)
	require.Equal(t, read, again)
	unread, err := u.api.Notifications(t.Context(), u.user, true, casework.Page{})
	require.NoError(t, err)
	require.Len(t, unread.Items, 4)
	require.Empty(t, u.told(t, other.user))
	require.ErrorContains(t, u.does(t, apiRole, u.user, "UPDATE flowable.notifications SET body = 'x'"), "42501")
}

func TestMailsAreLeasedSentAndGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	instance := w.start(t, admin)
	w.exec(t, "UPDATE entitlements.users SET email = 'u@example.com' WHERE user_id = $1", w.user)
	for _, subject := range []string{"sent", "refused", "away"} {
		w.exec(t, "INSERT INTO flowable.notifications (recipient_id, kind, process_instance_id, subject, body, mail_due_at) VALUES ($1, 'BREACH', $2, $3, 'b', CURRENT_TIMESTAMP)", w.user, instance, subject)
	}
	w.exec(t, "INSERT INTO flowable.notifications (recipient_id, kind, process_instance_id, subject, body, mail_due_at, created_at) VALUES ($1, 'BREACH', $2, 'old', 'b', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP - INTERVAL '2 days')", w.user, instance)
	due, err := w.worker.DueMails(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, due, 3)
	none, err := w.worker.DueMails(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Empty(t, none, "leased")
	for _, m := range due {
		require.Equal(t, "u@example.com", m.To)
		switch m.Subject {
		case "sent":
			require.NoError(t, w.worker.MailSent(t.Context(), m.NotificationID))
		case "refused":
			require.NoError(t, w.worker.MailFailed(t.Context(), m.NotificationID, "no such address", 0))
		default:
			require.NoError(t, w.worker.MailFailed(t.Context(), m.NotificationID, "away", time.Hour))
		}
	}
	w.exec(t, "UPDATE flowable.notifications SET mail_due_at = CURRENT_TIMESTAMP WHERE mail_due_at IS NOT NULL")
	due, err = w.worker.DueMails(t.Context(), 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, []any{"away", 2}, []any{due[0].Subject, due[0].Attempts})
}

func TestAPausedTaskIsNotListedAsOverdue(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	_, id := u.claimed(t)
	u.place(t, u.task("late", dueAgo(time.Minute)))
	u.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP - INTERVAL '1 minute', paused_at = CURRENT_TIMESTAMP - INTERVAL '1 hour' WHERE task_id = $1", id)
	list, err := u.api.Tasks(t.Context(), u.user, casework.TaskFilter{Overdue: true, QueueName: u.queue})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	require.Equal(t, u.id("late"), list.Items[0].TaskID)

	_, _, err = u.api.CompleteTask(t.Context(), u.user, id, uuid.New(), approve) // the answer came
	require.NoError(t, err)
	require.Equal(t, casework.SLABreached, u.see(t, u.user, u.id("late")).SLA.State)
	met := u.see(t, u.user, id).SLA
	require.Equal(t, casework.SLAMet, met.State)
	require.Positive(t, *met.RemainingSeconds)
}

// What looks for deadlines does not look through all tasks.
func TestWhatIsDueIsFoundByAnIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calendar := w.calendar(t, "UTC", `{"monday": [["09:00", "17:00"]]}`, "[]")
	instance := w.place(t, w.task("due", dueAgo(time.Minute)))
	w.exec(t, `INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, element_instance_id, process_key, due_date, calendar_name)
		SELECT 'many-' || n, $1, 'k', 'n', $2, 'e:' || n, 'p', CURRENT_TIMESTAMP + make_interval(hours => 1 + n % 1000), CASE WHEN n % 100 = 0 THEN $3 END
		FROM generate_series(1, 20000) AS n`, instance, w.queue, calendar)
	w.exec(t, "ANALYZE flowable.workflow_tasks")
	scans := func() int {
		w.exec(t, "SELECT pg_stat_clear_snapshot()")
		return one[int](t, w.super, "SELECT seq_scan FROM pg_stat_user_tables WHERE relid = 'flowable.workflow_tasks'::regclass")
	}
	store := w.store(t, workerRole, 1)
	flush := func() { // statistics of a session are sent when it is idle or ends
		store.Close()
		store = w.store(t, workerRole, 1)
	}
	flush()
	before := scans()
	require.NoError(t, store.EscalateOverdue(t.Context()))
	w.exec(t, "UPDATE flowable.business_calendars SET holidays = '[\"2030-01-07\"]' WHERE calendar_name = $1", calendar)
	for more := true; more; {
		var err error
		more, err = store.RearmClocks(t.Context())
		require.NoError(t, err)
	}
	flush()
	require.Equal(t, before, scans())
	require.Equal(t, 1, w.see(t, w.user, w.id("due")).EscalationLevel)
}
