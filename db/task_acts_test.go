package db_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// team is a unit with people of every kind that acts on its tasks.
type team struct {
	*unit
	delegate, third string // candidates like the unit's user
	boss            string // supervises the unit's queue and is no candidate
	elsewhere       string // a queue that other people work on
}

func newTeam(t *testing.T) *team {
	t.Helper()
	return newUnit(t).team(t)
}

func (u *unit) team(t *testing.T) *team {
	t.Helper()
	u.limit(t, 1000)
	people := u.hire(t, 2)
	x := &team{unit: u, delegate: people[0], third: people[1], boss: u.name + ".boss", elsewhere: u.name + "-elsewhere"}
	u.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ($1, $1)", x.boss)
	u.set(t, `INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, permissions) VALUES ('BOSS_{name}', 'x', 'CUSTOM', '{"supervise": true}');
		INSERT INTO flowable.queue_assignments (queue_id, role_id) SELECT q.queue_id, r.role_id FROM flowable.workflow_queues q, entitlements.workflow_roles r
			WHERE q.queue_name = '{queue}' AND r.role_code = 'BOSS_{name}';
		INSERT INTO flowable.workflow_queues (queue_name) VALUES ('{name}-elsewhere');
		INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type) VALUES ('ELSEWHERE_{name}', 'x', 'CUSTOM');
		INSERT INTO flowable.queue_assignments (queue_id, role_id) SELECT q.queue_id, r.role_id FROM flowable.workflow_queues q, entitlements.workflow_roles r
			WHERE q.queue_name = '{name}-elsewhere' AND r.role_code = 'ELSEWHERE_{name}'`)
	u.grant(t, x.boss, "BOSS_"+u.name)
	return x
}

// in places a task and brings it into a state: claimed by the unit's user, delegated by them, or ended.
func (x *team) in(t *testing.T, state casework.TaskStatus) string {
	t.Helper()
	name := uuid.NewString()[:8]
	instance, id := x.place(t, x.task(name)), x.id(name)
	switch state {
	case casework.TaskEscalated:
		x.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP WHERE task_id = $1", id)
		x.step(t, casework.StepCommit{InstanceID: instance, Step: 2, Escalations: []casework.EscalationDue{{TaskID: id, Level: 1}}})
	case casework.TaskCancelled:
		x.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CancelTasks: []string{id}})
	case casework.TaskClaimed, casework.TaskDelegated, casework.TaskCompleted:
		x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActClaim})
	default:
	}
	switch state {
	case casework.TaskDelegated:
		x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActDelegate, To: x.delegate})
	case casework.TaskCompleted:
		x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActComplete, Completion: approve})
	default:
	}
	return id
}

// does does an act that is allowed.
func (x *team) does(t *testing.T, who, id string, a casework.TaskAct) casework.Task {
	t.Helper()
	task, _, err := x.api.ActOnTask(t.Context(), who, id, uuid.New(), a)
	require.NoError(t, err)
	return task
}

// trace is what acts leave behind of one task.
func (x *team) trace(t *testing.T, id string) (version int64, history, commands int) {
	t.Helper()
	require.NoError(t, x.super.QueryRow(t.Context(), `SELECT t.version, (SELECT count(*) FROM flowable.task_history h WHERE h.task_id = t.task_id),
		(SELECT count(*) FROM flowable.task_commands c WHERE c.task_id = t.task_id) FROM flowable.workflow_tasks t WHERE t.task_id = $1`, id).
		Scan(&version, &history, &commands))
	return version, history, commands
}

// outcomeOf says in one word what an act came to: the state of the task, or the code and rule of the refusal.
func outcomeOf(task casework.Task, err error) string {
	if err == nil {
		return string(task.Status)
	}
	var outside *casework.Error
	if !errors.As(err, &outside) {
		return err.Error()
	}
	return strings.TrimSuffix(string(outside.Code)+":"+outside.Rule, ":")
}

// states in the order of the columns below.
var states = []casework.TaskStatus{
	casework.TaskOpen, casework.TaskEscalated, casework.TaskClaimed, casework.TaskDelegated, casework.TaskCompleted, casework.TaskCancelled,
}

