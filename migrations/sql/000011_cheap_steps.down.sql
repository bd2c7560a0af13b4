BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.commit_step_for, flowable.open_tasks_seen_by;

-- What the policies say of the tables' owner must not hide what is still to be queued.
ALTER TABLE flowable.task_commands NO FORCE ROW LEVEL SECURITY;
ALTER TABLE flowable.outbox NO FORCE ROW LEVEL SECURITY;
SELECT flowable.queue_commands(INTERVAL '0', NULL);
ALTER TABLE flowable.task_commands FORCE ROW LEVEL SECURITY;
ALTER TABLE flowable.outbox FORCE ROW LEVEL SECURITY;
DROP FUNCTION flowable.queue_commands;
DROP INDEX flowable.idx_task_commands_unqueued;
ALTER TABLE flowable.task_commands DROP COLUMN queued;

ALTER POLICY task_access_policy ON flowable.workflow_tasks
    USING (assignee_id = (SELECT entitlements.caller())
        OR completed_by = (SELECT entitlements.caller())
        OR (SELECT entitlements.caller()) = ANY (candidate_users)
        OR candidate_groups && (SELECT entitlements.caller_roles())::TEXT[]
        OR queue_name = ANY ((SELECT entitlements.caller_queues())::TEXT[])
        OR (SELECT entitlements.caller_may('admin')));
ALTER POLICY task_act_policy ON flowable.workflow_tasks
    USING (assignee_id = (SELECT entitlements.caller())
        OR completed_by = (SELECT entitlements.caller())
        OR (SELECT entitlements.caller()) = ANY (candidate_users)
        OR candidate_groups && (SELECT entitlements.caller_roles())::TEXT[]
        OR queue_name = ANY ((SELECT entitlements.caller_queues())::TEXT[])
        OR (SELECT entitlements.caller_may('admin')));
DROP FUNCTION flowable.task_is_seen;

CREATE OR REPLACE FUNCTION flowable.room_for(p_user_id TEXT, p_roles TEXT[], p_queue TEXT) RETURNS BIGINT
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT max(a.max_tasks_per_user) - (
            SELECT count(*) FROM flowable.workflow_tasks t
            WHERE t.assignee_id = p_user_id AND t.queue_name = p_queue AND t.status IN ('CLAIMED', 'DELEGATED'))
        FROM flowable.workflow_queues q
        JOIN flowable.queue_assignments a ON a.queue_id = q.queue_id AND a.is_active
        JOIN entitlements.workflow_roles r ON r.role_id = a.role_id AND r.role_code = ANY (p_roles)
        WHERE q.queue_name = p_queue);
END $$;

CREATE OR REPLACE FUNCTION flowable.give_task(p_task flowable.workflow_tasks, p_user_id TEXT, p_command_id UUID) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
BEGIN
    UPDATE flowable.workflow_tasks t
    SET status = 'CLAIMED', assignee_id = p_user_id, claimed_at = CURRENT_TIMESTAMP, claimed_by = p_user_id, version = t.version + 1
    WHERE t.task_id = p_task.task_id
    RETURNING * INTO STRICT v_task;
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, new_assignee)
    VALUES (v_task.task_id, v_task.process_instance_id, 'CLAIM', p_user_id, p_task.status, 'CLAIMED', p_user_id);
    -- The workflow need not know at once who holds a task: a completion names the holder, and carries the claim with it.
    PERFORM flowable.accept_command(jsonb_build_object('commandId', p_command_id, 'kind', 'claim', 'taskId', v_task.task_id,
        'instanceId', v_task.process_instance_id, 'actorId', p_user_id, 'assignee', p_user_id), INTERVAL '1 second');
    RETURN jsonb_build_object('task', flowable.task_json(v_task));
END $$;

CREATE OR REPLACE FUNCTION flowable.unclaim_task(p_task_id TEXT, p_user_id TEXT, p_command_id UUID) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_old  flowable.workflow_tasks;
    v_task flowable.workflow_tasks;
BEGIN
    SELECT t.* INTO v_old FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"refused": "not-found"}';
    ELSIF v_old.status IN ('OPEN', 'ESCALATED') AND p_user_id = (
        SELECT h.action_by FROM flowable.task_history h
        WHERE h.task_id = p_task_id AND h.action_type IN ('CLAIM', 'UNCLAIM')
        ORDER BY h.action_at DESC, h.history_id DESC LIMIT 1) THEN
        RETURN jsonb_build_object('task', flowable.task_json(v_old)); -- unclaimed twice: the same answer, no second effect
    ELSIF v_old.status <> 'CLAIMED' THEN
        RETURN jsonb_build_object('refused', 'conflict', 'task', flowable.task_json(v_old));
    ELSIF v_old.assignee_id <> p_user_id AND NOT entitlements.caller_may('reassign') THEN
        RETURN '{"refused": "forbidden", "rule": "assignee"}';
    END IF;
    UPDATE flowable.workflow_tasks t
    SET status = CASE WHEN t.escalation_level > 0 THEN 'ESCALATED' ELSE 'OPEN' END,
        assignee_id = NULL, claimed_at = NULL, claimed_by = NULL, version = t.version + 1
    WHERE t.task_id = p_task_id
    RETURNING * INTO STRICT v_task;
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, old_assignee)
    VALUES (v_task.task_id, v_task.process_instance_id, 'UNCLAIM', p_user_id, v_old.status, v_task.status, v_old.assignee_id);
    PERFORM flowable.accept_command(jsonb_build_object('commandId', p_command_id, 'kind', 'unclaim', 'taskId', v_task.task_id,
        'instanceId', v_task.process_instance_id, 'actorId', p_user_id), INTERVAL '1 second');
    RETURN jsonb_build_object('task', flowable.task_json(v_task));
