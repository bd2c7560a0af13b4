BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP POLICY own_escalations ON flowable.escalations;
DROP POLICY owner_acts ON onecms.case_routing;
DROP POLICY owner_acts ON onecms.case_workflow_mapping;
DROP POLICY owner_acts ON flowable.incidents;
DROP POLICY owner_acts ON flowable.process_instances;
DROP POLICY owner_acts ON flowable.workflow_tasks;
REVOKE INSERT ON flowable.escalations FROM nextgen_api;
DROP FUNCTION flowable.suspend_instance, flowable.placed_tasks, flowable.switch_clocks, flowable.switch_instances, flowable.claim_task_at,
    flowable.act_on_task, flowable.update_task, flowable.move_task, onecms.follow_move, flowable.escalate_by_hand, flowable.reassign_task,
    flowable.resolve_task, flowable.delegate_task, flowable.invalid, flowable.forbidden, flowable.in_the_way, flowable.tell_workflow,
    flowable.record_act, flowable.is_repetition, flowable.act_hash, flowable.pause_change, flowable.given_up, flowable.released, flowable.put_task, flowable.recipient_rule,
    entitlements.caller_reassigns, entitlements.caller_supervises;

COMMIT;
