package db_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// pushes lets the unit's queue push by a strategy.
func (u *unit) pushes(t *testing.T, strategy casework.Strategy, most int) {
	t.Helper()
	u.exec(t, `UPDATE flowable.queue_assignments a SET auto_assign = TRUE, assignment_strategy = $2, max_tasks_per_user = $3
		FROM flowable.workflow_queues q WHERE q.queue_id = a.queue_id AND q.queue_name = $1`, u.queue, strategy, most)
}

// push pushes what can be pushed of the unit's queue and answers who holds each of its tasks.
func (u *unit) push(t *testing.T) map[string]string {
	t.Helper()
	for one[int](t, u.super, "SELECT flowable.push_tasks($1, 100)", u.queue) > 0 {
		continue
	}
	return u.holders(t)
}

func (u *unit) holders(t *testing.T) map[string]string {
	t.Helper()
	held := map[string]string{}
	for _, id := range rows[string](t, u.super, "SELECT task_id FROM flowable.workflow_tasks WHERE queue_name = $1 AND assignee_id IS NOT NULL ORDER BY 1", u.queue) {
		held[id[len(u.name)+1:]] = one[string](t, u.super, "SELECT assignee_id FROM flowable.workflow_tasks WHERE task_id = $1", id)
	}
	return held
}

// staff are n people of the unit's role besides its user, who is sent away; sorted.
func (u *unit) staff(t *testing.T, n int) []string {
	t.Helper()
	people := u.hire(t, n)
	slices.Sort(people)
	u.set(t, "DELETE FROM entitlements.user_workflow_roles WHERE user_id = '{user}'")
	return people
}

// absent sends somebody away from now on, with a substitute or "".
func (w *world) absent(t *testing.T, user, substitute string) {
	t.Helper()
	w.exec(t, `INSERT INTO entitlements.user_absences (user_id, absent_from, absent_until, substitute_id, created_by)
		VALUES ($1, CURRENT_TIMESTAMP - interval '1 hour', CURRENT_TIMESTAMP + interval '1 hour', NULLIF($2, ''), 'SYSTEM')`, user, substitute)
}

// back ends the absences of somebody.
func (w *world) back(t *testing.T, user string) {
	t.Helper()
	w.exec(t, "UPDATE entitlements.user_absences SET absent_until = CURRENT_TIMESTAMP WHERE user_id = $1", user)
}

func TestRoundRobinGoesAround(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.RoundRobin, 10)
	p := w.staff(t, 3)
	w.place(t, tasksFor(w, "a:90 b:80 c:70 d:60")...)
	require.Equal(t, map[string]string{"a": p[0], "b": p[1], "c": p[2], "d": p[0]}, w.push(t))
	w.place(t, tasksFor(w, "e f")...)
	held := w.push(t)
	require.Equal(t, []string{p[1], p[2]}, []string{held["e"], held["f"]}, "it goes on where it stopped")
	require.Equal(t, once, w.marks(t, w.id("a"), "CLAIM"), "like a claim, but by the system")
	require.Equal(t, []string{`SYSTEM {"pushed": "ROUND_ROBIN"}`}, rows[string](t, w.super,
		"SELECT action_by || ' ' || action_data FROM flowable.task_history WHERE task_id = $1 AND action_type = 'CLAIM'", w.id("a")))
	require.Equal(t, []string{p[0]}, rows[string](t, w.super, "SELECT actor_id FROM flowable.task_commands WHERE task_id = $1", w.id("a")))
}

// tasksFor are tasks of the unit for its role, "name:priority name:priority".
func tasksFor(u *unit, text string) (tasks []casework.NewTask) {
	for _, n := range tasksOf(text) {
		tasks = append(tasks, u.task(n.TaskID, func(to *casework.NewTask) { to.Priority = n.Priority }))
	}
	return tasks
}

func TestLeastLoadedLooksAtWhatPeopleHold(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.LeastLoaded, 4)
	p := w.staff(t, 2)
	w.place(t, tasksFor(w, "x y")...)
	for _, id := range []string{"x", "y"} {
		_, err := w.api.ClaimTask(t.Context(), p[0], w.id(id), uuid.New())
		require.NoError(t, err)
	}
	w.place(t, tasksFor(w, "a:90 b:80 c:70 d:60 e:50 f:40 g:30")...)
	held := w.push(t)
	require.Equal(t, []string{p[1], p[1], p[0], p[1], p[0], p[1]}, []string{held["a"], held["b"], held["c"], held["d"], held["e"], held["f"]})
	require.NotContains(t, held, "g", "everybody holds as many as they may")
	_, _, err := w.api.CompleteTask(t.Context(), p[0], w.id("x"), uuid.New(), approve)
	require.NoError(t, err)
	require.Equal(t, p[0], w.push(t)["g"], "pushed as soon as there is room")
}

