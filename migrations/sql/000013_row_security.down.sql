BEGIN;
SET LOCAL ROLE nextgen_owner;

DO $$
DECLARE
    v_policy RECORD;
BEGIN
    FOR v_policy IN SELECT * FROM pg_policies WHERE schemaname IN ('entitlements', 'flowable', 'onecms') LOOP
        EXECUTE format('DROP POLICY %I ON %I.%I', v_policy.policyname, v_policy.schemaname, v_policy.tablename);
        EXECUTE format('ALTER TABLE %I.%I NO FORCE ROW LEVEL SECURITY', v_policy.schemaname, v_policy.tablename);
        EXECUTE format('ALTER TABLE %I.%I DISABLE ROW LEVEL SECURITY', v_policy.schemaname, v_policy.tablename);
    END LOOP;
END $$;
DROP FUNCTION entitlements.caller_manages, entitlements.caller_queues, flowable.task_is_seen, flowable.sees_task, flowable.sees_task_of, flowable.sees_instance, flowable.sees_command;
REVOKE ALL ON ALL TABLES IN SCHEMA entitlements, flowable, onecms FROM nextgen_api, nextgen_worker;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA onecms FROM nextgen_api, nextgen_worker;
REVOKE ALL ON PROCEDURE flowable.archive_completed_tasks(INTEGER) FROM nextgen_worker;
REVOKE ALL ON FUNCTION flowable.ensure_history_partitions(INTEGER) FROM nextgen_worker;
GRANT EXECUTE ON FUNCTION flowable.ensure_history_partitions(INTEGER) TO PUBLIC;
GRANT EXECUTE ON PROCEDURE flowable.archive_completed_tasks(INTEGER) TO PUBLIC;

COMMIT;
