-- name: InstancesToProve :one
SELECT flowable.instances_to_prove(@after_id::TEXT, make_interval(secs => @quiet_seconds::FLOAT), @most::INTEGER)::JSONB AS instances;

-- name: PositionOf :one
SELECT COALESCE(flowable.position_of(@instance_id::TEXT), 'null')::JSONB AS position;

-- name: FindingsRecord :exec
SELECT flowable.record_findings(@instance_id::TEXT, @step::BIGINT, @findings::JSONB);

-- name: FindingsSettle :exec
SELECT flowable.settle_findings(@since::TIMESTAMPTZ);

-- name: FindingsList :many
SELECT * FROM flowable.reconciler_findings f
WHERE f.finding_id < @before_id::BIGINT AND (NOT @unresolved::BOOLEAN OR f.resolved_at IS NULL)
ORDER BY f.finding_id DESC
LIMIT @most::INTEGER;

-- name: OrphansCancel :one
SELECT flowable.cancel_orphan_tasks(@instance_id::TEXT, @step::BIGINT, @task_ids::JSONB)::INTEGER AS cancelled;

-- name: AbandonedEnd :one
SELECT flowable.end_abandoned(@instance_id::TEXT, @reason::TEXT)::BOOLEAN AS ended;

-- name: DeliveriesRevive :one
SELECT flowable.revive_deliveries(@instance_id::TEXT)::INTEGER AS revived;

-- name: InstancesUnknown :many
SELECT id::TEXT FROM unnest(@ids::TEXT[]) AS id
WHERE NOT EXISTS (SELECT FROM flowable.process_instances i WHERE i.process_instance_id = id);
