package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// What claims are measured on: fifty queues with a role each, and five hundred users of whom each has five of the roles.
const (
	claimQueues = 50
	claimUsers  = 500
	claimRoles  = 5
)

// claimer is the id of a user.
func claimer(n int) string { return fmt.Sprintf("claimer.%d", n) }

// fillClaims makes the organisation and a number of open tasks, spread evenly over the queues, with priorities from 0 to 99 and an
// age of up to a month.
func fillClaims(ctx context.Context, url string, tasks int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO flowable.workflow_queues (queue_name) SELECT 'claims-' || n FROM generate_series(0, $1::INTEGER - 1) AS n`, []any{claimQueues}},
		{`INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name)
			SELECT 'CLAIMS_' || n, 'Claims ' || n, 'CUSTOM', 'claims-' || n FROM generate_series(0, $1::INTEGER - 1) AS n`, []any{claimQueues}},
		{`INSERT INTO flowable.queue_assignments (queue_id, role_id, max_tasks_per_user)
			SELECT q.queue_id, r.role_id, 1000000 FROM flowable.workflow_queues q JOIN entitlements.workflow_roles r USING (queue_name)
			WHERE q.queue_name LIKE 'claims-%'`, nil},
		{`INSERT INTO entitlements.users (user_id, username) SELECT 'claimer.' || n, 'claimer.' || n FROM generate_series(0, $1::INTEGER - 1) AS n`, []any{claimUsers}},
		{`INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by)
			SELECT 'claimer.' || u, r.role_id, 'SYSTEM' FROM generate_series(0, $1::INTEGER - 1) AS u
			CROSS JOIN generate_series(0, $2::INTEGER - 1) AS k
			JOIN entitlements.workflow_roles r ON r.role_code = 'CLAIMS_' || (u * 7 + k * 11) % $3::INTEGER`, []any{claimUsers, claimRoles, claimQueues}},
		{`WITH d AS (
			INSERT INTO flowable.workflow_definitions (process_key, process_name, business_app, bpmn_xml, sha256, deployed_by)
			VALUES ('benchClaims', 'Bench claims', 'bench', '-', repeat('0', 64), 'SYSTEM') RETURNING workflow_id)
			INSERT INTO flowable.process_instances (process_instance_id, workflow_id, started_by, engine_rev, start_event_id)
			SELECT 'claims-' || n, workflow_id, 'SYSTEM', 1, 'begin' FROM d, generate_series(0, $1::INTEGER / 4) AS n`, []any{tasks}},
		{`INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, candidate_groups,
			priority, element_instance_id, process_key, created_at, due_date)
			SELECT 'claims-' || n, 'claims-' || n / 4, 'work', 'Work', 'claims-' || n % $2::INTEGER, ARRAY['CLAIMS_' || n % $2::INTEGER],
				n / 7 % 100, 'work:' || n, 'benchClaims', at, at + interval '8 hours'
			FROM generate_series(1, $1::INTEGER) AS n
			CROSS JOIN LATERAL (SELECT CURRENT_TIMESTAMP - make_interval(secs => n::BIGINT * 7919 % 2592000) AS at) AS born`, []any{tasks, claimQueues}},
		// Not those that are still empty: for a vacuumed empty table the planner believes that it stays so, and reads it as a whole.
		{"VACUUM ANALYZE flowable.workflow_tasks, flowable.process_instances, flowable.queue_groups, flowable.workflow_queues, flowable.queue_assignments, " +
			"entitlements.users, entitlements.workflow_roles, entitlements.user_workflow_roles", nil},
		{"CHECKPOINT", nil},
	} {
		if _, err := conn.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("fill for claims: %w", err)
		}
	}
	return nil
}
