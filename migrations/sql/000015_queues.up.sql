BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Rules that route tasks: {"rules": [{"when"?: condition, "queue": name}, …]}, the first that holds decides. A condition is
-- {"all": […]}, {"any": […]}, {"not": condition}, or a comparison: {"variable": "name.path"} or {"field": name} with one of
-- eq, ne, gt, ge, lt, le, in, exists. internal/casework checks what is stored, and says what is wrong and where.

-- Whether a condition holds for the facts {"variables": {…}, fields…}. What is not there is null. Texts are compared by
-- their bytes; a greater or less of values that are not both numbers or both texts does not hold.
CREATE FUNCTION flowable.condition_holds(p_condition JSONB, p_facts JSONB) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_value    JSONB;
    v_operator TEXT;
    v_operand  JSONB;
BEGIN
    IF p_condition ? 'all' THEN
        RETURN NOT EXISTS (SELECT FROM jsonb_array_elements(p_condition -> 'all') AS c WHERE NOT flowable.condition_holds(c.value, p_facts));
    ELSIF p_condition ? 'any' THEN
        RETURN EXISTS (SELECT FROM jsonb_array_elements(p_condition -> 'any') AS c WHERE flowable.condition_holds(c.value, p_facts));
    ELSIF p_condition ? 'not' THEN
        RETURN NOT flowable.condition_holds(p_condition -> 'not', p_facts);
    ELSIF p_condition ? 'variable' THEN
        v_value := p_facts #> ('{variables}'::TEXT[] || string_to_array(p_condition ->> 'variable', '.'));
    ELSE
        v_value := p_facts -> (p_condition ->> 'field');
    END IF;
    v_value := COALESCE(v_value, 'null');
    SELECT o.key, o.value INTO STRICT v_operator, v_operand FROM jsonb_each(p_condition - '{variable,field}'::TEXT[]) AS o;
    CASE v_operator
        WHEN 'exists' THEN RETURN (v_value <> 'null') = v_operand::BOOLEAN;
        WHEN 'eq' THEN RETURN v_value = v_operand;
        WHEN 'ne' THEN RETURN v_value <> v_operand;
        WHEN 'in' THEN RETURN EXISTS (SELECT FROM jsonb_array_elements(v_operand) AS o WHERE o.value = v_value);
        ELSE
            IF jsonb_typeof(v_value) <> jsonb_typeof(v_operand) OR jsonb_typeof(v_value) NOT IN ('number', 'string') THEN
                RETURN FALSE;
            END IF;
            RETURN CASE sign(CASE jsonb_typeof(v_value)
                    WHEN 'number' THEN v_value::NUMERIC - v_operand::NUMERIC
                    ELSE bttextcmp((v_value #>> '{}') COLLATE "C", (v_operand #>> '{}') COLLATE "C") END)
                WHEN 0 THEN v_operator IN ('ge', 'le')
                WHEN 1 THEN v_operator IN ('gt', 'ge')
                ELSE v_operator IN ('lt', 'le') END;
    END CASE;
END $$;

-- The queue of the first rule that holds and whose queue is there, switched on and none of those given; NULL if there is none.
CREATE FUNCTION flowable.queue_by_rules(p_rules JSONB, p_facts JSONB, p_not TEXT[]) RETURNS TEXT
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_rule JSONB;
BEGIN
    FOR v_rule IN SELECT r.value FROM jsonb_array_elements(p_rules -> 'rules') WITH ORDINALITY AS r ORDER BY r.ordinality LOOP
        IF (NOT v_rule ? 'when' OR flowable.condition_holds(v_rule -> 'when', p_facts))
            AND v_rule ->> 'queue' <> ALL (p_not)
            AND EXISTS (SELECT FROM flowable.workflow_queues q WHERE q.queue_name = v_rule ->> 'queue' AND q.is_active) THEN
            RETURN v_rule ->> 'queue';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- What the conditions of rules are about: the variables that they name, as the new task sees them, and what is known of the
-- task and its case. The department is where the case is; before its first task, that of the case or of who started it.
CREATE FUNCTION flowable.routing_facts(p_instance flowable.process_instances, p_case onecms.cases, p_rules JSONB, n JSONB) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN jsonb_build_object(
        'variables', COALESCE((
            SELECT jsonb_object_agg(v.variable_name, COALESCE(v.variable_json, flowable.large_json(v.large_value))) FROM flowable.workflow_variables v
            WHERE v.process_instance_id = p_instance.process_instance_id AND v.task_id IS NULL
              AND v.variable_name IN (SELECT split_part(named #>> '{}', '.', 1) FROM jsonb_path_query(p_rules, '$.**.variable') AS named)),
            '{}') || COALESCE(n -> 'locals', '{}'),
        'priority', flowable.priority_of(p_instance, n),
        'severity', p_case.severity, 'caseType', p_case.case_type,
        'taskDefinitionKey', n ->> 'definitionKey',
        'processKey', (SELECT d.process_key FROM flowable.workflow_definitions d WHERE d.workflow_id = p_instance.workflow_id),
        'department', COALESCE(
            (SELECT m.current_department FROM onecms.case_workflow_mapping m
             WHERE m.process_instance_id = COALESCE(p_instance.super_process_id, p_instance.process_instance_id)),
            p_case.department,
            (SELECT d.department_code FROM entitlements.users u JOIN entitlements.departments d ON d.department_id = u.department_id
             WHERE u.user_id = p_instance.started_by)));
END $$;

-- Administration ----------------------------------------------------------------------------------------------------------
-- The API's role may not write these tables: it calls the functions below, which run as the owner and ask for the
-- permission. What they are given has been checked by internal/casework and db; the constraints of the tables hold besides.

CREATE FUNCTION entitlements.require(p_allowed BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    IF p_allowed IS NOT TRUE THEN
        RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE POLICY owner_manages ON entitlements.user_workflow_roles TO nextgen_owner
    USING (entitlements.caller_may('manage-users')) WITH CHECK (entitlements.caller_may('manage-users'));
CREATE POLICY owner_manages ON entitlements.user_absences TO nextgen_owner
    USING (entitlements.caller_manages(user_id)) WITH CHECK (entitlements.caller_manages(user_id));

CREATE FUNCTION entitlements.department_of(p_code TEXT) RETURNS BIGINT
    LANGUAGE sql STABLE
AS $$ SELECT d.department_id FROM entitlements.departments d WHERE d.department_code = p_code $$;

CREATE FUNCTION entitlements.department_code(p_id BIGINT) RETURNS TEXT
    LANGUAGE sql STABLE
AS $$ SELECT d.department_code FROM entitlements.departments d WHERE d.department_id = p_id $$;

-- Each of these is a row as the API shows it.

CREATE FUNCTION flowable.queue_json(q flowable.workflow_queues) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object(
        'queueName', q.queue_name, 'queueType', q.queue_type, 'department', entitlements.department_code(q.department_id),
        'description', COALESCE(q.description, ''), 'maxCapacity', q.max_capacity, 'currentLoad', q.current_load,
        'slaMinutes', q.sla_minutes, 'claimSlaMinutes', q.claim_sla_minutes, 'calendarName', q.calendar_name,
        'overflowQueue', q.overflow_queue, 'escalationConfig', q.escalation_config, 'routingRules', q.routing_rules,
        'priorityWeights', q.priority_weights, 'active', q.is_active, 'createdAt', q.created_at, 'updatedAt', q.updated_at,
        'assignments', COALESCE((
            SELECT jsonb_agg(jsonb_build_object('roleCode', r.role_code, 'strategy', a.assignment_strategy,
                'maxTasksPerUser', a.max_tasks_per_user, 'autoAssign', a.auto_assign, 'priorityLevel', a.priority_level) ORDER BY r.role_code)
            FROM flowable.queue_assignments a JOIN entitlements.workflow_roles r ON r.role_id = a.role_id
            WHERE a.queue_id = q.queue_id AND a.is_active), '[]'))
$$;

CREATE FUNCTION flowable.calendar_json(c flowable.business_calendars) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object('calendarName', c.calendar_name, 'timeZone', c.time_zone, 'workingHours', c.working_hours,
        'holidays', c.holidays, 'version', c.version, 'createdAt', c.created_at, 'updatedAt', c.updated_at)
$$;

CREATE FUNCTION entitlements.department_json(d entitlements.departments) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object('departmentCode', d.department_code, 'departmentName', d.department_name,
        'description', COALESCE(d.description, ''), 'parent', entitlements.department_code(d.parent_dept_id),
        'active', d.is_active, 'createdAt', d.created_at, 'updatedAt', d.updated_at)
$$;

CREATE FUNCTION entitlements.role_json(r entitlements.workflow_roles) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object('roleCode', r.role_code, 'roleName', r.role_name, 'roleType', r.role_type,
        'department', entitlements.department_code(r.department_id), 'queueName', r.queue_name,
        'permissions', r.permissions, 'active', r.is_active, 'createdAt', r.created_at, 'updatedAt', r.updated_at)
$$;

-- How to reach somebody and what they can do is for themselves and for who manages users.
CREATE FUNCTION entitlements.user_json(u entitlements.users) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object('userId', u.user_id, 'username', u.username, 'firstName', COALESCE(u.first_name, ''),
        'lastName', COALESCE(u.last_name, ''), 'department', entitlements.department_code(u.department_id),
        'supervisor', u.supervisor_id, 'active', u.is_active, 'createdAt', u.created_at, 'updatedAt', u.updated_at)
        || CASE WHEN entitlements.caller_manages(u.user_id) THEN
            jsonb_build_object('email', COALESCE(u.email, ''), 'skills', COALESCE(u.attributes -> 'skills', '[]'))
        ELSE '{"email": "", "skills": []}' END
$$;

CREATE FUNCTION entitlements.grant_json(g entitlements.user_workflow_roles) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object(
        'roleCode', (SELECT r.role_code FROM entitlements.workflow_roles r WHERE r.role_id = g.role_id),
        'validFrom', g.valid_from, 'validUntil', g.valid_until, 'primary', g.is_primary,
        'assignedBy', g.assigned_by, 'assignedAt', g.assigned_at)
$$;

CREATE FUNCTION entitlements.absence_json(a entitlements.user_absences) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT jsonb_build_object('absenceId', a.absence_id, 'userId', a.user_id, 'from', a.absent_from, 'until', a.absent_until,
        'substituteId', a.substitute_id, 'reason', COALESCE(a.reason, ''), 'createdBy', a.created_by, 'createdAt', a.created_at)
$$;

-- Each of these takes what the API was given, whole.

CREATE FUNCTION flowable.save_queue(p_name TEXT, p JSONB, p_new BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-queues'));
    IF p_new THEN
        INSERT INTO flowable.workflow_queues (queue_name) VALUES (p_name);
    END IF;
    UPDATE flowable.workflow_queues q
    SET queue_type = p ->> 'queueType', department_id = entitlements.department_of(p ->> 'department'), description = p ->> 'description',
        max_capacity = (p ->> 'maxCapacity')::INTEGER, sla_minutes = (p ->> 'slaMinutes')::INTEGER,
        claim_sla_minutes = (p ->> 'claimSlaMinutes')::INTEGER, calendar_name = p ->> 'calendarName',
        overflow_queue = p ->> 'overflowQueue', escalation_config = p -> 'escalationConfig', routing_rules = p -> 'routingRules',
        priority_weights = p -> 'priorityWeights', is_active = (p ->> 'active')::BOOLEAN
    WHERE q.queue_name = p_name;
END $$;

CREATE FUNCTION flowable.save_assignment(p_queue TEXT, p_role TEXT, p JSONB) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-queues') AND (entitlements.caller_supervises(p_queue) OR NOT EXISTS (
        SELECT FROM entitlements.workflow_roles r WHERE r.role_code = p_role AND r.permissions ->> 'supervise' = 'true')));
    INSERT INTO flowable.queue_assignments AS a (queue_id, role_id, assignment_strategy, max_tasks_per_user, auto_assign, priority_level)
    SELECT q.queue_id, r.role_id, p ->> 'strategy', (p ->> 'maxTasksPerUser')::INTEGER, (p ->> 'autoAssign')::BOOLEAN, (p ->> 'priorityLevel')::INTEGER
    FROM flowable.workflow_queues q, entitlements.workflow_roles r
    WHERE q.queue_name = p_queue AND r.role_code = p_role
    ON CONFLICT (queue_id, role_id) DO UPDATE
    SET assignment_strategy = EXCLUDED.assignment_strategy, max_tasks_per_user = EXCLUDED.max_tasks_per_user,
        auto_assign = EXCLUDED.auto_assign, priority_level = EXCLUDED.priority_level, is_active = TRUE;
END $$;

-- Answers whether there was one.
CREATE FUNCTION flowable.drop_assignment(p_queue TEXT, p_role TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-queues'));
    DELETE FROM flowable.queue_assignments a USING flowable.workflow_queues q, entitlements.workflow_roles r
    WHERE q.queue_id = a.queue_id AND q.queue_name = p_queue AND r.role_id = a.role_id AND r.role_code = p_role;
    RETURN FOUND;
END $$;

-- Moves what is over the capacity of queues now, as the worker does every minute: to overflow queues first.
CREATE FUNCTION flowable.rebalance_now(p_queue TEXT) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-queues') OR entitlements.caller_supervises(p_queue));
    PERFORM set_config('app.moving', 'on', TRUE);
    CALL flowable.relieve_queues();
    CALL flowable.rebalance_queue_loads();
    PERFORM set_config('app.moving', '', TRUE);
END $$;
CREATE POLICY owner_moves ON flowable.workflow_tasks TO nextgen_owner
    USING (flowable.is_on('app.moving')) WITH CHECK (flowable.is_on('app.moving'));
CREATE POLICY owner_moves ON flowable.task_history FOR INSERT TO nextgen_owner WITH CHECK (flowable.is_on('app.moving'));
CREATE POLICY owner_moves ON flowable.task_commands TO nextgen_owner
    USING (flowable.is_on('app.moving')) WITH CHECK (flowable.is_on('app.moving'));
CREATE POLICY owner_moves ON flowable.outbox TO nextgen_owner
    USING (flowable.is_on('app.moving')) WITH CHECK (flowable.is_on('app.moving'));

CREATE FUNCTION flowable.save_calendar(p_name TEXT, p JSONB, p_new BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-queues'));
    IF p_new THEN
        INSERT INTO flowable.business_calendars (calendar_name, time_zone, working_hours, holidays)
        VALUES (p_name, p ->> 'timeZone', p -> 'workingHours', p -> 'holidays');
        RETURN;
    END IF;
    UPDATE flowable.business_calendars c
    SET time_zone = p ->> 'timeZone', working_hours = p -> 'workingHours', holidays = p -> 'holidays', version = c.version + 1
    WHERE c.calendar_name = p_name
      AND (c.time_zone, c.working_hours, c.holidays) IS DISTINCT FROM (p ->> 'timeZone', p -> 'workingHours', p -> 'holidays');
END $$;

-- Answers '', or why it is kept: not-found, or used, by a queue, a definition, or an open task or instance.
CREATE FUNCTION flowable.drop_calendar(p_name TEXT) RETURNS TEXT
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_used BOOLEAN;
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-queues'));
    PERFORM set_config('app.acting', 'on', TRUE); -- all of them are seen: the policies owner_acts
    v_used := EXISTS (SELECT FROM flowable.workflow_queues q WHERE q.calendar_name = p_name)
        OR EXISTS (SELECT FROM flowable.workflow_definitions d WHERE d.sla_config ->> 'calendar' = p_name)
        OR EXISTS (
            SELECT FROM flowable.process_instances i
            WHERE i.sla_calendar = p_name AND i.status IN ('ACTIVE', 'SUSPENDED', 'ERROR'))
        OR EXISTS (
            SELECT FROM flowable.workflow_tasks t
            WHERE t.calendar_name = p_name AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED'));
    PERFORM set_config('app.acting', 'off', TRUE);
    IF v_used THEN
        RETURN 'used';
    END IF;
    DELETE FROM flowable.business_calendars c WHERE c.calendar_name = p_name;
    RETURN CASE WHEN FOUND THEN '' ELSE 'not-found' END;
END $$;

CREATE FUNCTION entitlements.save_department(p_code TEXT, p JSONB, p_new BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-users'));
    IF p_new THEN
        INSERT INTO entitlements.departments (department_code, department_name) VALUES (p_code, p ->> 'departmentName');
    END IF;
    UPDATE entitlements.departments d
    SET department_name = p ->> 'departmentName', description = p ->> 'description', parent_dept_id = entitlements.department_of(p ->> 'parent'),
        is_active = (p ->> 'active')::BOOLEAN
    WHERE d.department_code = p_code;
END $$;

CREATE FUNCTION entitlements.save_role(p_code TEXT, p JSONB, p_new BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    -- Before it is written: the caller may have the role.
    PERFORM entitlements.require(entitlements.caller_may('manage-users') AND entitlements.within_own(p_code, p -> 'permissions', p ->> 'queueName'));
    IF p_new THEN
        INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type) VALUES (p_code, p ->> 'roleName', p ->> 'roleType');
    ELSE
        PERFORM entitlements.require(entitlements.may_give(p_code));
    END IF;
    UPDATE entitlements.workflow_roles r
    SET role_name = p ->> 'roleName', role_type = p ->> 'roleType', department_id = entitlements.department_of(p ->> 'department'),
        queue_name = p ->> 'queueName', permissions = p -> 'permissions', is_active = (p ->> 'active')::BOOLEAN
    WHERE r.role_code = p_code;
END $$;

-- Whether a role with these permissions that names a queue, or none, allows nothing that the caller may not do: with supervise,
-- they direct the work of that queue and of those to which the role is assigned.
CREATE FUNCTION entitlements.within_own(p_role TEXT, p_permissions JSONB, p_queue TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM jsonb_each_text(p_permissions) AS p WHERE p.value = 'true' AND NOT entitlements.caller_may(p.key))
        AND (p_permissions ->> 'supervise' IS DISTINCT FROM 'true' OR NOT EXISTS (
            SELECT FROM flowable.workflow_queues q
            WHERE (q.queue_name = p_queue OR EXISTS (
                SELECT FROM flowable.queue_assignments a JOIN entitlements.workflow_roles r ON r.role_id = a.role_id
                WHERE a.queue_id = q.queue_id AND r.role_code = p_role))
              AND NOT entitlements.caller_supervises(q.queue_name)));
END $$;

-- Whether the caller may give a role to somebody, take it away or change it.
CREATE FUNCTION entitlements.may_give(p_role TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM entitlements.workflow_roles r
        WHERE r.role_code = p_role AND NOT entitlements.within_own(r.role_code, r.permissions, r.queue_name));
END $$;

CREATE FUNCTION entitlements.save_user(p_id TEXT, p JSONB, p_new BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-users') AND p_id <> 'SYSTEM');
    IF p_new THEN
        INSERT INTO entitlements.users (user_id, username) VALUES (p_id, p ->> 'username');
    END IF;
    UPDATE entitlements.users u
    SET username = p ->> 'username', email = NULLIF(p ->> 'email', ''), first_name = p ->> 'firstName', last_name = p ->> 'lastName',
        department_id = entitlements.department_of(p ->> 'department'), supervisor_id = p ->> 'supervisor',
        is_active = (p ->> 'active')::BOOLEAN, attributes = u.attributes || jsonb_build_object('skills', COALESCE(NULLIF(p -> 'skills', 'null'), '[]'))
    WHERE u.user_id = p_id;
END $$;

CREATE FUNCTION entitlements.save_grant(p_user TEXT, p_role TEXT, p JSONB) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-users') AND entitlements.may_give(p_role));
    INSERT INTO entitlements.user_workflow_roles AS g (user_id, role_id, assigned_by, valid_from, valid_until, is_primary)
    SELECT p_user, r.role_id, entitlements.caller(), COALESCE((p ->> 'validFrom')::TIMESTAMPTZ, CURRENT_TIMESTAMP),
        (p ->> 'validUntil')::TIMESTAMPTZ, (p ->> 'primary')::BOOLEAN
    FROM entitlements.workflow_roles r WHERE r.role_code = p_role
    ON CONFLICT (user_id, role_id) DO UPDATE
    SET assigned_by = EXCLUDED.assigned_by, assigned_at = CURRENT_TIMESTAMP, is_primary = EXCLUDED.is_primary, valid_until = EXCLUDED.valid_until,
        valid_from = COALESCE((p ->> 'validFrom')::TIMESTAMPTZ, least(g.valid_from, EXCLUDED.valid_from));
END $$;

CREATE FUNCTION entitlements.drop_grant(p_user TEXT, p_role TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_may('manage-users') AND entitlements.may_give(p_role));
    DELETE FROM entitlements.user_workflow_roles g USING entitlements.workflow_roles r
    WHERE g.user_id = p_user AND r.role_id = g.role_id AND r.role_code = p_role;
    RETURN FOUND;
END $$;

CREATE FUNCTION entitlements.add_absence(p_user TEXT, p JSONB) RETURNS BIGINT
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_id BIGINT;
BEGIN
    PERFORM entitlements.require(entitlements.caller_manages(p_user));
    INSERT INTO entitlements.user_absences (user_id, absent_from, absent_until, substitute_id, reason, created_by)
    VALUES (p_user, (p ->> 'from')::TIMESTAMPTZ, (p ->> 'until')::TIMESTAMPTZ, p ->> 'substituteId', p ->> 'reason', entitlements.caller())
    RETURNING absence_id INTO v_id;
    RETURN v_id;
END $$;

CREATE FUNCTION entitlements.drop_absence(p_user TEXT, p_id BIGINT) RETURNS BOOLEAN
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM entitlements.require(entitlements.caller_manages(p_user));
    DELETE FROM entitlements.user_absences a WHERE a.absence_id = p_id AND a.user_id = p_user;
    RETURN FOUND;
END $$;

COMMIT;
