BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Where a task is and when its next level is due, as the workflow learns it.
CREATE FUNCTION flowable.placed_json(t flowable.workflow_tasks) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('taskId', t.task_id, 'queueName', t.queue_name, 'assignee', t.assignee_id,
        'status', t.status, 'dueDate', t.due_date, 'level', t.escalation_level, 'claimDue', t.claim_due_date, 'pausedAt', t.paused_at,
        'escalateAt', CASE WHEN t.status NOT IN ('COMPLETED', 'CANCELLED') THEN t.escalate_at END))
$$;

-- The queue of a new task: the one that the model names, of its first candidate group that has one, of its lane, by the
-- rules of its definition, else the default. A queue that is not there or switched off is passed over, but for the
-- default. A queue with rules of its own hands on, to each queue once. Answers why as well, and from where it was handed on.
CREATE FUNCTION flowable.queue_for(p_instance flowable.process_instances, p_case onecms.cases, p_rules JSONB, n JSONB,
    OUT queue flowable.workflow_queues, OUT routed_by TEXT, OUT handed_on TEXT[])
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_found RECORD;
    v_facts JSONB;
    v_next  TEXT;
BEGIN
    SELECT q AS queue, route.rule INTO v_found FROM (
        SELECT 0 AS rank, 0 AS place, n ->> 'queue' AS queue_name, 'model' AS rule
        UNION ALL
        SELECT 1, g.ordinality, r.queue_name, 'role'
        FROM jsonb_array_elements_text(COALESCE(n -> 'candidateGroups', '[]')) WITH ORDINALITY AS g
        JOIN entitlements.workflow_roles r ON r.role_code = g.value
        UNION ALL SELECT 2, 0, n ->> 'lane', 'lane') AS route
    JOIN flowable.workflow_queues q ON q.queue_name = route.queue_name AND q.is_active
    ORDER BY route.rank, route.place
    LIMIT 1;
    IF NOT FOUND AND p_rules <> '{}' THEN
        v_facts := flowable.routing_facts(p_instance, p_case, p_rules, n);
        v_next := flowable.queue_by_rules(p_rules, v_facts, '{}');
        SELECT q AS queue, 'definition' AS rule INTO v_found FROM flowable.workflow_queues q WHERE q.queue_name = v_next;
    END IF;
    IF NOT FOUND THEN
        SELECT q AS queue, 'default' AS rule INTO STRICT v_found FROM flowable.workflow_queues q WHERE q.queue_name = 'default-queue';
    END IF;
    queue := v_found.queue;
    routed_by := v_found.rule;
    WHILE queue.routing_rules <> '{}' LOOP
        v_facts := flowable.routing_facts(p_instance, p_case, queue.routing_rules, n);
        v_next := flowable.queue_by_rules(queue.routing_rules, v_facts, handed_on || queue.queue_name::TEXT);
        EXIT WHEN v_next IS NULL;
        handed_on := handed_on || queue.queue_name::TEXT;
        SELECT q.* INTO STRICT queue FROM flowable.workflow_queues q WHERE q.queue_name = v_next;
    END LOOP;
END $$;

-- The priority of a new task: the one evaluated for it, as far as a priority goes, else that of its instance.
CREATE FUNCTION flowable.priority_of(p_instance flowable.process_instances, n JSONB) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE
AS $$ SELECT least(greatest(COALESCE((n ->> 'priority')::NUMERIC, p_instance.priority), -1000000), 1000000)::INTEGER $$;

-- The candidates that the model names in a member of a new task. A name is cut at 255 characters: no role or user has one so
-- long, and an index takes no entry of any length.
CREATE FUNCTION flowable.candidates_of(p_names JSONB) RETURNS TEXT[]
    LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_names TEXT[] := '{}';
BEGIN
    FOR i IN 0 .. COALESCE(jsonb_array_length(p_names), 0) - 1 LOOP
        v_names := v_names || left(p_names ->> i, 255);
    END LOOP;
    RETURN v_names;
END $$;

