BEGIN;
SET LOCAL ROLE nextgen_owner;

-- The tasks of a step's cancellations that a person has completed first, with a command that is still to be applied.
CREATE FUNCTION flowable.lost_tasks(p_task_ids JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM flowable.workflow_tasks t
    WHERE t.task_id IN (SELECT jsonb_array_elements_text(p_task_ids))
    ORDER BY t.task_id FOR UPDATE;
    -- A statement of its own: it sees what was committed while the one above waited.
    RETURN (
        SELECT jsonb_agg(t.task_id ORDER BY t.task_id) FROM flowable.workflow_tasks t
        WHERE t.task_id IN (SELECT jsonb_array_elements_text(p_task_ids)) AND t.status = 'COMPLETED'
          AND EXISTS (
            SELECT FROM flowable.task_commands c WHERE c.task_id = t.task_id AND c.kind = 'complete' AND c.state = 'ACCEPTED'));
END $$;

DROP FUNCTION flowable.lost_tasks(JSONB, UUID);
DROP FUNCTION flowable.settle_event, flowable.commit_events, flowable.record_task_variables, flowable.cancel_children, flowable.child_ended, flowable.variables_of,
    flowable.start_child, flowable.tell_caller, flowable.called_definition, flowable.route_throws, flowable.too_large, flowable.open_subscriptions,
    flowable.close_subscriptions, flowable.taken_subscriptions, flowable.comes_first;

COMMIT;
