BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.operate_instance, flowable.start_case, flowable.complete_task, flowable.unclaim_task, flowable.claim_next_task, flowable.claim_next,
    flowable.claim_task, flowable.serialize_claims, flowable.give_task, flowable.is_candidate, flowable.room_for, flowable.give_up_delivery,
    flowable.queue_commands, flowable.accept_command, flowable.task_json;

COMMIT;
