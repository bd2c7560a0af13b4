-- name: MessageSend :one
SELECT flowable.send_message(@message::JSONB, @user_id::TEXT)::JSONB AS verdict;

-- name: SignalSend :one
SELECT flowable.send_signal(@signal::JSONB, @user_id::TEXT)::JSONB AS verdict;

-- name: DefinitionsStartedBy :many
-- Active definitions with a start event of a type. A version has not changed since it became the active one.
SELECT * FROM flowable.workflow_definitions d
WHERE d.is_active AND d.start_events @> jsonb_build_array(jsonb_build_object('type', @start_type::TEXT))
ORDER BY d.process_key;

-- name: ActivityGet :one
SELECT * FROM flowable.activity_history
WHERE process_instance_id = @process_instance_id AND element_instance_id = @element_instance_id;

-- name: TaskVariables :many
SELECT v.variable_name, v.variable_json, l.content FROM flowable.workflow_variables v
LEFT JOIN flowable.large_values l ON l.sha256 = v.large_value
WHERE v.task_id = @task_id ORDER BY v.variable_name;