END $$;

CREATE OR REPLACE FUNCTION flowable.complete_task(p_task_id TEXT, p_user_id TEXT, p_command_id UUID, p_completion JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
    v_hash TEXT := md5(p_completion::TEXT);
    v_old  TEXT;
BEGIN
    SELECT t.* INTO v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"refused": "not-found"}';
    ELSIF v_task.status = 'COMPLETED' AND v_task.completed_by = p_user_id AND v_task.metadata ->> 'completion' = v_hash THEN
        RETURN jsonb_build_object('task', flowable.task_json(v_task)); -- completed twice: the same answer, no second effect
    ELSIF v_task.status NOT IN ('CLAIMED', 'DELEGATED') THEN
        RETURN jsonb_build_object('refused', 'conflict', 'task', flowable.task_json(v_task));
    ELSIF v_task.assignee_id <> p_user_id THEN
        RETURN jsonb_build_object('refused', 'forbidden', 'rule', 'assignee');
    END IF;
    v_old := v_task.status;
    UPDATE flowable.workflow_tasks t
    SET status = 'COMPLETED', completed_at = CURRENT_TIMESTAMP, completed_by = p_user_id,
        outcome = p_completion ->> 'outcome', outcome_reason = p_completion ->> 'outcomeReason',
        form_data = COALESCE(NULLIF(p_completion -> 'formData', 'null'), '{}'),
        metadata = t.metadata || jsonb_build_object('completion', v_hash), version = t.version + 1
    WHERE t.task_id = p_task_id
    RETURNING * INTO STRICT v_task;
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status,
        old_assignee, new_assignee, comments)
    VALUES (v_task.task_id, v_task.process_instance_id, 'COMPLETE', p_user_id, v_old, 'COMPLETED',
        p_user_id, p_user_id, p_completion ->> 'outcomeReason');
    RETURN jsonb_build_object('task', flowable.task_json(v_task), 'delivery',
        flowable.accept_command(jsonb_build_object('commandId', p_command_id, 'kind', 'complete', 'taskId', v_task.task_id,
            'instanceId', v_task.process_instance_id, 'actorId', p_user_id, 'assignee', p_user_id,
            'outcome', p_completion -> 'outcome', 'reason', p_completion -> 'outcomeReason',
            'variables', p_completion -> 'variables'), INTERVAL '2 seconds'));
END $$;

CREATE OR REPLACE FUNCTION flowable.settle_command(p_instance_id TEXT, p_command_id UUID) RETURNS BOOLEAN
    LANGUAGE plpgsql
AS $$
DECLARE
    v_command flowable.task_commands;
BEGIN
    UPDATE flowable.task_commands c SET state = 'APPLIED', settled_at = CURRENT_TIMESTAMP
    WHERE c.command_id = p_command_id AND c.process_instance_id = p_instance_id AND c.state = 'ACCEPTED'
    RETURNING * INTO v_command;
    IF NOT FOUND THEN
        RETURN FALSE;
    ELSIF v_command.kind <> 'complete' THEN
        DELETE FROM flowable.outbox o WHERE o.command_id = p_command_id;
        RETURN TRUE;
    END IF;
    WITH carried AS (
        UPDATE flowable.task_commands c
        SET state = 'APPLIED', settled_at = CURRENT_TIMESTAMP, reason = 'carried by the completion ' || p_command_id
        WHERE c.process_instance_id = p_instance_id AND c.task_id = v_command.task_id AND c.state = 'ACCEPTED'
          AND c.kind IN ('claim', 'unclaim')
        RETURNING c.command_id)
    DELETE FROM flowable.outbox o
    WHERE o.command_id IN (SELECT c.command_id FROM carried c UNION ALL SELECT p_command_id);
    RETURN TRUE;
END $$;

CREATE OR REPLACE FUNCTION flowable.record_activities(p_instance_id TEXT, p_activities JSONB, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO flowable.activity_history (process_instance_id, element_instance_id, activity_id, activity_type, activity_name,
        state, started_at, ended_at)
    SELECT p_instance_id, c.value ->> 'elementInstanceId', c.value ->> 'activityId', c.value ->> 'activityType',
        left(COALESCE(c.value ->> 'name', ''), 500), c.value ->> 'state', p_at,
        CASE WHEN c.value ->> 'state' <> 'ACTIVE' THEN p_at END
    FROM jsonb_array_elements(p_activities) AS c
    WHERE c.value ? 'activityType';
    UPDATE flowable.activity_history h SET state = c.value ->> 'state', ended_at = p_at
    FROM jsonb_array_elements(p_activities) AS c
    WHERE NOT c.value ? 'activityType'
      AND h.process_instance_id = p_instance_id AND h.element_instance_id = c.value ->> 'elementInstanceId';
END $$;

COMMIT;
