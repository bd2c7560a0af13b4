package db_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

const claimers = 32

// claimAll claims until nothing is left.
func claimAll(next func() (string, error)) ([]string, error) {
	var mine []string
	for {
		id, err := next()
		if err != nil || id == "" {
			return mine, err
		}
		mine = append(mine, id)
	}
}

func TestEveryOpenTaskIsClaimedExactlyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(t, 1000)
	const open = 120
	ids := w.open(t, open)
	people := w.hire(t, claimers)
	store, sql := w.store(t, apiRole, claimers/2), w.pool(t, apiRole, claimers/2)

	type outcome struct {
		mine []string
		err  error
	}
	outcomes := together(claimers, func(i int) outcome { // half through the store, half through the function of the design
		mine, err := claimAll(func() (string, error) {
			if i%2 == 0 {
				task, err := store.ClaimNext(t.Context(), people[i], nil, uuid.New())
				if task == nil {
					return "", err
				}
				return task.TaskID, err
			}
			var id string
			err := pgx.BeginFunc(t.Context(), sql, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), "SELECT set_config('app.current_user_id', $1, TRUE)", people[i]); err != nil {
					return err
				}
				rows, err := tx.Query(t.Context(), "SELECT task_id FROM flowable.claim_next_task($1, $2)", people[i], []string{w.queue})
				if err != nil {
					return err
				}
				found, err := pgx.CollectRows(rows, pgx.RowTo[string])
				if len(found) > 0 {
					id = found[0]
				}
				return err
			})
			return id, err
		})
		return outcome{mine, err}
	})

	var all []string
	for i, o := range outcomes {
		require.NoError(t, o.err)
		all = append(all, o.mine...)
		held := rows[string](t, w.super, "SELECT task_id FROM flowable.workflow_tasks WHERE assignee_id = $1 AND status = 'CLAIMED'", people[i])
		require.ElementsMatch(t, o.mine, held, "what %s was told and what the rows say", people[i])
	}
	slices.Sort(all)
	require.Equal(t, ids, all, "none lost, none twice")
	for _, id := range ids {
		require.Equal(t, marks{History: 1, Commands: 1, Outbox: 1}, w.marks(t, id, "CLAIM"), id)
	}
	w.exec(t, "CALL flowable.update_queue_statistics()")
	require.Equal(t, open, one[int](t, w.super, "SELECT current_load FROM flowable.workflow_queues WHERE queue_name = $1", w.queue))
	require.Equal(t, open, one[int](t, w.super, "SELECT claimed_tasks FROM flowable.v_active_tasks_by_queue WHERE queue_name = $1", w.queue))
	require.Equal(t, 0, one[int](t, w.super, "SELECT open_tasks FROM flowable.v_active_tasks_by_queue WHERE queue_name = $1", w.queue))
}

func TestOneOfManyGetsTheTask(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	id := w.open(t, 1)[0]
	people := w.hire(t, claimers)
	store := w.store(t, apiRole, claimers)

	errs := together(claimers, func(i int) error {
		_, err := store.ClaimTask(t.Context(), people[i], id, uuid.New())
		return err
	})
	holder := one[string](t, w.super, "SELECT assignee_id FROM flowable.workflow_tasks WHERE task_id = $1", id)
	for i, err := range errs {
		if people[i] == holder {
			require.NoError(t, err)
			continue
		}
		current, ok := hasCode(t, err, casework.Conflict).Current.(*casework.Task)
		require.True(t, ok, "a conflict shows the task as it is")
		require.Equal(t, casework.TaskClaimed, current.Status)
		require.Equal(t, holder, *current.AssigneeID)
	}
	require.Equal(t, marks{History: 1, Commands: 1, Outbox: 1}, w.marks(t, id, "CLAIM"))
}

