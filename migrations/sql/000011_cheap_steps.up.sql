BEGIN;
SET LOCAL ROLE nextgen_owner;

-- The step of a person (claim, complete, what comes next) with less work. What the functions promise is as before.

-- Who sees a task: whoever holds it, did it, may claim it, or works on its queue; what is cheap to ask comes first. The
-- policies give it the caller's rights as subselects, which PostgreSQL runs once a statement, and only if it comes to them.
-- It puts this body in place of the call as long as the body names each of them once.
CREATE FUNCTION flowable.task_is_seen(p_assignee TEXT, p_completed_by TEXT, p_users TEXT[], p_groups TEXT[], p_queue TEXT,
    p_caller TEXT, p_roles TEXT[], p_queues TEXT[], p_admin BOOLEAN) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT p_caller = ANY (ARRAY[p_assignee, p_completed_by] || p_users) OR p_groups && p_roles OR p_queue = ANY (p_queues) OR p_admin $$;

ALTER POLICY task_access_policy ON flowable.workflow_tasks
    USING (flowable.task_is_seen(assignee_id, completed_by, candidate_users, candidate_groups, queue_name,
        (SELECT entitlements.caller()), (SELECT entitlements.caller_roles()), (SELECT entitlements.caller_queues()),
        (SELECT entitlements.caller_may('admin'))));
ALTER POLICY task_act_policy ON flowable.workflow_tasks
    USING (flowable.task_is_seen(assignee_id, completed_by, candidate_users, candidate_groups, queue_name,
        (SELECT entitlements.caller()), (SELECT entitlements.caller_roles()), (SELECT entitlements.caller_queues()),
        (SELECT entitlements.caller_may('admin'))));

-- A claim or release is mostly carried by the completion that follows it. Its signal enters the outbox only when it has
-- waited for a second; until then the command itself is what the relay looks for.
ALTER TABLE flowable.task_commands ADD COLUMN queued BOOLEAN NOT NULL DEFAULT TRUE; -- its signal has been put into the outbox
CREATE INDEX idx_task_commands_unqueued ON flowable.task_commands (accepted_at) WHERE state = 'ACCEPTED' AND NOT queued;

-- Puts the signals of commands that have waited for some time into the outbox. Several relays may do it at once. What an
-- accepted completion will carry waits on: under load the completion is late, and the same load need not bear two signals.
CREATE FUNCTION flowable.queue_commands(p_age INTERVAL, p_most INTEGER) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    WITH late AS (
        SELECT c.command_id FROM flowable.task_commands c
        WHERE c.state = 'ACCEPTED' AND NOT c.queued AND c.accepted_at <= CURRENT_TIMESTAMP - p_age
          AND NOT EXISTS (
            SELECT FROM flowable.task_commands k
            WHERE k.process_instance_id = c.process_instance_id AND k.task_id = c.task_id AND k.kind = 'complete' AND k.state = 'ACCEPTED')
        ORDER BY c.accepted_at
        LIMIT p_most
        FOR UPDATE SKIP LOCKED),
    queued AS (
        UPDATE flowable.task_commands c SET queued = TRUE FROM late WHERE c.command_id = late.command_id
        RETURNING c.*)
    INSERT INTO flowable.outbox (kind, process_instance_id, command_id, payload, created_by)
    SELECT 'SIGNAL', q.process_instance_id, q.command_id, jsonb_strip_nulls(jsonb_build_object('commandId', q.command_id,
        'seq', q.seq, 'kind', q.kind, 'taskId', q.task_id, 'instanceId', q.process_instance_id, 'actorId', q.actor_id,
        'assignee', CASE WHEN q.kind = 'claim' THEN q.actor_id END)), q.actor_id
    FROM queued q;
END $$;

-- As before, but what somebody holds is found by who holds it, not by looking through all that is held in the queue.
CREATE OR REPLACE FUNCTION flowable.room_for(p_user_id TEXT, p_roles TEXT[], p_queue TEXT) RETURNS BIGINT
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT max(a.max_tasks_per_user) - (
            SELECT count(*) FROM (
                SELECT t.queue_name FROM flowable.workflow_tasks t
                WHERE t.assignee_id = p_user_id AND t.status IN ('CLAIMED', 'DELEGATED')
                OFFSET 0) AS held -- keeps the planner from the queue's index
            WHERE held.queue_name = p_queue)
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
    INSERT INTO flowable.task_commands (command_id, kind, process_instance_id, task_id, actor_id, queued)
    VALUES (p_command_id, 'claim', v_task.process_instance_id, v_task.task_id, p_user_id, FALSE);
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
    INSERT INTO flowable.task_commands (command_id, kind, process_instance_id, task_id, actor_id, queued)
    VALUES (p_command_id, 'unclaim', v_task.process_instance_id, v_task.task_id, p_user_id, FALSE);
    RETURN jsonb_build_object('task', flowable.task_json(v_task));
END $$;

