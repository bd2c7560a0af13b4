package db_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ended places a case of one task that was claimed, completed and ended some days ago.
func (u *unit) ended(t *testing.T, name string, days int) (id string) {
	t.Helper()
	id = u.id(name)
	instance := u.place(t, u.task(name))
	_, err := u.api.ClaimTask(t.Context(), u.user, id, uuid.New())
	require.NoError(t, err)
	command := uuid.New()
	_, _, err = u.api.CompleteTask(t.Context(), u.user, id, command, approve)
	require.NoError(t, err)
	u.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: command.String(), End: &casework.InstanceEnd{Status: casework.InstanceCompleted}})
	u.exec(t, "UPDATE flowable.process_instances SET completed_at = now() - make_interval(days => $2) WHERE process_instance_id = $1", instance, days)
	return id
}

func TestTasksOfCasesThatEndedLongAgoAreArchived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, young := w.ended(t, "old", 91), w.ended(t, "young", 89)
	_, running := w.claimed(t)
	archive := func() {
		_, err := w.conn(t, workerRole).Exec(t.Context(), "CALL flowable.archive_completed_tasks(90)")
		require.NoError(t, err)
	}
	archive()
	require.ElementsMatch(t, []string{young, running}, rows[string](t, w.super, "SELECT task_id FROM flowable.workflow_tasks"))
	require.ElementsMatch(t, []string{young, running}, rows[string](t, w.super, "SELECT DISTINCT task_id FROM flowable.task_history"))
	const archived = `SELECT concat_ws(' ', task_id, task ->> 'status', task ->> 'outcome', (SELECT string_agg(h ->> 'action_type', ',') FROM jsonb_array_elements(history) AS h))
		FROM flowable.archived_tasks`
	require.Equal(t, []string{old + " COMPLETED approve CREATE,CLAIM,COMPLETE"}, rows[string](t, w.super, archived))
	archive()
	require.Len(t, rows[string](t, w.super, archived), 1, "again changes nothing")
	require.Error(t, w.does(t, workerRole, "", "DELETE FROM flowable.task_history"), "the archiver's right ends with it")
	require.ErrorContains(t, w.does(t, workerRole, "", "CALL flowable.archive_completed_tasks(0)"), "at least 1")
}

func TestTheArchiverLeavesItsRightToNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ended(t, "old", 91)
	young := w.ended(t, "young", 1)
	for _, role := range []string{ownerRole, workerRole} {
		_ = w.does(t, role, "", "DO $$ BEGIN CALL flowable.archive_completed_tasks(90); DELETE FROM flowable.task_history; END $$")
		require.Positive(t, one[int](t, w.super, "SELECT count(*) FROM flowable.task_history WHERE task_id = $1", young), role)
	}
}

func TestQueuesOverCapacityAreRelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	near, far, full := w.found(t), w.found(t), w.found(t)
	for queue, capacity := range map[string]int{w.queue: 3, near.queue: 2, far.queue: 100, full.queue: 0} {
		w.exec(t, "UPDATE flowable.workflow_queues SET max_capacity = $2 WHERE queue_name = $1", queue, capacity)
	}
	w.exec(t, "UPDATE flowable.workflow_queues SET department_id = NULL WHERE queue_name = $1", far.queue) // of no department
	w.exec(t, "UPDATE flowable.workflow_queues SET is_active = FALSE WHERE department_id = (SELECT department_id FROM flowable.workflow_queues WHERE queue_name = $1) AND queue_name NOT LIKE '%-queue' OR queue_name LIKE 'eo-%'", w.queue)
	w.place(t, w.task("held"), w.task("a", priority(90)), w.task("b", priority(10)), w.task("c", priority(20)), w.task("d", priority(30)), w.task("late", priority(1)))
	_, err := w.api.ClaimTask(t.Context(), w.user, w.id("held"), uuid.New())
	require.NoError(t, err)
	w.exec(t, "SELECT flowable.escalate_task($1, 1, 'SWEEP')", w.id("late"))

	for range 2 { // again: what is settled stays
		_, err = w.conn(t, workerRole).Exec(t.Context(), "CALL flowable.rebalance_queue_loads()")
		require.NoError(t, err)
		require.Equal(t, []string{w.id("b"), w.id("c")}, rows[string](t, w.super, "SELECT task_id FROM flowable.workflow_tasks WHERE queue_name = $1 ORDER BY 1", near.queue),
			"the least urgent go, as many as there is room for; nobody's and no escalated one")
		require.Equal(t, 4, one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = $1", w.queue))
		for queue, load := range map[string]int{w.queue: 4, near.queue: 2, far.queue: 0, full.queue: 0} {
			require.Equal(t, load, one[int](t, w.super, "SELECT current_load FROM flowable.workflow_queues WHERE queue_name = $1", queue))
		}
		require.Equal(t, []string{"Moved from " + w.queue + " to " + near.queue + ": over capacity"},
			rows[string](t, w.super, "SELECT DISTINCT comments FROM flowable.task_history WHERE action_type = 'UPDATE'"))
		require.Equal(t, 2, one[int](t, w.super, "SELECT count(*) FROM flowable.task_history WHERE action_type = 'UPDATE'"))
	}
	got, err := w.api.ClaimTask(t.Context(), w.user, w.id("b"), uuid.New())
	require.NoError(t, err, "its candidates stay")
	require.Equal(t, near.queue, got.QueueName)
}

func TestMaintenanceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 4 {
		w.ended(t, fmt.Sprintf("old-%d", i), 100)
	}
	w.open(t, 8)
	near := w.found(t)
	w.exec(t, "UPDATE flowable.workflow_queues SET max_capacity = 4 WHERE queue_name = $1", w.queue)
	calls := []string{"update_queue_statistics()", "rebalance_queue_loads()", "escalate_overdue_tasks()", "archive_completed_tasks(90)"}
	pool := w.pool(t, workerRole, len(calls)*2)
	for i, err := range together(len(calls)*2, func(i int) error {
		_, err := pool.Exec(t.Context(), "CALL flowable."+calls[i%len(calls)])
		return err
	}) {
		require.NoError(t, err, calls[i%len(calls)])
	}
	w.exec(t, "CALL flowable.update_queue_statistics()")
	require.Equal(t, 4, one[int](t, w.super, "SELECT count(*) FROM flowable.archived_tasks WHERE jsonb_array_length(history) = 3"))
	require.Equal(t, 4, one[int](t, w.super, "SELECT current_load FROM flowable.workflow_queues WHERE queue_name = $1", w.queue), near.queue)
	require.Equal(t, 8, one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE status = 'OPEN'"))
}

func TestHouseKeeping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"old", "new"} {
		_, err := w.api.ReserveKey(t.Context(), w.user, key, thisRequest)
		require.NoError(t, err)
	}
	w.exec(t, "UPDATE flowable.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'")
	last := one[string](t, w.super, "SELECT 'flowable.task_history_' || to_char(now() AT TIME ZONE 'UTC' + interval '12 months', 'YYYY_MM')")
	w.exec(t, "DROP TABLE "+last)
	for _, err := range together(3, func(int) error { return w.worker.KeepHouse(t.Context()) }) {
		require.NoError(t, err)
	}
	require.Equal(t, []string{"new"}, rows[string](t, w.super, "SELECT key FROM flowable.idempotency_keys"))
	require.NotNil(t, one[*string](t, w.super, "SELECT to_regclass($1)::TEXT", last), "the month to come is there")
}