// TestWhoMayDoWhatToATaskInWhichState is docs/work-management.md as a test. The columns are the states: a state is where the
// act leads, anything else why it is refused.
func TestWhoMayDoWhatToATaskInWhichState(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	soon, priority := time.Now().Add(time.Hour), 80
	acts := map[string]struct {
		act  casework.TaskAct
		kind casework.CommandKind // "": the workflow is not told
	}{
		"claim":     {casework.TaskAct{Kind: casework.ActClaim}, casework.CommandClaim},
		"unclaim":   {casework.TaskAct{Kind: casework.ActUnclaim}, casework.CommandUnclaim},
		"complete":  {casework.TaskAct{Kind: casework.ActComplete, Completion: casework.Completion{Outcome: "other"}}, casework.CommandComplete},
		"delegate":  {casework.TaskAct{Kind: casework.ActDelegate, To: x.third}, casework.CommandDelegate},
		"resolve":   {casework.TaskAct{Kind: casework.ActResolve}, casework.CommandResolve},
		"reassign":  {casework.TaskAct{Kind: casework.ActReassign, To: x.third}, casework.CommandReassign},
		"escalate":  {casework.TaskAct{Kind: casework.ActEscalate, Reason: "the customer is angry"}, casework.CommandEscalate},
		"move":      {casework.TaskAct{Kind: casework.ActMove, QueueName: x.elsewhere}, casework.CommandUpdateTask},
		"due":       {casework.TaskAct{Kind: casework.ActUpdate, DueDate: &casework.DateChange{At: &soon}}, casework.CommandUpdateTask},
		"priority":  {casework.TaskAct{Kind: casework.ActUpdate, Priority: &priority}, ""},
		"follow up": {casework.TaskAct{Kind: casework.ActUpdate, FollowUpDate: &casework.DateChange{At: &soon}}, ""},
		"comment":   {casework.TaskAct{Kind: casework.ActComment, Text: "I have called"}, ""},
	}
	people := map[string]string{"user": x.user, "delegate": x.delegate, "third": x.third, "boss": x.boss, "stranger": lisa}
	for _, row := range []string{
		"claim     third     CLAIMED            CLAIMED            conflict            conflict            conflict  conflict",
		"claim     boss      forbidden:candidate forbidden:candidate conflict          conflict            conflict  conflict",
		"unclaim   user      conflict           conflict           OPEN                conflict            conflict  conflict",
		"unclaim   boss      conflict           conflict           OPEN                conflict            conflict  conflict",
		"unclaim   third     conflict           conflict           forbidden:assignee  conflict            conflict  conflict",
		"complete  user      conflict           conflict           COMPLETED           forbidden:assignee  conflict  conflict",
		"complete  delegate  conflict           conflict           forbidden:assignee  COMPLETED           conflict  conflict",
		"complete  boss      conflict           conflict           forbidden:assignee  forbidden:assignee  conflict  conflict",
		"delegate  user      conflict           conflict           DELEGATED           forbidden:assignee  conflict  conflict",
		"delegate  delegate  conflict           conflict           forbidden:assignee  DELEGATED           conflict  conflict",
		"delegate  boss      conflict           conflict           DELEGATED           DELEGATED           conflict  conflict",
		"delegate  third     conflict           conflict           forbidden:assignee  forbidden:assignee  conflict  conflict",
		"delegate  stranger  not-found          not-found          not-found           not-found           not-found not-found",
		"resolve   user      conflict           conflict           conflict            CLAIMED             conflict  conflict",
		"resolve   delegate  conflict           conflict           conflict            CLAIMED             conflict  conflict",
		"resolve   boss      conflict           conflict           conflict            CLAIMED             conflict  conflict",
		"resolve   third     conflict           conflict           conflict            forbidden:assignee  conflict  conflict",
		"resolve   stranger  not-found          not-found          not-found           not-found           not-found not-found",
		"reassign  boss      CLAIMED            CLAIMED            CLAIMED             CLAIMED             conflict  conflict",
		"reassign  user      forbidden:reassign forbidden:reassign forbidden:reassign  forbidden:reassign  conflict  conflict",
		"reassign  third     forbidden:reassign forbidden:reassign forbidden:reassign  forbidden:reassign  conflict  conflict",
		"reassign  stranger  not-found          not-found          not-found           not-found           not-found not-found",
		"escalate  user      ESCALATED          ESCALATED          CLAIMED             DELEGATED           conflict  conflict",
		"escalate  delegate  ESCALATED          ESCALATED          forbidden:escalate  DELEGATED           conflict  conflict",
		"escalate  boss      ESCALATED          ESCALATED          CLAIMED             DELEGATED           conflict  conflict",
		"escalate  third     ESCALATED          ESCALATED          forbidden:escalate  forbidden:escalate  conflict  conflict",
		"escalate  stranger  not-found          not-found          not-found           not-found           not-found not-found",
		"move      boss      OPEN               ESCALATED          OPEN                OPEN                conflict  conflict",
		"move      user      forbidden:supervise forbidden:supervise OPEN              forbidden:supervise conflict  conflict",
		"move      third     forbidden:supervise forbidden:supervise forbidden:supervise forbidden:supervise conflict conflict",
		"move      stranger  not-found          not-found          not-found           not-found           not-found not-found",
		"due       boss      OPEN               ESCALATED          CLAIMED             DELEGATED           conflict  conflict",
		"due       user      forbidden:supervise forbidden:supervise forbidden:supervise forbidden:supervise conflict conflict",
		"priority  boss      OPEN               ESCALATED          CLAIMED             DELEGATED           conflict  conflict",
		"priority  user      forbidden:supervise forbidden:supervise forbidden:supervise forbidden:supervise conflict conflict",
		"priority  stranger  not-found          not-found          not-found           not-found           not-found not-found",
		"follow-up boss      OPEN               ESCALATED          CLAIMED             DELEGATED           conflict  conflict",
		"follow-up user      forbidden:assignee forbidden:assignee CLAIMED             DELEGATED           conflict  conflict",
		"follow-up third     forbidden:assignee forbidden:assignee forbidden:assignee  forbidden:assignee  conflict  conflict",
		"comment   boss      OPEN               ESCALATED          CLAIMED             DELEGATED           COMPLETED CANCELLED",
		"comment   third     OPEN               ESCALATED          CLAIMED             DELEGATED           COMPLETED CANCELLED",
		"comment   stranger  not-found          not-found          not-found           not-found           not-found not-found",
	} {
		cells := strings.Fields(row)
		do, who := acts[strings.ReplaceAll(cells[0], "-", " ")], people[cells[1]]
		for i, state := range states {
			want := cells[2+i]
			t.Run(fmt.Sprintf("%s %s a task that is %s", cells[1], cells[0], state), func(t *testing.T) {
				t.Parallel()
				id := x.in(t, state)
				version, history, commands := x.trace(t, id)
				task, delivery, err := x.api.ActOnTask(t.Context(), who, id, uuid.New(), do.act)
				require.Equal(t, want, outcomeOf(task, err), err)
				nowVersion, nowHistory, nowCommands := x.trace(t, id)
				if err != nil {
					require.Equal(t, []any{version, history, commands}, []any{nowVersion, nowHistory, nowCommands}, "a refused act changes nothing")
					return
				}
				if do.act.Kind != casework.ActComment {
					version++
				}
				require.Equal(t, []any{version, history + 1}, []any{nowVersion, nowHistory})
				require.Equal(t, version, task.Version)
				told := rows[string](t, x.super, "SELECT kind FROM flowable.task_commands WHERE task_id = $1 ORDER BY seq", id)[commands:]
				if do.kind == "" {
					require.Empty(t, told)
					require.Nil(t, delivery)
				} else {
					require.Equal(t, []string{string(do.kind)}, told)
				}
				if delivery != nil && do.kind != casework.CommandComplete {
					placed := delivery.Command.Placed[0]
					require.Equal(t, []any{task.Status, task.QueueName, assignee(task)}, []any{placed.Status, placed.QueueName, placed.Assignee})
				}
				x.repeat(t, who, id, do.act, task)
			})
		}
	}
}

