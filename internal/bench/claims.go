package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/onecms/nextgen-workflow/db"
)

// fill makes open tasks in the intake queue and gives a role on it to sixteen users.
const fill = `
WITH d AS (
    INSERT INTO flowable.workflow_definitions (process_key, process_name, business_app, bpmn_xml, sha256, deployed_by)
    VALUES ('benchClaims', 'Bench claims', 'bench', '-', repeat('0', 64), 'SYSTEM') RETURNING workflow_id)
INSERT INTO flowable.process_instances (process_instance_id, workflow_id, started_by, engine_rev, start_event_id)
SELECT 'bench', workflow_id, 'SYSTEM', 1, 'begin' FROM d`

const fillTasks = `
INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, candidate_groups, priority,
    element_instance_id, process_key, created_at)
SELECT 'bench-' || n, 'bench', 'work', 'Work', 'bench-queue', '{BENCH}', 50 + n % 50, 'work:' || n, 'benchClaims',
    CURRENT_TIMESTAMP - make_interval(secs => n)
FROM generate_series(1, $1::INTEGER) AS n`

// benchClaims lets sixteen people claim the next task through the store, with row-level security, as fast as they can.
func benchClaims(ctx context.Context, url string, tasks int, span time.Duration) (series, error) {
	const claimers = 16
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return series{}, err
	}
	defer conn.Close(ctx)
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{fill, nil},
		{fillTasks, []any{tasks}},
		{"VACUUM ANALYZE flowable.workflow_tasks", nil},
	} {
		if _, err := conn.Exec(ctx, step.sql, step.args...); err != nil {
			return series{}, err
		}
	}
	store, err := db.Open(ctx, db.Config{URL: url, Role: "nextgen_api", MaxConns: claimers})
	if err != nil {
		return series{}, err
	}
	defer store.Close()
	var mu sync.Mutex
	seen := map[string]int{}
	head()
	result, err := measure(ctx, fmt.Sprintf("claim next of %d", tasks), claimers, span, func(ctx context.Context, i int) (func() error, error) {
		user := fmt.Sprintf("bench.%d", i+1)
		return func() error {
			t, err := store.ClaimNext(ctx, user, nil, uuid.New())
			if err != nil {
				return err
			}
			if t == nil {
				return fmt.Errorf("no task was left after %d claims", len(seen))
			}
			mu.Lock()
			seen[t.TaskID]++
			mu.Unlock()
			return nil
		}, nil
	})
	for id, n := range seen {
		if n > 1 {
			return result, fmt.Errorf("task %s was claimed %d times", id, n)
		}
	}
	result.print()
	return result, err
}