func TestSkillBasedPushLeavesGeneralistsFree(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.SkillBased, 2)
	p := w.staff(t, 3)
	for i, attributes := range []string{`{"skills": ["tax", "law", "greek"]}`, `{"skills": ["tax"]}`, `{}`} {
		w.exec(t, "UPDATE entitlements.users SET attributes = $2 WHERE user_id = $1", p[i], attributes)
	}
	w.place(t, w.task("plain", priority(90)), w.task("tax", priority(80), skills("tax")), w.task("law", priority(70), skills("law")), w.task("dance", priority(60), skills("dance")))
	require.Equal(t, map[string]string{"plain": p[2], "tax": p[1], "law": p[0]}, w.push(t), "nobody can dance")
}

func TestPriorityWeightedPushGoesToTheHighestRoleFirst(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.PriorityWeighted, 2)
	p := w.staff(t, 2)
	senior := w.name + ".senior"
	w.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ($1, $1)", senior)
	w.set(t, `INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type) VALUES ('SENIOR_{name}', 'x', 'CUSTOM');
		INSERT INTO flowable.queue_assignments (queue_id, role_id, auto_assign, assignment_strategy, max_tasks_per_user, priority_level)
			SELECT q.queue_id, r.role_id, TRUE, 'PRIORITY_WEIGHTED', 2, 80 FROM flowable.workflow_queues q, entitlements.workflow_roles r
			WHERE q.queue_name = '{queue}' AND r.role_code = 'SENIOR_{name}'`)
	w.grant(t, senior, "SENIOR_"+w.name)
	w.place(t, w.task("a", priority(90), forGroups(w.role, "SENIOR_"+w.name)), w.task("b", priority(80), forGroups(w.role, "SENIOR_"+w.name)),
		w.task("c", priority(70), forGroups(w.role, "SENIOR_"+w.name)), w.task("d", priority(60), forGroups(w.role)))
	require.Equal(t, map[string]string{"a": senior, "b": senior, "c": p[0], "d": p[1]}, w.push(t))
}

func TestManualIsNeverPushed(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.Manual, 10)
	w.open(t, 3)
	require.Empty(t, w.push(t))
	require.NotContains(t, rows[string](t, w.super, "SELECT queue_name FROM flowable.pushing_queues()"), w.queue)
}

func TestWhoIsPushedTo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		first string // what is changed for the first of two people
		task  func(w *unit, first string) func(*casework.NewTask)
	}{
		"not who is absent":         {first: "INSERT INTO entitlements.user_absences (user_id, absent_from, absent_until, created_by) VALUES ('{first}', now() - interval '1 h', now() + interval '1 h', 'SYSTEM')"},
		"not who is no active user": {first: "UPDATE entitlements.users SET is_active = FALSE WHERE user_id = '{first}'"},
		"not whose role has ended":  {first: "UPDATE entitlements.user_workflow_roles SET valid_from = now() - interval '2 h', valid_until = now() WHERE user_id = '{first}'"},
		"not who is excluded":       {first: "UPDATE flowable.workflow_tasks SET excluded_users = '{{first}}' WHERE queue_name = '{queue}'"},
		"not who has returned it":   {first: "UPDATE flowable.workflow_tasks SET returned_by = '{first}' WHERE queue_name = '{queue}'"},
		"not who cannot, in a SPECIALIZED one": {
			first: "UPDATE flowable.workflow_queues SET queue_type = 'SPECIALIZED' WHERE queue_name = '{queue}'; UPDATE entitlements.users SET attributes = '{\"skills\": [\"law\"]}' WHERE user_id = '{second}'",
			task:  func(*unit, string) func(*casework.NewTask) { return skills("law") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUnit(t)
			w.pushes(t, casework.RoundRobin, 10)
			p := w.staff(t, 2)
			change := func(*casework.NewTask) {}
			if tc.task != nil {
				change = tc.task(w, p[0])
			}
			w.place(t, w.task("a", change), w.task("b", change))
			w.as2(t, tc.first, p[0], p[1])
			require.Equal(t, map[string]string{"a": p[1], "b": p[1]}, w.push(t))
		})
	}
}

