package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// watcher looks at the rows while people work: as superuser, so that no policy hides anything.
type watcher struct {
	conn    *pgx.Conn
	open    atomic.Int64
	loads   sync.Map // queue → int64: its open tasks
	looks   int
	overfed []string // limits that did not hold
	fullest map[string]int64
	lent    int64 // most tasks that an OVERFLOW queue had from others at once
}

// Who holds more tasks of a queue than any role of theirs allows.
const overLimit = `
SELECT t.assignee_id, t.queue_name, count(*), max(m.most) FROM flowable.workflow_tasks t
JOIN LATERAL (
    SELECT max(a.max_tasks_per_user) AS most FROM flowable.workflow_queues q
    JOIN flowable.queue_assignments a ON a.queue_id = q.queue_id AND a.is_active
    JOIN entitlements.user_workflow_roles ur ON ur.role_id = a.role_id AND ur.user_id = t.assignee_id
    WHERE q.queue_name = t.queue_name) AS m ON TRUE
WHERE t.status IN ('CLAIMED', 'DELEGATED') AND t.process_key = 'soak'
GROUP BY t.assignee_id, t.queue_name HAVING count(*) > max(m.most)`

// How many open tasks the queues have, with what they take at most.
const loads = `
SELECT q.queue_name, q.queue_type, q.max_capacity, count(t.task_id), count(t.task_id) FILTER (WHERE t.home_queue IS NOT NULL) FROM flowable.workflow_queues q
LEFT JOIN flowable.workflow_tasks t ON t.queue_name = q.queue_name AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
WHERE q.queue_name LIKE 'soak-%' GROUP BY q.queue_name, q.queue_type, q.max_capacity`

const lookEvery = 500 * time.Millisecond

// load is how many open tasks a queue had at the last look.
func (w *watcher) load(queue string) int64 {
	n, _ := w.loads.Load(queue)
	load, _ := n.(int64)
	return load
}

func (w *watcher) watch(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("watch: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *watcher) look(ctx context.Context) error {
	rows, err := w.conn.Query(ctx, overLimit)
	if err != nil {
		return err
	}
	var user, queue string
	var held, most int64
	if _, err := pgx.ForEachRow(rows, []any{&user, &queue, &held, &most}, func() error {
		w.overfed = append(w.overfed, fmt.Sprintf("%s holds %d tasks of %s, where %d are allowed", user, held, queue, most))
		return nil
	}); err != nil {
		return err
	}
	if rows, err = w.conn.Query(ctx, loads); err != nil {
		return err
	}
	var total, lent int64
	var kind string
	if _, err := pgx.ForEachRow(rows, []any{&queue, &kind, &most, &held, &lent}, func() error {
		total += held
		w.loads.Store(queue, held)
		w.lent = max(w.lent, lent)
		if kind == "OVERFLOW" && held > most {
			w.overfed = append(w.overfed, fmt.Sprintf("%s has %d open tasks, where %d are allowed", queue, held, most))
		}
		w.fullest[queue] = max(w.fullest[queue], held)
		return nil
	}); err != nil {
		return err
	}
	w.open.Store(total)
	w.looks++
	return nil
}
