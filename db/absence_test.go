package db_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// outsider adds somebody without any role.
func (u *unit) outsider(t *testing.T) string {
	t.Helper()
	id := u.name + "." + uuid.NewString()[:8]
	u.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ($1, $1)", id)
	return id
}

// actedFor tells for whom the last acts of each kind on a task were done, as history has it.
func (w *world) actedFor(t *testing.T, id string) []string {
	t.Helper()
	return rows[string](t, w.super, `SELECT action_type || ' ' || action_by || COALESCE(' for ' || (action_data ->> 'actingFor'), '')
		FROM flowable.task_history WHERE task_id = $1 AND action_type <> 'CREATE' ORDER BY history_id`, id)
}

func TestASubstituteWorksForWhoIsAbsent(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	substitute := w.outsider(t)
	w.place(t, w.task("held"), w.task("open"), w.task("other"), w.task("personal", forGroups(), func(n *casework.NewTask) { n.CandidateUsers = []string{w.user} }))
	_, err := w.api.ClaimTask(t.Context(), w.user, w.id("held"), uuid.New())
	require.NoError(t, err)
	_, err = w.api.Task(t.Context(), substitute, w.id("held"))
	hasCode(t, err, casework.NotFound)

	w.absent(t, w.user, substitute)
	for _, id := range []string{"held", "open", "personal"} {
		_, err := w.api.Task(t.Context(), substitute, w.id(id))
		require.NoError(t, err, "they see %s", id)
	}
	inbox, err := w.api.Tasks(t.Context(), substitute, casework.TaskFilter{Candidate: true})
	require.NoError(t, err)
	require.Len(t, inbox.Items, 3)
	history, err := w.api.TaskHistory(t.Context(), substitute, w.id("held"), casework.Page{})
	require.NoError(t, err)
	require.NotEmpty(t, history.Items)

	done, _, err := w.api.CompleteTask(t.Context(), substitute, w.id("held"), uuid.New(), approve)
	require.NoError(t, err)
	require.Equal(t, substitute, *done.AssigneeID, "whoever does it takes it over")
	require.Equal(t, []string{"CLAIM " + w.user, "COMPLETE " + substitute + " for " + w.user}, w.actedFor(t, w.id("held")))

	_, err = w.api.ClaimTask(t.Context(), substitute, w.id("open"), uuid.New())
	require.NoError(t, err)
	_, err = w.api.UnclaimTask(t.Context(), substitute, w.id("open"), uuid.New())
	require.NoError(t, err)
	acted := []string{"CLAIM " + substitute + " for " + w.user, "UNCLAIM " + substitute + " for " + w.user}
	require.Equal(t, acted, w.actedFor(t, w.id("open")))

	next, err := w.api.ClaimNext(t.Context(), substitute, nil, uuid.New())
	require.NoError(t, err)
	require.NotNil(t, next, "by the roles of who is absent")
	w.back(t, w.user)
	_, _, err = w.api.CompleteTask(t.Context(), substitute, next.TaskID, uuid.New(), approve)
	require.NoError(t, err, "it is theirs now")
	require.Contains(t, w.actedFor(t, next.TaskID), "COMPLETE "+substitute+" for "+w.user, "and for whom they took it stays on record")
	_, err = w.api.ClaimTask(t.Context(), substitute, w.id("personal"), uuid.New())
	hasCode(t, err, casework.NotFound)
	got, err := w.api.ClaimNext(t.Context(), substitute, nil, uuid.New())
	require.NoError(t, err)
	require.Nil(t, got)
}

func TestASubstituteHasTheTasksAndNotThePermissions(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	substitute, held := x.outsider(t), x.in(t, casework.TaskClaimed)
	_, err := x.api.UnclaimTask(t.Context(), substitute, held, uuid.New())
	hasCode(t, err, casework.NotFound)
	x.absent(t, x.boss, substitute)
	_, _, err = x.api.ActOnTask(t.Context(), substitute, held, uuid.New(), casework.TaskAct{Kind: casework.ActReassign, To: x.third})
	require.Equal(t, "reassign", hasCode(t, err, casework.Forbidden).Rule, "the queue is seen, but supervising is personal")
	x.absent(t, x.user, substitute)
	for _, a := range []casework.TaskAct{
		{Kind: casework.ActDelegate, To: x.delegate}, {Kind: casework.ActResolve}, {Kind: casework.ActEscalate, Reason: "late"},
	} {
		_, _, err = x.api.ActOnTask(t.Context(), substitute, held, uuid.New(), a)
		require.NoError(t, err, a.Kind)
	}
	require.Equal(t, []string{
		"CLAIM " + x.user, "DELEGATE " + substitute + " for " + x.user, "DELEGATE " + substitute + " for " + x.user, "ESCALATE " + substitute + " for " + x.user,
	}, x.actedFor(t, held))
}

