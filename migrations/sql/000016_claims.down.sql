BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP TRIGGER workflow_tasks_groups ON flowable.workflow_tasks;
DROP TRIGGER workflow_tasks_groups_new ON flowable.workflow_tasks;
DROP TRIGGER workflow_tasks_candidates ON flowable.workflow_tasks;
DROP TRIGGER workflow_queues_weights ON flowable.workflow_queues;
DROP TRIGGER workflow_tasks_rank ON flowable.workflow_tasks;
DROP TRIGGER workflow_tasks_rank_new ON flowable.workflow_tasks;
DROP FUNCTION onecms.search_cases, onecms.few_cases, flowable.search_tasks, flowable.seen_queues, flowable.search_pages, flowable.search_conditions;
DROP FUNCTION flowable.push_tasks, flowable.next_to_push, flowable.pushing_queues;
DROP PROCEDURE flowable.relieve_queues;
DROP FUNCTION flowable.lend_tasks, flowable.move_tasks, flowable.serialize_moves, flowable.staff_of, flowable.rank_tasks, flowable.note_new_weights, flowable.rank_task, flowable.note_candidates, flowable.note_groups,
    flowable.hours_since_2020;
DROP TABLE flowable.assignment_turns, flowable.task_candidates, flowable.queue_groups;

COMMIT;
