BEGIN;
SET LOCAL ROLE nextgen_owner;

-- What the two logins may do at all. Row security then says with which rows.
GRANT SELECT ON ALL TABLES IN SCHEMA entitlements, flowable, onecms TO nextgen_worker;
GRANT INSERT, UPDATE ON entitlements.departments, entitlements.users, entitlements.workflow_roles, entitlements.user_workflow_roles,
    flowable.workflow_queues, flowable.queue_assignments TO nextgen_worker;
-- What is deployed is never changed, only switched on and off, and how its tasks are routed and measured.
GRANT INSERT, UPDATE (is_active, routing_rules, sla_config) ON flowable.workflow_definitions TO nextgen_worker, nextgen_api;
GRANT INSERT, UPDATE ON flowable.process_instances, flowable.workflow_variables, flowable.activity_history, flowable.incidents,
    flowable.workflow_tasks, onecms.cases, onecms.case_workflow_mapping TO nextgen_worker;
GRANT INSERT ON flowable.task_history, flowable.escalations, flowable.commit_steps, onecms.case_routing TO nextgen_worker;
GRANT INSERT, UPDATE, DELETE ON flowable.task_commands, flowable.outbox, flowable.idempotency_keys, flowable.event_subscriptions TO nextgen_worker;
GRANT INSERT, UPDATE ON flowable.event_messages TO nextgen_worker;
GRANT USAGE ON SEQUENCE onecms.case_number_seq TO nextgen_worker; -- a message, signal or timer starts a case

GRANT SELECT ON entitlements.departments, entitlements.users, entitlements.workflow_roles, entitlements.user_workflow_roles,
    entitlements.valid_roles, entitlements.user_absences, flowable.workflow_definitions, flowable.workflow_queues, flowable.queue_assignments, flowable.process_instances,
    flowable.workflow_variables, flowable.activity_history, flowable.incidents, flowable.workflow_tasks, flowable.task_history,
    flowable.escalations, flowable.task_commands, flowable.outbox, flowable.event_subscriptions, flowable.event_messages, onecms.cases, onecms.case_workflow_mapping, onecms.case_routing,
    flowable.business_calendars, flowable.v_active_tasks_by_queue, flowable.v_user_workload, flowable.v_process_performance,
    flowable.v_queue_performance_dashboard TO nextgen_api;
GRANT INSERT ON onecms.cases, onecms.case_workflow_mapping, flowable.process_instances, flowable.task_history TO nextgen_api;
GRANT UPDATE ON flowable.workflow_tasks TO nextgen_api;
GRANT INSERT ON flowable.task_commands, flowable.outbox, flowable.event_messages TO nextgen_api;
GRANT UPDATE (taken_by) ON flowable.event_subscriptions TO nextgen_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON flowable.idempotency_keys TO nextgen_api;
GRANT USAGE ON SEQUENCE onecms.case_number_seq TO nextgen_api;
REVOKE ALL ON PROCEDURE flowable.archive_completed_tasks(INTEGER) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE flowable.archive_completed_tasks(INTEGER) TO nextgen_worker;
REVOKE ALL ON FUNCTION flowable.ensure_history_partitions(INTEGER) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION flowable.ensure_history_partitions(INTEGER) TO nextgen_worker;

