BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Ranks ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION flowable.hours_since_2020(p_at TIMESTAMPTZ) RETURNS DOUBLE PRECISION
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT date_part('epoch', p_at) / 3600 - 438288 $$;

-- The candidate groups that tasks of a queue have named. A search finds by it in which queues a group has tasks.
CREATE TABLE flowable.queue_groups (
    queue_name VARCHAR(100) NOT NULL,
    role_code  TEXT         NOT NULL,
    CONSTRAINT queue_groups_pkey PRIMARY KEY (queue_name, role_code),
    CONSTRAINT queue_groups_queue_fkey FOREIGN KEY (queue_name) REFERENCES flowable.workflow_queues (queue_name)
);

CREATE INDEX idx_queue_groups_role ON flowable.queue_groups (role_code);

-- The tasks that name somebody as a candidate. Row security would let no search use an index on candidate_users.
CREATE TABLE flowable.task_candidates (
    user_id TEXT        NOT NULL,
    task_id VARCHAR(64) NOT NULL,
    CONSTRAINT task_candidates_pkey PRIMARY KEY (user_id, task_id),
    CONSTRAINT task_candidates_task_fkey FOREIGN KEY (task_id) REFERENCES flowable.workflow_tasks (task_id) ON DELETE CASCADE
);
CREATE INDEX idx_task_candidates_task ON flowable.task_candidates (task_id);