// repeat does an act again; whoever cannot see the task any more is told so.
func (x *team) repeat(t *testing.T, who, id string, a casework.TaskAct, before casework.Task) {
	t.Helper()
	version, history, commands := x.trace(t, id)
	again, delivery, err := x.api.ActOnTask(t.Context(), who, id, uuid.New(), a)
	if a.Kind == casework.ActMove {
		hasCode(t, err, casework.NotFound)
		return
	}
	require.NoError(t, err)
	require.Nil(t, delivery)
	require.Equal(t, before, again)
	nowVersion, nowHistory, nowCommands := x.trace(t, id)
	require.Equal(t, []any{version, history, commands}, []any{nowVersion, nowHistory, nowCommands}, "the same act again has no second effect")
}

func assignee(task casework.Task) string {
	if task.AssigneeID == nil {
		return ""
	}
	return *task.AssigneeID
}

func TestATaskIsNotGivenToWhomItCannotBelong(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	gone, full := x.hire(t, 2)[0], x.hire(t, 1)[0]
	x.exec(t, "UPDATE entitlements.users SET is_active = FALSE WHERE user_id = $1", gone)
	x.limit(t, 2)
	for range 2 {
		x.does(t, x.boss, x.in(t, casework.TaskOpen), casework.TaskAct{Kind: casework.ActReassign, To: full})
	}
	excluded := x.hire(t, 1)[0]
	for to, rule := range map[string]string{
		"nobody": "active-user", "SYSTEM": "active-user", gone: "active-user", lisa: "candidate", x.boss: "candidate",
		excluded: "excluded-user", full: "max-tasks-per-user",
	} {
		for _, kind := range []casework.ActKind{casework.ActDelegate, casework.ActReassign} {
			t.Run(string(kind)+" "+rule, func(t *testing.T) {
				id := x.in(t, casework.TaskClaimed)
				defer x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActComplete})
				x.exec(t, "UPDATE flowable.workflow_tasks SET excluded_users = $2 WHERE task_id = $1", id, []string{excluded})
				version, history, commands := x.trace(t, id)
				_, _, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: kind, To: to})
				refused := hasCode(t, err, casework.Invalid)
				require.Equal(t, rule, refused.Rule)
				require.Len(t, refused.Fields, 1)
				require.Equal(t, "body.to", refused.Fields[0].Location)
				require.NotEmpty(t, refused.Fields[0].Message)
				nowVersion, nowHistory, nowCommands := x.trace(t, id)
				require.Equal(t, []any{version, history, commands}, []any{nowVersion, nowHistory, nowCommands})
			})
		}
	}
	t.Run("to who has it", func(t *testing.T) {
		id := x.in(t, casework.TaskDelegated)
		for _, to := range []string{x.user, x.delegate} {
			_, _, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: casework.ActDelegate, To: to})
			require.Equal(t, "somebody-else", hasCode(t, err, casework.Invalid).Rule)
		}
		owned := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActReassign, To: x.delegate}) // for good
		require.Equal(t, casework.TaskClaimed, owned.Status)
		require.Nil(t, owned.OwnerID)
	})
}

