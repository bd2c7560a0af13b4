BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Escalates one task or process that is due, or does what somebody has raised a task to by hand. What fails is undone by
-- itself, is a warning in the server's log, and is tried again the next time: it keeps nothing else back.
CREATE FUNCTION flowable.try_escalation(p_what TEXT, p_id TEXT, p_at TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    CASE p_what
        WHEN 'task' THEN PERFORM flowable.escalate_due(p_id, p_at, 'SWEEP');
        WHEN 'process' THEN PERFORM flowable.escalate_process(p_id, p_at, 'SWEEP');
        WHEN 'raised task' THEN PERFORM flowable.do_raised(p_id);
    END CASE;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'the % % could not be escalated: % (%)', p_what, p_id, SQLERRM, SQLSTATE;
END $$;

-- The safety net for tasks and processes whose workflow is gone; a case's own timer comes first. Each level is reached at its
-- own time (correction 9), in batches that two runs share without waiting (correction 11). Each batch is committed by itself,
-- so it is called outside a transaction. What people have raised by hand is left to their case for a minute.
CREATE PROCEDURE flowable.escalate_overdue_tasks()
    LANGUAGE plpgsql
AS $$
DECLARE
    v_at    TIMESTAMPTZ := CURRENT_TIMESTAMP;
    v_due   RECORD;
    v_since TIMESTAMPTZ := '-infinity'; -- each once: what could not be done stays due
    v_id    TEXT := '';
BEGIN
    LOOP
        FOR v_due IN
            SELECT t.task_id, t.escalate_at FROM flowable.workflow_tasks t
            WHERE t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED') AND t.escalate_at <= v_at
              AND t.escalate_at >= v_since AND (t.escalate_at, t.task_id) > (v_since, v_id)
            ORDER BY t.escalate_at, t.task_id
            LIMIT 500
            FOR UPDATE SKIP LOCKED
        LOOP
            PERFORM flowable.try_escalation('task', v_due.task_id, v_at);
            v_since := v_due.escalate_at;
            v_id := v_due.task_id;
        END LOOP;
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
    v_since := '-infinity';
    v_id := '';
    LOOP
        FOR v_due IN
            SELECT i.process_instance_id, i.sla_next_at FROM flowable.process_instances i
            WHERE i.sla_next_at <= v_at AND i.sla_next_at >= v_since AND (i.sla_next_at, i.process_instance_id) > (v_since, v_id)
            ORDER BY i.sla_next_at, i.process_instance_id
            LIMIT 500
            FOR NO KEY UPDATE SKIP LOCKED
        LOOP
            PERFORM flowable.try_escalation('process', v_due.process_instance_id, v_at);
            v_since := v_due.sla_next_at;
            v_id := v_due.process_instance_id;
        END LOOP;
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
    v_id := '';
    LOOP
        FOR v_due IN
            SELECT DISTINCT e.task_id FROM flowable.escalations e
            WHERE e.pending AND e.escalated_at < v_at - INTERVAL '1 minute' AND e.task_id > v_id
            ORDER BY e.task_id
            LIMIT 500
        LOOP
            PERFORM flowable.try_escalation('raised task', v_due.task_id, v_at);
            v_id := v_due.task_id;
        END LOOP;
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END $$;
REVOKE ALL ON PROCEDURE flowable.escalate_overdue_tasks() FROM PUBLIC;
REVOKE ALL ON FUNCTION flowable.try_escalation(TEXT, TEXT, TIMESTAMPTZ) FROM PUBLIC; -- it swallows the refusals of row security
GRANT EXECUTE ON PROCEDURE flowable.escalate_overdue_tasks() TO nextgen_worker;
GRANT EXECUTE ON FUNCTION flowable.try_escalation(TEXT, TEXT, TIMESTAMPTZ) TO nextgen_worker;

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
              AND flowable.staff_of(q.queue_name) <> '{}'
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
