package db_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// The corrections of the database design, by number. Each test fails where the design is run as it was written.

type correction struct {
	name string
	test func(*testing.T)
}

func corrected(t *testing.T, all []correction) {
	t.Helper()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

func TestCorrectionsOfTasks(t *testing.T) {
	t.Parallel()
	corrected(t, []correction{
		{"04 one index on candidate groups", oneIndexOnCandidateGroups},
		{"05 an index for overdue tasks", indexForOverdueTasks},
		{"06 claim_next_task runs", claimNextTaskRuns},
		{"07 claim_next_task checks all that limits a claim", claimNextTaskChecks},
		{"08 an escalated task is claimable and comes first", escalatedTaskIsClaimable},
		{"09 levels advance each at its own time", levelsAdvance},
		{"09 a queue says when its levels come", queueSaysLevels},
		{"10 history of an escalation has the old status", escalationHasOldStatus},
		{"11 sweeps at once escalate once", sweepsAtOnceEscalateOnce},
		{"11 a sweep passes over a task that somebody works on", sweepPassesOverLocked},
	})
}

// The design creates idx_workflow_tasks_candidate_groups twice, which is an error.
func oneIndexOnCandidateGroups(t *testing.T) {
	w := newUnit(t)
	require.Equal(t, 1, one[int](t, w.super, `SELECT count(*) FROM pg_indexes
		WHERE schemaname = 'flowable' AND tablename = 'workflow_tasks' AND indexdef LIKE '%USING gin (candidate_groups)%'`))
	require.Empty(t, rows[string](t, w.super, `SELECT string_agg(indexrelid::regclass::TEXT, ', ') FROM pg_index i
		JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms')
		GROUP BY indrelid, indkey::TEXT, indclass::TEXT, indoption::TEXT, COALESCE(pg_get_expr(indexprs, indrelid), ''),
			COALESCE(pg_get_expr(indpred, indrelid), '')
		HAVING count(*) > 1`), "indexes that say the same")
}

// An index on (due_date < CURRENT_TIMESTAMP) is an error: the clock is not immutable.
func indexForOverdueTasks(t *testing.T) {
	w := newUnit(t)
	found := rows[string](t, w.super, `SELECT pg_get_expr(i.indpred, i.indrelid) FROM pg_index i
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indrelid = 'flowable.workflow_tasks'::regclass AND a.attname = 'due_date' AND i.indpred IS NOT NULL`)
	require.Len(t, found, 1)
	for _, open := range []casework.TaskStatus{casework.TaskOpen, casework.TaskClaimed, casework.TaskDelegated, casework.TaskEscalated} {
		require.Contains(t, found[0], string(open))
	}
	require.NotContains(t, found[0], string(casework.TaskCompleted))
}

// The design's first call fails: text[] && character varying[]; and its output columns collide with the table's.
func claimNextTaskRuns(t *testing.T) {
	w := newUnit(t)
	w.place(t, w.task("first", priority(70)))
	require.NoError(t, w.as(t, apiRole, w.user, func(tx pgx.Tx) error {
		var id, name string
		var prio int
		err := tx.QueryRow(t.Context(), "SELECT task_id, task_name, priority FROM flowable.claim_next_task($1, $2)", w.user, []string{w.queue}).
			Scan(&id, &name, &prio)
		require.Equal(t, []any{w.id("first"), "Review first", 70}, []any{id, name, prio})
		return err
	}))
	require.Equal(t, w.user, one[string](t, w.super, "SELECT assignee_id FROM flowable.workflow_tasks WHERE task_id = $1", w.id("first")))
	require.Equal(t, once, w.marks(t, w.id("first"), "CLAIM"))
}

// The design lets future and disabled roles claim, ignores limits, and takes any queue name that is passed in.
func claimNextTaskChecks(t *testing.T) {
	next := func(w *unit, caller string) (ids []string) {
		require.NoError(t, w.as(t, workerRole, caller, func(tx pgx.Tx) error { // whom no policy stops
			ids = rows[string](t, tx, "SELECT task_id FROM flowable.claim_next_task($1, $2)", caller, []string{w.queue})
			return nil
		}))
		return ids
	}
	free := newUnit(t)
	free.open(t, 1)
	require.Len(t, next(free, free.user), 1, "nothing limits it")
	for _, name := range []string{
		"a role that has expired", "a role that is not valid yet", "a role that is disabled", "a user who is deactivated",
		"a queue that is not active", "an assignment that is disabled", "as many tasks as the role holds", "a queue of another department",
	} {
		rule := claimRules[name]
		w := newUnit(t)
		w.limit(t, 1)
		w.open(t, 2)
		w.set(t, rule.setUp)
		caller := w.user
		if rule.caller != "" { // a candidate by name, whose roles do not work on the queue
			caller = rule.caller
			w.set(t, "UPDATE flowable.workflow_tasks SET candidate_users = '{"+caller+"}' WHERE queue_name = '{queue}'")
		}
		require.Empty(t, next(w, caller), name)
	}
}

// The design claims only where status = 'OPEN', so escalating a task loses it.
func escalatedTaskIsClaimable(t *testing.T) {
	w := newUnit(t)
	w.place(t, w.task("urgent", priority(100)), w.task("late", priority(1)), w.task("also"))
	for _, id := range []string{"late", "also"} {
		w.exec(t, "SELECT flowable.escalate_task($1, 1, 'SWEEP')", w.id(id))
	}
	also, err := w.api.ClaimTask(t.Context(), w.user, w.id("also"), uuid.New())
	require.NoError(t, err)
	require.Equal(t, casework.TaskClaimed, also.Status)
	next, err := w.api.ClaimNext(t.Context(), w.user, nil, uuid.New())
	require.NoError(t, err)
	require.Equal(t, w.id("late"), next.TaskID, "before one of the highest priority")
	back, err := w.api.UnclaimTask(t.Context(), w.user, next.TaskID, uuid.New())
	require.NoError(t, err)
	require.Equal(t, casework.TaskEscalated, back.Status, "given back, it is still past its deadline")
}

// The design looks for OPEN and CLAIMED and sets ESCALATED, so that levels 2 and 3 are never reached.
func levelsAdvance(t *testing.T) {
	w := newWorld(t)
	w.place(t, w.task("young", due(time.Hour)), w.task("one", due(-time.Minute)), w.task("two", due(-5*time.Hour)),
		w.task("three", due(-9*time.Hour)), w.task("held", due(-5*time.Hour)), w.task("done", due(-5*time.Hour)))
	for _, id := range []string{"held", "done"} {
		_, err := w.api.ClaimTask(t.Context(), w.user, w.id(id), uuid.New())
		require.NoError(t, err)
	}
	_, _, err := w.api.CompleteTask(t.Context(), w.user, w.id("done"), uuid.New(), approve)
	require.NoError(t, err)

	want := map[string]string{"young": "OPEN 0", "one": "ESCALATED 1", "two": "ESCALATED 2", "three": "ESCALATED 3", "held": "CLAIMED 2", "done": "COMPLETED 0"}
	for range 2 { // again: no level twice, none beyond the last
		require.NoError(t, w.worker.EscalateOverdue(t.Context()))
		require.Equal(t, want, w.levels(t))
	}
	for id, state := range want {
		levels := rows[int](t, w.super, "SELECT escalation_level FROM flowable.escalations WHERE task_id = $1 ORDER BY escalation_id", w.id(id))
		require.Len(t, levels, int(state[len(state)-1]-'0'), "every level of %s is on record", id)
		for i, level := range levels {
			require.Equal(t, i+1, level)
		}
	}
	w.set(t, "UPDATE flowable.workflow_tasks SET due_date = due_date - interval '4 hours' WHERE task_id = '{name}-one'")
	require.NoError(t, w.worker.EscalateOverdue(t.Context()))
	require.Equal(t, "ESCALATED 2", w.levels(t)["one"], "an escalated task goes on")
}

// levels tells the status and the escalation level of each task of the unit.
func (u *unit) levels(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, line := range rows[string](t, u.super, `SELECT task_id || ' ' || status || ' ' || escalation_level
		FROM flowable.workflow_tasks WHERE task_id LIKE $1 || '-%'`, u.name) {
		id, state, _ := strings.Cut(strings.TrimPrefix(line, u.id("")), " ")
		found[id] = state
	}
	return found
}

// The design escalates at every run, whatever escalation_config says.
func queueSaysLevels(t *testing.T) {
	w := newWorld(t)
	w.set(t, `UPDATE flowable.workflow_queues SET escalation_config = '{"levels": [{"afterMinutes": 30}, {"afterMinutes": 60}]}' WHERE queue_name = '{queue}'`)
	w.place(t, w.task("soon", due(-29*time.Minute)), w.task("one", due(-31*time.Minute)), w.task("two", due(-61*time.Minute)), w.task("last", due(-240*time.Hour)))
	require.NoError(t, w.worker.EscalateOverdue(t.Context()))
	require.Equal(t, map[string]string{"soon": "OPEN 0", "one": "ESCALATED 1", "two": "ESCALATED 2", "last": "ESCALATED 2"}, w.levels(t))
}

// The design reads the status after it has changed it: history says ESCALATED to ESCALATED.
func escalationHasOldStatus(t *testing.T) {
	w := newUnit(t)
	w.place(t, w.task("open"), w.task("held"))
	_, err := w.api.ClaimTask(t.Context(), w.user, w.id("held"), uuid.New())
	require.NoError(t, err)
	history := func(id string) []string {
		w.exec(t, "SELECT flowable.escalate_task($1, 1, 'SWEEP')", w.id(id))
		w.exec(t, "SELECT flowable.escalate_task($1, 2, 'SWEEP')", w.id(id))
		return rows[string](t, w.super, `SELECT old_status || ' to ' || new_status FROM flowable.task_history
			WHERE task_id = $1 AND action_type = 'ESCALATE' ORDER BY history_id`, w.id(id))
	}
	require.Equal(t, []string{"OPEN to ESCALATED", "ESCALATED to ESCALATED"}, history("open"))
	require.Equal(t, []string{"CLAIMED to CLAIMED", "CLAIMED to CLAIMED"}, history("held"))
}

// The design locks nothing, so that two runs escalate twice.
func sweepsAtOnceEscalateOnce(t *testing.T) {
	w := newWorld(t)
	ids := w.open(t, 100)
	w.exec(t, "UPDATE flowable.workflow_tasks SET due_date = now() - interval '1 minute'")
	for _, err := range together(4, func(int) error { return w.worker.EscalateOverdue(t.Context()) }) {
		require.NoError(t, err)
	}
	require.Equal(t, []int{len(ids), len(ids), 1, 1}, rows[int](t, w.super, `SELECT unnest(ARRAY[count(*), count(DISTINCT task_id),
		max(escalation_level), (SELECT max(escalation_level) FROM flowable.workflow_tasks)]) FROM flowable.escalations`))
	require.Equal(t, len(ids), one[int](t, w.super, "SELECT count(*) FROM flowable.task_history WHERE action_type = 'ESCALATE'"))
}

// A sweep that waits for rows that people work on holds all other escalations up.
func sweepPassesOverLocked(t *testing.T) {
	w := newWorld(t)
	w.place(t, w.task("busy", due(-time.Minute)), w.task("idle", due(-time.Minute)))
	busy, err := w.conn(t, "").Begin(t.Context())
	require.NoError(t, err)
	_, err = busy.Exec(t.Context(), "SELECT FROM flowable.workflow_tasks WHERE task_id = $1 FOR UPDATE", w.id("busy"))
	require.NoError(t, err)
	require.NoError(t, w.worker.EscalateOverdue(t.Context()))
	require.Equal(t, map[string]string{"busy": "OPEN 0", "idle": "ESCALATED 1"}, w.levels(t))
	require.NoError(t, busy.Rollback(t.Context()))
	require.NoError(t, w.worker.EscalateOverdue(t.Context()))
	require.Equal(t, map[string]string{"busy": "ESCALATED 1", "idle": "ESCALATED 1"}, w.levels(t))
}
