BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Where the rows of a case and its workflow do not agree, as the reconciler has found it (ADR 0013). A difference that is
-- found again is the same row; one that is gone is resolved.
CREATE TABLE flowable.reconciler_findings (
    finding_id          BIGINT GENERATED ALWAYS AS IDENTITY,
    process_instance_id VARCHAR(64) NOT NULL,
    task_id             VARCHAR(64) NOT NULL DEFAULT '', -- '': the instance as a whole
    kind                VARCHAR(30) NOT NULL,
    detail              TEXT        NOT NULL,
    repaired            BOOLEAN     NOT NULL,
    found_at            TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    seen_at             TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP, -- the last time
    times               INTEGER     NOT NULL DEFAULT 1,
    resolved_at         TIMESTAMPTZ, -- repaired, or not found any more
    CONSTRAINT reconciler_findings_pkey PRIMARY KEY (finding_id),
    CONSTRAINT reconciler_findings_kind_check CHECK (kind IN ('workflow-missing', 'workflow-closed', 'workflow-behind', 'workflow-ahead',
        'workflow-stuck', 'workflow-unknown', 'orphan-task', 'missing-task', 'lost-completion', 'undelivered'))
);
CREATE UNIQUE INDEX reconciler_findings_open_once ON flowable.reconciler_findings (process_instance_id, kind, task_id) WHERE resolved_at IS NULL;

-- The open instances after one, in the order of their ids, that have not done anything in the last seconds: what is under way
-- is looked at another time.
CREATE FUNCTION flowable.instances_to_prove(p_after TEXT, p_quiet INTERVAL, p_most INTEGER) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT COALESCE(jsonb_agg(jsonb_build_object('instanceId', i.process_instance_id, 'started', i.start_state = 'STARTED',
            'step', i.last_step, 'proven', i.proven_step, 'pending', i.pending, 'dead', i.dead, 'doubtful', i.doubtful)
            ORDER BY i.process_instance_id), '[]')
        FROM (
            SELECT i.process_instance_id, i.start_state, i.last_step, i.proven_step,
                EXISTS (SELECT FROM flowable.task_commands c
                    WHERE c.process_instance_id = i.process_instance_id AND c.state = 'ACCEPTED' AND c.kind NOT IN ('claim', 'unclaim')) AS pending,
                EXISTS (SELECT FROM flowable.outbox o WHERE o.process_instance_id = i.process_instance_id AND o.dead) AS dead,
                EXISTS (SELECT FROM flowable.reconciler_findings f
                    WHERE f.process_instance_id = i.process_instance_id AND f.resolved_at IS NULL) AS doubtful
            FROM flowable.process_instances i
            WHERE i.status IN ('ACTIVE', 'SUSPENDED', 'ERROR') AND i.process_instance_id > p_after
              AND i.started_at < CURRENT_TIMESTAMP - p_quiet
            ORDER BY i.process_instance_id
            LIMIT p_most) AS i);
END $$;

-- The place of an instance as its rows have it, all read at one moment: {"step", "open": whether it is, "tasks": {id: status}}.
-- NULL if there is no such instance.
CREATE FUNCTION flowable.position_of(p_instance_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object('step', i.last_step, 'open', i.status IN ('ACTIVE', 'SUSPENDED', 'ERROR'),
            'settled', COALESCE(s.committed_at < CURRENT_TIMESTAMP - INTERVAL '10 seconds', TRUE),
            'tasks', COALESCE((
                SELECT jsonb_object_agg(t.task_id, t.status) FROM flowable.workflow_tasks t
                WHERE t.process_instance_id = i.process_instance_id), '{}'),
            'completing', COALESCE((
                SELECT jsonb_agg(c.task_id) FROM flowable.task_commands c
                WHERE c.process_instance_id = i.process_instance_id AND c.state = 'ACCEPTED' AND c.kind = 'complete'), '[]'))
        FROM flowable.process_instances i
        LEFT JOIN flowable.commit_steps s ON s.process_instance_id = i.process_instance_id AND s.step = i.last_step
        WHERE i.process_instance_id = p_instance_id);
END $$;

-- Notes what was found of an instance at a step, and that all else agrees: p_findings is [{"kind", "taskId"?, "detail",
-- "repaired"}].
CREATE FUNCTION flowable.record_findings(p_instance_id TEXT, p_step BIGINT, p_findings JSONB) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE flowable.reconciler_findings f SET resolved_at = CURRENT_TIMESTAMP
    WHERE f.process_instance_id = p_instance_id AND f.resolved_at IS NULL AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(p_findings) AS n
        WHERE n.value ->> 'kind' = f.kind AND COALESCE(n.value ->> 'taskId', '') = f.task_id);
    WITH again AS (
        UPDATE flowable.reconciler_findings f
        SET seen_at = CURRENT_TIMESTAMP, times = f.times + CASE WHEN r.repaired THEN 0 ELSE 1 END, detail = r.detail,
            repaired = r.repaired, resolved_at = CASE WHEN r.repaired THEN CURRENT_TIMESTAMP END
        FROM jsonb_to_recordset(p_findings) AS r (kind TEXT, "taskId" TEXT, detail TEXT, repaired BOOLEAN)
        WHERE f.process_instance_id = p_instance_id AND f.resolved_at IS NULL AND f.kind = r.kind AND f.task_id = COALESCE(r."taskId", '')
        RETURNING f.kind, f.task_id)
    INSERT INTO flowable.reconciler_findings (process_instance_id, task_id, kind, detail, repaired, resolved_at)
    SELECT p_instance_id, COALESCE(r."taskId", ''), r.kind, r.detail, r.repaired, CASE WHEN r.repaired THEN CURRENT_TIMESTAMP END
    FROM jsonb_to_recordset(p_findings) AS r (kind TEXT, "taskId" TEXT, detail TEXT, repaired BOOLEAN)
    WHERE NOT EXISTS (SELECT FROM again a WHERE a.kind = r.kind AND a.task_id = COALESCE(r."taskId", ''))
    ON CONFLICT DO NOTHING;
    IF p_findings = '[]' THEN
        UPDATE flowable.process_instances i SET proven_step = p_step
        WHERE i.process_instance_id = p_instance_id AND i.last_step = p_step AND i.proven_step <> p_step;
    END IF;
