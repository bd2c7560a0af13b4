-- name: ClocksRearm :one
SELECT flowable.rearm_clocks(@most::INTEGER)::INTEGER AS looked_at;

-- name: TaskSLA :one
SELECT flowable.sla_json(t)::JSONB AS sla FROM flowable.workflow_tasks t WHERE t.task_id = @task_id;

-- name: ZoneKnown :one
SELECT flowable.knows_zone(@zone::TEXT)::BOOLEAN AS known;