func TestADelegatedTaskCountsForItsOwnerToo(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.limit(t, 1)
	id := x.in(t, casework.TaskDelegated)
	other := x.in(t, casework.TaskOpen)
	_, err := x.api.ClaimTask(t.Context(), x.user, other, uuid.New())
	require.Equal(t, "max-tasks-per-user", hasCode(t, err, casework.Forbidden).Rule)
	back := x.does(t, x.delegate, id, casework.TaskAct{Kind: casework.ActResolve})
	require.Equal(t, x.user, assignee(back))
	require.Nil(t, back.OwnerID)
	require.NotNil(t, back.ClaimedAt)
}

func TestADelegatedTaskEndsWithItsStep(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskDelegated)
	instance := one[string](t, x.super, "SELECT process_instance_id FROM flowable.workflow_tasks WHERE task_id = $1", id)
	x.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CancelTasks: []string{id}})
	history, err := x.api.TaskHistory(t.Context(), x.user, id, casework.Page{})
	require.NoError(t, err)
	last := history.Items[len(history.Items)-1]
	require.Equal(t, []any{"CANCEL", casework.TaskDelegated, casework.TaskCancelled, x.delegate}, []any{last.ActionType, last.OldStatus, last.NewStatus, last.OldAssignee})
}

func TestAResolvedTaskWhoseOwnerHasLeftGoesToItsQueue(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskDelegated)
	x.exec(t, "UPDATE entitlements.users SET is_active = FALSE WHERE user_id = $1", x.user)
	back := x.does(t, x.delegate, id, casework.TaskAct{Kind: casework.ActResolve})
	require.Equal(t, casework.TaskOpen, back.Status)
	require.Nil(t, back.AssigneeID)
	require.Nil(t, back.ClaimedAt)
}

// The owner is told what became of the task although nothing else lets them see it.
func TestWhoHasDelegatedATaskStillSeesIt(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskDelegated)
	x.set(t, "DELETE FROM entitlements.user_workflow_roles WHERE user_id = '{user}'")
	found, err := x.api.Task(t.Context(), x.user, id)
	require.NoError(t, err)
	require.Equal(t, x.user, *found.OwnerID)
	require.Equal(t, casework.TaskClaimed, x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActResolve}).Status)
	open := x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActUnclaim})
	require.Equal(t, casework.TaskOpen, open.Status, "whoever gives it back may lose sight of it with that")
	_, err = x.api.Task(t.Context(), x.user, id)
	hasCode(t, err, casework.NotFound)
}

func TestSupervisionIsOfTheQueuesOfTheRole(t *testing.T) {
	t.Parallel()
	x, other := newTeam(t), newTeam(t)
	id := other.in(t, casework.TaskClaimed)
	x.grant(t, x.boss, other.role) // sees the other queue, and does not supervise it
	for _, a := range []casework.TaskAct{
		{Kind: casework.ActReassign, To: other.third}, {Kind: casework.ActMove, QueueName: x.queue}, {Kind: casework.ActUnclaim},
		{Kind: casework.ActEscalate, Reason: "x"}, {Kind: casework.ActDelegate, To: other.third},
	} {
		_, _, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), a)
		hasCode(t, err, casework.Forbidden)
	}
	x.set(t, `UPDATE entitlements.workflow_roles SET permissions = '{"reassign": true}' WHERE role_code = 'BOSS_{name}'`)
	require.Equal(t, x.boss, assignee(x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActReassign, To: x.boss})), "reassign is of all that one sees")
}

