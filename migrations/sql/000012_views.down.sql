BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP VIEW flowable.v_queue_performance_dashboard, flowable.v_process_performance, flowable.v_user_workload, flowable.v_active_tasks_by_queue;

COMMIT;
