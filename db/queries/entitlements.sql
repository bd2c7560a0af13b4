-- name: UserActive :one
SELECT EXISTS (SELECT FROM entitlements.users WHERE user_id = @user_id AND is_active) AS active;

-- name: CallerMay :one
SELECT entitlements.caller_may(@permission::TEXT)::BOOLEAN AS may;

-- name: DepartmentUpsert :exec
INSERT INTO entitlements.departments (department_code, department_name, description) VALUES (@code, @name, @description)
ON CONFLICT (department_code) DO NOTHING;

-- name: UserUpsert :exec
INSERT INTO entitlements.users (user_id, username, email, first_name, last_name, department_id, supervisor_id, attributes)
SELECT @user_id::TEXT, @user_id::TEXT, @email::TEXT, @first_name::TEXT, @last_name::TEXT,
    (SELECT department_id FROM entitlements.departments WHERE department_code = @department::TEXT),
    NULLIF(@supervisor::TEXT, ''), jsonb_build_object('skills', @skills::TEXT[])
ON CONFLICT (user_id) DO NOTHING;

-- name: RoleUpsert :exec
INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, department_id, queue_name, permissions)
SELECT @code::TEXT, @name::TEXT, @type::TEXT, (SELECT department_id FROM entitlements.departments WHERE department_code = @department::TEXT),
    NULLIF(@queue_name::TEXT, ''), @permissions::JSONB
ON CONFLICT (role_code) DO NOTHING;

-- name: QueueUpsert :exec
INSERT INTO flowable.workflow_queues (queue_name, department_id, description, sla_minutes)
SELECT @name::TEXT, (SELECT department_id FROM entitlements.departments WHERE department_code = @department::TEXT), @description::TEXT, @sla_minutes::INTEGER
ON CONFLICT (queue_name) DO NOTHING;

-- name: AssignmentUpsert :exec
INSERT INTO flowable.queue_assignments (queue_id, role_id, max_tasks_per_user)
SELECT q.queue_id, r.role_id, @max_tasks_per_user::INTEGER
FROM flowable.workflow_queues q, entitlements.workflow_roles r
WHERE q.queue_name = @queue_name AND r.role_code = @role_code
ON CONFLICT (queue_id, role_id) DO NOTHING;

-- name: GrantUpsert :exec
INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by)
SELECT @user_id::TEXT, r.role_id, 'SYSTEM' FROM entitlements.workflow_roles r WHERE r.role_code = @role_code::TEXT
ON CONFLICT (user_id, role_id) DO NOTHING;

-- name: EnsureHistoryPartitions :exec
SELECT flowable.ensure_history_partitions();

-- name: EscalateOverdueTasks :exec
CALL flowable.escalate_overdue_tasks();

-- name: RelieveQueues :exec
CALL flowable.relieve_queues();

-- name: RebalanceQueueLoads :exec
CALL flowable.rebalance_queue_loads();

-- name: QueueLoads :many
SELECT queue_name, current_load, max_capacity FROM flowable.workflow_queues WHERE is_active ORDER BY queue_name;

-- name: TasksRank :one
SELECT flowable.rank_tasks(@most::INTEGER)::INTEGER AS ranked;

-- name: PushingQueues :many
SELECT q.queue_name::TEXT FROM flowable.pushing_queues() AS q (queue_name);

-- name: TasksPush :one
SELECT flowable.push_tasks(@queue_name::TEXT, @most::INTEGER)::INTEGER AS pushed;