-- Keeps the place of a claimable task in its queue. The effective priority of a task is
--   base * priority + age * hours since it was created - slack * hours until it is due + severity
-- with the weights of its queue; what is left out of them counts 1 (base), 1 (age), 0 (slack; 2 in a PRIORITY queue) and 0.
-- All tasks of a queue gain age + slack an hour, so their order is that of the constant part, which is what claim_rank holds.
-- A task without a due date counts as due 30 days after its creation.
CREATE FUNCTION flowable.rank_task() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_queue flowable.workflow_queues;
    w       JSONB;
    v_age   DOUBLE PRECISION;
    v_slack DOUBLE PRECISION;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.status, NEW.priority, NEW.due_date, NEW.queue_name, NEW.severity, NEW.created_at, NEW.rank_version)
        IS NOT DISTINCT FROM (OLD.status, OLD.priority, OLD.due_date, OLD.queue_name, OLD.severity, OLD.created_at, OLD.rank_version) THEN
        RETURN NEW;
    END IF;
    SELECT q.* INTO v_queue FROM flowable.workflow_queues q WHERE q.queue_name = NEW.queue_name;
    w := v_queue.priority_weights;
    v_age := COALESCE((w ->> 'age')::DOUBLE PRECISION, 1);
    v_slack := COALESCE((w ->> 'slack')::DOUBLE PRECISION, CASE v_queue.queue_type WHEN 'PRIORITY' THEN 2 ELSE 0 END);
    NEW.claim_rank := COALESCE((w ->> 'base')::DOUBLE PRECISION, 1) * NEW.priority
        - v_age * flowable.hours_since_2020(NEW.created_at)
        - v_slack * flowable.hours_since_2020(least(COALESCE(NEW.due_date, NEW.created_at + INTERVAL '30 days'), NEW.created_at + INTERVAL '3650 days'))
        + COALESCE((w -> 'severity' ->> NEW.severity)::DOUBLE PRECISION, 0);
    NEW.claim_growth := v_age + v_slack;
    NEW.claim_lane := CASE
        WHEN NEW.status = 'ESCALATED' THEN 0
        WHEN NEW.priority >= (w #>> '{express,minPriority}')::INTEGER OR w #> '{express,severities}' ? NEW.severity THEN 1
        ELSE 2 END;
    NEW.rank_version := COALESCE(v_queue.rank_version, 0);
    RETURN NEW;
END $$;

CREATE FUNCTION flowable.note_groups() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    INSERT INTO flowable.queue_groups (queue_name, role_code)
    SELECT NEW.queue_name, g.code FROM unnest(NEW.candidate_groups) AS g (code)
    WHERE NOT EXISTS (SELECT FROM flowable.queue_groups k WHERE k.role_code = g.code AND k.queue_name = NEW.queue_name)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER workflow_tasks_groups_new AFTER INSERT ON flowable.workflow_tasks
    FOR EACH ROW WHEN (NEW.candidate_groups <> '{}') EXECUTE FUNCTION flowable.note_groups();
CREATE TRIGGER workflow_tasks_groups AFTER UPDATE OF queue_name, candidate_groups ON flowable.workflow_tasks
    FOR EACH ROW WHEN ((NEW.queue_name, NEW.candidate_groups) IS DISTINCT FROM (OLD.queue_name, OLD.candidate_groups))
    EXECUTE FUNCTION flowable.note_groups();

CREATE FUNCTION flowable.note_candidates() RETURNS TRIGGER
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO flowable.task_candidates (user_id, task_id) SELECT DISTINCT u.id, NEW.task_id FROM unnest(NEW.candidate_users) AS u (id);
    RETURN NULL;
END $$;
CREATE TRIGGER workflow_tasks_candidates AFTER INSERT ON flowable.workflow_tasks
    FOR EACH ROW WHEN (NEW.candidate_users <> '{}') EXECUTE FUNCTION flowable.note_candidates();

CREATE TRIGGER workflow_tasks_rank_new BEFORE INSERT ON flowable.workflow_tasks
    FOR EACH ROW EXECUTE FUNCTION flowable.rank_task();
CREATE TRIGGER workflow_tasks_rank BEFORE UPDATE ON flowable.workflow_tasks
    FOR EACH ROW WHEN (NEW.status IN ('OPEN', 'ESCALATED')) -- short, for every claim reads it
    EXECUTE FUNCTION flowable.rank_task();

CREATE FUNCTION flowable.note_new_weights() RETURNS TRIGGER
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.rank_version := OLD.rank_version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER workflow_queues_weights BEFORE UPDATE ON flowable.workflow_queues
    FOR EACH ROW WHEN ((NEW.queue_type, NEW.priority_weights) IS DISTINCT FROM (OLD.queue_type, OLD.priority_weights))
    EXECUTE FUNCTION flowable.note_new_weights();

-- Ranks some claimable tasks of a queue whose weights have changed. Answers how many; 0 when all are ranked. Several may do it
-- at once.
CREATE FUNCTION flowable.rank_tasks(p_most INTEGER) RETURNS INTEGER
    LANGUAGE plpgsql
AS $$
DECLARE
    v_queue flowable.workflow_queues;
    v_done  INTEGER;
BEGIN
    FOR v_queue IN SELECT q.* FROM flowable.workflow_queues q WHERE q.rank_version <> q.ranked_version ORDER BY q.queue_id LOOP
        UPDATE flowable.workflow_tasks t SET rank_version = v_queue.rank_version
        WHERE t.task_id IN (
            SELECT s.task_id FROM flowable.workflow_tasks s
            WHERE s.queue_name = v_queue.queue_name AND s.status IN ('OPEN', 'ESCALATED') AND s.rank_version <> v_queue.rank_version
            LIMIT p_most
            FOR UPDATE SKIP LOCKED);
        GET DIAGNOSTICS v_done = ROW_COUNT;
        IF v_done > 0 THEN
            RETURN v_done;
        END IF;
        UPDATE flowable.workflow_queues q SET ranked_version = v_queue.rank_version
        WHERE q.queue_id = v_queue.queue_id AND NOT EXISTS ( -- what somebody holds locked just now is for the next time
            SELECT FROM flowable.workflow_tasks s
            WHERE s.queue_name = v_queue.queue_name AND s.status IN ('OPEN', 'ESCALATED') AND s.rank_version <> v_queue.rank_version);
    END LOOP;
    RETURN 0;
END $$;

-- Moves between queues --------------------------------------------------------------------------------------------------

-- The active roles that work on a queue. What is put into a queue without any, nobody would be given.
CREATE FUNCTION flowable.staff_of(p_queue TEXT) RETURNS TEXT[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT r.role_code::TEXT FROM flowable.workflow_queues q
        JOIN flowable.queue_assignments a ON a.queue_id = q.queue_id AND a.is_active
        JOIN entitlements.workflow_roles r ON r.role_id = a.role_id AND r.is_active
        WHERE q.queue_name = p_queue
        ORDER BY r.role_code);
END $$;

-- Moves go one after the other: two at once would move too much. Unclaimed tasks are claimed meanwhile.
CREATE FUNCTION flowable.serialize_moves() RETURNS VOID
    LANGUAGE sql
AS $$ SELECT pg_advisory_xact_lock(hashtextextended('flowable.rebalance_queue_loads', 0)) $$;

-- Moves claimable tasks to another queue, for capacity and by the system. home_queue remembers where a task belongs, until it
-- is back. The workflow learns of it. Answers how many, and keeps the load of both queues.
CREATE FUNCTION flowable.move_tasks(p_ids TEXT[], p_from TEXT, p_to TEXT, p_why TEXT) RETURNS INTEGER
    LANGUAGE plpgsql
AS $$
DECLARE
    v_moved INTEGER;
BEGIN
    WITH moved AS (
        UPDATE flowable.workflow_tasks t
        SET queue_name = p_to, home_queue = NULLIF(COALESCE(t.home_queue, t.queue_name), p_to), version = t.version + 1
        WHERE t.task_id = ANY (p_ids)
        RETURNING t.*),
    recorded AS (
        INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, comments, action_data)
        SELECT m.task_id, m.process_instance_id, 'UPDATE', 'SYSTEM', m.status, m.status,
            'Moved from ' || p_from || ' to ' || p_to || ': ' || p_why,
            jsonb_build_object('queueName', jsonb_build_object('from', p_from, 'to', p_to))
        FROM moved m)
    SELECT count(flowable.tell_workflow(ROW(m.*)::flowable.workflow_tasks, 'update-task',
        jsonb_build_object('commandId', gen_random_uuid(), 'by', 'SYSTEM'))) INTO v_moved
    FROM moved m;
    UPDATE flowable.workflow_queues q
    SET current_load = q.current_load + CASE q.queue_name WHEN p_to THEN v_moved ELSE -v_moved END
    WHERE q.queue_name IN (p_from, p_to) AND v_moved > 0;
    RETURN v_moved;