// Whoever manages people and queues comes by it to no queue that they do not supervise.
func TestSupervisionDoesNotSpreadBeyondOnesOwnQueues(t *testing.T) {
	t.Parallel()
	x, other := newTeam(t), newTeam(t)
	lead, sub, plain := "BOSS_"+x.name, "SUB_"+x.name, "PLAIN_"+x.name
	x.exec(t, `UPDATE entitlements.workflow_roles SET permissions = '{"supervise": true, "manage-users": true, "manage-queues": true}' WHERE role_code = $1`, lead)
	ctx, supervise := t.Context(), casework.Permissions{casework.PermitSupervise: true}
	create := func(code string, permissions casework.Permissions, queue string) error {
		_, err := x.api.CreateRole(ctx, x.boss, code, casework.RoleSettings{RoleName: "x", RoleType: "CUSTOM", QueueName: &queue, Permissions: permissions, Active: true})
		return err
	}
	change := func(code string, apply func(*casework.RoleSettings)) error {
		_, err := x.api.ChangeRole(ctx, x.boss, code, func(s *casework.RoleSettings) error { apply(s); return nil })
		return err
	}
	assign := func(queue, role string) error {
		_, err := x.api.Assign(ctx, x.boss, queue, role, casework.AssignmentSettings{Strategy: casework.Manual, MaxTasksPerUser: 1, PriorityLevel: 50})
		return err
	}
	require.NoError(t, create(sub, supervise, x.queue))
	require.NoError(t, create(plain, nil, x.queue))
	require.NoError(t, assign(x.queue, sub))
	require.NoError(t, assign(other.queue, plain), "which supervises nothing")
	_, err := x.api.Grant(ctx, x.boss, x.third, sub, casework.GrantSettings{})
	require.NoError(t, err)
	elsewhere := func(s *casework.RoleSettings) { s.QueueName = &other.queue }
	for name, do := range map[string]func() error{
		"a new role for another queue":       func() error { return create("FAR_"+x.name, supervise, other.queue) },
		"a role that moves to another queue": func() error { return change(sub, elsewhere) },
		"one's own role, moved":              func() error { return change(lead, elsewhere) },
		"one's own role, for more": func() error {
			return change(lead, func(s *casework.RoleSettings) { s.Permissions[casework.PermitOperate] = true })
		},
		"a role that works on another queue": func() error { return change(plain, func(s *casework.RoleSettings) { s.Permissions = supervise }) },
		"a role of another queue":            func() error { return change("BOSS_"+other.name, func(s *casework.RoleSettings) { s.RoleName = "y" }) },
		"an assignment to another queue":     func() error { return assign(other.queue, sub) },
		"the role of who supervises another": func() error {
			_, err := x.api.Grant(ctx, x.boss, x.third, "BOSS_"+other.name, casework.GrantSettings{})
			return err
		},
	} {
		require.Equal(t, "beyond-own", hasCode(t, do(), casework.Forbidden).Rule, name)
	}
	_, err = x.api.ChangeRole(ctx, admin, sub, func(s *casework.RoleSettings) error { elsewhere(s); return nil })
	require.NoError(t, err, "an administrator supervises all")
}

func TestAMovedTaskBelongsToTheNewQueue(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	t.Run("whose roles are its candidates, where its own do not work there", func(t *testing.T) {
		id := x.in(t, casework.TaskDelegated)
		moved := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActMove, QueueName: x.elsewhere})
		require.Equal(t, []string{"ELSEWHERE_" + x.name}, moved.CandidateGroups)
		require.Nil(t, moved.AssigneeID)
		require.Nil(t, moved.OwnerID)
		history, err := x.api.TaskHistory(t.Context(), admin, id, casework.Page{})
		require.NoError(t, err)
		last := history.Items[len(history.Items)-1]
		require.Equal(t, "UPDATE", last.ActionType)
		require.Equal(t, x.delegate, last.OldAssignee)
		require.JSONEq(t, fmt.Sprintf(`{"queueName": {"from": %q, "to": %q}, "candidateGroups": {"from": [%q], "to": ["ELSEWHERE_%s"]}, "candidateUsers": {"from": [], "to": []}}`,
			x.queue, x.elsewhere, x.role, x.name), string(last.Data))
		newcomer := x.hire(t, 1)[0]
		x.grant(t, newcomer, "ELSEWHERE_"+x.name)
		task, err := x.api.ClaimNext(t.Context(), newcomer, []string{x.elsewhere}, uuid.New())
		require.NoError(t, err)
		require.Equal(t, id, task.TaskID)
	})
	t.Run("with its own candidates, where they work there", func(t *testing.T) {
		x.set(t, `INSERT INTO flowable.workflow_queues (queue_name) VALUES ('{name}-second');
			INSERT INTO flowable.queue_assignments (queue_id, role_id) SELECT q.queue_id, r.role_id FROM flowable.workflow_queues q, entitlements.workflow_roles r
				WHERE q.queue_name = '{name}-second' AND r.role_code = '{role}'`)
		moved := x.does(t, x.boss, x.in(t, casework.TaskOpen), casework.TaskAct{Kind: casework.ActMove, QueueName: x.name + "-second"})
		require.Equal(t, []string{x.role}, moved.CandidateGroups)
	})
	t.Run("and its case is in the department of that", func(t *testing.T) {
		x.set(t, `INSERT INTO entitlements.departments (department_code, department_name) VALUES ('{name}', 'Other');
			INSERT INTO flowable.workflow_queues (queue_name, department_id) SELECT '{name}-away-' || n, department_id
				FROM entitlements.departments, generate_series(1, 2) AS n WHERE department_code = '{name}';
			INSERT INTO flowable.queue_assignments (queue_id, role_id) SELECT q.queue_id, r.role_id FROM flowable.workflow_queues q, entitlements.workflow_roles r
				WHERE q.queue_name LIKE '{name}-away-%' AND r.role_code = '{role}'`)
		id := x.in(t, casework.TaskOpen)
		moved := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActMove, QueueName: x.name + "-away-1"})
		x.does(t, admin, id, casework.TaskAct{Kind: casework.ActMove, QueueName: x.name + "-away-2"}) // of the same department
		c, err := x.api.Case(t.Context(), admin, moved.CaseID)
		require.NoError(t, err)
		require.Len(t, c.RoutingHistory, 2)
		first, last := c.RoutingHistory[0], c.RoutingHistory[1]
		require.Equal(t, []string{"EO", x.name, id, first.Phase}, []string{first.Department, last.Department, last.TaskID, last.Phase})
		require.Equal(t, []string{x.name, first.Phase}, []string{c.CurrentDepartment, c.CurrentPhase})
	})
	t.Run("which is one that people work on", func(t *testing.T) {
		x.set(t, `INSERT INTO flowable.workflow_queues (queue_name, is_active) VALUES ('{name}-closed', FALSE), ('{name}-empty', TRUE)`)
		id := x.in(t, casework.TaskOpen)
		for queue, rule := range map[string]string{"nowhere": "active-queue", x.name + "-closed": "active-queue", x.name + "-empty": "staffed-queue"} {
			_, _, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: casework.ActMove, QueueName: queue})
			refused := hasCode(t, err, casework.Invalid)
			require.Equal(t, []any{rule, "body.queueName"}, []any{refused.Rule, refused.Fields[0].Location})
		}
		version, _, _ := x.trace(t, id)
		same := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActMove, QueueName: x.queue})
		require.Equal(t, version, same.Version, "it is there already")
	})
}

