BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.settle_event, flowable.commit_events, flowable.record_task_variables, flowable.cancel_children, flowable.child_ended, flowable.variables_of,
    flowable.start_child, flowable.tell_caller, flowable.called_definition, flowable.route_throws, flowable.too_large, flowable.open_subscriptions,
    flowable.close_subscriptions, flowable.taken_subscriptions, flowable.comes_first;

COMMIT;