END $$;

-- Lends tasks of a queue to another one, those that would be claimed last. Personal ones stay: in the other queue whoever works
-- on it may claim what is lent. Answers how many were moved.
CREATE FUNCTION flowable.lend_tasks(p_from TEXT, p_to TEXT, p_most INTEGER) RETURNS INTEGER
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN flowable.move_tasks(ARRAY(
        SELECT t.task_id::TEXT FROM flowable.workflow_tasks t
        WHERE t.queue_name = p_from AND t.status IN ('OPEN', 'ESCALATED') AND NOT t.is_suspended
          AND (t.candidate_users = '{}' OR t.candidate_groups <> '{}')
        ORDER BY t.claim_lane DESC, t.claim_rank, t.task_id DESC
        LIMIT p_most
        FOR UPDATE SKIP LOCKED), p_from, p_to, 'over capacity');
END $$;

-- Takes what is over the capacity of queues to the OVERFLOW queues that they name, as far as these have room, and brings back
-- what such a queue has, in the order in which it is claimed, where its own queue has room again.
CREATE PROCEDURE flowable.relieve_queues()
    LANGUAGE plpgsql
AS $$
DECLARE
    v_queue RECORD;
BEGIN
    PERFORM flowable.serialize_moves();
    CALL flowable.update_queue_statistics();
    FOR v_queue IN
        SELECT home.queue_name AS home, away.queue_name AS away, home.max_capacity - home.current_load AS room
        FROM flowable.workflow_queues home
        JOIN flowable.workflow_queues away ON away.queue_type = 'OVERFLOW' AND away.queue_name <> home.queue_name
        WHERE home.is_active AND home.current_load < home.max_capacity
          AND EXISTS (SELECT FROM flowable.workflow_tasks t WHERE t.home_queue = home.queue_name AND t.queue_name = away.queue_name)
        ORDER BY home.queue_id, away.queue_id
    LOOP
        PERFORM flowable.move_tasks(ARRAY(
            SELECT t.task_id::TEXT FROM flowable.workflow_tasks t
            WHERE t.home_queue = v_queue.home AND t.queue_name = v_queue.away AND t.status IN ('OPEN', 'ESCALATED') AND NOT t.is_suspended
            ORDER BY t.claim_lane, t.claim_rank DESC, t.task_id
            LIMIT v_queue.room
            FOR UPDATE SKIP LOCKED), v_queue.away, v_queue.home, 'there is room again');
    END LOOP;
    FOR v_queue IN
        SELECT q.queue_name AS home, q.overflow_queue AS away FROM flowable.workflow_queues q
        WHERE q.is_active AND q.current_load > q.max_capacity AND q.overflow_queue IS NOT NULL
        ORDER BY q.queue_id
    LOOP -- the loads as they are by now: several may share one
        PERFORM flowable.lend_tasks(home.queue_name, away.queue_name,
            least(home.current_load - home.max_capacity, away.max_capacity - away.current_load))
        FROM flowable.workflow_queues home, flowable.workflow_queues away
        WHERE home.queue_name = v_queue.home AND away.queue_name = v_queue.away
          AND away.is_active AND away.queue_type = 'OVERFLOW' AND away.current_load < away.max_capacity
          AND flowable.staff_of(away.queue_name) <> '{}';
    END LOOP;
