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

-- Whether variables are more than one delivery may carry: Temporal takes 2 MiB, and JSON may get longer on its way.
CREATE FUNCTION flowable.too_large(p_variables JSONB) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE
AS $$ SELECT COALESCE(octet_length(p_variables::TEXT) > 1048576, FALSE) $$;

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
        IF flowable.too_large(v_throw -> 'variables') THEN
            v_routed := '{"outcome": "UNMATCHED", "reason": "it carries more than 1 MiB of variables"}';
        ELSIF p_kind = 'message' THEN
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

-- Starts an instance for a call activity: its row and its start, in the case of its caller, and suspended where that is. Where
-- there is nothing to start the caller is told so at once, and raises an incident. Answers the delivery.
CREATE FUNCTION flowable.start_child(p_caller flowable.process_instances, p_child JSONB, p_rev JSONB, p_at TIMESTAMPTZ) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_definition flowable.workflow_definitions := flowable.called_definition(p_caller, p_child);
    v_suspended  BOOLEAN := p_caller.status = 'SUSPENDED';
    v_start_id   TEXT;
    v_start      JSONB;
    v_key        TEXT := left(COALESCE(p_child ->> 'businessKey', CASE WHEN p_child ->> 'inheritKey' = 'true' THEN p_caller.business_key END), 255);
    v_why_not    TEXT;
    v_clock      RECORD;
    v_outbox     BIGINT;
BEGIN
    SELECT e.value ->> 'id' INTO v_start_id FROM jsonb_array_elements(v_definition.start_events) WITH ORDINALITY AS e
    WHERE COALESCE(e.value ->> 'type', 'none') = 'none' ORDER BY e.ordinality LIMIT 1;
    v_why_not := CASE
        WHEN v_definition.workflow_id IS NULL AND p_child ->> 'binding' = 'version' THEN
            format('there is no version %s of a process "%s" to call', p_child ->> 'version', p_child ->> 'processKey')
        WHEN v_definition.workflow_id IS NULL THEN format('there is no active process "%s" to call', p_child ->> 'processKey')
        WHEN v_start_id IS NULL THEN format('the process "%s" cannot be called: it has no plain start event', p_child ->> 'processKey')
        WHEN p_caller.call_depth >= 50 THEN 'processes call each other more than 50 deep'
        WHEN flowable.too_large(p_child -> 'variables') THEN format('more than 1 MiB of variables cannot be handed to the process "%s"', p_child ->> 'processKey') END;
    IF v_why_not IS NOT NULL THEN
        RETURN flowable.tell_caller(p_caller.process_instance_id, 'child-ended', p_caller.started_by, jsonb_build_object('status', 'FAILED',
            'elementInstanceId', p_child ->> 'elementInstanceId', 'childId', p_child ->> 'instanceId', 'reason', v_why_not));
    END IF;
    SELECT c.* INTO v_clock FROM flowable.new_process_clock(v_definition.sla_config, p_at) AS c;
    INSERT INTO flowable.process_instances (process_instance_id, workflow_id, case_id, business_key, parent_process_id, super_process_id,
        parent_element_id, call_depth, started_by, started_at, variables, priority, engine_rev, start_event_id,
        sla_seconds, sla_calendar, sla_due_date, sla_next_at, status, suspended_at)
    VALUES (p_child ->> 'instanceId', v_definition.workflow_id, p_caller.case_id, v_key, p_caller.process_instance_id,
        COALESCE(p_caller.super_process_id, p_caller.process_instance_id), p_child ->> 'elementInstanceId', p_caller.call_depth + 1,
        p_caller.started_by, p_at, COALESCE(p_child -> 'variables', '{}'), p_caller.priority, p_rev::INTEGER, v_start_id,
        v_clock.sla_seconds, v_clock.sla_calendar, v_clock.sla_due_date, CASE WHEN NOT v_suspended THEN v_clock.sla_next_at END,
        CASE WHEN v_suspended THEN 'SUSPENDED' ELSE 'ACTIVE' END, CASE WHEN v_suspended THEN greatest(p_caller.suspended_at, p_at) END);
    PERFORM flowable.use_values(p_child ->> 'instanceId', COALESCE(p_child -> 'variables', '{}'));
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

-- The process variables of an instance as one object, the large ones by reference; NULL if it has none.
CREATE FUNCTION flowable.variables_of(p_instance_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT jsonb_object_agg(v.variable_name, CASE WHEN v.large_value IS NULL THEN v.variable_json ELSE
                jsonb_build_object('$large', jsonb_build_object('sha256', v.large_value, 'size', l.size)) END)
            FROM flowable.workflow_variables v LEFT JOIN flowable.large_values l ON l.sha256 = v.large_value
            WHERE v.process_instance_id = p_instance_id AND v.task_id IS NULL);
END $$;

