BEGIN;
SET LOCAL ROLE nextgen_owner;

CREATE VIEW flowable.v_active_tasks_by_queue AS
SELECT q.queue_name, q.department_id, d.department_name,
    count(*) FILTER (WHERE t.status = 'OPEN') AS open_tasks,
    count(*) FILTER (WHERE t.status = 'CLAIMED') AS claimed_tasks,
    count(*) FILTER (WHERE t.status = 'ESCALATED') AS escalated_tasks,
    -- Correction 19: over the last 30 days, not over all time.
    (SELECT avg(extract(EPOCH FROM c.completed_at - c.created_at) / 3600)
     FROM flowable.workflow_tasks c
     WHERE c.queue_name = q.queue_name AND c.status = 'COMPLETED'
       AND c.completed_at > CURRENT_TIMESTAMP - INTERVAL '30 days') AS avg_completion_hours
FROM flowable.workflow_queues q
LEFT JOIN entitlements.departments d ON d.department_id = q.department_id
LEFT JOIN flowable.workflow_tasks t ON t.queue_name = q.queue_name AND t.status IN ('OPEN', 'CLAIMED', 'ESCALATED')
WHERE q.is_active
GROUP BY q.queue_name, q.department_id, d.department_name;

CREATE VIEW flowable.v_user_workload AS
SELECT u.user_id, u.username, concat_ws(' ', u.first_name, u.last_name) AS full_name, r.role_code, r.role_name,
    count(*) FILTER (WHERE t.status = 'CLAIMED') AS claimed_tasks,
    count(*) FILTER (WHERE t.status = 'COMPLETED' AND t.completed_at > CURRENT_TIMESTAMP - INTERVAL '7 days') AS completed_last_week,
    avg(extract(EPOCH FROM t.completed_at - t.claimed_at) / 3600) FILTER (WHERE t.status = 'COMPLETED') AS avg_task_duration_hours
FROM entitlements.users u
JOIN entitlements.user_workflow_roles ur ON ur.user_id = u.user_id
JOIN entitlements.workflow_roles r ON r.role_id = ur.role_id
LEFT JOIN flowable.workflow_tasks t ON t.assignee_id = u.user_id
-- Correction 12: OR binds weaker than AND; and a role that is not valid yet does not count.
WHERE u.is_active AND ur.valid_from <= CURRENT_TIMESTAMP AND (ur.valid_until IS NULL OR ur.valid_until > CURRENT_TIMESTAMP)
GROUP BY u.user_id, u.username, u.first_name, u.last_name, r.role_code, r.role_name;

CREATE VIEW flowable.v_process_performance AS
SELECT d.process_key, d.process_name,
    count(i.process_instance_id) AS total_instances,
    count(*) FILTER (WHERE i.status = 'ACTIVE') AS active_instances,
    count(*) FILTER (WHERE i.status = 'COMPLETED') AS completed_instances,
    avg(extract(EPOCH FROM i.completed_at - i.started_at) / 3600) FILTER (WHERE i.status = 'COMPLETED') AS avg_completion_hours,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(EPOCH FROM i.completed_at - i.started_at) / 3600)
        FILTER (WHERE i.status = 'COMPLETED') AS p95_completion_hours
FROM flowable.workflow_definitions d
LEFT JOIN flowable.process_instances i ON i.workflow_id = d.workflow_id
WHERE d.is_active
GROUP BY d.process_key, d.process_name;

CREATE VIEW flowable.v_queue_performance_dashboard AS
SELECT q.queue_name, q.current_load, q.max_capacity,
    round(q.current_load::NUMERIC / NULLIF(q.max_capacity, 0) * 100, 1) AS utilization_pct, -- correction 16
    count(*) FILTER (WHERE t.status = 'OPEN') AS open_tasks,
    count(*) FILTER (WHERE t.status = 'CLAIMED') AS claimed_tasks,
    count(*) FILTER (WHERE t.status = 'ESCALATED') AS escalated_tasks,
    avg(extract(EPOCH FROM CURRENT_TIMESTAMP - t.created_at) / 3600) AS avg_age_hours -- correction 13: open tasks only
FROM flowable.workflow_queues q
LEFT JOIN flowable.workflow_tasks t ON t.queue_name = q.queue_name AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
GROUP BY q.queue_name, q.current_load, q.max_capacity;

-- The reader's rights hold, not the owner's. Before PostgreSQL 15 the owner's do, and row security shows it nothing.
DO $$
DECLARE
    v_view TEXT;
BEGIN
    IF current_setting('server_version_num')::INTEGER >= 150000 THEN
        FOREACH v_view IN ARRAY ARRAY['v_active_tasks_by_queue', 'v_user_workload', 'v_process_performance', 'v_queue_performance_dashboard'] LOOP
            EXECUTE format('ALTER VIEW flowable.%I SET (security_invoker = true)', v_view);
        END LOOP;
    END IF;
END $$;

COMMIT;