func TestTheDatesAndThePriorityOfATask(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskClaimed)
	before, err := x.api.Task(t.Context(), x.boss, id)
	require.NoError(t, err)
	later, priority := time.Now().Add(48*time.Hour).UTC().Truncate(time.Second), 99
	_, delivery, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{
		Kind: casework.ActUpdate, Priority: &priority, DueDate: &casework.DateChange{At: &later}, FollowUpDate: &casework.DateChange{At: &later},
	})
	require.NoError(t, err)
	require.Equal(t, later, delivery.Command.Placed[0].DueDate.UTC())
	require.Equal(t, later, delivery.Command.Placed[0].EscalateAt.UTC())
	history, err := x.api.TaskHistory(t.Context(), x.boss, id, casework.Page{})
	require.NoError(t, err)
	when := func(at time.Time) string { return at.Format("2006-01-02T15:04:05.999999-07:00") }
	require.JSONEq(t, fmt.Sprintf(`{"priority": {"from": 50, "to": 99}, "dueDate": {"from": %q, "to": %q}, "followUpDate": {"from": null, "to": %q}}`,
		when(*before.DueDate), when(later), when(later)), string(history.Items[2].Data))

	list, err := x.api.Tasks(t.Context(), x.user, casework.TaskFilter{QueueName: x.queue, FollowUpBefore: ptr(later.Add(time.Second))})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	list, err = x.api.Tasks(t.Context(), x.user, casework.TaskFilter{QueueName: x.queue, FollowUpBefore: &later})
	require.NoError(t, err)
	require.Empty(t, list.Items)

	gone := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActUpdate, DueDate: &casework.DateChange{}, FollowUpDate: &casework.DateChange{}})
	require.Nil(t, gone.DueDate)
	require.Nil(t, gone.FollowUpDate)
	same := x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActUpdate, FollowUpDate: &casework.DateChange{}})
	require.Equal(t, gone, same, "it is so already")

	past := time.Now().Add(-time.Second)
	_, _, err = x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: casework.ActUpdate, DueDate: &casework.DateChange{At: &past}})
	refused := hasCode(t, err, casework.Invalid)
	require.Equal(t, []any{"future-date", "body.dueDate"}, []any{refused.Rule, refused.Fields[0].Location})
}

func ptr[T any](v T) *T { return &v }

func TestAnActOnAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	for kind, state := range map[casework.ActKind]casework.TaskStatus{
		casework.ActClaim: casework.TaskOpen, casework.ActUnclaim: casework.TaskClaimed, casework.ActComplete: casework.TaskClaimed,
		casework.ActEscalate: casework.TaskClaimed, casework.ActComment: casework.TaskClaimed,
	} {
		t.Run(string(kind), func(t *testing.T) {
			id := x.in(t, state)
			version, history, _ := x.trace(t, id)
			a := casework.TaskAct{Kind: kind, Reason: "r", Text: "t", Version: ptr(version - 1)}
			_, _, err := x.api.ActOnTask(t.Context(), x.user, id, uuid.New(), a)
			require.Equal(t, version, hasCode(t, err, casework.Conflict).Current.(*casework.Task).Version)
			nowVersion, nowHistory, _ := x.trace(t, id)
			require.Equal(t, []any{version, history}, []any{nowVersion, nowHistory})
			a.Version = &version
			done := x.does(t, x.user, id, a)
			require.Equal(t, done, x.does(t, x.user, id, a), "again, with the version of before")
		})
	}
}