-- What is to be said of a new task whose model names something that is not there.
CREATE FUNCTION flowable.placing_comment(n JSONB, p_queue TEXT, p_assignee TEXT, p_rule TEXT, p_of_clocks TEXT) RETURNS TEXT
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN NULLIF(concat_ws(' ',
        CASE WHEN p_assignee IS NULL AND n ? 'assignee' THEN
            'The assignee ' || quote_literal(n ->> 'assignee') || CASE WHEN p_rule IS NULL THEN ' is no active user' ELSE
                ' may not hold it by the rule ' || p_rule END || ': the task is offered in its queue.' END,
        CASE WHEN n ->> 'queue' <> p_queue AND NOT EXISTS (
            SELECT FROM flowable.workflow_queues q WHERE q.queue_name = n ->> 'queue' AND q.is_active) THEN
            'The queue ' || quote_literal(n ->> 'queue') || ' that the model names is not there or switched off: the next rule has chosen.' END,
        (SELECT 'Names of candidates longer than 255 characters were cut: ' || string_agg(quote_literal(left(c.name, 40) || '…'), ', ') || '.'
         FROM jsonb_array_elements_text(COALESCE(n -> 'candidateGroups', '[]') || COALESCE(n -> 'candidateUsers', '[]')) AS c (name)
         WHERE length(c.name) > 255),
        p_of_clocks), '');
END $$;

-- Brings a case to the department of a task's queue and to a phase, and keeps the hop. p_outermost is the instance that runs the
-- case.
CREATE FUNCTION onecms.follow_task(t flowable.workflow_tasks, p_outermost TEXT, p_phase TEXT, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_department TEXT;
BEGIN
    SELECT d.department_code INTO v_department FROM flowable.workflow_queues q
    JOIN entitlements.departments d ON d.department_id = q.department_id WHERE q.queue_name = t.queue_name;
    UPDATE onecms.case_workflow_mapping m SET current_department = v_department, current_phase = left(p_phase, 255)
    WHERE m.process_instance_id = p_outermost
      AND (m.current_department, m.current_phase) IS DISTINCT FROM (v_department::VARCHAR, left(p_phase, 255)::VARCHAR);
    IF FOUND THEN
        INSERT INTO onecms.case_routing (case_id, process_instance_id, department, phase, task_id, routed_at)
        VALUES (t.case_id, t.process_instance_id, v_department, left(p_phase, 255), t.task_id, p_at);
    END IF;
END $$;

-- Creates a user task of an instance and answers where it went. An assignee that is no active user, may not hold the task
-- (may_hold), or holds as many of the queue as they may, leaves it open in its queue, on record: nobody else could ever work
-- on it. commit_step has serialized their claims. The task of a called process moves
-- the case of its caller.
CREATE FUNCTION flowable.place_task(p_instance flowable.process_instances, p_case onecms.cases, p_key TEXT, p_rules JSONB, n JSONB,
    p_at TIMESTAMPTZ) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_route    RECORD;
    v_queue    flowable.workflow_queues;
    v_task     flowable.workflow_tasks;
    v_assignee TEXT;
    v_rule     TEXT;
    v_clocks   RECORD;
BEGIN
    SELECT r.* INTO v_route FROM flowable.queue_for(p_instance, p_case, p_rules, n) AS r;
    v_queue := v_route.queue;
    SELECT u.user_id INTO v_assignee FROM entitlements.users u WHERE u.user_id = n ->> 'assignee' AND u.is_active;
    IF v_assignee IS NOT NULL AND n ?| '{fourEyesOf,skills}' THEN
        v_task.process_instance_id := p_instance.process_instance_id;
        v_task.case_id := p_instance.case_id;
        v_task.queue_name := v_queue.queue_name;
        v_task.four_eyes_of := ARRAY(SELECT jsonb_array_elements_text(COALESCE(n -> 'fourEyesOf', '[]')));
        v_task.required_skills := ARRAY(SELECT jsonb_array_elements_text(COALESCE(n -> 'skills', '[]')));
        v_rule := flowable.may_hold(v_task, v_assignee);
        v_assignee := CASE WHEN v_rule IS NULL THEN v_assignee END;
    END IF;
    IF v_assignee IS NOT NULL AND flowable.room_for(v_assignee, entitlements.roles_of(v_assignee), v_queue.queue_name) <= 0 THEN
        v_rule := 'max-tasks-per-user';
        v_assignee := NULL;
    END IF;
    SELECT c.* INTO v_clocks FROM flowable.new_clocks(n, v_queue, p_at, v_assignee IS NOT NULL) AS c;
    INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, assignee_id,
        candidate_groups, candidate_users, priority, status, form_key, created_at, claimed_at, claimed_by, due_date,
        element_instance_id, case_id, case_number, process_key, required_skills, four_eyes_of, severity,
        is_suspended, paused_at, calendar_name, complete_seconds, claim_seconds, claim_due_date, offered_at)
    VALUES (n ->> 'taskId', p_instance.process_instance_id, n ->> 'definitionKey', left(n ->> 'name', 500), v_queue.queue_name, v_assignee,
        flowable.candidates_of(n -> 'candidateGroups'), flowable.candidates_of(n -> 'candidateUsers'),
        flowable.priority_of(p_instance, n),
        CASE WHEN v_assignee IS NULL THEN 'OPEN' ELSE 'CLAIMED' END, left(n ->> 'formKey', 255), p_at,
        CASE WHEN v_assignee IS NOT NULL THEN p_at END, v_assignee,
        v_clocks.due_date,
        n ->> 'elementInstanceId', p_instance.case_id, p_case.case_number, p_key,
        ARRAY(SELECT jsonb_array_elements_text(COALESCE(n -> 'skills', '[]'))),
        ARRAY(SELECT jsonb_array_elements_text(COALESCE(n -> 'fourEyesOf', '[]'))), COALESCE(p_case.severity, ''),
        p_instance.status = 'SUSPENDED', CASE WHEN p_instance.status = 'SUSPENDED' THEN p_instance.suspended_at END,
        v_clocks.calendar_name, v_clocks.complete_seconds, v_clocks.claim_seconds, v_clocks.claim_due_date, p_at)
    RETURNING * INTO STRICT v_task;
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, new_status, new_assignee, comments, action_data)
    VALUES (v_task.task_id, v_task.process_instance_id, 'CREATE', 'SYSTEM', v_task.status, v_assignee,
        flowable.placing_comment(n, v_queue.queue_name, v_assignee, v_rule, v_clocks.remark),
        jsonb_strip_nulls(jsonb_build_object('routedBy', v_route.routed_by, 'handedOnFrom', v_route.handed_on)));
    PERFORM onecms.follow_task(v_task, COALESCE(p_instance.super_process_id, p_instance.process_instance_id),
        COALESCE(NULLIF(n ->> 'lane', ''), n ->> 'definitionKey'), p_at);
    RETURN flowable.placed_json(v_task);
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

