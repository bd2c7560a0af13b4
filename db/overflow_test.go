package db_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// relief is a unit whose queue has room for three tasks and an overflow queue on which somebody else works.
func relief(t *testing.T, room int) (home, away *unit) {
	t.Helper()
	home = newWorld(t)
	away = home.found(t)
	home.exec(t, "UPDATE flowable.workflow_queues SET queue_type = 'OVERFLOW', department_id = NULL, max_capacity = $2 WHERE queue_name = $1", away.queue, room)
	home.exec(t, "UPDATE flowable.workflow_queues SET overflow_queue = $2, max_capacity = 3 WHERE queue_name = $1", home.queue, away.queue)
	home.exec(t, "UPDATE flowable.workflow_queues SET is_active = FALSE WHERE queue_name NOT IN ($1, $2, 'default-queue')", home.queue, away.queue)
	return home, away
}

// relieves relieves all queues and answers which tasks are where.
func (u *unit) relieves(t *testing.T, queues ...string) (where [][]string) {
	t.Helper()
	_, err := u.worker.RelieveQueues(t.Context())
	require.NoError(t, err)
	for _, queue := range queues {
		where = append(where, rows[string](t, u.super, `SELECT right(task_id, -9) FROM flowable.workflow_tasks
			WHERE queue_name = $1 AND status NOT IN ('COMPLETED', 'CANCELLED') ORDER BY 1`, queue))
	}
	return where
}

