package db_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestCorrectionsOfReports(t *testing.T) {
	t.Parallel()
	corrected(t, []correction{
		{"13 the age of a queue is that of its open tasks", ageIsOfOpenTasks},
		{"16 the load of a queue is counted", loadIsCounted},
		{"16 a queue without capacity has no utilization", noCapacityNoUtilization},
		{"17 the maintenance of the design can be called", maintenanceCanBeCalled},
		{"17 index maintenance names its indexes", indexMaintenance},
		{"19 the time to complete is that of the last 30 days", completionOfThirtyDays},
	})
}

// aged places tasks that were created some hours ago; the names of completed ones begin with "done".
func (u *unit) aged(t *testing.T, hours map[string]int) {
	t.Helper()
	for name, h := range hours {
		u.place(t, u.task(name))
		u.exec(t, "UPDATE flowable.workflow_tasks SET created_at = now() - make_interval(hours => $2) WHERE task_id = $1", u.id(name), h)
		if name[:4] == "done" {
			u.exec(t, "UPDATE flowable.workflow_tasks SET status = 'COMPLETED', completed_at = now() WHERE task_id = $1", u.id(name))
		}
	}
}

// The design averages the age of completed tasks too: it grows for ever.
func ageIsOfOpenTasks(t *testing.T) {
	w := newUnit(t)
	w.aged(t, map[string]int{"open": 2, "more": 4, "done": 1000})
	require.InDelta(t, 3, one[float64](t, w.super, "SELECT avg_age_hours FROM flowable.v_queue_performance_dashboard WHERE queue_name = $1", w.queue), 0.1)
}

// The design counts COMPLETED over all time inside a view of active tasks.
func completionOfThirtyDays(t *testing.T) {
	w := newUnit(t)
	w.aged(t, map[string]int{"open": 2, "done": 6, "done long ago": 1000})
	w.exec(t, "UPDATE flowable.workflow_tasks SET completed_at = now() - interval '31 days' WHERE task_id = $1", w.id("done long ago"))
	require.InDelta(t, 6, one[float64](t, w.super, "SELECT avg_completion_hours FROM flowable.v_active_tasks_by_queue WHERE queue_name = $1", w.queue), 0.1)
	require.Equal(t, 1, one[int](t, w.super, "SELECT open_tasks FROM flowable.v_active_tasks_by_queue WHERE queue_name = $1", w.queue))
}

// The design's current_load is maintained by nobody; kept by every task's change, it would be a row that all wait for.
func loadIsCounted(t *testing.T) {
	w := newWorld(t)
	const load, version = "SELECT current_load FROM flowable.workflow_queues WHERE queue_name = $1", "SELECT xmin::TEXT FROM flowable.workflow_queues WHERE queue_name = $1"
	before := one[string](t, w.super, version, w.queue)
	ids := w.open(t, 4)
	for _, id := range ids[:2] {
		_, err := w.api.ClaimTask(t.Context(), w.user, id, uuid.New())
		require.NoError(t, err)
	}
	_, _, err := w.api.CompleteTask(t.Context(), w.user, ids[0], uuid.New(), approve)
	require.NoError(t, err)
	require.Equal(t, before, one[string](t, w.super, version, w.queue), "no task's change writes the queue's row")

	w.exec(t, "CALL flowable.update_queue_statistics()")
	require.Equal(t, 3, one[int](t, w.super, load, w.queue))
	counted := one[string](t, w.super, version, w.queue)
	w.exec(t, "CALL flowable.update_queue_statistics()")
	require.Equal(t, counted, one[string](t, w.super, version, w.queue), "what is true already is not written")
	w.exec(t, "UPDATE flowable.workflow_tasks SET status = 'CANCELLED'")
	w.exec(t, "CALL flowable.update_queue_statistics()")
	require.Zero(t, one[int](t, w.super, load, w.queue))
}

// The design's alert divides load by max_capacity, which may be zero.
func noCapacityNoUtilization(t *testing.T) {
	w := newUnit(t)
	const utilization = "SELECT utilization_pct::FLOAT FROM flowable.v_queue_performance_dashboard WHERE queue_name = $1"
	w.set(t, "UPDATE flowable.workflow_queues SET max_capacity = 8, current_load = 3 WHERE queue_name = '{queue}'")
	require.InDelta(t, 37.5, one[float64](t, w.super, utilization, w.queue), 0.01)
	w.set(t, "UPDATE flowable.workflow_queues SET max_capacity = 0 WHERE queue_name = '{queue}'")
	require.Nil(t, one[*float64](t, w.super, utilization, w.queue))
}

// The design calls three procedures that it does not define.
func maintenanceCanBeCalled(t *testing.T) {
	w := newWorld(t)
	w.place(t, w.task("late", due(-time.Minute)))
	conn := w.conn(t, workerRole)
	for _, call := range []string{
		"CALL flowable.update_queue_statistics()", "CALL flowable.escalate_overdue_tasks()",
		"CALL flowable.archive_completed_tasks(90)", "CALL flowable.rebalance_queue_loads()",
	} {
		_, err := conn.Exec(t.Context(), call)
		require.NoError(t, err, call)
	}
	require.Equal(t, map[string]string{"late": "ESCALATED 1"}, w.levels(t))
	require.Equal(t, 1, one[int](t, w.super, "SELECT current_load FROM flowable.workflow_queues WHERE queue_name = $1", w.queue))
}

// The design's REINDEX CONCURRENTLY names nothing, which is no statement.
func indexMaintenance(t *testing.T) {
	t.Skip("not implemented: no procedure, schedule or document maintains indexes")
}
