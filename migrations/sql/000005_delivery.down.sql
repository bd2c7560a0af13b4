BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP TABLE flowable.idempotency_keys, flowable.commit_steps, flowable.outbox, flowable.task_commands;

COMMIT;