func TestClaimsOfOnePersonAtOnceKeepTheLimit(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.limit(t, 3)
	ids := w.open(t, 12)
	store := w.store(t, apiRole, 12)
	errs := together(12, func(i int) error {
		if i%2 == 0 {
			_, err := store.ClaimNext(t.Context(), w.user, nil, uuid.New())
			return err
		}
		_, err := store.ClaimTask(t.Context(), w.user, ids[i], uuid.New())
		return err
	})
	for _, err := range errs {
		if err != nil {
			require.Contains(t, []casework.Code{casework.Forbidden, casework.Conflict}, casework.CodeOf(err), err)
		}
	}
	require.Equal(t, 3, one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE assignee_id = $1", w.user))
}

func TestTheSameClaimAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	ids := w.open(t, 2)
	command := uuid.New()
	first, err := w.api.ClaimNext(t.Context(), w.user, nil, command)
	require.NoError(t, err)
	again, err := w.api.ClaimNext(t.Context(), w.user, nil, command)
	require.NoError(t, err)
	require.Equal(t, first, again)
	for _, same := range together(8, func(int) *casework.Task {
		task, err := w.api.ClaimNext(t.Context(), w.user, nil, command)
		require.NoError(t, err)
		return task
	}) {
		require.Equal(t, first, same)
	}
	held, err := w.api.ClaimTask(t.Context(), w.user, first.TaskID, uuid.New())
	require.NoError(t, err)
	require.Equal(t, *first, held)
	require.Equal(t, marks{History: 1, Commands: 1, Outbox: 1}, w.marks(t, first.TaskID, "CLAIM"))
	require.Equal(t, 1, one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE status = 'OPEN' AND task_id = ANY ($1)", ids))
}

// claimRules are the reasons for which a person gets no task. Without a rule the task is not even visible.
var claimRules = map[string]struct {
	setUp  string
	caller string // empty: the unit's user
	code   casework.Code
	rule   string
}{
	"a role that has expired": {
		setUp: "UPDATE entitlements.user_workflow_roles SET valid_from = now() - interval '2 days', valid_until = now() - interval '1 second' WHERE user_id = '{user}'",
		code:  casework.NotFound,
	},
	"a role that is not valid yet": {
		setUp: "UPDATE entitlements.user_workflow_roles SET valid_from = now() + interval '1 hour' WHERE user_id = '{user}'",
		code:  casework.NotFound,
	},
	"a role that is disabled":       {setUp: "UPDATE entitlements.workflow_roles SET is_active = FALSE WHERE role_code = '{role}'", code: casework.NotFound},
	"a user who is deactivated":     {setUp: "UPDATE entitlements.users SET is_active = FALSE WHERE user_id = '{user}'", code: casework.NotFound},
	"a queue of another department": {caller: lisa, code: casework.NotFound},
	"a queue of another role":       {caller: robert, code: casework.NotFound},
	"nobody who is known":           {caller: "nobody", code: casework.NotFound},
	"the system's own user":         {caller: "SYSTEM", code: casework.NotFound},
	"a person who is excluded": {
		setUp: "UPDATE flowable.workflow_tasks SET excluded_users = '{{user}}' WHERE queue_name = '{queue}'",
		code:  casework.Forbidden, rule: "excluded-user",
	},
	"the queue but not the group": {
		setUp: "UPDATE flowable.workflow_tasks SET candidate_groups = '{GROUP_EO_HEAD}' WHERE queue_name = '{queue}'",
		code:  casework.Forbidden, rule: "candidate",
	},
	"as many tasks as the role holds": {
		setUp: "UPDATE flowable.workflow_tasks SET status = 'CLAIMED', assignee_id = '{user}' WHERE queue_name = '{queue}' AND task_id <> '{name}-000'",
		code:  casework.Forbidden, rule: "max-tasks-per-user",
	},
	"a queue that is not active":     {setUp: "UPDATE flowable.workflow_queues SET is_active = FALSE WHERE queue_name = '{queue}'"},
	"an assignment that is disabled": {setUp: "UPDATE flowable.queue_assignments SET is_active = FALSE WHERE queue_id = (SELECT queue_id FROM flowable.workflow_queues WHERE queue_name = '{queue}')"},
}

func TestWhoMayNotClaimGetsNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range claimRules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUnit(t)
			w.limit(t, 2)
			id := w.open(t, 3)[0]
			if tc.setUp != "" {
				w.set(t, tc.setUp)
			}
			caller := cmp.Or(tc.caller, w.user)
			const state = "SELECT array_agg(status || version ORDER BY task_id) FROM flowable.workflow_tasks WHERE queue_name = $1"
			before := one[[]string](t, w.super, state, w.queue)

			if tc.code != "" { // the others are about queues, not about one task
				_, err := w.api.ClaimTask(t.Context(), caller, id, uuid.New())
				require.Equal(t, tc.rule, hasCode(t, err, tc.code).Rule)
			}
			for _, queues := range [][]string{nil, {w.queue}} {
				got, err := w.api.ClaimNext(t.Context(), caller, queues, uuid.New())
				require.NoError(t, err)
				require.Nil(t, got)
			}
			require.NoError(t, w.as(t, apiRole, caller, func(tx pgx.Tx) error {
				require.Empty(t, rows[string](t, tx, "SELECT task_id FROM flowable.claim_next_task($1, $2)", caller, []string{w.queue}))
				return nil
			}))
			require.Equal(t, before, one[[]string](t, w.super, state, w.queue))
			require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.task_commands WHERE task_id LIKE $1 || '-%'", w.name))
		})
	}
}

