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
            SELECT jsonb_object_agg(v.variable_name, v.variable_json) FROM flowable.workflow_variables v
            WHERE v.process_instance_id = p_instance.process_instance_id AND v.task_id IS NULL
              AND v.variable_name IN (SELECT split_part(named #>> '{}', '.', 1) FROM jsonb_path_query(p_rules, '$.**.variable') AS named)),
            '{}') || COALESCE(n -> 'locals', '{}'),
        'priority', COALESCE((n ->> 'priority')::INTEGER, p_instance.priority),
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

COMMIT;