func TestSubstitutesOfSubstitutesActWhenTheyHaveTo(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	b, c := w.outsider(t), w.outsider(t)
	w.open(t, 2)
	claims := func(who string) bool {
		got, err := w.api.ClaimNext(t.Context(), who, nil, uuid.New())
		require.NoError(t, err)
		return got != nil
	}
	w.absent(t, w.user, b)
	w.exec(t, `INSERT INTO entitlements.user_absences (user_id, absent_from, absent_until, substitute_id, created_by)
		VALUES ($1, now() + interval '1 hour', now() + interval '2 hours', $2, 'SYSTEM')`, b, c)
	require.False(t, claims(c), "b is there")
	w.absent(t, b, c)
	require.True(t, claims(c), "b is not")
	require.Contains(t, w.actedFor(t, one[string](t, w.super, "SELECT task_id FROM flowable.workflow_tasks WHERE assignee_id = $1", c)), "CLAIM "+c+" for "+w.user)
	w.back(t, w.user)
	require.False(t, claims(c), "who is back needs nobody")
	require.True(t, claims(w.user))
	require.Equal(t, []string{b}, one[[]string](t, w.super, "SELECT entitlements.stands_in_for($1)", c))
	w.exec(t, "UPDATE entitlements.users SET is_active = FALSE WHERE user_id = $1", c)
	require.Empty(t, one[[]string](t, w.super, "SELECT entitlements.stands_in_for($1)", c))
}

func TestTheLimitOfASubstituteIsTheirOwn(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.limit(t, 2)
	substitute := w.outsider(t)
	ids := w.open(t, 4)
	for _, id := range ids[:2] {
		_, err := w.api.ClaimTask(t.Context(), w.user, id, uuid.New())
		require.NoError(t, err)
	}
	w.absent(t, w.user, substitute)
	require.Len(t, w.claimsAll(t, substitute), 2, "what the absent one holds does not count against them")
	w.place(t, w.task("more"))
	_, err := w.api.ClaimTask(t.Context(), substitute, w.id("more"), uuid.New())
	require.Equal(t, "max-tasks-per-user", hasCode(t, err, casework.Forbidden).Rule)
}

// The roles of who is absent allow more: those of the substitute hold all the same.
func TestTheRolesOfASubstituteLimitWhatTheyClaimForOthers(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.limit(t, 5)
	w.set(t, `INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type) VALUES ('JUNIOR_{name}', 'x', 'CUSTOM');
		INSERT INTO flowable.queue_assignments (queue_id, role_id, max_tasks_per_user) SELECT q.queue_id, r.role_id, 1
			FROM flowable.workflow_queues q, entitlements.workflow_roles r WHERE q.queue_name = '{queue}' AND r.role_code = 'JUNIOR_{name}'`)
	substitute := w.outsider(t)
	w.grant(t, substitute, "JUNIOR_"+w.name)
	ids := w.open(t, 3)
	w.absent(t, w.user, substitute)
	require.Len(t, w.claimsAll(t, substitute), 1)
	_, err := w.api.ClaimTask(t.Context(), substitute, ids[2], uuid.New())
	require.Equal(t, "max-tasks-per-user", hasCode(t, err, casework.Forbidden).Rule)
}

func TestASubstituteIsNotPushedToForOthers(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.RoundRobin, 10)
	w.absent(t, w.user, w.outsider(t))
	w.place(t, tasksFor(w, "a")...)
	require.Empty(t, w.push(t))
}

func TestLoopsOfSubstitutesAreFound(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	a, b, c := w.outsider(t), w.outsider(t), w.outsider(t)
	at := func(hour int) time.Time { return time.Date(2031, 1, 1, hour, 0, 0, 0, time.UTC) }
	away := func(who, substitute string, from, until int) {
		w.exec(t, "INSERT INTO entitlements.user_absences (user_id, absent_from, absent_until, substitute_id, created_by) VALUES ($1, $2, $3, $4, 'SYSTEM')",
			who, at(from), at(until), substitute)
	}
	way := func(who, substitute string, from, until int) []string {
		return one[[]string](t, w.super, "SELECT entitlements.substitute_loop($1, $2, $3, $4)", who, substitute, at(from), at(until))
	}
	away(a, b, 0, 10)
	away(b, c, 5, 15)
	require.Equal(t, []string{b, a, b}, way(b, a, 9, 12))
	require.Nil(t, way(b, a, 10, 12), "one is back when the other goes")
	require.Equal(t, []string{c, a, b, c}, way(c, a, 6, 7))
	require.Nil(t, way(c, a, 0, 5), "b is there until five")
	require.Nil(t, way(c, a, 10, 15), "a is there from ten")
	require.Nil(t, way(a, c, 0, 24))
	require.Equal(t, []string{a, a}, way(a, a, 0, 1))
}