-- As before, with the case that nearly always holds tried first: the caller holds the task, and completing it is one
-- compare-and-set.
CREATE OR REPLACE FUNCTION flowable.complete_task(p_task_id TEXT, p_user_id TEXT, p_command_id UUID, p_completion JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
    v_hash TEXT := md5(p_completion::TEXT);
    v_old  TEXT := 'CLAIMED';
BEGIN
    LOOP
        UPDATE flowable.workflow_tasks t
        SET status = 'COMPLETED', completed_at = CURRENT_TIMESTAMP, completed_by = p_user_id,
            outcome = p_completion ->> 'outcome', outcome_reason = p_completion ->> 'outcomeReason',
            form_data = COALESCE(NULLIF(p_completion -> 'formData', 'null'), '{}'),
            metadata = t.metadata || jsonb_build_object('completion', v_hash), version = t.version + 1
        WHERE t.task_id = p_task_id AND t.status = v_old AND t.assignee_id = p_user_id
        RETURNING * INTO v_task;
        EXIT WHEN FOUND;
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
        v_old := v_task.status; -- the row is locked: this time it is found
    END LOOP;
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

-- As before, in one statement fewer.
CREATE OR REPLACE FUNCTION flowable.settle_command(p_instance_id TEXT, p_command_id UUID) RETURNS BOOLEAN
    LANGUAGE plpgsql
AS $$
DECLARE
    v_settled UUID[];
BEGIN
    WITH settled AS (
        UPDATE flowable.task_commands c
        SET state = 'APPLIED', settled_at = CURRENT_TIMESTAMP,
            reason = CASE WHEN c.command_id <> p_command_id THEN 'carried by the completion ' || p_command_id END
        FROM flowable.task_commands mine
        WHERE mine.command_id = p_command_id AND mine.process_instance_id = p_instance_id AND mine.state = 'ACCEPTED'
          AND c.process_instance_id = p_instance_id AND c.state = 'ACCEPTED'
          AND (c.command_id = p_command_id
               OR (mine.kind = 'complete' AND c.task_id = mine.task_id AND c.kind IN ('claim', 'unclaim')))
        RETURNING c.command_id)
    SELECT array_agg(s.command_id) INTO v_settled FROM settled s;
    IF v_settled IS NULL THEN
        RETURN FALSE;
    END IF;
    -- A statement of its own: it sees what a relay has queued while the one above waited for it.
    DELETE FROM flowable.outbox o WHERE o.command_id = ANY (v_settled);
    RETURN TRUE;
END $$;

-- As before, but a visit that ends is found by its key: a join would read all visits of the instance.
CREATE OR REPLACE FUNCTION flowable.record_activities(p_instance_id TEXT, p_activities JSONB, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_change JSONB;
BEGIN
    INSERT INTO flowable.activity_history (process_instance_id, element_instance_id, activity_id, activity_type, activity_name,
        state, started_at, ended_at)
    SELECT p_instance_id, c.value ->> 'elementInstanceId', c.value ->> 'activityId', c.value ->> 'activityType',
        left(COALESCE(c.value ->> 'name', ''), 500), c.value ->> 'state', p_at,
        CASE WHEN c.value ->> 'state' <> 'ACTIVE' THEN p_at END
    FROM jsonb_array_elements(p_activities) AS c
    WHERE c.value ? 'activityType';
    FOR i IN 0 .. jsonb_array_length(p_activities) - 1 LOOP
        v_change := p_activities -> i;
        CONTINUE WHEN v_change ? 'activityType';
        UPDATE flowable.activity_history h SET state = v_change ->> 'state', ended_at = p_at
        WHERE h.process_instance_id = p_instance_id AND h.element_instance_id = v_change ->> 'elementInstanceId';
    END LOOP;
END $$;

-- The open tasks of an instance that a user sees, oldest first: what a query as that caller would answer.
CREATE FUNCTION flowable.open_tasks_seen_by(p_user_id TEXT, p_instance_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM set_config('app.current_user_id', p_user_id, TRUE);
    RETURN (
        SELECT COALESCE(jsonb_agg(flowable.task_json(t) ORDER BY t.created_at, t.task_id), '[]') FROM flowable.workflow_tasks t
        WHERE t.process_instance_id = p_instance_id AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
          AND flowable.task_is_seen(t.assignee_id, t.completed_by, t.candidate_users, t.candidate_groups, t.queue_name,
              (SELECT entitlements.caller()), (SELECT entitlements.caller_roles()), (SELECT entitlements.caller_queues()),
              (SELECT entitlements.caller_may('admin'))));
END $$;

-- commit_step, with what somebody who waits for it asks next: answers {"result": …, "next"?: the open tasks that this user
-- sees after it}. Nobody waits where the user is empty.
CREATE FUNCTION flowable.commit_step_for(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_result JSONB := flowable.commit_step(p);
BEGIN
    IF p_user_id = '' OR v_result ?| '{refused,lost,instead}' THEN
        RETURN jsonb_build_object('result', v_result);
    END IF;
    RETURN jsonb_build_object('result', v_result, 'next', flowable.open_tasks_seen_by(p_user_id, p ->> 'instanceId'));
END $$;

COMMIT;
