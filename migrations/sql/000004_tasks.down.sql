BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP TABLE flowable.escalations, flowable.task_history, flowable.workflow_tasks,
    flowable.queue_assignments, flowable.workflow_queues, flowable.business_calendars;
DROP FUNCTION flowable.ensure_history_partitions, flowable.refuse_history_change;

COMMIT;