-- Whether the caller keeps the absences of a user: it is their own, somebody's whom they supervise, or they manage users.
CREATE FUNCTION entitlements.caller_manages(p_user_id TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN p_user_id = entitlements.caller() OR entitlements.caller_may('manage-users') OR EXISTS (
        SELECT FROM entitlements.users u WHERE u.user_id = p_user_id AND u.supervisor_id = entitlements.caller());
END $$;

-- The queues the caller works on, through any valid role, and those of whom they stand in for.
CREATE FUNCTION entitlements.caller_queues() RETURNS TEXT[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_groups TEXT[] := entitlements.caller_groups();
BEGIN
    RETURN (
        SELECT COALESCE(array_agg(DISTINCT names.queue_name), '{}') FROM (
            SELECT r.queue_name::TEXT AS queue_name FROM entitlements.workflow_roles r
            WHERE r.role_code = ANY (v_groups) AND r.queue_name IS NOT NULL
            UNION
            SELECT q.queue_name::TEXT FROM entitlements.workflow_roles r
            JOIN flowable.queue_assignments a ON a.role_id = r.role_id AND a.is_active
            JOIN flowable.workflow_queues q ON q.queue_id = a.queue_id
            WHERE r.role_code = ANY (v_groups)) AS names);
END $$;

-- Correction 14: forced, so that the owner is bound as well; policies for every command; no caller means no rows. A
-- subselect makes PostgreSQL ask once per statement, not once per row.
DO $$
DECLARE
    v_table TEXT;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['entitlements.user_workflow_roles', 'entitlements.user_absences', 'entitlements.audit_log', 'flowable.workflow_definitions', 'flowable.process_instances',
        'flowable.workflow_variables', 'flowable.activity_history', 'flowable.incidents', 'flowable.workflow_tasks', 'flowable.task_history',
        'flowable.escalations', 'flowable.task_commands', 'flowable.outbox', 'flowable.commit_steps', 'flowable.idempotency_keys',
        'onecms.cases', 'onecms.case_workflow_mapping', 'onecms.case_routing', 'flowable.archived_tasks',
        'flowable.event_subscriptions', 'flowable.event_messages'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', v_table);
        EXECUTE format('CREATE POLICY worker_all ON %s TO nextgen_worker USING (TRUE) WITH CHECK (TRUE)', v_table);
    END LOOP;
END $$;

-- What functions that run as the owner need, and no more.
CREATE POLICY owner_reads ON entitlements.user_workflow_roles FOR SELECT TO nextgen_owner USING (TRUE);
CREATE POLICY owner_reads ON entitlements.user_absences FOR SELECT TO nextgen_owner USING (TRUE);
CREATE POLICY owner_records ON entitlements.audit_log FOR INSERT TO nextgen_owner WITH CHECK (TRUE);
CREATE POLICY owner_archives ON flowable.archived_tasks TO nextgen_owner
    USING (flowable.is_on('app.archiving')) WITH CHECK (flowable.is_on('app.archiving'));
CREATE POLICY owner_archives ON flowable.workflow_tasks TO nextgen_owner USING (flowable.is_on('app.archiving'));
-- What somebody holds or has completed counts against them, whoever asks: see held_by and four_eyes_bar.
CREATE POLICY owner_checks ON flowable.workflow_tasks FOR SELECT TO nextgen_owner USING (flowable.is_on('app.checking'));
-- How many cases there are of a kind decides how they are searched: see few_cases.
CREATE POLICY owner_checks ON onecms.cases FOR SELECT TO nextgen_owner USING (flowable.is_on('app.checking'));
CREATE POLICY owner_checks ON onecms.case_workflow_mapping FOR SELECT TO nextgen_owner USING (flowable.is_on('app.checking'));
CREATE POLICY owner_archives ON flowable.task_history TO nextgen_owner USING (flowable.is_on('app.archiving'));
CREATE POLICY owner_archives ON flowable.process_instances FOR SELECT TO nextgen_owner USING (flowable.is_on('app.archiving'));

CREATE POLICY own_or_managed ON entitlements.user_workflow_roles FOR SELECT TO nextgen_api
    USING (user_id = (SELECT entitlements.caller()) OR (SELECT entitlements.caller_may('manage-users')));

-- People see their own absences, whom they stand in for, and those of whom they supervise.
CREATE POLICY own_or_managed ON entitlements.user_absences FOR SELECT TO nextgen_api
    USING ((SELECT entitlements.caller()) IN (user_id, substitute_id) OR entitlements.caller_manages(user_id));

-- Who sees a task: whoever holds it, did it, has delegated it, may claim it, or works on its queue, and whoever stands in for them; what is
-- cheap to ask comes first. The policies give it the caller's rights as subselects, which PostgreSQL runs once a statement,
-- and only if it comes to them. It puts this body in place of the call as long as the body names each of them once.
CREATE FUNCTION flowable.task_is_seen(p_assignee TEXT, p_completed_by TEXT, p_owner TEXT, p_users TEXT[], p_groups TEXT[], p_queue TEXT,
    p_people TEXT[], p_roles TEXT[], p_queues TEXT[], p_admin BOOLEAN) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT p_groups && p_roles OR p_people && (ARRAY[p_assignee, p_completed_by, p_owner] || p_users) OR p_queue = ANY (p_queues) OR p_admin $$;
-- The holder is asked for first, by itself: nothing has to be looked up for that, and acts on tasks are mostly the holder's.
CREATE POLICY task_access_policy ON flowable.workflow_tasks FOR SELECT TO nextgen_api
    USING (assignee_id = (SELECT entitlements.caller()) OR flowable.task_is_seen(assignee_id, completed_by, owner_id, candidate_users, candidate_groups, queue_name,
        (SELECT entitlements.caller_people()), (SELECT entitlements.caller_groups()), (SELECT entitlements.caller_queues()),
        (SELECT entitlements.caller_may('admin'))));
CREATE POLICY task_act_policy ON flowable.workflow_tasks FOR UPDATE TO nextgen_api
    USING (assignee_id = (SELECT entitlements.caller()) OR flowable.task_is_seen(assignee_id, completed_by, owner_id, candidate_users, candidate_groups, queue_name,
        (SELECT entitlements.caller_people()), (SELECT entitlements.caller_groups()), (SELECT entitlements.caller_queues()),
        (SELECT entitlements.caller_may('admin'))))
    WITH CHECK ((SELECT entitlements.caller()) IS NOT NULL);

-- Whether the caller sees a row that others belong to. The policies of the tables asked hold in here; as functions they keep
-- the plans of every statement on a dependent table small.
CREATE FUNCTION flowable.sees_task(p_task_id TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id);
END $$;

CREATE FUNCTION flowable.sees_task_of(p_instance_id TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM flowable.workflow_tasks t WHERE t.process_instance_id = p_instance_id);
END $$;

CREATE FUNCTION flowable.sees_task_of_case(p_case_id BIGINT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM flowable.workflow_tasks t WHERE t.case_id = p_case_id);
END $$;

CREATE FUNCTION flowable.sees_case(p_case_id BIGINT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM onecms.cases c WHERE c.case_id = p_case_id);
END $$;

CREATE FUNCTION flowable.sees_instance(p_instance_id TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM flowable.process_instances i WHERE i.process_instance_id = p_instance_id);
END $$;

CREATE FUNCTION flowable.sees_command(p_command_id UUID) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM flowable.task_commands c WHERE c.command_id = p_command_id);
END $$;

-- An instance is visible to who started it and to whoever sees one of its tasks.
CREATE POLICY instance_access ON flowable.process_instances FOR SELECT TO nextgen_api
    USING (started_by = (SELECT entitlements.caller())
        OR (SELECT entitlements.caller_may('admin')) -- before what is asked of each row
        OR flowable.sees_task_of(process_instance_id));
CREATE POLICY instance_start ON flowable.process_instances FOR INSERT TO nextgen_api
    WITH CHECK (started_by = (SELECT entitlements.caller()));

CREATE POLICY case_access ON onecms.cases FOR SELECT TO nextgen_api
    USING (created_by = (SELECT entitlements.caller())
        OR (SELECT entitlements.caller_may('admin'))
        OR flowable.sees_task_of_case(case_id));
CREATE POLICY case_start ON onecms.cases FOR INSERT TO nextgen_api WITH CHECK (created_by = (SELECT entitlements.caller()));

-- What belongs to an instance or a task is visible with it.
CREATE POLICY with_instance ON flowable.workflow_variables FOR SELECT TO nextgen_api
    USING (flowable.sees_instance(process_instance_id));
CREATE POLICY with_instance ON flowable.activity_history FOR SELECT TO nextgen_api
    USING (flowable.sees_instance(process_instance_id));
CREATE POLICY with_instance ON flowable.incidents FOR SELECT TO nextgen_api
    USING (flowable.sees_instance(process_instance_id));
CREATE POLICY with_instance ON flowable.task_history FOR SELECT TO nextgen_api
    USING (flowable.sees_instance(process_instance_id));
CREATE POLICY own_acts ON flowable.task_history FOR INSERT TO nextgen_api WITH CHECK (action_by = (SELECT entitlements.caller()));
CREATE POLICY with_subject ON flowable.escalations FOR SELECT TO nextgen_api
    USING (CASE WHEN task_id IS NULL THEN flowable.sees_instance(process_instance_id) ELSE flowable.sees_task(task_id) END);
CREATE POLICY with_case ON onecms.case_workflow_mapping FOR SELECT TO nextgen_api
    USING (flowable.sees_case(case_id));
CREATE POLICY case_start ON onecms.case_workflow_mapping FOR INSERT TO nextgen_api WITH CHECK (initiated_by = (SELECT entitlements.caller()));
CREATE POLICY with_case ON onecms.case_routing FOR SELECT TO nextgen_api
    USING (flowable.sees_case(case_id));

-- Models are no secret among callers; deploying needs its permission.
CREATE POLICY caller_reads ON flowable.workflow_definitions FOR SELECT TO nextgen_api USING ((SELECT entitlements.caller()) IS NOT NULL);
CREATE POLICY own_deployments ON flowable.workflow_definitions FOR INSERT TO nextgen_api
    WITH CHECK (deployed_by = (SELECT entitlements.caller()) AND (SELECT entitlements.caller_may('deploy')));
CREATE POLICY deployer_switches ON flowable.workflow_definitions FOR UPDATE TO nextgen_api USING ((SELECT entitlements.caller_may('deploy')));

-- Commands and their signals: one's own, and those about a task one may act on.
CREATE POLICY own_commands ON flowable.task_commands FOR INSERT TO nextgen_api WITH CHECK (actor_id = (SELECT entitlements.caller()));
CREATE POLICY with_task ON flowable.task_commands FOR SELECT TO nextgen_api
    USING (actor_id = (SELECT entitlements.caller())
        OR flowable.sees_task(task_id));
CREATE POLICY own_signals ON flowable.outbox FOR INSERT TO nextgen_api WITH CHECK (created_by = (SELECT entitlements.caller()));
CREATE POLICY with_command ON flowable.outbox FOR SELECT TO nextgen_api
    USING (created_by = (SELECT entitlements.caller())
        OR flowable.sees_command(command_id));
CREATE POLICY own_keys ON flowable.idempotency_keys TO nextgen_api
    USING (user_id = (SELECT entitlements.caller())) WITH CHECK (user_id = (SELECT entitlements.caller()));

-- A message finds its receiver among all instances, so who may send one sees what all of them wait for.
CREATE POLICY with_instance ON flowable.event_subscriptions FOR SELECT TO nextgen_api
    USING ((SELECT entitlements.caller_may('operate')) OR flowable.sees_instance(process_instance_id));
CREATE POLICY operator_takes ON flowable.event_subscriptions FOR UPDATE TO nextgen_api
    USING ((SELECT entitlements.caller_may('operate')));
CREATE POLICY own_or_operator ON flowable.event_messages FOR SELECT TO nextgen_api
    USING (thrown_by = (SELECT entitlements.caller()) OR (SELECT entitlements.caller_may('operate')));
CREATE POLICY own_messages ON flowable.event_messages FOR INSERT TO nextgen_api
    WITH CHECK (thrown_by = (SELECT entitlements.caller()) AND (SELECT entitlements.caller_may('operate')));

COMMIT;