END $$;

-- Pushing -----------------------------------------------------------------------------------------------------------------

-- When somebody was last pushed a task through an assignment: whose turn it is.
CREATE TABLE flowable.assignment_turns (
    assignment_id BIGINT      NOT NULL,
    user_id       VARCHAR(50) NOT NULL,
    pushed_at     TIMESTAMPTZ NOT NULL,
    CONSTRAINT assignment_turns_pkey PRIMARY KEY (assignment_id, user_id),
    CONSTRAINT assignment_turns_assignment_fkey FOREIGN KEY (assignment_id) REFERENCES flowable.queue_assignments (assignment_id) ON DELETE CASCADE,
    CONSTRAINT assignment_turns_user_fkey FOREIGN KEY (user_id) REFERENCES entitlements.users (user_id)
);
CREATE INDEX idx_assignment_turns_user ON flowable.assignment_turns (user_id);

-- The active queues of which some assignment pushes tasks, and which have any.
CREATE FUNCTION flowable.pushing_queues() RETURNS TABLE (queue_name TEXT)
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY
    SELECT q.queue_name::TEXT FROM flowable.workflow_queues q
    WHERE q.is_active
      AND EXISTS (
        SELECT FROM flowable.queue_assignments a
        WHERE a.queue_id = q.queue_id AND a.is_active AND a.auto_assign AND a.assignment_strategy <> 'MANUAL')
      AND EXISTS (SELECT FROM flowable.workflow_tasks t WHERE t.queue_name = q.queue_name AND t.status IN ('OPEN', 'ESCALATED') AND NOT t.is_suspended)
    ORDER BY q.queue_id;
END $$;

-- Who is pushed the next task of a queue: somebody present who has room, by the strategy of the assignment that lets them work
-- on it. Of several assignments, those of PRIORITY_WEIGHTED come by their level, others take turns. Within one:
--   ROUND_ROBIN        whoever was pushed one longest ago
--   LEAST_LOADED, PRIORITY_WEIGHTED  whoever has used least of what they may hold of the queue, then whoever holds least at all
--   SKILL_BASED        whoever has fewest skills, so that those with more are left for what only they can do; then as LEAST_LOADED
-- p_tried are people for whom there is nothing.
CREATE FUNCTION flowable.next_to_push(p_queue TEXT, p_tried TEXT[])
    RETURNS TABLE (user_id TEXT, assignment_id BIGINT, strategy TEXT, skilled BOOLEAN)
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY
    WITH people AS (
        SELECT DISTINCT v.user_id::TEXT AS person, a.assignment_id AS assignment, a.assignment_strategy::TEXT AS kind,
            q.queue_type = 'SPECIALIZED' OR a.assignment_strategy = 'SKILL_BASED' AS asks,
            CASE a.assignment_strategy WHEN 'PRIORITY_WEIGHTED' THEN a.priority_level ELSE 50 END AS level, a.max_tasks_per_user AS most
        FROM flowable.workflow_queues q
        JOIN flowable.queue_assignments a ON a.queue_id = q.queue_id AND a.is_active AND a.auto_assign AND a.assignment_strategy <> 'MANUAL'
        JOIN entitlements.valid_roles v ON v.role_id = a.role_id
        WHERE q.queue_name = p_queue AND q.is_active AND NOT v.user_id = ANY (p_tried)
          AND NOT EXISTS (
            SELECT FROM entitlements.user_absences b
            WHERE b.user_id = v.user_id AND b.absent_from <= CURRENT_TIMESTAMP AND b.absent_until > CURRENT_TIMESTAMP))
    SELECT p.person, p.assignment, p.kind, p.asks
    FROM people p
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE t.queue_name = p_queue) AS here, count(*) AS everywhere FROM flowable.workflow_tasks t
        WHERE t.assignee_id = p.person AND t.status IN ('CLAIMED', 'DELEGATED')) AS held
    LEFT JOIN flowable.assignment_turns own ON own.assignment_id = p.assignment AND own.user_id = p.person
    CROSS JOIN LATERAL (
        SELECT COALESCE(max(k.pushed_at), '-infinity') AS last FROM flowable.assignment_turns k WHERE k.assignment_id = p.assignment) AS role
    WHERE held.here < p.most
    ORDER BY p.level DESC, role.last, p.assignment,
        CASE p.kind WHEN 'ROUND_ROBIN' THEN COALESCE(own.pushed_at, '-infinity') END,
        CASE p.kind WHEN 'SKILL_BASED' THEN cardinality(entitlements.skills_of(p.person)) END,
        held.here::DOUBLE PRECISION / p.most, held.everywhere, COALESCE(own.pushed_at, '-infinity'), p.person
    LIMIT 1;