CREATE FUNCTION flowable.cancel_tasks(p_instance_id TEXT, p_task_ids JSONB, p_actor TEXT) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    WITH old AS (
        SELECT t.task_id, t.status, t.assignee_id FROM flowable.workflow_tasks t
        WHERE t.process_instance_id = p_instance_id AND t.status NOT IN ('COMPLETED', 'CANCELLED')
          AND (p_task_ids IS NULL OR t.task_id IN (SELECT jsonb_array_elements_text(p_task_ids)))
        ORDER BY t.task_id FOR UPDATE),
    cancelled AS (
        UPDATE flowable.workflow_tasks t SET status = 'CANCELLED', is_suspended = FALSE, version = t.version + 1
        FROM old WHERE t.task_id = old.task_id
        RETURNING t.task_id)
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, old_assignee)
    SELECT old.task_id, p_instance_id, 'CANCEL', p_actor, old.status, 'CANCELLED', old.assignee_id
    FROM old JOIN cancelled ON cancelled.task_id = old.task_id;
END $$;

-- Each change is about another element instance: one with a type was entered in this step, and perhaps left as well.
CREATE FUNCTION flowable.record_activities(p_instance_id TEXT, p_activities JSONB, p_at TIMESTAMPTZ) RETURNS VOID
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

CREATE FUNCTION flowable.record_variables(p_instance_id TEXT, p_variables JSONB, p_actor TEXT) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO flowable.workflow_variables (process_instance_id, variable_name, variable_type, variable_value, variable_json, large_value, updated_by)
    SELECT p_instance_id, v.value ->> 'name',
        CASE jsonb_typeof(v.value -> 'value')
            WHEN 'string' THEN 'STRING' WHEN 'boolean' THEN 'BOOLEAN'
            WHEN 'number' THEN CASE WHEN v.value ->> 'value' ~ '^-?[0-9]{1,18}$' THEN 'INTEGER' ELSE 'JSON' END
            ELSE 'JSON' END,
        CASE WHEN jsonb_typeof(v.value -> 'value') IN ('string', 'boolean', 'number') THEN v.value ->> 'value' END,
        CASE WHEN flowable.reference_of(v.value -> 'value') IS NULL THEN v.value -> 'value' END,
        flowable.reference_of(v.value -> 'value'), p_actor
    FROM jsonb_array_elements(p_variables) AS v
    ON CONFLICT (process_instance_id, variable_name) WHERE task_id IS NULL DO UPDATE
    SET variable_type = EXCLUDED.variable_type, variable_value = EXCLUDED.variable_value,
        variable_json = EXCLUDED.variable_json, large_value = EXCLUDED.large_value, updated_by = EXCLUDED.updated_by;