func TestClaimsComeByEscalationPriorityAndAge(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.place(t, w.task("low", priority(10)), w.task("high", priority(90)), w.task("older", priority(50)), w.task("younger", priority(50)), w.task("late", priority(1)))
	w.set(t, "UPDATE flowable.workflow_tasks SET created_at = created_at - interval '1 minute' WHERE task_id = '{name}-older'")
	w.set(t, "UPDATE flowable.workflow_tasks SET status = 'ESCALATED', escalation_level = 1 WHERE task_id = '{name}-late'")
	var order []string
	for range 5 {
		got, err := w.api.ClaimNext(t.Context(), w.user, nil, uuid.New())
		require.NoError(t, err)
		require.NotNil(t, got)
		order = append(order, strings.TrimPrefix(got.TaskID, w.id("")))
	}
	require.Equal(t, []string{"late", "high", "older", "younger", "low"}, order)
}

func TestUnclaimGivesTheTaskBack(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	colleague := w.hire(t, 1)[0]
	_, mine := w.claimed(t)
	_, err := w.api.UnclaimTask(t.Context(), colleague, mine, uuid.New())
	require.Equal(t, "assignee", hasCode(t, err, casework.Forbidden).Rule)

	back, err := w.api.UnclaimTask(t.Context(), w.user, mine, uuid.New())
	require.NoError(t, err)
	require.Equal(t, casework.TaskOpen, back.Status)
	require.Nil(t, back.AssigneeID)
	again, err := w.api.UnclaimTask(t.Context(), w.user, mine, uuid.New())
	require.NoError(t, err)
	require.Equal(t, back, again, "twice: the same answer")
	require.Equal(t, marks{History: 1, Commands: 1, Outbox: 1}, w.marks(t, mine, "UNCLAIM"))
	_, err = w.api.ClaimTask(t.Context(), colleague, mine, uuid.New())
	require.NoError(t, err)
}

func TestUnclaimOfATaskThatNobodyHeldIsAConflict(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	ids := w.open(t, 2)
	_, err := w.api.UnclaimTask(t.Context(), w.user, ids[0], uuid.New())
	hasCode(t, err, casework.Conflict)
	w.exec(t, "SELECT flowable.escalate_task($1, 1, 'SWEEP')", ids[1])
	_, err = w.api.UnclaimTask(t.Context(), w.user, ids[1], uuid.New())
	hasCode(t, err, casework.Conflict)
}
