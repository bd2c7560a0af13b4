BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP PROCEDURE flowable.archive_completed_tasks, flowable.rebalance_queue_loads, flowable.update_queue_statistics, flowable.escalate_overdue_tasks;
DROP FUNCTION flowable.try_escalation;
DROP TABLE flowable.archived_tasks;

COMMIT;
