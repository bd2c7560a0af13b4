BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.operate_instance, flowable.start_case, flowable.complete_task, flowable.unclaim_task, flowable.claim_next_task, flowable.claim_next,
    flowable.take_next, flowable.lock_first, flowable.may_take, flowable.claim_task, flowable.roles_for, flowable.try_claims, flowable.serialize_claims, flowable.give_task, flowable.record_claim,
    flowable.claim_rule, flowable.acting_json, flowable.acted_for, flowable.may_act_as, flowable.may_hold, flowable.asks_skills, flowable.four_eyes_bar, flowable.is_candidate, flowable.room_for, flowable.held_by,
    flowable.give_up_delivery,
    flowable.queue_commands, flowable.accept_command, flowable.task_json;

COMMIT;
