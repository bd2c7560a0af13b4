BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Whether a command was accepted before another one; one without a command gives way to every accepted one.
CREATE FUNCTION flowable.comes_first(p_other UUID, p_command UUID) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM flowable.task_commands o
        WHERE o.command_id = p_other AND o.state = 'ACCEPTED'
          AND o.seq < COALESCE((SELECT c.seq FROM flowable.task_commands c WHERE c.command_id = p_command), 9223372036854775807));
END $$;

-- The subscriptions of a step's closings that a message was accepted for first. It is applied before the step.
CREATE FUNCTION flowable.taken_subscriptions(p_instance_id TEXT, p_ids JSONB, p_command UUID) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM flowable.event_subscriptions s
    WHERE s.process_instance_id = p_instance_id AND s.subscription_id IN (SELECT jsonb_array_elements_text(p_ids))
    ORDER BY s.subscription_id FOR UPDATE;
    -- A statement of its own: it sees what was committed while the one above waited.
    RETURN (
        SELECT jsonb_agg(s.subscription_id ORDER BY s.subscription_id) FROM flowable.event_subscriptions s
        WHERE s.process_instance_id = p_instance_id AND s.subscription_id IN (SELECT jsonb_array_elements_text(p_ids))
          AND s.taken_by IS NOT NULL AND flowable.comes_first(s.taken_by, p_command));
END $$;