END $$;

-- Pushes tasks of a queue to people, in the order in which they are claimed, as long as somebody has room, and p_most at most.
-- Nobody waits: a queue that another process is pushing, and people who are claiming at this moment, are left for the next
-- time. Answers how many.
CREATE FUNCTION flowable.push_tasks(p_queue TEXT, p_most INTEGER) RETURNS INTEGER
    LANGUAGE plpgsql
AS $$
DECLARE
    v_pushed INTEGER := 0;
    v_tried  TEXT[] := '{}';
    v_next   RECORD;
    v_roles  TEXT[];
    v_task   RECORD;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('push:' || p_queue, 0)) THEN
        RETURN 0;
    END IF;
    WHILE v_pushed < p_most LOOP
        SELECT n.* INTO v_next FROM flowable.next_to_push(p_queue, v_tried) AS n;
        EXIT WHEN NOT FOUND;
        v_tried := v_tried || v_next.user_id;
        CONTINUE WHEN NOT flowable.try_claims(v_next.user_id);
        v_roles := entitlements.roles_of(v_next.user_id);
        CONTINUE WHEN flowable.room_for(v_next.user_id, v_roles, p_queue) <= 0; -- claimed before the lock was ours
        v_task := flowable.lock_first(p_queue, v_next.user_id, v_next.user_id, v_roles,
            entitlements.skills_of(v_next.user_id), v_next.skilled, TRUE);
        CONTINUE WHEN v_task.task_id IS NULL;
        PERFORM flowable.give_task(v_task.task_id, v_task.status, v_next.user_id, gen_random_uuid(), 'SYSTEM', jsonb_build_object('pushed', v_next.strategy));
        INSERT INTO flowable.assignment_turns AS k (assignment_id, user_id, pushed_at)
        VALUES (v_next.assignment_id, v_next.user_id, clock_timestamp())
        ON CONFLICT ON CONSTRAINT assignment_turns_pkey DO UPDATE SET pushed_at = EXCLUDED.pushed_at;
        v_tried := v_tried[:cardinality(v_tried) - 1];
        v_pushed := v_pushed + 1;
    END LOOP;
    RETURN v_pushed;
END $$;

-- Searching ---------------------------------------------------------------------------------------------------------------

-- The conditions of a search for tasks "t", but for those of its page: p as in search_tasks.
CREATE FUNCTION flowable.search_conditions(p JSONB) RETURNS TEXT
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN concat_ws(' AND ', 'TRUE',
        CASE WHEN p ? 'instance' THEN format('t.process_instance_id = %L', p ->> 'instance') END,
        CASE WHEN p ? 'case' THEN format('t.case_id = %L::BIGINT', p ->> 'case') END,
        CASE WHEN p ? 'assignee' THEN format('t.assignee_id = %L', p ->> 'assignee') END,
        CASE WHEN p ? 'queue' THEN format('t.queue_name = %L', p ->> 'queue') END,
        CASE WHEN p ? 'definition' THEN format('t.task_definition_key = %L', p ->> 'definition') END,
        CASE WHEN p ? 'minPriority' THEN format('t.priority >= %L::INTEGER', p ->> 'minPriority') END,
        CASE WHEN p ? 'dueBefore' THEN format('CASE WHEN t.due_date IS NULL THEN ''infinity'' ELSE t.due_date END < %L::TIMESTAMPTZ', p ->> 'dueBefore') END,
        CASE WHEN p ? 'followUpBefore' THEN format('t.follow_up_date < %L::TIMESTAMPTZ', p ->> 'followUpBefore') END,
        CASE WHEN p ? 'overdue' THEN 'CASE WHEN t.due_date IS NULL THEN ''infinity'' ELSE t.due_date END < CURRENT_TIMESTAMP AND t.paused_at IS NULL' END,
        CASE WHEN p ? 'candidate' THEN format(
            'NOT t.excluded_users && %1$L::TEXT[] AND (t.candidate_groups && %2$L::TEXT[] OR t.candidate_users && %1$L::TEXT[]
             OR ((t.home_queue IS NOT NULL OR (t.candidate_groups = ''{}'' AND t.candidate_users = ''{}'')) AND t.queue_name = ANY (%3$L::TEXT[])))',
            entitlements.caller_people(), entitlements.caller_groups(), entitlements.caller_queues()) END);
