BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.revive_deliveries, flowable.end_abandoned, flowable.cancel_orphan_tasks, flowable.settle_findings, flowable.record_findings, flowable.position_of,
    flowable.instances_to_prove;
DROP TABLE flowable.reconciler_findings;

COMMIT;
