BEGIN;
SET LOCAL ROLE nextgen_owner;

-- The start events of active definitions that a trigger of a type and a name has.
CREATE FUNCTION flowable.starts_of(p_type TEXT, p_trigger TEXT)
    RETURNS TABLE (workflow_id BIGINT, process_key VARCHAR(255), start_event_id TEXT)
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT d.workflow_id, d.process_key, e.value ->> 'id'
    FROM flowable.workflow_definitions d CROSS JOIN LATERAL jsonb_array_elements(d.start_events) AS e
    WHERE d.is_active AND d.start_events @> jsonb_build_array(jsonb_build_object('type', p_type, 'trigger', p_trigger))
      AND e.value ->> 'type' = p_type AND e.value ->> 'trigger' = p_trigger
    ORDER BY d.process_key, e.value ->> 'id';
END $$;

-- Gives a message to one subscription: of those that match, one that asks for its correlation key before one that takes
-- any, then one of the thrower's own case, then the oldest. Answers the delivery; NULL if nobody waits.
CREATE FUNCTION flowable.deliver_message(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_candidate RECORD;
    v_sub       flowable.event_subscriptions;
    v_delivery  JSONB;
BEGIN
    FOR v_candidate IN
        SELECT s.process_instance_id, s.subscription_id FROM flowable.event_subscriptions s
        WHERE s.kind = 'message' AND s.event_name = p ->> 'name' AND (s.repeats OR s.taken_by IS NULL)
          AND (NOT p ? 'instanceId' OR s.process_instance_id = p ->> 'instanceId')
          AND (NOT p ? 'businessKey' OR s.business_key = p ->> 'businessKey')
          AND s.correlation_key IN ('', COALESCE(p ->> 'correlation', ''))
        ORDER BY s.correlation_key = '', s.case_id IS DISTINCT FROM (p ->> 'caseId')::BIGINT, s.seq
        LIMIT 100
    LOOP
        -- A statement of its own looks at the row as it is once nobody else holds it.
        SELECT s.* INTO v_sub FROM flowable.event_subscriptions s
        WHERE s.process_instance_id = v_candidate.process_instance_id AND s.subscription_id = v_candidate.subscription_id
        FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND OR (v_sub.taken_by IS NOT NULL AND NOT v_sub.repeats);
        v_delivery := flowable.accept_command(jsonb_build_object('commandId', p ->> 'id', 'kind', 'message',
            'instanceId', v_sub.process_instance_id, 'subscriptionId', v_sub.subscription_id, 'name', p ->> 'name',
            'actorId', p_user_id, 'variables', p -> 'variables'), INTERVAL '2 seconds');
        UPDATE flowable.event_subscriptions s SET taken_by = (p ->> 'id')::UUID
        WHERE s.process_instance_id = v_sub.process_instance_id AND s.subscription_id = v_sub.subscription_id;
        RETURN v_delivery;
    END LOOP;
    RETURN NULL;
END $$;

-- Routes a message to one receiver: a subscription, else a message start event of an active definition, which begins a
-- case. p is {"id", "name", "instanceId"?, "businessKey"?, "correlation"?, "variables"?, "engineRev", "caseId"?}. Answers
-- {"outcome", "delivery"?, "processes"?}: UNMATCHED when nobody waits, with the processes if several begin with it, for
-- then nothing says which is meant.
CREATE FUNCTION flowable.route_message(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_delivery JSONB := flowable.deliver_message(p, p_user_id);
    v_starts   JSONB;
BEGIN
    IF v_delivery IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'DELIVERED', 'delivery', v_delivery);
    ELSIF p ? 'instanceId' THEN
        RETURN '{"outcome": "UNMATCHED"}';
    END IF;
    SELECT jsonb_agg(to_jsonb(s)) INTO v_starts FROM flowable.starts_of('message', p ->> 'name') AS s;
    IF v_starts IS NULL THEN
        RETURN '{"outcome": "UNMATCHED"}';
    ELSIF jsonb_array_length(v_starts) > 1 THEN
        RETURN jsonb_build_object('outcome', 'UNMATCHED', 'processes', (SELECT jsonb_agg(DISTINCT s.value -> 'process_key') FROM jsonb_array_elements(v_starts) AS s));
    END IF;
    RETURN jsonb_build_object('outcome', 'STARTED', 'delivery', flowable.start_case(jsonb_strip_nulls(jsonb_build_object(
        'instanceId', p ->> 'id', 'workflowId', v_starts -> 0 -> 'workflow_id', 'engineRev', p -> 'engineRev',
        'startEventId', v_starts -> 0 -> 'start_event_id', 'trigger', p ->> 'name', 'businessKey', p -> 'businessKey'))
        || CASE WHEN p ? 'variables' THEN jsonb_build_object('variables', p -> 'variables') ELSE '{}' END, p_user_id));
END $$;

-- Puts a message or signal on record. p_thrower is the instance that threw it, NULL from outside.
CREATE FUNCTION flowable.record_message(p_kind TEXT, p JSONB, p_routed JSONB, p_user_id TEXT, p_thrower TEXT) RETURNS VOID
    LANGUAGE sql
AS $$
    INSERT INTO flowable.event_messages (message_id, kind, event_name, correlation_key, business_key, thrown_by, process_instance_id,
        outcome, receiver_id, receivers, variables, reason)
    VALUES ((p ->> 'id')::UUID, p_kind, left(p ->> 'name', 255), left(COALESCE(p ->> 'correlation', ''), 255), p ->> 'businessKey', p_user_id, p_thrower,
        p_routed ->> 'outcome',
        COALESCE(p_routed #>> '{delivery,command,instanceId}', p_routed #>> '{delivery,start,instanceId}'),
        COALESCE((p_routed ->> 'receivers')::INTEGER, (p_routed ? 'delivery')::INTEGER),
        CASE WHEN p_routed ->> 'outcome' = 'UNMATCHED' THEN p -> 'variables' END,
        CASE WHEN p_routed ? 'reason' THEN p_routed ->> 'reason'
             WHEN p_routed ? 'processes' THEN 'several processes begin with it'
             WHEN p_routed ->> 'outcome' = 'UNMATCHED' THEN 'nobody waited for it' END)
$$;

-- Tells a signal to every other instance that waits for it, and begins a case of every active definition that starts with
-- it. p is {"id", "name", "variables"?, "engineRev"}. Answers {"outcome", "receivers", "deliveries"}.
CREATE FUNCTION flowable.broadcast_signal(p JSONB, p_user_id TEXT, p_thrower TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_instance   TEXT;
    v_start      RECORD;
    v_receivers  INTEGER := 0;
    v_deliveries JSONB[] := '{}';
BEGIN
    -- Locked, so that an instance that ends now either ends first and is left out, or rejects the command with the others.
    PERFORM FROM flowable.event_subscriptions s
    WHERE s.kind = 'signal' AND s.event_name = p ->> 'name' AND s.process_instance_id IS DISTINCT FROM p_thrower
    ORDER BY s.process_instance_id, s.subscription_id FOR KEY SHARE;
    FOR v_instance IN
        SELECT DISTINCT s.process_instance_id FROM flowable.event_subscriptions s
        WHERE s.kind = 'signal' AND s.event_name = p ->> 'name' AND s.process_instance_id IS DISTINCT FROM p_thrower
        ORDER BY s.process_instance_id
    LOOP
        v_receivers := v_receivers + 1;
        v_deliveries := array_append(v_deliveries, flowable.accept_command(jsonb_build_object(
            'commandId', md5((p ->> 'id') || '/' || v_instance)::UUID, 'kind', 'signal', 'instanceId', v_instance,
            'name', p ->> 'name', 'actorId', p_user_id, 'variables', p -> 'variables'), INTERVAL '2 seconds'));
    END LOOP;
    FOR v_start IN SELECT s.* FROM flowable.starts_of('signal', p ->> 'name') AS s LOOP
        v_deliveries := array_append(v_deliveries, flowable.start_case(jsonb_build_object(
            'instanceId', md5((p ->> 'id') || '/' || v_start.workflow_id || '/' || v_start.start_event_id)::UUID,
            'workflowId', v_start.workflow_id, 'engineRev', p -> 'engineRev', 'startEventId', v_start.start_event_id,
            'trigger', p ->> 'name') || CASE WHEN p ? 'variables' THEN jsonb_build_object('variables', p -> 'variables') ELSE '{}' END, p_user_id));
    END LOOP;
    RETURN jsonb_build_object('outcome', CASE WHEN v_deliveries = '{}' THEN 'UNMATCHED' ELSE 'BROADCAST' END,
        'receivers', v_receivers, 'deliveries', to_jsonb(v_deliveries));
END $$;

-- Sends a message from outside. Answers {"message": {"outcome", "processInstanceId", "caseId"?, "caseNumber"?}, "delivery"?}, the
-- case where one was started, or a refusal.
CREATE FUNCTION flowable.send_message(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_known  flowable.event_messages;
    v_routed JSONB;
BEGIN
    IF NOT entitlements.caller_may('operate') THEN
        RETURN '{"refused": "forbidden", "rule": "operate"}';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('message:' || (p ->> 'id'), 0));
    SELECT m.* INTO v_known FROM flowable.event_messages m WHERE m.message_id = (p ->> 'id')::UUID;
    IF FOUND THEN -- the same request again
        RETURN jsonb_build_object('message', jsonb_build_object('outcome', v_known.outcome, 'processInstanceId', v_known.receiver_id)
            || COALESCE((SELECT jsonb_build_object('caseId', c.case_id, 'caseNumber', c.case_number)
                FROM flowable.process_instances i JOIN onecms.cases c ON c.case_id = i.case_id
                WHERE i.process_instance_id = v_known.receiver_id AND v_known.outcome = 'STARTED'), '{}'));
    END IF;
    v_routed := flowable.route_message(p, p_user_id);
    IF v_routed ->> 'outcome' = 'UNMATCHED' THEN
        RETURN jsonb_build_object('refused', CASE WHEN v_routed ? 'processes' THEN 'conflict' ELSE 'not-found' END,
            'rule', 'message', 'processes', v_routed -> 'processes');
    END IF;
    PERFORM flowable.record_message('message', p, v_routed, p_user_id, NULL);
    RETURN jsonb_build_object('delivery', v_routed -> 'delivery', 'message', jsonb_strip_nulls(jsonb_build_object(
        'outcome', v_routed ->> 'outcome',
        'processInstanceId', COALESCE(v_routed #> '{delivery,command,instanceId}', v_routed #> '{delivery,start,instanceId}'),
        'caseId', v_routed #> '{delivery,start,caseId}', 'caseNumber', v_routed #> '{delivery,start,caseNumber}')));
END $$;

-- Sends a signal from outside. Answers {"receivers", "deliveries"} or a refusal; again, how many there were the first time.
CREATE FUNCTION flowable.send_signal(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_receivers INTEGER;
    v_routed    JSONB;
BEGIN
    IF NOT entitlements.caller_may('operate') THEN
        RETURN '{"refused": "forbidden", "rule": "operate"}';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('message:' || (p ->> 'id'), 0));
    SELECT m.receivers INTO v_receivers FROM flowable.event_messages m WHERE m.message_id = (p ->> 'id')::UUID;
    IF FOUND THEN
        RETURN jsonb_build_object('receivers', v_receivers, 'deliveries', '[]'::JSONB);
    END IF;
    v_routed := flowable.broadcast_signal(p, p_user_id, NULL);
    PERFORM flowable.record_message('signal', p, v_routed, p_user_id, NULL);
    RETURN v_routed;
END $$;

COMMIT;
