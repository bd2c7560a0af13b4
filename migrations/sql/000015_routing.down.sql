BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.routing_facts, flowable.queue_by_rules, flowable.condition_holds;

COMMIT;
