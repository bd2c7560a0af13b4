BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION flowable.commit_step_for, flowable.commit_step, flowable.open_tasks_seen_by, flowable.settle_command, flowable.end_instance,
    flowable.record_incidents, flowable.record_variables, flowable.record_activities, flowable.cancel_tasks, flowable.lost_tasks,
    flowable.told_by_command, flowable.place_task, onecms.follow_task, flowable.placing_comment, flowable.candidates_of, flowable.priority_of, flowable.queue_for, flowable.placed_json;

COMMIT;