END $$;

CREATE FUNCTION flowable.record_incidents(p_instance_id TEXT, p_incidents JSONB, p_actor TEXT, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_change JSONB;
BEGIN
    FOR v_change IN SELECT value FROM jsonb_array_elements(p_incidents) WITH ORDINALITY ORDER BY ordinality LOOP
        IF v_change ->> 'resolved' = 'true' THEN
            UPDATE flowable.incidents i SET state = 'RESOLVED', resolved_at = p_at, resolved_by = p_actor
            WHERE i.process_instance_id = p_instance_id AND i.incident_id = v_change ->> 'incidentId';
        ELSE
            INSERT INTO flowable.incidents AS i (process_instance_id, incident_id, activity_id, kind, message, resolvable, created_at)
            VALUES (p_instance_id, v_change ->> 'incidentId', v_change ->> 'activityId', v_change ->> 'kind', v_change ->> 'message',
                v_change ? 'resolvable', p_at)
            ON CONFLICT (process_instance_id, incident_id) DO UPDATE
            SET state = 'OPEN', kind = EXCLUDED.kind, message = EXCLUDED.message, resolvable = EXCLUDED.resolvable, created_at = EXCLUDED.created_at,
                resolved_at = NULL, resolved_by = NULL, occurrences = i.occurrences + 1;
        END IF;
    END LOOP;
END $$;

-- Closes an instance, and with the outermost one its case.
CREATE FUNCTION flowable.end_instance(p_instance flowable.process_instances, p_end JSONB, p_actor TEXT, p_at TIMESTAMPTZ) RETURNS VOID
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
    -- The deliveries first: of a command that is accepted in between, the delivery is left and is given up later. The other
    -- way round a command could stay accepted that nothing delivers.
    DELETE FROM flowable.outbox o WHERE o.process_instance_id = p_instance.process_instance_id;
    UPDATE flowable.task_commands c SET state = 'REJECTED', settled_at = p_at, reason = 'the case has ended'
    WHERE c.process_instance_id = p_instance.process_instance_id AND c.state = 'ACCEPTED';
END $$;

-- Notes that a command is applied, and with a completion the other acts on its task that the workflow has not heard of: they
-- travel with it. An escalation that is thrown at the task does not: it moves the case, and comes by itself. Answers false, and changes nothing, if the command is not an accepted one of the instance.
CREATE FUNCTION flowable.settle_command(p_instance_id TEXT, p_command_id UUID) RETURNS BOOLEAN
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
               OR (mine.kind = 'complete' AND c.task_id = mine.task_id AND c.kind NOT IN ('complete', 'throw-escalation')))
        RETURNING c.command_id)
    SELECT array_agg(s.command_id) INTO v_settled FROM settled s;
    IF v_settled IS NULL THEN
        RETURN FALSE;
    END IF;
    -- A statement of its own: it sees what a relay has queued while the one above waited for it.
    DELETE FROM flowable.outbox o WHERE o.command_id = ANY (v_settled);
    RETURN TRUE;
END $$;

-- What a workflow learns with a command that does not say it itself: the clocks of a task whose holder has changed, those of
-- the process, and what comes of it that somebody has raised a task by hand.
CREATE FUNCTION flowable.told_by_command(p_instance flowable.process_instances, p_command_id UUID) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_kind TEXT;
    v_task TEXT;
