-- name: InstanceGet :one
SELECT sqlc.embed(i), d.process_key, d.process_version
FROM flowable.process_instances i
JOIN flowable.workflow_definitions d ON d.workflow_id = i.workflow_id
WHERE i.process_instance_id = @process_instance_id;

-- name: InstanceVariables :many
SELECT v.variable_name, v.variable_json, l.content FROM flowable.workflow_variables v
LEFT JOIN flowable.large_values l ON l.sha256 = v.large_value
WHERE v.process_instance_id = @process_instance_id AND v.task_id IS NULL
ORDER BY v.variable_name;

-- name: InstanceIncidents :many
SELECT * FROM flowable.incidents WHERE process_instance_id = @process_instance_id AND (state = 'OPEN' OR @all_states::BOOLEAN)
ORDER BY created_at, incident_id;

-- name: InstanceActivities :many
SELECT * FROM flowable.activity_history
WHERE process_instance_id = @process_instance_id AND activity_history_id > @after_id::BIGINT
ORDER BY activity_history_id
LIMIT @most::INTEGER;

-- name: InstanceHistory :many
SELECT * FROM flowable.task_history
WHERE process_instance_id = @process_instance_id AND history_id > @after_id::BIGINT
ORDER BY history_id
LIMIT @most::INTEGER;
