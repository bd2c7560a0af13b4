-- name: TaskGet :one
SELECT * FROM flowable.workflow_tasks WHERE task_id = @task_id;

-- name: TaskHistory :many
SELECT * FROM flowable.task_history WHERE task_id = @task_id AND history_id > @after_id::BIGINT
ORDER BY history_id
LIMIT @most::INTEGER;

-- name: TaskComments :many
SELECT * FROM flowable.task_history WHERE task_id = @task_id AND action_type = 'COMMENT' AND history_id > @after_id::BIGINT
ORDER BY history_id
LIMIT @most::INTEGER;

-- name: TaskOpenOf :many
SELECT * FROM flowable.workflow_tasks
WHERE process_instance_id = @process_instance_id AND status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
ORDER BY created_at, task_id;

-- name: TaskOpenAfter :many
-- The open tasks once a command is settled; nothing before that.
SELECT * FROM flowable.workflow_tasks t
WHERE t.process_instance_id = @process_instance_id AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
  AND NOT EXISTS (SELECT FROM flowable.task_commands c WHERE c.command_id = @command_id AND c.state = 'ACCEPTED')
ORDER BY t.created_at, t.task_id;

-- name: InstanceStarted :one
SELECT start_state = 'STARTED' AS started FROM flowable.process_instances WHERE process_instance_id = @process_instance_id;

-- name: CommandSettled :one
SELECT state <> 'ACCEPTED' AS settled FROM flowable.task_commands WHERE command_id = @command_id;

-- name: TaskSearch :many
SELECT t.* FROM unnest(flowable.search_tasks(@search::JSONB)) WITH ORDINALITY AS found (task_id, place)
JOIN flowable.workflow_tasks t ON t.task_id = found.task_id
ORDER BY found.place;
