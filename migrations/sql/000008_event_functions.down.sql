BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.send_signal, flowable.send_message, flowable.broadcast_signal, flowable.record_message, flowable.route_message,
    flowable.deliver_message, flowable.starts_of;

COMMIT;
