BEGIN;
SET LOCAL ROLE nextgen_owner;

-- commit_step, with what somebody who waits for it asks next: answers {"result": …, "next"?: the open tasks that this user
-- sees after it}. Nobody waits where the user is empty.
CREATE OR REPLACE FUNCTION flowable.commit_step_for(p JSONB, p_user_id TEXT) RETURNS JSONB
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

-- Writes what one burst of the engine did, in one transaction (ADR 0003). The same step again answers as it did the first
-- time, and one with another cause, after a crash and a new order of what has come, is told which cause is on record:
-- {"instead": {"cause", "at"}}. A command that is not an accepted one changes nothing: {"refused": true}. A step that would cancel a task which a
-- person has completed first changes nothing either: {"lost": […]}.
CREATE OR REPLACE FUNCTION flowable.commit_step(p JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_instance    flowable.process_instances;
    v_known       flowable.commit_steps;
    v_key         TEXT;
    v_case_number TEXT;
    v_at          TIMESTAMPTZ := (p ->> 'at')::TIMESTAMPTZ;
    v_actor       TEXT := COALESCE(NULLIF(p ->> 'actor', ''), 'SYSTEM');
    v_command     UUID := NULLIF(p ->> 'commandId', '')::UUID;
    v_result      JSONB := jsonb_build_object('fingerprint', p ->> 'fingerprint');
    v_lost        JSONB;
BEGIN
    SELECT i.* INTO v_instance FROM flowable.process_instances i WHERE i.process_instance_id = p ->> 'instanceId' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'process instance % is not known', p ->> 'instanceId' USING ERRCODE = 'no_data_found';
    END IF;
    IF v_instance.last_step >= (p ->> 'step')::BIGINT THEN
        SELECT s.* INTO STRICT v_known FROM flowable.commit_steps s
        WHERE s.process_instance_id = v_instance.process_instance_id AND s.step = (p ->> 'step')::BIGINT;
        IF v_known.cause <> p ->> 'cause' THEN
            RETURN v_result || jsonb_build_object('instead', jsonb_build_object('cause', v_known.cause, 'at', v_known.at));
        END IF;
        RETURN v_known.result;
    ELSIF v_instance.last_step + 1 < (p ->> 'step')::BIGINT THEN -- as after a restore of this database alone
        RAISE EXCEPTION 'step % of process instance % follows step %, which is not on record: the last one is %',
            p ->> 'step', v_instance.process_instance_id, (p ->> 'step')::BIGINT - 1, v_instance.last_step USING ERRCODE = 'data_corrupted';
    END IF;
    IF jsonb_array_length(COALESCE(p -> 'cancelTasks', '[]')) > 0 THEN
        v_lost := flowable.lost_tasks(p -> 'cancelTasks');
        IF v_lost IS NOT NULL THEN
            RETURN v_result || jsonb_build_object('lost', v_lost);
        END IF;
    END IF;
    IF v_command IS NOT NULL THEN
        IF NOT flowable.settle_command(v_instance.process_instance_id, v_command) THEN
            RETURN v_result || '{"refused": true, "reason": "the command is not an accepted one"}';
        END IF;
    ELSIF v_instance.start_state = 'REQUESTED' THEN
        DELETE FROM flowable.outbox o WHERE o.process_instance_id = v_instance.process_instance_id AND o.kind = 'START';
    END IF;
    IF p ? 'activities' THEN
        PERFORM flowable.record_activities(v_instance.process_instance_id, p -> 'activities', v_at);
    END IF;
    IF p ? 'variables' THEN
        PERFORM flowable.record_variables(v_instance.process_instance_id, p -> 'variables', v_actor);
    END IF;
    IF p ? 'cancelTasks' THEN
        PERFORM flowable.cancel_tasks(v_instance.process_instance_id, p -> 'cancelTasks', v_actor);
    END IF;
    IF p ? 'newTasks' THEN
        SELECT d.process_key INTO STRICT v_key FROM flowable.workflow_definitions d WHERE d.workflow_id = v_instance.workflow_id;
        SELECT c.case_number INTO v_case_number FROM onecms.cases c WHERE c.case_id = v_instance.case_id;
        v_result := v_result || jsonb_build_object('tasks', (
            SELECT jsonb_agg(flowable.place_task(v_instance, v_case_number, v_key, n.value, v_at) ORDER BY n.ordinality)
            FROM jsonb_array_elements(p -> 'newTasks') WITH ORDINALITY AS n));
    END IF;
    IF p ? 'escalations' THEN
        v_result := v_result || jsonb_build_object('escalated', (
            SELECT jsonb_agg(flowable.escalate_task(e.value ->> 'taskId', (e.value ->> 'level')::INTEGER, 'TIMER') ORDER BY e.ordinality)
            FROM jsonb_array_elements(p -> 'escalations') WITH ORDINALITY AS e));
    END IF;
    IF p ? 'incidents' THEN
        PERFORM flowable.record_incidents(v_instance.process_instance_id, p -> 'incidents', v_actor, v_at);
    END IF;
    IF p ? 'end' THEN
        PERFORM flowable.end_instance(v_instance, p -> 'end', v_actor, v_at);
    END IF;
    UPDATE flowable.process_instances i
    SET last_step = (p ->> 'step')::BIGINT, start_state = 'STARTED',
        current_activity = ARRAY_TO_STRING(ARRAY(SELECT jsonb_array_elements_text(COALESCE(p -> 'open', '[]'))), ','),
        completed_at = CASE WHEN p ? 'end' THEN v_at END, end_event_id = p #>> '{end,endEventId}', end_reason = p #>> '{end,reason}',
        status = CASE
            WHEN p ? 'end' THEN p #>> '{end,status}'
            WHEN i.status = 'SUSPENDED' THEN i.status
            WHEN (p ? 'incidents' OR i.status = 'ERROR') AND EXISTS (
                SELECT FROM flowable.incidents c WHERE c.process_instance_id = i.process_instance_id AND c.state = 'OPEN') THEN 'ERROR'
            ELSE 'ACTIVE' END
    WHERE i.process_instance_id = v_instance.process_instance_id;
    INSERT INTO flowable.commit_steps (process_instance_id, step, cause, at, result)
    VALUES (v_instance.process_instance_id, (p ->> 'step')::BIGINT, p ->> 'cause', v_at, v_result);
    RETURN v_result;
END $$;

CREATE OR REPLACE FUNCTION flowable.end_instance(p_instance flowable.process_instances, p_end JSONB, p_actor TEXT, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM flowable.cancel_tasks(p_instance.process_instance_id, NULL, p_actor);
    UPDATE onecms.cases c
    SET status = CASE p_end ->> 'status' WHEN 'COMPLETED' THEN 'CLOSED' ELSE 'CANCELLED' END, closed_at = p_at
    WHERE c.case_id = p_instance.case_id;
    UPDATE onecms.case_workflow_mapping m SET actual_completion = p_at
    WHERE m.process_instance_id = p_instance.process_instance_id;
    UPDATE flowable.task_commands c SET state = 'REJECTED', settled_at = p_at, reason = 'the case has ended'
    WHERE c.process_instance_id = p_instance.process_instance_id AND c.state = 'ACCEPTED';
    DELETE FROM flowable.outbox o WHERE o.process_instance_id = p_instance.process_instance_id;
END $$;

-- Creates a user task of an instance and answers where it went. An assignee that is no active user leaves the task
-- open in its queue, on record: nobody else could ever work on it.
CREATE OR REPLACE FUNCTION flowable.place_task(p_instance flowable.process_instances, p_case_number TEXT, p_key TEXT, n JSONB, p_at TIMESTAMPTZ) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_groups   TEXT[] := ARRAY(SELECT jsonb_array_elements_text(COALESCE(n -> 'candidateGroups', '[]')));
    v_queue    flowable.workflow_queues := flowable.queue_for(v_groups, n ->> 'lane');
    v_task     flowable.workflow_tasks;
    v_assignee TEXT;
    v_hop      RECORD;
BEGIN
    SELECT u.user_id INTO v_assignee FROM entitlements.users u WHERE u.user_id = n ->> 'assignee' AND u.is_active;
    INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, assignee_id,
        candidate_groups, candidate_users, priority, status, form_key, created_at, claimed_at, claimed_by, due_date,
        element_instance_id, case_id, case_number, process_key)
    VALUES (n ->> 'taskId', p_instance.process_instance_id, n ->> 'definitionKey', left(n ->> 'name', 500), v_queue.queue_name, v_assignee,
        v_groups, ARRAY(SELECT jsonb_array_elements_text(COALESCE(n -> 'candidateUsers', '[]'))),
        COALESCE((n ->> 'priority')::INTEGER, p_instance.priority),
        CASE WHEN v_assignee IS NULL THEN 'OPEN' ELSE 'CLAIMED' END, left(n ->> 'formKey', 255), p_at,
        CASE WHEN v_assignee IS NOT NULL THEN p_at END, v_assignee,
        COALESCE((n ->> 'dueDate')::TIMESTAMPTZ, p_at + make_interval(mins => v_queue.sla_minutes)),
        n ->> 'elementInstanceId', p_instance.case_id, p_case_number, p_key)
    RETURNING * INTO STRICT v_task;
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, new_status, new_assignee, comments)
    VALUES (v_task.task_id, v_task.process_instance_id, 'CREATE', 'SYSTEM', v_task.status, v_assignee,
        CASE WHEN v_assignee IS NULL AND n ? 'assignee' THEN
            'The assignee ' || quote_literal(n ->> 'assignee') || ' is no active user: the task is offered in its queue.' END);
    SELECT d.department_code AS department, COALESCE(NULLIF(n ->> 'lane', ''), n ->> 'definitionKey') AS phase INTO v_hop
    FROM (SELECT 1) AS one LEFT JOIN entitlements.departments d ON d.department_id = v_queue.department_id;
    UPDATE onecms.case_workflow_mapping m
    SET current_department = v_hop.department, current_phase = left(v_hop.phase, 255)
    WHERE m.process_instance_id = p_instance.process_instance_id
      AND (m.current_department, m.current_phase) IS DISTINCT FROM (v_hop.department, left(v_hop.phase, 255)::VARCHAR);
    IF FOUND THEN
        INSERT INTO onecms.case_routing (case_id, process_instance_id, department, phase, task_id, routed_at)
        VALUES (p_instance.case_id, p_instance.process_instance_id, v_hop.department, left(v_hop.phase, 255), v_task.task_id, p_at);
    END IF;
    RETURN flowable.placed_json(v_task);
END $$;

DROP FUNCTION flowable.give_up_delivery;

COMMIT;