func TestAnEscalationByHandIsOnRecord(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskOpen)
	raised := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActEscalate, Reason: "the press asks"})
	require.Equal(t, 1, raised.EscalationLevel)
	require.Equal(t, []string{"1 USER " + x.boss + " the press asks"}, rows[string](t, x.super,
		"SELECT concat_ws(' ', escalation_level, source, escalated_by, reason) FROM flowable.escalations WHERE task_id = $1", id))
	history, err := x.api.TaskHistory(t.Context(), x.boss, id, casework.Page{})
	require.NoError(t, err)
	require.Equal(t, []string{"ESCALATE", x.boss, "the press asks", `{"level": 1}`}, []string{
		history.Items[1].ActionType, history.Items[1].ActionBy, history.Items[1].Comments, string(history.Items[1].Data),
	})
	again := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActEscalate, Reason: "and the minister"})
	require.Equal(t, 2, again.EscalationLevel)
}

func TestCommentsAreListedByThemselves(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskClaimed)
	for _, text := range []string{"first", "second", "first"} {
		x.does(t, x.user, id, casework.TaskAct{Kind: casework.ActComment, Text: text})
	}
	list, err := x.api.TaskComments(t.Context(), x.third, id, casework.Page{Limit: 2})
	require.NoError(t, err)
	rest, err := x.api.TaskComments(t.Context(), x.third, id, casework.Page{Limit: 2, Cursor: list.NextCursor})
	require.NoError(t, err)
	var said []string
	for _, c := range slices.Concat(list.Items, rest.Items) {
		require.Equal(t, []string{id, x.user}, []string{c.TaskID, c.By})
		said = append(said, c.Text)
	}
	require.Equal(t, []string{"first", "second", "first"}, said)
	_, err = x.api.TaskComments(t.Context(), lisa, id, casework.Page{})
	hasCode(t, err, casework.NotFound)
}

