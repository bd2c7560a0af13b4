package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// bareClaims says how fast the machine is: the same tasks and queues in a table of seven columns, and a function that knows
// nothing but priority. It has no roles that end, limits, skills, four eyes, substitutes or row security, and writes no history.
const bareClaims = `
CREATE SCHEMA bare;
CREATE TABLE bare.tasks AS
    SELECT task_id::TEXT, queue_name::TEXT, priority, created_at, 'OPEN' AS status, NULL::TEXT AS assignee_id, NULL::TIMESTAMPTZ AS claimed_at
    FROM flowable.workflow_tasks;
ALTER TABLE bare.tasks ADD PRIMARY KEY (task_id);
CREATE INDEX ON bare.tasks (queue_name, priority DESC, created_at) WHERE status = 'OPEN';
CREATE TABLE bare.works_on AS
    SELECT u.user_id::TEXT, r.queue_name::TEXT FROM entitlements.user_workflow_roles u JOIN entitlements.workflow_roles r USING (role_id)
    WHERE r.queue_name IS NOT NULL;
CREATE INDEX ON bare.works_on (user_id);
CREATE FUNCTION bare.claim_next(p_user_id TEXT) RETURNS TEXT
    LANGUAGE plpgsql
AS $$
DECLARE
    v_id TEXT;
BEGIN
    UPDATE bare.tasks t SET status = 'CLAIMED', assignee_id = p_user_id, claimed_at = CURRENT_TIMESTAMP
    WHERE t.task_id = (
        SELECT head.task_id FROM bare.works_on w
        CROSS JOIN LATERAL (
            SELECT o.task_id, o.priority, o.created_at FROM bare.tasks o
            WHERE o.queue_name = w.queue_name AND o.status = 'OPEN'
            ORDER BY o.priority DESC, o.created_at
            LIMIT 1
            FOR UPDATE SKIP LOCKED) AS head
        WHERE w.user_id = p_user_id
        ORDER BY head.priority DESC, head.created_at
        LIMIT 1)
    RETURNING t.task_id INTO v_id;
    RETURN v_id;
END $$;
ANALYZE bare.tasks, bare.works_on`

// bareClaim fills the bare tables and answers the claim from them, over as many connections as a store has.
func bareClaim(ctx context.Context, url string) (act user, done func(), err error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, nil, err
	}
	cfg.MaxConns = int32(max(4, 2*runtime.GOMAXPROCS(0))) //nolint:gosec // few
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	if _, err := pool.Exec(ctx, bareClaims, pgx.QueryExecModeSimpleProtocol); err != nil {
		pool.Close()
		return nil, nil, fmt.Errorf("fill for bare claims: %w", err)
	}
	return func(ctx context.Context, id string) error {
		var task *string
		if err := pool.QueryRow(ctx, "SELECT bare.claim_next($1)", id).Scan(&task); err != nil {
			return err
		}
		if task == nil {
			return errors.New("no task is left")
		}
		return nil
	}, pool.Close, nil
}