END $$;

-- Resolves what a reconciliation that began at a moment has not seen again: of instances that have ended since, and of
-- workflows without an instance.
CREATE FUNCTION flowable.settle_findings(p_since TIMESTAMPTZ) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE flowable.reconciler_findings f SET resolved_at = CURRENT_TIMESTAMP
    WHERE f.resolved_at IS NULL AND f.seen_at < p_since
      AND (f.kind = 'workflow-unknown' OR EXISTS (
        SELECT FROM flowable.process_instances i
        WHERE i.process_instance_id = f.process_instance_id AND i.status IN ('COMPLETED', 'TERMINATED')));
END $$;

-- Cancels open tasks for which no token of the workflow waits, if the instance still is at the step at which that was seen.
-- Answers how many there were.
CREATE FUNCTION flowable.cancel_orphan_tasks(p_instance_id TEXT, p_step BIGINT, p_task_ids JSONB) RETURNS INTEGER
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM flowable.process_instances i
    WHERE i.process_instance_id = p_instance_id AND i.last_step = p_step FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM flowable.cancel_tasks(p_instance_id, p_task_ids, 'SYSTEM');
    RETURN (
        SELECT count(*) FROM flowable.workflow_tasks t
        WHERE t.task_id IN (SELECT jsonb_array_elements_text(p_task_ids)) AND t.status = 'CANCELLED');
END $$;

-- Ends an instance whose workflow has been ended in Temporal, past the product. Its caller, if it is called, learns it, and what
-- it calls is asked to end.
-- Answers whether there was anything to end.
CREATE FUNCTION flowable.end_abandoned(p_instance_id TEXT, p_reason TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql
AS $$
DECLARE
    v_instance flowable.process_instances;
    v_end      JSONB := jsonb_build_object('status', 'TERMINATED', 'reason', p_reason);
BEGIN
    SELECT i.* INTO v_instance FROM flowable.process_instances i WHERE i.process_instance_id = p_instance_id FOR NO KEY UPDATE;
    IF NOT FOUND OR v_instance.status IN ('COMPLETED', 'TERMINATED') THEN
        RETURN FALSE;
    END IF;
    PERFORM flowable.end_instance(v_instance, v_end, 'SYSTEM', CURRENT_TIMESTAMP);
    PERFORM flowable.child_ended(v_instance, v_end, 'SYSTEM');
    PERFORM flowable.cancel_children(v_instance, COALESCE((
        SELECT jsonb_agg(c.process_instance_id) FROM flowable.process_instances c WHERE c.parent_process_id = p_instance_id), '[]'), 'SYSTEM');
    UPDATE flowable.activity_history h SET state = 'CANCELLED', ended_at = CURRENT_TIMESTAMP
    WHERE h.process_instance_id = p_instance_id AND h.state = 'ACTIVE';
    UPDATE flowable.incidents c SET state = 'RESOLVED', resolved_at = CURRENT_TIMESTAMP, resolved_by = 'SYSTEM'
    WHERE c.process_instance_id = p_instance_id AND c.state = 'OPEN';
    UPDATE flowable.process_instances i
    SET status = 'TERMINATED', completed_at = CURRENT_TIMESTAMP, end_reason = p_reason, current_activity = ''
    WHERE i.process_instance_id = p_instance_id;
    RETURN TRUE;
END $$;

-- Puts deliveries that were given up on their way again: their workflow runs. Answers how many.
CREATE FUNCTION flowable.revive_deliveries(p_instance_id TEXT) RETURNS INTEGER
    LANGUAGE plpgsql
AS $$
DECLARE
    v_count INTEGER;
BEGIN
    UPDATE flowable.outbox o SET dead = FALSE, attempts = 0, due_at = CURRENT_TIMESTAMP
    WHERE o.process_instance_id = p_instance_id AND o.dead;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

GRANT SELECT, INSERT, UPDATE ON flowable.reconciler_findings TO nextgen_worker;
GRANT SELECT ON flowable.reconciler_findings TO nextgen_api;
ALTER TABLE flowable.reconciler_findings ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.reconciler_findings FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all ON flowable.reconciler_findings TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY operator_reads ON flowable.reconciler_findings FOR SELECT TO nextgen_api USING ((SELECT entitlements.caller_may('operate')));

COMMIT;
