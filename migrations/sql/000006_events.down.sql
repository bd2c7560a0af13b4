BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP TABLE flowable.event_messages, flowable.event_subscriptions;

COMMIT;