BEGIN
    SELECT c.kind, c.task_id INTO v_kind, v_task FROM flowable.task_commands c WHERE c.command_id = p_command_id;
    IF v_task IS NULL THEN
        RETURN CASE WHEN v_kind IN ('update-task', 'resume') AND p_instance.sla_due_date IS NOT NULL THEN
            jsonb_build_object('sla', flowable.process_clock(p_instance)) ELSE '{}' END;
    ELSIF v_kind NOT IN ('claim', 'unclaim', 'escalate') THEN
        RETURN '{}'; -- the command says it
    ELSIF v_kind = 'escalate' THEN
        PERFORM flowable.do_raised(v_task);
    END IF;
    RETURN (SELECT jsonb_build_object('escalated', jsonb_build_array(flowable.placed_json(t))) FROM flowable.workflow_tasks t WHERE t.task_id = v_task);
END $$;

-- The open tasks of an instance that a user sees, oldest first: what a query as that caller would answer.
CREATE FUNCTION flowable.open_tasks_seen_by(p_user_id TEXT, p_instance_id TEXT) RETURNS JSON
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM set_config('app.current_user_id', p_user_id, TRUE);
    RETURN (
        SELECT COALESCE(json_agg(flowable.task_json(t) ORDER BY t.created_at, t.task_id), '[]') FROM flowable.workflow_tasks t
        WHERE t.process_instance_id = p_instance_id AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
          AND flowable.task_is_seen(t.assignee_id, t.completed_by, t.owner_id, t.candidate_users, t.candidate_groups, t.queue_name,
              (SELECT entitlements.caller_people()), (SELECT entitlements.caller_groups()), (SELECT entitlements.caller_queues()),
              (SELECT entitlements.caller_may('admin'))));
END $$;