END $$;

-- The conditions of a page, each in the order of an index: what comes after a row is the rest of its equals, and what is beyond
-- them. Texts are compared last and apart, for row security lets no index compare them.
CREATE FUNCTION flowable.search_pages(p_sort TEXT, p_after JSONB) RETURNS TEXT[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF p_after IS NULL THEN
        RETURN '{TRUE}';
    ELSIF p_sort = 'created' THEN
        RETURN ARRAY[format('t.created_at <= %1$L::TIMESTAMPTZ AND (t.created_at < %1$L::TIMESTAMPTZ OR t.task_id < %2$L)',
            p_after ->> 'created', p_after ->> 'id')];
    ELSIF p_sort = 'due' THEN
        RETURN ARRAY[format('CASE WHEN t.due_date IS NULL THEN ''infinity'' ELSE t.due_date END >= %1$L::TIMESTAMPTZ
            AND (CASE WHEN t.due_date IS NULL THEN ''infinity'' ELSE t.due_date END > %1$L::TIMESTAMPTZ OR t.task_id > %2$L)',
            COALESCE(p_after ->> 'due', 'infinity'), p_after ->> 'id')];
    END IF;
    RETURN ARRAY[
        format('t.priority = %1$L::INTEGER AND t.created_at >= %2$L::TIMESTAMPTZ AND (t.created_at > %2$L::TIMESTAMPTZ OR t.task_id > %3$L)',
            p_after ->> 'priority', p_after ->> 'created', p_after ->> 'id'),
        format('t.priority < %L::INTEGER', p_after ->> 'priority')];
END $$;

-- The queues of which the caller can see something: those they work on and those with tasks for their groups.
CREATE FUNCTION flowable.seen_queues() RETURNS TEXT[]
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_groups TEXT[] := entitlements.caller_groups(); -- asked once, not for each row
    v_mine   TEXT[] := entitlements.caller_queues();
    v_admin  BOOLEAN := entitlements.caller_may('admin');
BEGIN
    RETURN ARRAY(
        SELECT q.queue_name::TEXT FROM flowable.workflow_queues q
        WHERE q.queue_name = ANY (v_mine) OR v_admin OR EXISTS (
            SELECT FROM flowable.queue_groups k WHERE k.queue_name = q.queue_name AND k.role_code = ANY (v_groups)));
END $$;

-- The ids of the tasks of one page of a list, in its order, as far as the caller sees them. p is {"sort": priority, created or
-- due, "most", "after"?: {"id", "priority", "created", "due"?}, "statuses", and the filters "queue", "assignee", "candidate",
-- "instance", "case", "definition", "minPriority", "overdue", "dueBefore",
-- "followUpBefore"}. Nothing is sorted that an index has in order: the
-- page is put together from the first rows of each queue of which the caller can see something, and of what is theirs
-- elsewhere. An instance, a case or an assignee is narrow enough by itself.
-- Sorting is off where an index has the order: the planner takes filters that go together for very selective ones.
CREATE FUNCTION flowable.search_tasks(p JSONB) RETURNS TEXT[]
    LANGUAGE plpgsql STABLE SET enable_sort = off
AS $$
DECLARE
    c_rows   CONSTANT TEXT := 'SELECT t.task_id, t.priority, t.created_at, t.due_date FROM flowable.workflow_tasks t WHERE ';
    v_people TEXT[] := entitlements.caller_people(); -- asked once, not for each row
    v_order  TEXT := CASE p ->> 'sort' WHEN 'created' THEN 'created_at DESC, task_id DESC'
            WHEN 'due' THEN 'CASE WHEN due_date IS NULL THEN ''infinity'' ELSE due_date END, task_id'
        ELSE 'priority DESC, created_at, task_id' END;
    v_most   INTEGER := (p ->> 'most')::INTEGER;
    v_where  TEXT := flowable.search_conditions(p);
    v_states TEXT[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'statuses'));
    v_pages  TEXT[] := flowable.search_pages(p ->> 'sort', p -> 'after');
    v_dates  BOOLEAN := p ->> 'sort' <> 'due' AND p ?| '{overdue,dueBefore}'; -- what is due is found first, and sorted then
    v_parts  TEXT[] := '{}';
    v_queues TEXT[];
    v_named  TEXT[];
    v_found  TEXT[];