func TestActsAtOnceOnOneTaskFollowEachOther(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	const callers = 16
	store := x.store(t, apiRole, callers)
	t.Run("one of several delegations wins", func(t *testing.T) {
		id := x.in(t, casework.TaskClaimed)
		people := x.hire(t, callers)
		errs := together(callers, func(i int) error {
			_, _, err := store.ActOnTask(t.Context(), x.user, id, uuid.New(), casework.TaskAct{Kind: casework.ActDelegate, To: people[i]})
			return err
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			require.Equal(t, "assignee", hasCode(t, err, casework.Forbidden).Rule)
		}
		require.Equal(t, 1, won)
	})
	t.Run("the versions count all that is done", func(t *testing.T) {
		id := x.in(t, casework.TaskClaimed)
		people := x.hire(t, 2)
		tasks := together(callers, func(i int) casework.Task {
			var a casework.TaskAct
			switch i % 4 {
			case 0:
				a = casework.TaskAct{Kind: casework.ActUpdate, Priority: ptr(i)}
			case 1:
				a = casework.TaskAct{Kind: casework.ActReassign, To: people[i/4%2]}
			case 2:
				a = casework.TaskAct{Kind: casework.ActEscalate, Reason: fmt.Sprint(i)}
			default:
				a = casework.TaskAct{Kind: casework.ActUpdate, DueDate: &casework.DateChange{At: ptr(time.Now().Add(time.Duration(i) * time.Hour))}}
			}
			task, _, err := store.ActOnTask(t.Context(), x.boss, id, uuid.New(), a)
			require.NoError(t, err)
			return task
		})
		var versions []int64
		for _, task := range tasks {
			versions = append(versions, task.Version)
		}
		slices.Sort(versions)
		version, history, _ := x.trace(t, id)
		require.Equal(t, version, int64(history), "one entry for each version")
		require.Equal(t, version, versions[len(versions)-1])
	})
	t.Run("nobody is given more than they may hold", func(t *testing.T) {
		x.limit(t, 3)
		someone := x.hire(t, 1)[0]
		ids := make([]string, callers)
		for i := range ids {
			ids[i] = x.in(t, casework.TaskOpen)
		}
		errs := together(callers, func(i int) error {
			if i%2 == 0 {
				_, err := store.ClaimTask(t.Context(), someone, ids[i], uuid.New())
				return err
			}
			_, _, err := store.ActOnTask(t.Context(), x.boss, ids[i], uuid.New(), casework.TaskAct{Kind: casework.ActReassign, To: someone})
			return err
		})
		given := 0
		for _, err := range errs {
			if err == nil {
				given++
			}
		}
		require.Equal(t, 3, given)
		require.Equal(t, 3, one[int](t, x.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE assignee_id = $1", someone))
	})
}

// A completion carries what the workflow has not heard of its task.
func TestACompletionSettlesTheOtherActsOnItsTask(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	id := x.in(t, casework.TaskDelegated)
	done, delivery, err := x.api.ActOnTask(t.Context(), x.delegate, id, uuid.New(), casework.TaskAct{Kind: casework.ActComplete})
	require.NoError(t, err)
	x.step(t, casework.StepCommit{InstanceID: done.ProcessInstanceID, Step: 2, CommandID: delivery.Command.CommandID, CommandKind: casework.CommandComplete})
	require.Equal(t, []string{"claim APPLIED", "delegate APPLIED", "complete APPLIED"},
		rows[string](t, x.super, "SELECT kind || ' ' || state FROM flowable.task_commands WHERE task_id = $1 ORDER BY seq", id))
	require.Zero(t, one[int](t, x.super, "SELECT count(*) FROM flowable.outbox WHERE process_instance_id = $1", done.ProcessInstanceID))
}

// A substitute does with the tasks of an absent colleague what they could do, and history says for whom.
func TestASubstituteActsOnTheTasksOfAnAbsentColleague(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	standIn := x.name + ".standin" // has no role of their own
	x.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ($1, $1)", standIn)
	soon := time.Now().Add(time.Hour)
	acts := []casework.TaskAct{
		{Kind: casework.ActDelegate, To: x.third}, {Kind: casework.ActEscalate, Reason: "x"}, {Kind: casework.ActMove, QueueName: x.elsewhere},
		{Kind: casework.ActUpdate, FollowUpDate: &casework.DateChange{At: &soon}},
	}
	for _, a := range acts {
		_, _, err := x.api.ActOnTask(t.Context(), standIn, x.in(t, casework.TaskClaimed), uuid.New(), a)
		hasCode(t, err, casework.NotFound)
	}
	x.exec(t, `INSERT INTO entitlements.user_absences (user_id, absent_from, absent_until, substitute_id, created_by)
		VALUES ($1, CURRENT_TIMESTAMP - INTERVAL '1 day', CURRENT_TIMESTAMP + INTERVAL '1 day', $2, 'SYSTEM')`, x.user, standIn)
	for _, a := range acts {
		id := x.in(t, casework.TaskClaimed)
		x.does(t, standIn, id, a)
		require.Equal(t, []string{standIn + " " + x.user}, rows[string](t, x.super,
			"SELECT concat_ws(' ', action_by, action_data ->> 'actingFor') FROM flowable.task_history WHERE task_id = $1 ORDER BY history_id DESC LIMIT 1", id), a.Kind)
	}
	id := x.in(t, casework.TaskDelegated)
	back := x.does(t, standIn, id, casework.TaskAct{Kind: casework.ActResolve})
	require.Equal(t, x.user, assignee(back), "it is the owner's, not the substitute's")
	raised := x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActEscalate, Reason: "x"})
	require.Empty(t, rows[string](t, x.super, "SELECT task_id FROM flowable.task_history WHERE task_id = $1 AND action_by = $2 AND action_data ? 'actingFor'", raised.TaskID, x.boss))
}

// Four eyes and skills bind whoever a task is given to.
func TestATaskIsNotGivenToWhomFourEyesOrSkillsForbidIt(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	instance := x.place(t, x.task("first", func(n *casework.NewTask) { n.DefinitionKey = "prepare" }), x.task("second"))
	x.exec(t, "UPDATE flowable.workflow_tasks SET four_eyes_of = '{prepare}' WHERE task_id = $1", x.id("second"))
	x.does(t, x.user, x.id("first"), casework.TaskAct{Kind: casework.ActClaim})
	x.does(t, x.user, x.id("first"), casework.TaskAct{Kind: casework.ActComplete})
	require.NotEmpty(t, instance)
	for kind, rule := range map[casework.ActKind]string{casework.ActReassign: "four-eyes", casework.ActDelegate: "four-eyes"} {
		if kind == casework.ActDelegate {
			x.does(t, x.boss, x.id("second"), casework.TaskAct{Kind: casework.ActReassign, To: x.third})
		}
		_, _, err := x.api.ActOnTask(t.Context(), x.boss, x.id("second"), uuid.New(), casework.TaskAct{Kind: kind, To: x.user})
		require.Equal(t, rule, hasCode(t, err, casework.Invalid).Rule)
	}
	x.set(t, "UPDATE flowable.workflow_queues SET queue_type = 'SPECIALIZED' WHERE queue_name = '{queue}'")
	id := x.in(t, casework.TaskOpen)
	x.exec(t, "UPDATE flowable.workflow_tasks SET required_skills = '{french}' WHERE task_id = $1", id)
	_, _, err := x.api.ActOnTask(t.Context(), x.boss, id, uuid.New(), casework.TaskAct{Kind: casework.ActReassign, To: x.third})
	require.Equal(t, "skills", hasCode(t, err, casework.Invalid).Rule)
	x.exec(t, `UPDATE entitlements.users SET attributes = '{"skills": ["french"]}' WHERE user_id = $1`, x.third)
	x.does(t, x.boss, id, casework.TaskAct{Kind: casework.ActReassign, To: x.third})
}
