BEGIN;
SET LOCAL ROLE nextgen_owner;

-- The safety net for tasks and processes whose workflow is gone; a case's own timer comes first. Each level is reached at its
-- own time (correction 9), in batches that two runs share without waiting (correction 11).
CREATE PROCEDURE flowable.escalate_overdue_tasks()
    LANGUAGE plpgsql
AS $$
DECLARE
    v_id   TEXT;
    v_more BOOLEAN := TRUE;
BEGIN
    WHILE v_more LOOP
        v_more := FALSE;
        FOR v_id IN
            SELECT t.task_id FROM flowable.workflow_tasks t
            WHERE t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED') AND t.escalate_at <= CURRENT_TIMESTAMP
            ORDER BY t.escalate_at
            LIMIT 500
            FOR UPDATE SKIP LOCKED
        LOOP
            PERFORM flowable.escalate_due(v_id, CURRENT_TIMESTAMP, 'SWEEP');
            v_more := TRUE;
        END LOOP;
    END LOOP;
    FOR v_id IN
        SELECT i.process_instance_id FROM flowable.process_instances i
        WHERE i.sla_next_at <= CURRENT_TIMESTAMP
        ORDER BY i.sla_next_at
        FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM flowable.escalate_process(v_id, CURRENT_TIMESTAMP, 'SWEEP');
    END LOOP;
    FOR v_id IN
        SELECT DISTINCT e.task_id FROM flowable.escalations e
        WHERE e.pending AND e.escalated_at < CURRENT_TIMESTAMP - INTERVAL '1 minute'
        ORDER BY e.task_id
    LOOP
        PERFORM flowable.do_raised(v_id);
    END LOOP;
END $$;

-- Correction 16: the load of a queue is counted, not kept by every task's change. Moves wait: they go by what is counted.
CREATE PROCEDURE flowable.update_queue_statistics()
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM flowable.serialize_moves();
    UPDATE flowable.workflow_queues q
    SET current_load = counted.load
    FROM (SELECT w.queue_id, count(t.task_id)::INTEGER AS load
          FROM flowable.workflow_queues w
          LEFT JOIN flowable.workflow_tasks t
            ON t.queue_name = w.queue_name AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
          GROUP BY w.queue_id) AS counted
    WHERE counted.queue_id = q.queue_id AND q.current_load <> counted.load;
END $$;

-- Correction 17: moves what is over a queue's capacity to queues of the same department and type that have room, what would
-- be claimed last first. Whoever works on the other queue may claim it there (lend_tasks).
CREATE PROCEDURE flowable.rebalance_queue_loads()
    LANGUAGE plpgsql
AS $$
DECLARE
    v_from RECORD;
    v_to   RECORD;
    v_over INTEGER;
BEGIN
    PERFORM flowable.serialize_moves();
    CALL flowable.update_queue_statistics();
    FOR v_from IN SELECT * FROM flowable.workflow_queues q WHERE q.is_active AND q.current_load > q.max_capacity ORDER BY q.queue_id LOOP
        v_over := v_from.current_load - v_from.max_capacity;
        FOR v_to IN
            SELECT * FROM flowable.workflow_queues q
            WHERE q.is_active AND q.queue_id <> v_from.queue_id AND q.queue_type = v_from.queue_type AND q.queue_name <> 'default-queue'
              AND q.department_id IS NOT DISTINCT FROM v_from.department_id AND q.current_load < q.max_capacity
              AND EXISTS (SELECT FROM flowable.queue_assignments a WHERE a.queue_id = q.queue_id AND a.is_active) -- somebody works on it
            ORDER BY q.current_load::NUMERIC / NULLIF(q.max_capacity, 0), q.queue_id
        LOOP
            EXIT WHEN v_over <= 0;
            v_over := v_over - flowable.lend_tasks(v_from.queue_name, v_to.queue_name, least(v_over, v_to.max_capacity - v_to.current_load));
        END LOOP;
    END LOOP;
END $$;

CREATE TABLE flowable.archived_tasks (
    task_id     VARCHAR(64) NOT NULL,
    archived_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    task        JSONB       NOT NULL,
    history     JSONB       NOT NULL, -- array, oldest first
    CONSTRAINT archived_tasks_pkey PRIMARY KEY (task_id)
);

-- Moves the tasks of ended instances that ended more than p_days ago, with their history, to archived_tasks. The only
-- way in which history leaves its table (correction 18).
CREATE PROCEDURE flowable.archive_completed_tasks(p_days INTEGER)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF p_days < 1 THEN
        RAISE EXCEPTION 'archive_completed_tasks: % days; at least 1 is needed', p_days USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM set_config('app.archiving', 'on', TRUE);
    WITH old AS (
        DELETE FROM flowable.workflow_tasks t USING flowable.process_instances i
        WHERE i.process_instance_id = t.process_instance_id
          AND i.completed_at < CURRENT_TIMESTAMP - make_interval(days => p_days)
          AND NOT EXISTS ( -- four eyes ask what was done in the whole case
            SELECT FROM flowable.process_instances s WHERE s.process_instance_id = i.super_process_id AND s.completed_at IS NULL)
        RETURNING t.*),
    past AS (
        DELETE FROM flowable.task_history h USING old WHERE h.task_id = old.task_id
        RETURNING h.*)
    INSERT INTO flowable.archived_tasks (task_id, task, history)
    SELECT old.task_id, to_jsonb(old), COALESCE((SELECT jsonb_agg(to_jsonb(past) ORDER BY past.history_id) FROM past WHERE past.task_id = old.task_id), '[]')
    FROM old;
    PERFORM set_config('app.archiving', 'off', TRUE);
    CALL flowable.forget_large_values();
END $$;

COMMIT;