// as2 is set for two people.
func (u *unit) as2(t *testing.T, sql, first, second string) {
	t.Helper()
	for name, id := range map[string]string{"{first}": first, "{second}": second} {
		sql = strings.ReplaceAll(sql, name, id)
	}
	u.set(t, sql)
}

func TestWhatSomebodyReturnsIsPushedToSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.LeastLoaded, 10)
	p := w.staff(t, 2)
	w.place(t, tasksFor(w, "a")...)
	require.Equal(t, p[0], w.push(t)["a"])
	_, err := w.api.UnclaimTask(t.Context(), p[0], w.id("a"), uuid.New())
	require.NoError(t, err)
	require.Equal(t, p[1], w.push(t)["a"])
	_, err = w.api.UnclaimTask(t.Context(), p[1], w.id("a"), uuid.New())
	require.NoError(t, err)
	require.Equal(t, p[0], w.push(t)["a"], "it is the last who counts")
	w.exec(t, "UPDATE entitlements.users SET is_active = FALSE WHERE user_id = $1", p[1])
	_, err = w.api.UnclaimTask(t.Context(), p[0], w.id("a"), uuid.New())
	require.NoError(t, err)
	require.Empty(t, w.push(t), "it is not forced upon them")
	_, err = w.api.ClaimTask(t.Context(), p[0], w.id("a"), uuid.New())
	require.NoError(t, err, "but they may take it")
}

func TestWhoeverComesBackIsPushedWhatHasWaited(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.RoundRobin, 10)
	w.absent(t, w.user, "")
	w.place(t, tasksFor(w, "a")...)
	require.Empty(t, w.push(t))
	w.back(t, w.user)
	require.Equal(t, map[string]string{"a": w.user}, w.push(t))
}

func TestEscalatedTasksArePushedFirst(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.pushes(t, casework.RoundRobin, 1)
	w.place(t, tasksFor(w, "a:99 late:1")...)
	escalated(w, t, "late")
	require.Equal(t, map[string]string{"late": w.user}, w.push(t))
}

// Pushers, claims, completions and returns of many people at once: no task is held twice, nobody holds more than they may, and
// in the end everybody holds as much as they may.
func TestPushesAtOnceKeepTheLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const limit, people = 3, 8
	w.pushes(t, casework.LeastLoaded, limit)
	staff := w.staff(t, people)
	ids := w.open(t, 150)
	over := "SELECT count(*) FROM (SELECT FROM flowable.workflow_tasks WHERE status = 'CLAIMED' GROUP BY assignee_id HAVING count(*) > $1) AS o"
	store, worker := w.store(t, apiRole, 8), w.store(t, workerRole, 4)
	for _, err := range together(32, func(i int) error {
		who := staff[i%people]
		for n := range 6 {
			var err error
			switch i % 4 {
			case 0:
				err = worker.PushTasks(t.Context())
			case 1:
				_, err = store.ClaimNext(t.Context(), who, nil, uuid.New())
			case 2:
				_, err = store.UnclaimTask(t.Context(), who, anyHeldBy(t, w, who, ids[n]), uuid.New())
			case 3:
				_, _, err = store.CompleteTask(t.Context(), who, anyHeldBy(t, w, who, ids[n]), uuid.New(), approve)
			}
			if err != nil && !slices.Contains([]casework.Code{casework.Forbidden, casework.Conflict, casework.NotFound}, casework.CodeOf(err)) {
				return err
			}
			if more := one[int](t, w.super, over, limit); more > 0 {
				return fmt.Errorf("%d people hold more than they may", more)
			}
		}
		return nil
	}) {
		require.NoError(t, err)
	}
	require.NoError(t, w.worker.PushTasks(t.Context()))
	require.Equal(t, []int{limit}, rows[int](t, w.super, "SELECT DISTINCT count(*) FROM flowable.workflow_tasks WHERE status = 'CLAIMED' GROUP BY assignee_id"))
	require.Equal(t, people, one[int](t, w.super, "SELECT count(DISTINCT assignee_id) FROM flowable.workflow_tasks WHERE status = 'CLAIMED'"))
	require.Empty(t, rows[string](t, w.super, `SELECT t.task_id FROM flowable.workflow_tasks t JOIN flowable.task_history h USING (task_id)
		GROUP BY t.task_id, t.version HAVING count(*) <> t.version`), "each change counted once: none was lost to another")
}