-- Closes subscriptions; p_ids NULL means all of the instance. A message that was accepted for one of them after the command
-- that closes it has come too late: it is rejected, and on record as unmatched.
CREATE FUNCTION flowable.close_subscriptions(p_instance_id TEXT, p_ids JSONB, p_command UUID, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_late UUID[];
BEGIN
    WITH closed AS (
        DELETE FROM flowable.event_subscriptions s
        WHERE s.process_instance_id = p_instance_id
          AND (p_ids IS NULL OR s.subscription_id IN (SELECT jsonb_array_elements_text(p_ids)))
        RETURNING s.taken_by)
    SELECT array_agg(c.taken_by) INTO v_late FROM closed c WHERE c.taken_by IS NOT NULL AND c.taken_by IS DISTINCT FROM p_command;
    IF v_late IS NULL THEN
        RETURN;
    END IF;
    UPDATE flowable.task_commands c SET state = 'REJECTED', settled_at = p_at, reason = 'what it was for ended first'
    WHERE c.command_id = ANY (v_late) AND c.state = 'ACCEPTED';
    UPDATE flowable.event_messages m SET outcome = 'UNMATCHED', reason = 'who waited for it went on first',
        variables = (SELECT o.payload -> 'variables' FROM flowable.outbox o WHERE o.command_id = m.message_id)
    FROM flowable.task_commands c
    WHERE m.message_id = ANY (v_late) AND c.command_id = m.message_id AND c.state = 'REJECTED';
    DELETE FROM flowable.outbox o USING flowable.task_commands c
    WHERE o.command_id = ANY (v_late) AND c.command_id = o.command_id AND c.state = 'REJECTED';
END $$;

-- A name or key is cut to what a message can have: a longer one is never sent.
CREATE FUNCTION flowable.open_subscriptions(p_instance flowable.process_instances, p_subscriptions JSONB, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO flowable.event_subscriptions (process_instance_id, subscription_id, kind, event_name, correlation_key, element_id,
        repeats, case_id, business_key, opened_at)
    SELECT p_instance.process_instance_id, s.value ->> 'subscriptionId', s.value ->> 'kind', left(s.value ->> 'name', 255),
        left(COALESCE(s.value ->> 'key', ''), 255), s.value ->> 'elementId', COALESCE((s.value ->> 'repeats')::BOOLEAN, FALSE),
        p_instance.case_id, p_instance.business_key, p_at
    FROM jsonb_array_elements(p_subscriptions) WITH ORDINALITY AS s
    ORDER BY s.ordinality;
END $$;

-- Routes what an instance throws, on behalf of who started it. Answers the deliveries.
CREATE FUNCTION flowable.route_throws(p_instance flowable.process_instances, p_kind TEXT, p_throws JSONB, p_rev JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_throw      JSONB;
    v_message    JSONB;
    v_routed     JSONB;
    v_deliveries JSONB := '[]';
BEGIN
    FOR v_throw IN SELECT t.value FROM jsonb_array_elements(p_throws) WITH ORDINALITY AS t ORDER BY t.ordinality LOOP
        v_message := jsonb_strip_nulls(jsonb_build_object('id', gen_random_uuid(), 'name', v_throw -> 'name', 'correlation', v_throw -> 'key',
            'caseId', p_instance.case_id, 'engineRev', p_rev));
        IF v_throw ? 'variables' THEN
            v_message := v_message || jsonb_build_object('variables', v_throw -> 'variables');
        END IF;
        IF p_kind = 'message' THEN
            v_routed := flowable.route_message(v_message, p_instance.started_by);
            v_deliveries := v_deliveries || COALESCE(v_routed -> 'delivery', '[]');
        ELSE
            v_routed := flowable.broadcast_signal(v_message, p_instance.started_by, p_instance.process_instance_id);
            v_deliveries := v_deliveries || (v_routed -> 'deliveries');
        END IF;
        PERFORM flowable.record_message(p_kind, v_message, v_routed, p_instance.started_by, p_instance.process_instance_id);
    END LOOP;
    RETURN v_deliveries;
END $$;

-- The definition that a call activity means; NULL if there is none.
CREATE FUNCTION flowable.called_definition(p_caller flowable.process_instances, p_child JSONB) RETURNS flowable.workflow_definitions
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_found flowable.workflow_definitions;
BEGIN
    SELECT d.* INTO v_found FROM flowable.workflow_definitions d
    WHERE d.process_key = p_child ->> 'processKey' AND CASE p_child ->> 'binding'
        WHEN 'version' THEN d.process_version = (p_child ->> 'version')::INTEGER
        WHEN 'deployment' THEN d.is_active OR d.sha256 = (
            SELECT o.sha256 FROM flowable.workflow_definitions o WHERE o.workflow_id = p_caller.workflow_id)
        ELSE d.is_active END
    ORDER BY p_child ->> 'binding' = 'deployment' AND d.sha256 = (
        SELECT o.sha256 FROM flowable.workflow_definitions o WHERE o.workflow_id = p_caller.workflow_id) DESC
    LIMIT 1;
    RETURN v_found;
END $$;

-- Tells a caller what its child did. p_message is the rest of the command. Answers the delivery; NULL if the caller has ended.
CREATE FUNCTION flowable.tell_caller(p_caller_id TEXT, p_kind TEXT, p_actor TEXT, p_message JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM flowable.process_instances i
        WHERE i.process_instance_id = p_caller_id AND i.status NOT IN ('COMPLETED', 'TERMINATED')) THEN
        RETURN NULL;
    END IF;
    RETURN flowable.accept_command(p_message || jsonb_build_object('commandId', gen_random_uuid(), 'kind', p_kind,
        'instanceId', p_caller_id, 'actorId', p_actor), INTERVAL '2 seconds');
END $$;

-- Starts an instance for a call activity: its row and its start, in the case of its caller. Where there is nothing to
-- start the caller is told so at once, and raises an incident. Answers the delivery.
CREATE FUNCTION flowable.start_child(p_caller flowable.process_instances, p_child JSONB, p_rev JSONB, p_at TIMESTAMPTZ) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_definition flowable.workflow_definitions := flowable.called_definition(p_caller, p_child);
    v_start_id   TEXT;
    v_start      JSONB;
    v_key        TEXT := left(COALESCE(p_child ->> 'businessKey', CASE WHEN p_child ->> 'inheritKey' = 'true' THEN p_caller.business_key END), 255);
    v_why_not    TEXT;
    v_outbox     BIGINT;
BEGIN
    SELECT e.value ->> 'id' INTO v_start_id FROM jsonb_array_elements(v_definition.start_events) WITH ORDINALITY AS e
    WHERE COALESCE(e.value ->> 'type', 'none') = 'none' ORDER BY e.ordinality LIMIT 1;
    v_why_not := CASE
        WHEN v_definition.workflow_id IS NULL AND p_child ->> 'binding' = 'version' THEN
            format('there is no version %s of a process "%s" to call', p_child ->> 'version', p_child ->> 'processKey')
        WHEN v_definition.workflow_id IS NULL THEN format('there is no active process "%s" to call', p_child ->> 'processKey')
        WHEN v_start_id IS NULL THEN format('the process "%s" cannot be called: it has no plain start event', p_child ->> 'processKey')
        WHEN p_caller.call_depth >= 50 THEN 'processes call each other more than 50 deep' END;
    IF v_why_not IS NOT NULL THEN
        RETURN flowable.tell_caller(p_caller.process_instance_id, 'child-ended', p_caller.started_by, jsonb_build_object('status', 'FAILED',
            'elementInstanceId', p_child ->> 'elementInstanceId', 'childId', p_child ->> 'instanceId', 'reason', v_why_not));
    END IF;
    INSERT INTO flowable.process_instances (process_instance_id, workflow_id, case_id, business_key, parent_process_id, super_process_id,
        parent_element_id, call_depth, started_by, started_at, variables, priority, engine_rev, start_event_id)
    VALUES (p_child ->> 'instanceId', v_definition.workflow_id, p_caller.case_id, v_key, p_caller.process_instance_id,
        COALESCE(p_caller.super_process_id, p_caller.process_instance_id), p_child ->> 'elementInstanceId', p_caller.call_depth + 1,
        p_caller.started_by, p_at, COALESCE(p_child -> 'variables', '{}'), p_caller.priority, p_rev::INTEGER, v_start_id);
    v_start := jsonb_build_object('instanceId', p_child ->> 'instanceId', 'processKey', v_definition.process_key,
        'processName', v_definition.process_name, 'definitionVersion', v_definition.process_version,
        'sha256', v_definition.sha256, 'engineRev', p_rev, 'startEventId', v_start_id, 'caseId', COALESCE(p_caller.case_id, 0),
        'caseNumber', COALESCE((SELECT c.case_number FROM onecms.cases c WHERE c.case_id = p_caller.case_id), ''),
        'businessKey', COALESCE(v_key, ''), 'initiator', p_caller.started_by,
        'initiatorRoles', to_jsonb(entitlements.roles_of(p_caller.started_by)), 'priority', p_caller.priority,
        'variables', COALESCE(p_child -> 'variables', '{}'), 'parentInstanceId', p_caller.process_instance_id);
    INSERT INTO flowable.outbox (kind, process_instance_id, payload, created_by, due_at)
    VALUES ('START', p_child ->> 'instanceId', v_start, p_caller.started_by, CURRENT_TIMESTAMP + INTERVAL '2 seconds')
    RETURNING outbox_id INTO v_outbox;
    RETURN jsonb_build_object('outboxId', v_outbox, 'start', v_start);
END $$;

-- The process variables of an instance as one object; NULL if it has none.
CREATE FUNCTION flowable.variables_of(p_instance_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(v.variable_name, v.variable_json) FROM flowable.workflow_variables v
            WHERE v.process_instance_id = p_instance_id AND v.task_id IS NULL);
END $$;

-- Tells the caller of an instance that it has ended, with its variables. Answers the delivery; NULL if there is no caller.
CREATE FUNCTION flowable.child_ended(p_instance flowable.process_instances, p_end JSONB, p_actor TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
BEGIN
    IF p_instance.parent_process_id IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN flowable.tell_caller(p_instance.parent_process_id, 'child-ended', p_actor, jsonb_build_object(
        'elementInstanceId', p_instance.parent_element_id, 'childId', p_instance.process_instance_id,
        'status', p_end -> 'status', 'code', p_end -> 'code', 'reason', p_end -> 'reason',
        'variables', flowable.variables_of(p_instance.process_instance_id)));
END $$;

-- Asks the instances of cancelled call activities to end. Answers the deliveries.
CREATE FUNCTION flowable.cancel_children(p_caller flowable.process_instances, p_ids JSONB, p_actor TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_id         TEXT;
    v_deliveries JSONB := '[]';
BEGIN
    FOR v_id IN
        SELECT i.process_instance_id FROM flowable.process_instances i
        WHERE i.process_instance_id IN (SELECT jsonb_array_elements_text(p_ids)) AND i.parent_process_id = p_caller.process_instance_id
          AND i.status NOT IN ('COMPLETED', 'TERMINATED')
        ORDER BY i.process_instance_id
    LOOP
        v_deliveries := v_deliveries || flowable.accept_command(jsonb_build_object('commandId', gen_random_uuid(), 'kind', 'terminate',
            'instanceId', v_id, 'actorId', p_actor, 'reason', 'the process that called it no longer needs it'), INTERVAL '2 seconds');
    END LOOP;
    RETURN v_deliveries;
END $$;

CREATE FUNCTION flowable.record_task_variables(p_instance_id TEXT, p_variables JSONB) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO flowable.workflow_variables (process_instance_id, task_id, variable_name, variable_type, variable_value, variable_json, updated_by)
    SELECT p_instance_id, v.value ->> 'taskId', v.value ->> 'name',
        CASE jsonb_typeof(v.value -> 'value')
            WHEN 'string' THEN 'STRING' WHEN 'boolean' THEN 'BOOLEAN'
            WHEN 'number' THEN CASE WHEN v.value ->> 'value' ~ '^-?[0-9]{1,18}$' THEN 'INTEGER' ELSE 'JSON' END
            ELSE 'JSON' END,
        CASE WHEN jsonb_typeof(v.value -> 'value') IN ('string', 'boolean', 'number') THEN v.value ->> 'value' END,
        v.value -> 'value', 'SYSTEM'
    FROM jsonb_array_elements(p_variables) AS v
    ON CONFLICT (task_id, variable_name) WHERE task_id IS NOT NULL DO UPDATE
    SET variable_type = EXCLUDED.variable_type, variable_value = EXCLUDED.variable_value, variable_json = EXCLUDED.variable_json;
END $$;

-- Writes what a burst did beyond its own instance (casework.StepEvents). What it throws reaches whoever waits when the
-- burst is over, this instance included. Answers the deliveries.
CREATE FUNCTION flowable.commit_events(p_instance flowable.process_instances, p JSONB, p_command UUID, p_actor TEXT, p_at TIMESTAMPTZ) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_rev        JSONB := COALESCE(p -> 'engineRev', to_jsonb(p_instance.engine_rev));
    v_deliveries JSONB := '[]';
BEGIN
    IF p ? 'unsubscribed' THEN
        PERFORM flowable.close_subscriptions(p_instance.process_instance_id, p -> 'unsubscribed', p_command, p_at);
    END IF;
    IF p ? 'subscribed' THEN
        PERFORM flowable.open_subscriptions(p_instance, p -> 'subscribed', p_at);
    END IF;
    IF p ? 'taskVariables' THEN
        PERFORM flowable.record_task_variables(p_instance.process_instance_id, p -> 'taskVariables');
    END IF;
    IF p ? 'escalations' THEN
        v_deliveries := v_deliveries || COALESCE((
            SELECT jsonb_agg(t.told) FILTER (WHERE t.told IS NOT NULL) FROM (
                SELECT flowable.tell_caller(p_instance.parent_process_id, 'child-escalated', p_actor, jsonb_build_object(
                    'elementInstanceId', p_instance.parent_element_id, 'childId', p_instance.process_instance_id, 'code', e.value,
                    'variables', flowable.variables_of(p_instance.process_instance_id))) AS told
                FROM jsonb_array_elements(p -> 'escalations') WITH ORDINALITY AS e ORDER BY e.ordinality) AS t), '[]');
    END IF;
    IF p ? 'cancelChildren' THEN
        v_deliveries := v_deliveries || flowable.cancel_children(p_instance, p -> 'cancelChildren', p_actor);
    END IF;
    IF p ? 'children' THEN
        v_deliveries := v_deliveries || COALESCE((
            SELECT jsonb_agg(t.started) FILTER (WHERE t.started IS NOT NULL) FROM (
                SELECT flowable.start_child(p_instance, c.value, v_rev, p_at) AS started
                FROM jsonb_array_elements(p -> 'children') WITH ORDINALITY AS c ORDER BY c.ordinality) AS t), '[]');
    END IF;
    IF p ? 'messages' THEN
        v_deliveries := v_deliveries || flowable.route_throws(p_instance, 'message', p -> 'messages', v_rev);
    END IF;
    IF p ? 'signals' THEN
        v_deliveries := v_deliveries || flowable.route_throws(p_instance, 'signal', p -> 'signals', v_rev);
    END IF;
    RETURN v_deliveries;
END $$;

-- The tasks of a step's cancellations that a person has completed first, with a command that comes before the step's own.
CREATE FUNCTION flowable.lost_tasks(p_task_ids JSONB, p_command UUID) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM flowable.workflow_tasks t
    WHERE t.task_id IN (SELECT jsonb_array_elements_text(p_task_ids))
    ORDER BY t.task_id FOR UPDATE;
    -- A statement of its own: it sees what was committed while the one above waited.
    RETURN (
        SELECT jsonb_agg(t.task_id ORDER BY t.task_id) FROM flowable.workflow_tasks t
        WHERE t.task_id IN (SELECT jsonb_array_elements_text(p_task_ids)) AND t.status = 'COMPLETED'
          AND EXISTS (
            SELECT FROM flowable.task_commands c
            WHERE c.task_id = t.task_id AND c.kind = 'complete' AND flowable.comes_first(c.command_id, p_command)));
END $$;
DROP FUNCTION flowable.lost_tasks(JSONB);

-- Frees what a message had taken and did not close, and says of a command that it met nothing.
CREATE FUNCTION flowable.settle_event(p_instance_id TEXT, p_command UUID, p_stale BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE flowable.event_subscriptions s SET taken_by = NULL
    WHERE s.process_instance_id = p_instance_id AND s.taken_by = p_command;
    IF p_stale THEN
        UPDATE flowable.task_commands c SET reason = 'nothing waited for it any more' WHERE c.command_id = p_command;
        UPDATE flowable.event_messages m SET outcome = 'UNMATCHED', reason = 'who waited for it went on first'
        WHERE m.message_id = p_command;
    END IF;
END $$;

-- Creates a user task of an instance and answers where it went. An assignee that is no active user leaves the task
-- open in its queue, on record: nobody else could ever work on it. The
-- task of a called process moves the case of its caller.
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
    WHERE m.process_instance_id = COALESCE(p_instance.super_process_id, p_instance.process_instance_id)
      AND (m.current_department, m.current_phase) IS DISTINCT FROM (v_hop.department, left(v_hop.phase, 255)::VARCHAR);
    IF FOUND THEN
        INSERT INTO onecms.case_routing (case_id, process_instance_id, department, phase, task_id, routed_at)
        VALUES (p_instance.case_id, p_instance.process_instance_id, v_hop.department, left(v_hop.phase, 255), v_task.task_id, p_at);
    END IF;
    RETURN flowable.placed_json(v_task);
END $$;

-- Closes an instance, and with the outermost one its case.
CREATE OR REPLACE FUNCTION flowable.end_instance(p_instance flowable.process_instances, p_end JSONB, p_actor TEXT, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM flowable.cancel_tasks(p_instance.process_instance_id, NULL, p_actor);
    -- Before the commands: a message or signal that is being sent now is rejected with the others, or finds nobody.
    PERFORM flowable.close_subscriptions(p_instance.process_instance_id, NULL, NULL, p_at);
    UPDATE onecms.cases c
    SET status = CASE p_end ->> 'status' WHEN 'COMPLETED' THEN 'CLOSED' ELSE 'CANCELLED' END, closed_at = p_at
    WHERE c.case_id = p_instance.case_id AND p_instance.parent_process_id IS NULL;
    UPDATE onecms.case_workflow_mapping m SET actual_completion = p_at
    WHERE m.process_instance_id = p_instance.process_instance_id;
    UPDATE flowable.task_commands c SET state = 'REJECTED', settled_at = p_at, reason = 'the case has ended'
    WHERE c.process_instance_id = p_instance.process_instance_id AND c.state = 'ACCEPTED';
    DELETE FROM flowable.outbox o WHERE o.process_instance_id = p_instance.process_instance_id;
END $$;

-- Writes what one burst of the engine did, in one transaction (ADR 0003). The same step again answers as it did the first
-- time, and one with another cause, after a crash and a new order of what has come, is told which cause is on record:
-- {"instead": {"cause", "at"}}. A command that is not an accepted one changes nothing: {"refused": true}. A step that would cancel a task which a
-- person has completed first changes nothing either: {"lost": […]}; nor does one that would close a subscription for which a
-- message was accepted first: {"taken": […]}. {"deliveries": […]} is what the step sends to other instances; it is answered
-- the first time only, and in the outbox anyway.
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
    v_deliveries  JSONB := '[]';
BEGIN
    SELECT i.* INTO v_instance FROM flowable.process_instances i WHERE i.process_instance_id = p ->> 'instanceId' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'process instance % is not known', p ->> 'instanceId' USING ERRCODE = 'no_data_found';
    END IF;
    IF v_instance.last_step >= (p ->> 'step')::BIGINT THEN
        SELECT s.* INTO STRICT v_known FROM flowable.commit_steps s
        WHERE s.process_instance_id = v_instance.process_instance_id AND s.step = (p ->> 'step')::BIGINT;
        IF v_known.cause <> p ->> 'cause' THEN
            RETURN v_result || jsonb_build_object('instead', jsonb_build_object('cause', v_known.cause, 'at', v_known.at)
                || CASE WHEN v_known.answer IS NULL THEN '{}' ELSE jsonb_build_object('answer', v_known.answer) END);
        END IF;
        RETURN v_known.result;
    ELSIF v_instance.last_step + 1 < (p ->> 'step')::BIGINT THEN -- as after a restore of this database alone
        RAISE EXCEPTION 'step % of process instance % follows step %, which is not on record: the last one is %',
            p ->> 'step', v_instance.process_instance_id, (p ->> 'step')::BIGINT - 1, v_instance.last_step USING ERRCODE = 'data_corrupted';
    END IF;
    IF jsonb_array_length(COALESCE(p -> 'cancelTasks', '[]')) > 0 THEN
        v_lost := flowable.lost_tasks(p -> 'cancelTasks', v_command);
        IF v_lost IS NOT NULL THEN
            RETURN v_result || jsonb_build_object('lost', v_lost);
        END IF;
    END IF;
    IF p #> '{events,unsubscribed}' IS NOT NULL THEN
        v_lost := flowable.taken_subscriptions(v_instance.process_instance_id, p #> '{events,unsubscribed}', v_command);
        IF v_lost IS NOT NULL THEN
            RETURN v_result || jsonb_build_object('taken', v_lost);
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
    IF p ? 'events' THEN
        v_deliveries := v_deliveries || flowable.commit_events(v_instance, p -> 'events', v_command, v_actor, v_at);
    END IF;
    IF p ? 'stale' OR p ->> 'commandKind' = 'message' THEN
        PERFORM flowable.settle_event(v_instance.process_instance_id, v_command, p ? 'stale');
    END IF;
    IF p ? 'end' THEN
        PERFORM flowable.end_instance(v_instance, p -> 'end', v_actor, v_at);
        v_deliveries := v_deliveries || COALESCE(flowable.child_ended(v_instance, p -> 'end', v_actor), '[]');
    END IF;
    UPDATE flowable.process_instances i
    SET last_step = (p ->> 'step')::BIGINT, start_state = 'STARTED',
        current_activity = ARRAY_TO_STRING(ARRAY(SELECT jsonb_array_elements_text(COALESCE(p -> 'open', '[]'))), ','),
        completed_at = CASE WHEN p ? 'end' THEN v_at END, end_event_id = p #>> '{end,endEventId}', end_reason = p #>> '{end,reason}',
        end_code = left(p #>> '{end,code}', 255),
        status = CASE
            WHEN p ? 'end' THEN p #>> '{end,status}'
            WHEN i.status = 'SUSPENDED' THEN i.status
            WHEN (p ? 'incidents' OR i.status = 'ERROR') AND EXISTS (
                SELECT FROM flowable.incidents c WHERE c.process_instance_id = i.process_instance_id AND c.state = 'OPEN') THEN 'ERROR'
            ELSE 'ACTIVE' END
    WHERE i.process_instance_id = v_instance.process_instance_id;
    INSERT INTO flowable.commit_steps (process_instance_id, step, cause, at, result, answer)
    VALUES (v_instance.process_instance_id, (p ->> 'step')::BIGINT, p ->> 'cause', v_at, v_result, p -> 'answer');
    IF v_deliveries <> '[]' THEN
        RETURN v_result || jsonb_build_object('deliveries', v_deliveries);
    END IF;
    RETURN v_result;
END $$;

-- commit_step, with what somebody who waits for it asks next: answers {"result": …, "next"?: the open tasks that this user
-- sees after it}. Nobody waits where the user is empty.
CREATE OR REPLACE FUNCTION flowable.commit_step_for(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_result JSONB := flowable.commit_step(p);
BEGIN
    IF p_user_id = '' OR v_result ?| '{refused,lost,taken,instead}' THEN
        RETURN jsonb_build_object('result', v_result);
    END IF;
    RETURN jsonb_build_object('result', v_result, 'next', flowable.open_tasks_seen_by(p_user_id, p ->> 'instanceId'));
END $$;

-- Gives a delivery up. To an instance that has ended it is of no use any more: its command is rejected, and that is all.
CREATE FUNCTION flowable.give_up_delivery(p_outbox_id BIGINT, p_reason TEXT) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_command UUID;
BEGIN
    DELETE FROM flowable.outbox o USING flowable.process_instances i
    WHERE o.outbox_id = p_outbox_id AND i.process_instance_id = o.process_instance_id AND i.status IN ('COMPLETED', 'TERMINATED')
    RETURNING o.command_id INTO v_command;
    IF FOUND THEN
        UPDATE flowable.task_commands c SET state = 'REJECTED', settled_at = CURRENT_TIMESTAMP, reason = 'the case has ended'
        WHERE c.command_id = v_command AND c.state = 'ACCEPTED';
        RETURN;
    END IF;
    UPDATE flowable.outbox o SET dead = TRUE, last_error = p_reason WHERE o.outbox_id = p_outbox_id;
END $$;

COMMIT;