BEGIN
    IF p ?| '{instance,case,assignee}' THEN
        v_parts := ARRAY[c_rows || format('t.status = ANY (%L) AND (%s) AND %s', v_states, array_to_string(v_pages, ' OR '), v_where)];
    ELSE
        v_queues := ARRAY(SELECT q.name FROM unnest(flowable.seen_queues()) AS q (name) WHERE NOT p ? 'queue' OR q.name = p ->> 'queue');
        v_named := ARRAY(SELECT c.task_id::TEXT FROM flowable.task_candidates c WHERE c.user_id = ANY (v_people));
        IF v_named <> '{}' OR NOT p ? 'candidate' THEN
            v_parts := ARRAY[c_rows || format('(t.assignee_id = ANY (%L) OR t.task_id = ANY (%L)) AND t.queue_name <> ALL (%L)
                AND t.status = ANY (%L) AND (%s) AND %s', v_people, v_named, v_queues, v_states,
                array_to_string(v_pages, ' OR '), v_where)];
        END IF;
        v_parts := v_parts || ARRAY( -- of each queue and state, or states that an index of the order is about
            SELECT format('SELECT t.* FROM unnest(%L::TEXT[]) AS q (name) CROSS JOIN unnest(%L::TEXT[]) AS s (name) CROSS JOIN LATERAL (
                SELECT f.* FROM (%s t.queue_name = q.name AND %s AND %s AND %s %s) AS f ORDER BY %s LIMIT %s) AS t',
                v_queues, range.names, c_rows, range.holds, page.holds, v_where, range.sorted, v_order, v_most)
            FROM unnest(v_pages) AS page (holds)
            CROSS JOIN (
                SELECT v_states AS names, 't.status = s.name' AS holds, '' AS sorted WHERE p ->> 'sort' = 'priority' AND NOT v_dates
                UNION ALL
                SELECT '{any}', format('t.status IN (%L, %L) AND t.status = ANY (%L)', r.one, r.other, v_states),
                    CASE WHEN v_dates THEN 'OFFSET 0' ELSE r.sorted END
                FROM (VALUES ('OPEN', 'ESCALATED', ''), ('CLAIMED', 'DELEGATED', 'OFFSET 0'), -- what is held has no such index, and is sorted
                    ('COMPLETED', 'CANCELLED', '')) AS r (one, other, sorted)
                WHERE (p ->> 'sort' <> 'priority' OR v_dates) AND ARRAY[r.one, r.other] && v_states) AS range);
    END IF;
    EXECUTE format('SELECT ARRAY(SELECT task_id::TEXT FROM (%s) AS found ORDER BY %s LIMIT %s)',
        array_to_string(v_parts, ' UNION ALL '), v_order, v_most) INTO v_found;
    RETURN v_found;
END $$;

