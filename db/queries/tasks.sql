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

-- name: TaskListByPriority :many
SELECT * FROM flowable.workflow_tasks t
WHERE (@statuses::TEXT[] = '{}' OR t.status = ANY (@statuses))
  AND (@queue_name::TEXT = '' OR t.queue_name = @queue_name)
  AND (@assignee::TEXT = '' OR t.assignee_id = @assignee)
  AND (NOT @candidate::BOOLEAN OR (t.status IN ('OPEN', 'ESCALATED') AND NOT entitlements.caller() = ANY (t.excluded_users)
       AND (t.candidate_groups && entitlements.caller_roles() OR entitlements.caller() = ANY (t.candidate_users)
            OR (t.candidate_groups = '{}' AND t.candidate_users = '{}' AND t.queue_name = ANY (entitlements.caller_queues())))))
  AND (@process_instance_id::TEXT = '' OR t.process_instance_id = @process_instance_id)
  AND (@case_id::BIGINT = 0 OR t.case_id = @case_id)
  AND (@task_definition_key::TEXT = '' OR t.task_definition_key = @task_definition_key)
  AND (sqlc.narg(min_priority)::INTEGER IS NULL OR t.priority >= sqlc.narg(min_priority))
  AND (NOT @overdue::BOOLEAN OR (t.due_date < CURRENT_TIMESTAMP AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')))
  AND (sqlc.narg(due_before)::TIMESTAMPTZ IS NULL OR t.due_date < sqlc.narg(due_before))
  AND (sqlc.narg(follow_up_before)::TIMESTAMPTZ IS NULL OR t.follow_up_date < sqlc.narg(follow_up_before))
  AND (@after_id::TEXT = '' OR (-t.priority, t.created_at, t.task_id) > (-(@after_priority::INTEGER), @after_created::TIMESTAMPTZ, @after_id))
ORDER BY -t.priority, t.created_at, t.task_id
LIMIT @most::INTEGER;

-- name: TaskListByCreated :many
SELECT * FROM flowable.workflow_tasks t
WHERE (@statuses::TEXT[] = '{}' OR t.status = ANY (@statuses))
  AND (@queue_name::TEXT = '' OR t.queue_name = @queue_name)
  AND (@assignee::TEXT = '' OR t.assignee_id = @assignee)
  AND (NOT @candidate::BOOLEAN OR (t.status IN ('OPEN', 'ESCALATED') AND NOT entitlements.caller() = ANY (t.excluded_users)
       AND (t.candidate_groups && entitlements.caller_roles() OR entitlements.caller() = ANY (t.candidate_users)
            OR (t.candidate_groups = '{}' AND t.candidate_users = '{}' AND t.queue_name = ANY (entitlements.caller_queues())))))
  AND (@process_instance_id::TEXT = '' OR t.process_instance_id = @process_instance_id)
  AND (@case_id::BIGINT = 0 OR t.case_id = @case_id)
  AND (@task_definition_key::TEXT = '' OR t.task_definition_key = @task_definition_key)
  AND (sqlc.narg(min_priority)::INTEGER IS NULL OR t.priority >= sqlc.narg(min_priority))
  AND (NOT @overdue::BOOLEAN OR (t.due_date < CURRENT_TIMESTAMP AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')))
  AND (sqlc.narg(due_before)::TIMESTAMPTZ IS NULL OR t.due_date < sqlc.narg(due_before))
  AND (sqlc.narg(follow_up_before)::TIMESTAMPTZ IS NULL OR t.follow_up_date < sqlc.narg(follow_up_before))
  AND (@after_id::TEXT = '' OR (t.created_at, t.task_id) < (@after_created::TIMESTAMPTZ, @after_id))
ORDER BY t.created_at DESC, t.task_id DESC
LIMIT @most::INTEGER;

-- name: TaskListByDue :many
SELECT * FROM flowable.workflow_tasks t
WHERE (@statuses::TEXT[] = '{}' OR t.status = ANY (@statuses))
  AND (@queue_name::TEXT = '' OR t.queue_name = @queue_name)
  AND (@assignee::TEXT = '' OR t.assignee_id = @assignee)
  AND (NOT @candidate::BOOLEAN OR (t.status IN ('OPEN', 'ESCALATED') AND NOT entitlements.caller() = ANY (t.excluded_users)
       AND (t.candidate_groups && entitlements.caller_roles() OR entitlements.caller() = ANY (t.candidate_users)
            OR (t.candidate_groups = '{}' AND t.candidate_users = '{}' AND t.queue_name = ANY (entitlements.caller_queues())))))
  AND (@process_instance_id::TEXT = '' OR t.process_instance_id = @process_instance_id)
  AND (@case_id::BIGINT = 0 OR t.case_id = @case_id)
  AND (@task_definition_key::TEXT = '' OR t.task_definition_key = @task_definition_key)
  AND (sqlc.narg(min_priority)::INTEGER IS NULL OR t.priority >= sqlc.narg(min_priority))
  AND (NOT @overdue::BOOLEAN OR (t.due_date < CURRENT_TIMESTAMP AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')))
  AND (sqlc.narg(due_before)::TIMESTAMPTZ IS NULL OR t.due_date < sqlc.narg(due_before))
  AND (sqlc.narg(follow_up_before)::TIMESTAMPTZ IS NULL OR t.follow_up_date < sqlc.narg(follow_up_before))
  AND (@after_id::TEXT = '' OR (COALESCE(t.due_date, 'infinity'), t.task_id) > (COALESCE(sqlc.narg(after_due)::TIMESTAMPTZ, 'infinity'), @after_id))
ORDER BY COALESCE(t.due_date, 'infinity'), t.task_id
LIMIT @most::INTEGER;
