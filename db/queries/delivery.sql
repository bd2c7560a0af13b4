-- name: OutboxLease :many
-- Signals wait for the start of their instance. What a suspended one has been told several times waits there until it is
-- resumed: it is told again once in many leases.
UPDATE flowable.outbox o
SET due_at = CURRENT_TIMESTAMP + make_interval(secs => @lease_seconds::FLOAT) * (CASE
        WHEN o.attempts >= 3 AND EXISTS (
            SELECT FROM flowable.process_instances i WHERE i.process_instance_id = o.process_instance_id AND i.status = 'SUSPENDED') THEN 60
        ELSE 1 END),
    attempts = o.attempts + 1
WHERE o.outbox_id IN (
    SELECT d.outbox_id FROM flowable.outbox d
    WHERE NOT d.dead AND d.due_at <= CURRENT_TIMESTAMP
      AND (d.kind = 'START' OR NOT EXISTS (
          SELECT FROM flowable.outbox s
          WHERE s.process_instance_id = d.process_instance_id AND s.kind = 'START' AND NOT s.dead))
    ORDER BY d.due_at
    LIMIT @most::INTEGER
    FOR UPDATE SKIP LOCKED)
RETURNING o.outbox_id, o.kind, o.payload, o.attempts;

-- name: CommandsQueue :exec
SELECT flowable.queue_commands(make_interval(secs => @age_seconds::FLOAT), @most::INTEGER);

-- name: OutboxDead :exec
SELECT flowable.give_up_delivery(@outbox_id::BIGINT, @reason::TEXT);

-- name: OutboxRetry :exec
UPDATE flowable.outbox SET due_at = CURRENT_TIMESTAMP + make_interval(secs => @retry_seconds::FLOAT), last_error = @reason
WHERE outbox_id = @outbox_id;

-- name: StepsAnnounce :exec
SELECT pg_notify('nextgen_step', @origin::TEXT || ' ' || id) FROM unnest(@ids::TEXT[]) AS id;