-- Writes what one burst of the engine did, in one transaction (ADR 0003). The same step again answers as it did the first
-- time, and one with another cause or another moment, after a crash and with what has come or become due since, is told
-- which ones are on record: {"instead": {"cause", "at"}}. A command that is not an accepted one changes nothing: {"refused": true}. A step that would cancel a task which a
-- person has completed first changes nothing either: {"lost": […]}; nor does one that would close a subscription for which a
-- message was accepted first: {"taken": […]}. {"deliveries": […]} is what the step sends to other instances; it is answered
-- the first time only, and in the outbox anyway.
CREATE FUNCTION flowable.commit_step(p JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_instance    flowable.process_instances;
    v_known       flowable.commit_steps;
    v_key         TEXT;
    v_rules       JSONB;
    v_case        onecms.cases;
    v_at          TIMESTAMPTZ := (p ->> 'at')::TIMESTAMPTZ;
    v_actor       TEXT := COALESCE(NULLIF(p ->> 'actor', ''), 'SYSTEM');
    v_command     UUID := NULLIF(p ->> 'commandId', '')::UUID;
    v_result      JSONB := jsonb_build_object('fingerprint', p ->> 'fingerprint');
    v_lost        JSONB;
    v_deliveries  JSONB := '[]';
    v_stands      BOOLEAN; -- a suspended case ends: what was accepted first would wait for ever
BEGIN
    PERFORM flowable.serialize_claims(a.id) FROM ( -- before all rows, as a claim does
        SELECT DISTINCT n.value ->> 'assignee' AS id FROM jsonb_array_elements(p -> 'newTasks') AS n WHERE n.value ? 'assignee' ORDER BY id) AS a;
    SELECT i.* INTO v_instance FROM flowable.process_instances i WHERE i.process_instance_id = p ->> 'instanceId' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'process instance % is not known', p ->> 'instanceId' USING ERRCODE = 'no_data_found';
    END IF;
    IF p ? 'values' THEN -- whatever becomes of the step: the case may refer to them from now on
        PERFORM flowable.keep_values(p -> 'values', v_instance.process_instance_id);
    END IF;
    IF v_instance.last_step >= (p ->> 'step')::BIGINT THEN
        SELECT s.* INTO STRICT v_known FROM flowable.commit_steps s
        WHERE s.process_instance_id = v_instance.process_instance_id AND s.step = (p ->> 'step')::BIGINT;
        IF v_known.cause <> p ->> 'cause' OR v_known.at <> v_at THEN
            RETURN v_result || jsonb_build_object('instead', jsonb_build_object('cause', v_known.cause, 'at', v_known.at)
                || CASE WHEN v_known.answer IS NULL THEN '{}' ELSE jsonb_build_object('answer', v_known.answer) END);
        END IF;
        RETURN v_known.result;
    ELSIF v_instance.last_step + 1 < (p ->> 'step')::BIGINT THEN -- as after a restore of this database alone
        RAISE EXCEPTION 'step % of process instance % follows step %, which is not on record: the last one is %',
            p ->> 'step', v_instance.process_instance_id, (p ->> 'step')::BIGINT - 1, v_instance.last_step USING ERRCODE = 'data_corrupted';
    END IF;
    IF v_instance.status IN ('COMPLETED', 'TERMINATED') AND (p ? 'newTasks' OR p #> '{events,children}' IS NOT NULL) THEN
        RAISE EXCEPTION 'process instance % has ended: step % cannot begin anything', v_instance.process_instance_id, p ->> 'step'
            USING ERRCODE = 'object_not_in_prerequisite_state'; -- its workflow was ended past the product meanwhile
    END IF;
    v_stands := v_instance.status = 'SUSPENDED' AND p ->> 'commandKind' = 'terminate';
    IF jsonb_array_length(COALESCE(p -> 'cancelTasks', '[]')) > 0 AND NOT v_stands THEN
        v_lost := flowable.lost_tasks(p -> 'cancelTasks', v_command);
        IF v_lost IS NOT NULL THEN
            RETURN v_result || jsonb_build_object('lost', v_lost);
        END IF;
    END IF;
    IF p #> '{events,unsubscribed}' IS NOT NULL AND NOT v_stands THEN
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
        SELECT d.process_key, d.routing_rules INTO STRICT v_key, v_rules FROM flowable.workflow_definitions d
        WHERE d.workflow_id = v_instance.workflow_id;
        SELECT c.* INTO v_case FROM onecms.cases c WHERE c.case_id = v_instance.case_id;
        v_result := v_result || jsonb_build_object('tasks', (
            SELECT jsonb_agg(flowable.place_task(v_instance, v_case, v_key, v_rules, n.value, v_at) ORDER BY n.ordinality)
            FROM jsonb_array_elements(p -> 'newTasks') WITH ORDINALITY AS n));
    END IF;
    IF p ? 'escalations' THEN
        v_result := v_result || jsonb_build_object('escalated', (
            SELECT jsonb_agg(flowable.escalate_due(e.value ->> 'taskId', v_at, 'TIMER') ORDER BY e.ordinality)
            FROM jsonb_array_elements(p -> 'escalations') WITH ORDINALITY AS e WHERE e.value ->> 'taskId' <> ''));
    END IF;
    IF v_command IS NOT NULL AND p ->> 'commandKind' <> 'complete' THEN
        v_result := v_result || flowable.told_by_command(v_instance, v_command);
    END IF;
    IF v_instance.sla_due_date IS NOT NULL AND (v_instance.start_state = 'REQUESTED' OR p ? 'escalations') THEN
        v_result := v_result || jsonb_build_object('sla', flowable.escalate_process(v_instance.process_instance_id, v_at, 'TIMER'));
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
        completed_at = CASE WHEN p ? 'end' THEN v_at ELSE i.completed_at END,
        end_event_id = COALESCE(p #>> '{end,endEventId}', i.end_event_id), end_reason = COALESCE(p #>> '{end,reason}', i.end_reason),
        end_code = COALESCE(left(p #>> '{end,code}', 255), i.end_code), sla_next_at = CASE WHEN NOT p ? 'end' THEN i.sla_next_at END,
        status = CASE
            WHEN p ? 'end' THEN p #>> '{end,status}'
            WHEN i.status IN ('COMPLETED', 'TERMINATED') THEN i.status -- what outlives the instance has answered
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
CREATE FUNCTION flowable.commit_step_for(p JSONB, p_user_id TEXT) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_result JSONB := flowable.commit_step(p);
BEGIN
    IF p_user_id = '' OR v_result ?| '{refused,lost,taken,instead}' THEN
        RETURN json_build_object('result', v_result);
    END IF;
    RETURN json_build_object('result', v_result, 'next', flowable.open_tasks_seen_by(p_user_id, p ->> 'instanceId'));
END $$;

COMMIT;