// anyHeldBy is a task that somebody holds, or the given one.
func anyHeldBy(t *testing.T, w *unit, who, otherwise string) string {
	t.Helper()
	for _, id := range rows[string](t, w.super, "SELECT task_id FROM flowable.workflow_tasks WHERE assignee_id = $1 AND status = 'CLAIMED' LIMIT 1", who) {
		return id
	}
	return otherwise
}

// What strategies mean to people who pull.
func TestPullingByStrategies(t *testing.T) {
	t.Parallel()
	assign := func(t *testing.T, u *unit, strategy casework.Strategy, level int) {
		t.Helper()
		u.exec(t, `UPDATE flowable.queue_assignments a SET assignment_strategy = $2, priority_level = $3
			FROM flowable.workflow_queues q WHERE q.queue_id = a.queue_id AND q.queue_name = $1`, u.queue, strategy, level)
	}
	both := func(t *testing.T) (a, b *unit) { // one person of two queues
		t.Helper()
		a, b = newUnit(t), newUnit(t)
		a.grant(t, a.user, b.role)
		a.place(t, a.task("a", priority(10)))
		b.place(t, b.task("b", priority(90)))
		return a, b
	}
	next := func(t *testing.T, u *unit, queues ...string) string {
		t.Helper()
		got, err := u.api.ClaimNext(t.Context(), u.user, queues, uuid.New())
		require.NoError(t, err)
		if got == nil {
			return ""
		}
		return got.TaskID[len(u.name)+1:]
	}
	t.Run("by effective priority over all queues", func(t *testing.T) {
		t.Parallel()
		a, _ := both(t)
		require.Equal(t, "b", next(t, a))
		require.Equal(t, "a", next(t, a))
	})
	for _, c := range []struct {
		name           string
		strategyOfA    casework.Strategy
		levelA, levelB int // a has priority 10, b 90 and PRIORITY_WEIGHTED
		hoursA         int // that a has waited longer; each counts as a point
		first          string
	}{
		{"PRIORITY_WEIGHTED: the level of the queue is added to the priority", casework.PriorityWeighted, 100, 10, 0, "a"},
		{"PRIORITY_WEIGHTED: what waits in a queue of a low level comes first at last", casework.PriorityWeighted, 0, 100, 181, "a"},
		{"the level counts in that strategy alone: 90 + 0, not less than 10 + 50", casework.RoundRobin, 100, 0, 0, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := both(t)
			assign(t, a, c.strategyOfA, c.levelA)
			assign(t, b, casework.PriorityWeighted, c.levelB)
			a.exec(t, "UPDATE flowable.workflow_tasks SET created_at = created_at - make_interval(hours => $2) WHERE task_id = $1", a.id("a"), c.hoursA)
			require.Equal(t, c.first, next(t, a))
		})
	}
	t.Run("MANUAL: only where the queue is named", func(t *testing.T) {
		t.Parallel()
		a, b := both(t)
		assign(t, b, casework.Manual, 50)
		require.Equal(t, []string{"a", ""}, []string{next(t, a), next(t, a)})
		require.Equal(t, "b", next(t, a, b.queue))
	})
	t.Run("SKILL_BASED: only what the person can do", func(t *testing.T) {
		t.Parallel()
		a, b := both(t)
		assign(t, b, casework.SkillBased, 50)
		b.exec(t, "UPDATE flowable.workflow_tasks SET required_skills = '{law}' WHERE task_id = $1", b.id("b"))
		require.Equal(t, []string{"a", ""}, []string{next(t, a), next(t, a)})
		_, err := a.api.ClaimTask(t.Context(), a.user, b.id("b"), uuid.New())
		require.NoError(t, err, "who looks for it gets it")
	})
	t.Run("a queue that is full for the person is passed over", func(t *testing.T) {
		t.Parallel()
		a, b := both(t)
		b.limit(t, 1)
		b.place(t, b.task("c", priority(95)))
		require.Equal(t, []string{"c", "a", ""}, []string{next(t, a), next(t, a), next(t, a)})
	})
}
