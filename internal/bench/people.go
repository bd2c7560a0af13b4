package main

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// makePeople makes a queue, a role on it and fifty users who have it: bench.1 to bench.50.
const makePeople = `
WITH q AS (
    INSERT INTO flowable.workflow_queues (queue_name) VALUES ('bench-queue') RETURNING queue_id),
r AS (
    INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name) VALUES ('BENCH', 'Bench', 'CUSTOM', 'bench-queue') RETURNING role_id),
a AS (
    INSERT INTO flowable.queue_assignments (queue_id, role_id, max_tasks_per_user) SELECT queue_id, role_id, 1000000 FROM q, r),
u AS (
    INSERT INTO entitlements.users (user_id, username) SELECT 'bench.' || n, 'bench.' || n FROM generate_series(1, 50) AS n RETURNING user_id)
INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by) SELECT u.user_id, r.role_id, 'SYSTEM' FROM u, r`

func people(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, makePeople)
	return err
}