func TestAnOverflowQueueTakesWhatIsOverAndReturnsIt(t *testing.T) {
	t.Parallel()
	home, away := relief(t, 100)
	home.place(t, tasksFor(home, "a:90 b:10 c:20 d:30 held:5 late:1")...)
	home.place(t, home.task("mine", priority(2), forGroups(), func(n *casework.NewTask) { n.CandidateUsers, n.Queue = []string{home.user}, home.queue }))
	_, err := home.api.ClaimTask(t.Context(), home.user, home.id("held"), uuid.New())
	require.NoError(t, err)
	escalated(home, t, "late")

	for range 2 { // again: what is settled stays
		require.Equal(t, [][]string{{"held", "late", "mine"}, {"a", "b", "c", "d"}}, home.relieves(t, home.queue, away.queue), "neither what is held nor personal ones")
	}
	require.Equal(t, []string{home.queue}, rows[string](t, home.super, "SELECT DISTINCT home_queue FROM flowable.workflow_tasks WHERE queue_name = $1", away.queue))
	require.Equal(t, []string{"Moved from " + home.queue + " to " + away.queue + `: over capacity {"queueName": {"to": "` + away.queue + `", "from": "` + home.queue + `"}}`},
		rows[string](t, home.super, "SELECT comments || ' ' || action_data FROM flowable.task_history WHERE task_id = $1 AND action_type = 'UPDATE'", home.id("b")))
	require.Equal(t, []string{`update-task ` + away.queue}, rows[string](t, home.super,
		"SELECT c.kind || ' ' || (o.payload #>> '{placed,0,queueName}') FROM flowable.task_commands c JOIN flowable.outbox o USING (command_id) WHERE c.task_id = $1", home.id("b")),
		"the workflow hears of it")

	got, err := home.api.ClaimNext(t.Context(), away.user, nil, uuid.New())
	require.NoError(t, err)
	require.Equal(t, home.id("a"), got.TaskID, "whoever works on the overflow queue works on what it has")
	_, _, err = home.api.CompleteTask(t.Context(), away.user, got.TaskID, uuid.New(), approve)
	require.NoError(t, err)
	seen, err := home.api.Tasks(t.Context(), away.user, casework.TaskFilter{Candidate: true})
	require.NoError(t, err)
	require.Len(t, seen.Items, 3)
	_, err = home.api.ClaimTask(t.Context(), home.user, home.id("d"), uuid.New())
	require.NoError(t, err, "and its own candidates may still take it")

	for _, id := range []string{"held", "late"} {
		if id == "late" {
			_, err = home.api.ClaimTask(t.Context(), home.user, home.id(id), uuid.New())
			require.NoError(t, err)
		}
		_, _, err = home.api.CompleteTask(t.Context(), home.user, home.id(id), uuid.New(), approve)
		require.NoError(t, err)
	}
	require.Equal(t, [][]string{{"b", "c", "mine"}, {"d"}}, home.relieves(t, home.queue, away.queue), "there is room again, but what somebody holds stays with them")
	require.Zero(t, one[int](t, home.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = $1 AND home_queue IS NOT NULL", home.queue))
	_, err = home.api.ClaimTask(t.Context(), away.user, home.id("b"), uuid.New())
	hasCode(t, err, casework.NotFound)
}

func TestAnOverflowQueueTakesAsMuchAsItHasRoomFor(t *testing.T) {
	t.Parallel()
	home, away := relief(t, 2)
	other := home.found(t)
	home.exec(t, "UPDATE flowable.workflow_queues SET overflow_queue = $2, max_capacity = 0, queue_type = 'PRIORITY' WHERE queue_name = $1", other.queue, away.queue)
	home.open(t, 4)
	other.open(t, 3)
	home.relieves(t)
	load := func(queue string) int {
		n := one[int](t, home.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = $1", queue)
		require.Equal(t, n, one[int](t, home.super, "SELECT current_load FROM flowable.workflow_queues WHERE queue_name = $1", queue))
		return n
	}
	require.Equal(t, []int{3, 2, 2}, []int{load(home.queue), load(away.queue), load(other.queue)}, "one queue after the other")
	home.exec(t, "UPDATE flowable.workflow_queues SET is_active = FALSE WHERE queue_name = $1", away.queue)
	home.exec(t, "UPDATE flowable.workflow_queues SET max_capacity = 1 WHERE queue_name = $1", home.queue)
	home.relieves(t)
	require.Equal(t, 3, load(home.queue), "one that is switched off takes nothing")
	home.exec(t, "UPDATE flowable.workflow_queues SET is_active = TRUE, max_capacity = 9 WHERE queue_name = $1", away.queue)
	home.exec(t, "UPDATE flowable.queue_assignments SET is_active = FALSE WHERE queue_id = (SELECT queue_id FROM flowable.workflow_queues WHERE queue_name = $1)", away.queue)
	home.relieves(t)
	require.Equal(t, 3, load(home.queue), "nor does one on which nobody works")
}

func TestWhatIsMovedForCapacityHasItsPlaceInTheOtherQueue(t *testing.T) {
	t.Parallel()
	home, away := relief(t, 100)
	away.exec(t, `UPDATE flowable.workflow_queues SET priority_weights = '{"base": 0, "age": 100}' WHERE queue_name = $1`, away.queue)
	home.exec(t, "UPDATE flowable.workflow_queues SET max_capacity = 0 WHERE queue_name = $1", home.queue)
	home.place(t, tasksFor(home, "urgent:90 old:10")...)
	home.ageBy(t, "old", 3600e9)
	home.relieves(t)
	got, err := home.api.ClaimNext(t.Context(), away.user, nil, uuid.New())
	require.NoError(t, err)
	require.Equal(t, home.id("old"), got.TaskID)
}

func TestWhatASpecializedQueueLendsAsksForSkillsStill(t *testing.T) {
	t.Parallel()
	home, away := relief(t, 100)
	home.becomes(t, casework.QueueSpecialized, "{}")
	home.exec(t, "UPDATE flowable.workflow_queues SET max_capacity = 0 WHERE queue_name = $1", home.queue)
	away.limit(t, 100)
	home.place(t, home.task("contract", skills("law")), home.task("treaty", skills("law")), home.task("plain"))
	require.Equal(t, [][]string{{"contract", "plain", "treaty"}}, home.relieves(t, away.queue))
	_, err := home.api.ClaimTask(t.Context(), away.user, home.id("contract"), uuid.New())
	require.Equal(t, "skills", hasCode(t, err, casework.Forbidden).Rule)
	require.Equal(t, []string{"plain"}, home.claimsAll(t, away.user))
	away.pushes(t, casework.RoundRobin, 100)
	require.Zero(t, one[int](t, home.super, "SELECT flowable.push_tasks($1, 100)", away.queue))
	away.exec(t, `UPDATE entitlements.users SET attributes = '{"skills": ["law"]}' WHERE user_id = $1`, away.user)
	require.Equal(t, 1, one[int](t, home.super, "SELECT flowable.push_tasks($1, 1)", away.queue))
	require.Len(t, home.claimsAll(t, away.user), 1)
}

func TestQueuesThatAreNearlyFullAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, "UPDATE flowable.workflow_queues SET max_capacity = 10, department_id = NULL WHERE queue_name = $1", w.queue)
	w.open(t, 8)
	full := func() bool {
		loads, err := w.worker.RelieveQueues(t.Context())
		require.NoError(t, err)
		for _, l := range loads {
			if l.QueueName == w.queue {
				return l.NearlyFull()
			}
		}
		require.Fail(t, "the queue is missing")
		return false
	}
	require.False(t, full())
	w.place(t, w.task("ninth"))
	require.True(t, full())
}

// Claims and moves at the same time: no task is lost and none is held where it no longer is.
func TestMovesAndClaimsAtOnce(t *testing.T) {
	t.Parallel()
	home, away := relief(t, 1000)
	home.limit(t, 1000)
	away.limit(t, 1000)
	ids := home.open(t, 60)
	store := home.store(t, apiRole, 8)
	for _, err := range together(16, func(i int) error {
		switch i % 4 {
		case 0:
			_, err := home.worker.RelieveQueues(t.Context())
			return err
		default:
			who := []string{home.user, away.user}[i%2]
			for range 6 {
				if _, err := store.ClaimNext(t.Context(), who, nil, uuid.New()); err != nil {
					return fmt.Errorf("claim: %w", err)
				}
			}
			return nil
		}
	}) {
		require.NoError(t, err)
	}
	require.Equal(t, len(ids), one[int](t, home.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name IN ($1, $2)", home.queue, away.queue))
	require.Empty(t, rows[string](t, home.super, `SELECT t.task_id FROM flowable.workflow_tasks t JOIN flowable.task_history h USING (task_id)
		GROUP BY t.task_id, t.version HAVING count(*) <> t.version`))
}