-- The cases that pass one of the filters of search_cases, if there are few of them below "before", whether the caller sees them or
-- not; NULL if each filter lets many pass. What the caller may see of few is quickly asked of each.
CREATE FUNCTION onecms.few_cases(p JSONB) RETURNS BIGINT[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_on     TEXT := set_config('app.checking', 'on', TRUE); -- the policies owner_checks
    v_before BIGINT := (p ->> 'before')::BIGINT;
    c_few    CONSTANT INTEGER := 300;
    v_found  BIGINT[];
BEGIN
    IF p ? 'process' THEN
        v_found := ARRAY(SELECT m.case_id FROM onecms.case_workflow_mapping m
            WHERE m.workflow_type = p ->> 'process' AND m.case_id < v_before ORDER BY m.case_id DESC LIMIT c_few + 1);
    END IF;
    IF p ? 'createdBy' AND (v_found IS NULL OR cardinality(v_found) > c_few) THEN
        v_found := ARRAY(SELECT c.case_id FROM onecms.cases c
            WHERE c.created_by = p ->> 'createdBy' AND c.case_id < v_before ORDER BY c.case_id DESC LIMIT c_few + 1);
    END IF;
    IF p ? 'status' AND (v_found IS NULL OR cardinality(v_found) > c_few) THEN
        v_found := ARRAY(SELECT c.case_id FROM onecms.cases c
            WHERE c.status = p ->> 'status' AND c.case_id < v_before ORDER BY c.case_id DESC LIMIT c_few + 1);
    END IF;
    RETURN CASE WHEN cardinality(v_found) <= c_few THEN v_found END;
END $$;

-- The ids of the cases of one page of a list, newest first, as far as the caller sees them: those they have started, and those
-- with a task that they see. p is {"before": case id, "most", and the filters "status", "process", "createdBy"}. Row security
-- alone would look at every case. As for tasks, the page is put together from the newest of each queue, of what is theirs
-- elsewhere, and of what they have started; where a filter lets few cases pass, of these.
CREATE FUNCTION onecms.search_cases(p JSONB) RETURNS BIGINT[]
    LANGUAGE plpgsql STABLE SET enable_sort = off
AS $$
DECLARE
    v_people TEXT[] := entitlements.caller_people();
    v_queues TEXT[];
    v_named  TEXT[];
    v_parts  TEXT[];
    v_few    BIGINT[];
    v_found  BIGINT[];
    v_page   TEXT := format('ORDER BY case_id DESC LIMIT %s', p ->> 'most');
    v_before TEXT := format('case_id < %L::BIGINT', p ->> 'before');
    v_where  TEXT := concat_ws(' AND ',
        CASE WHEN p ? 'status' THEN format('c.status = %L', p ->> 'status') END,
        CASE WHEN p ? 'createdBy' THEN format('c.created_by = %L', p ->> 'createdBy') END,
        CASE WHEN p ? 'process' THEN format('EXISTS (
            SELECT FROM onecms.case_workflow_mapping m WHERE m.case_id = c.case_id AND m.workflow_type = %L)', p ->> 'process') END);
    v_filter TEXT := CASE WHEN v_where <> '' THEN 'AND EXISTS (SELECT FROM onecms.cases c WHERE c.case_id = t.case_id AND ' || v_where || ')' END;
BEGIN
    v_where := concat_ws(' AND ', 'c.' || v_before, NULLIF(v_where, ''));
    IF NOT EXISTS (SELECT FROM flowable.workflow_definitions d WHERE NOT p ? 'process' OR d.process_key = p ->> 'process') THEN
        RETURN '{}';
    ELSIF entitlements.caller_may('admin') THEN
        v_parts := ARRAY[CASE WHEN p ? 'process' THEN format('SELECT m.case_id FROM onecms.case_workflow_mapping m JOIN onecms.cases c ON c.case_id = m.case_id
                WHERE m.workflow_type = %L AND m.%s AND %s', p ->> 'process', v_before, v_where)
            ELSE format('SELECT c.case_id FROM onecms.cases c WHERE %s', v_where) END];
    ELSE
        v_few := onecms.few_cases(p);
        IF v_few IS NOT NULL THEN
            v_parts := ARRAY[format('SELECT c.case_id FROM onecms.cases c WHERE c.case_id = ANY (%L) AND %s', v_few, v_where)];
        ELSE
            v_queues := flowable.seen_queues();
            v_named := ARRAY(SELECT c.task_id::TEXT FROM flowable.task_candidates c WHERE c.user_id = ANY (v_people));
            v_parts := ARRAY[
                format('(SELECT c.case_id FROM onecms.cases c WHERE c.created_by = %L AND %s %s)', entitlements.caller(), v_where, v_page),
                format('SELECT t.case_id FROM flowable.workflow_tasks t
                    WHERE (t.assignee_id = ANY (%1$L) OR t.owner_id = ANY (%1$L) OR t.task_id = ANY (%2$L)) AND t.%3$s %4$s', v_people, v_named, v_before, v_filter),
                format('SELECT f.case_id FROM unnest(%L::TEXT[]) AS q (name) CROSS JOIN LATERAL (
                    SELECT DISTINCT t.case_id FROM flowable.workflow_tasks t WHERE t.queue_name = q.name AND t.%s %s %s) AS f', v_queues, v_before, v_filter, v_page)];
        END IF;
    END IF;
    EXECUTE format('SELECT ARRAY(SELECT DISTINCT case_id FROM (%s) AS found %s)', array_to_string(v_parts, ' UNION ALL '), v_page) INTO v_found;
    RETURN v_found;
END $$;

GRANT SELECT, INSERT ON flowable.queue_groups TO nextgen_worker;
GRANT SELECT ON flowable.queue_groups TO nextgen_api;
GRANT SELECT, INSERT, UPDATE ON flowable.assignment_turns TO nextgen_worker;
GRANT SELECT, INSERT ON flowable.task_candidates TO nextgen_worker;
GRANT SELECT ON flowable.task_candidates TO nextgen_api;
ALTER TABLE flowable.task_candidates ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.task_candidates FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all ON flowable.task_candidates TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY owner_archives ON flowable.task_candidates TO nextgen_owner USING (flowable.is_on('app.archiving'));
CREATE POLICY own_or_admin ON flowable.task_candidates FOR SELECT TO nextgen_api
    USING (user_id = ANY ((SELECT entitlements.caller_people())::TEXT[]) OR (SELECT entitlements.caller_may('admin')));

COMMIT;
