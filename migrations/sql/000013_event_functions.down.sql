BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Stores a case, its process instance and the start of its workflow. p is the request with the definition's row
-- resolved: {"instanceId", "workflowId", "engineRev", "startEventId", "businessKey"?, "title"?, "caseType"?, "severity"?,
-- "priority", "variables"?}. Answers the delivery.
CREATE OR REPLACE FUNCTION flowable.start_case(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_case       onecms.cases;
    v_definition flowable.workflow_definitions;
    v_start      JSONB;
    v_outbox     BIGINT;
BEGIN
    -- The same request again, from a key that a client sent twice, perhaps at once: the case is there, and its start is in
    -- the outbox or done.
    PERFORM pg_advisory_xact_lock(hashtextextended('start:' || (p ->> 'instanceId'), 0));
    SELECT jsonb_build_object('outboxId', 0, 'start', jsonb_build_object('instanceId', i.process_instance_id,
        'caseId', c.case_id, 'caseNumber', c.case_number)) INTO v_start
    FROM flowable.process_instances i JOIN onecms.cases c ON c.case_id = i.case_id
    WHERE i.process_instance_id = p ->> 'instanceId';
    IF FOUND THEN
        RETURN v_start;
    END IF;
    SELECT d.* INTO STRICT v_definition FROM flowable.workflow_definitions d WHERE d.workflow_id = (p ->> 'workflowId')::BIGINT;
    INSERT INTO onecms.cases (title, case_type, severity, priority, created_by)
    VALUES (COALESCE(p ->> 'title', ''), COALESCE(p ->> 'caseType', ''), COALESCE(p ->> 'severity', ''), (p ->> 'priority')::INTEGER, p_user_id)
    RETURNING * INTO STRICT v_case;
    INSERT INTO flowable.process_instances (process_instance_id, workflow_id, case_id, business_key, started_by, variables,
        priority, engine_rev, start_event_id)
    VALUES (p ->> 'instanceId', v_definition.workflow_id, v_case.case_id, p ->> 'businessKey', p_user_id,
        COALESCE(p -> 'variables', '{}'), (p ->> 'priority')::INTEGER, (p ->> 'engineRev')::INTEGER, p ->> 'startEventId');
    INSERT INTO onecms.case_workflow_mapping (case_id, process_instance_id, workflow_type, initiated_by)
    VALUES (v_case.case_id, p ->> 'instanceId', v_definition.process_key, p_user_id);
    v_start := jsonb_build_object('instanceId', p ->> 'instanceId', 'processKey', v_definition.process_key,
        'processName', v_definition.process_name, 'definitionVersion', v_definition.process_version,
        'sha256', v_definition.sha256, 'engineRev', p -> 'engineRev', 'startEventId', p ->> 'startEventId',
        'caseId', v_case.case_id, 'caseNumber', v_case.case_number, 'businessKey', COALESCE(p ->> 'businessKey', ''),
        'initiator', p_user_id, 'initiatorRoles', to_jsonb(entitlements.roles_of(p_user_id)),
        'priority', p -> 'priority', 'variables', COALESCE(p -> 'variables', '{}'));
    INSERT INTO flowable.outbox (kind, process_instance_id, payload, created_by, due_at)
    VALUES ('START', p ->> 'instanceId', v_start, p_user_id, CURRENT_TIMESTAMP + INTERVAL '2 seconds')
    RETURNING outbox_id INTO v_outbox;
    RETURN jsonb_build_object('outboxId', v_outbox, 'start', v_start);
END $$;

DROP FUNCTION flowable.send_signal, flowable.send_message, flowable.broadcast_signal, flowable.record_message, flowable.route_message,
    flowable.deliver_message, flowable.starts_of;

COMMIT;
