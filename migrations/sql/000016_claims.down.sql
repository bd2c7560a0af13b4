BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP TRIGGER workflow_queues_weights ON flowable.workflow_queues;
DROP TRIGGER workflow_tasks_rank ON flowable.workflow_tasks;
DROP TRIGGER workflow_tasks_rank_new ON flowable.workflow_tasks;
DROP FUNCTION flowable.push_tasks, flowable.next_to_push, flowable.pushing_queues;
DROP PROCEDURE flowable.relieve_queues;
DROP FUNCTION flowable.lend_tasks, flowable.move_tasks, flowable.serialize_moves, flowable.rank_tasks, flowable.note_new_weights, flowable.rank_task,
    flowable.hours_since_2020;
DROP TABLE flowable.assignment_turns, flowable.queue_groups;

COMMIT;