-- Tells the caller of an instance that it has ended, with its variables; where those are too many to be handed over, that it
-- has failed, so that the caller raises an incident. Answers the delivery; NULL if there is no caller.
CREATE FUNCTION flowable.child_ended(p_instance flowable.process_instances, p_end JSONB, p_actor TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_variables JSONB;
BEGIN
    IF p_instance.parent_process_id IS NULL THEN
        RETURN NULL;
    END IF;
    v_variables := flowable.pack_variables(flowable.variables_of(p_instance.process_instance_id), p_instance.process_instance_id);
    IF flowable.too_large(v_variables) THEN
        RETURN flowable.tell_caller(p_instance.parent_process_id, 'child-ended', p_actor, jsonb_build_object('status', 'FAILED',
            'elementInstanceId', p_instance.parent_element_id, 'childId', p_instance.process_instance_id,
            'reason', 'it ended with more than 1 MiB of variables, which cannot be handed over'));
    END IF;
    RETURN flowable.tell_caller(p_instance.parent_process_id, 'child-ended', p_actor, jsonb_build_object(
        'elementInstanceId', p_instance.parent_element_id, 'childId', p_instance.process_instance_id,
        'status', p_end -> 'status', 'code', p_end -> 'code', 'reason', p_end -> 'reason', 'variables', v_variables));
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
    INSERT INTO flowable.workflow_variables (process_instance_id, task_id, variable_name, variable_type, variable_value, variable_json, large_value,
        updated_by)
    SELECT p_instance_id, v.value ->> 'taskId', v.value ->> 'name',
        CASE jsonb_typeof(v.value -> 'value')
            WHEN 'string' THEN 'STRING' WHEN 'boolean' THEN 'BOOLEAN'
            WHEN 'number' THEN CASE WHEN v.value ->> 'value' ~ '^-?[0-9]{1,18}$' THEN 'INTEGER' ELSE 'JSON' END
            ELSE 'JSON' END,
        CASE WHEN jsonb_typeof(v.value -> 'value') IN ('string', 'boolean', 'number') THEN v.value ->> 'value' END,
        CASE WHEN flowable.reference_of(v.value -> 'value') IS NULL THEN v.value -> 'value' END,
        flowable.reference_of(v.value -> 'value'), 'SYSTEM'
    FROM jsonb_array_elements(p_variables) AS v
    ON CONFLICT (task_id, variable_name) WHERE task_id IS NOT NULL DO UPDATE
    SET variable_type = EXCLUDED.variable_type, variable_value = EXCLUDED.variable_value, variable_json = EXCLUDED.variable_json,
        large_value = EXCLUDED.large_value;
END $$;

-- Writes what a burst did beyond its own instance (casework.StepEvents). What it throws reaches whoever waits when the
-- burst is over, this instance included. Answers the deliveries.
CREATE FUNCTION flowable.commit_events(p_instance flowable.process_instances, p JSONB, p_command UUID, p_actor TEXT, p_at TIMESTAMPTZ) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_rev        JSONB := COALESCE(p -> 'engineRev', to_jsonb(p_instance.engine_rev));
    v_variables  JSONB;
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
        v_variables := flowable.pack_variables(flowable.variables_of(p_instance.process_instance_id), p_instance.process_instance_id);
        IF flowable.too_large(v_variables) THEN
            v_variables := NULL;
        END IF;
        v_deliveries := v_deliveries || COALESCE((
            SELECT jsonb_agg(t.told) FILTER (WHERE t.told IS NOT NULL) FROM (
                SELECT flowable.tell_caller(p_instance.parent_process_id, 'child-escalated', p_actor, jsonb_build_object(
                    'elementInstanceId', p_instance.parent_element_id, 'childId', p_instance.process_instance_id, 'code', e.value,
                    'variables', v_variables)) AS told
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
        IF p_instance.status = 'SUSPENDED' THEN -- the step was under way
            v_deliveries := v_deliveries || COALESCE((
                SELECT jsonb_agg(flowable.accept_command(jsonb_build_object('commandId', gen_random_uuid(), 'kind', 'suspend',
                    'instanceId', i.process_instance_id, 'actorId', 'SYSTEM'), INTERVAL '2 seconds') ORDER BY c.ordinality)
                FROM jsonb_array_elements(p -> 'children') WITH ORDINALITY AS c
                JOIN flowable.process_instances i ON i.process_instance_id = c.value ->> 'instanceId'), '[]');
        END IF;
    END IF;
    IF p ? 'messages' THEN
        v_deliveries := v_deliveries || flowable.route_throws(p_instance, 'message', p -> 'messages', v_rev);
    END IF;
    IF p ? 'signals' THEN
        v_deliveries := v_deliveries || flowable.route_throws(p_instance, 'signal', p -> 'signals', v_rev);
    END IF;
    RETURN v_deliveries;
END $$;

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

COMMIT;
