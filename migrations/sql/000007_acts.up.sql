BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Each act of a person on a task is one function: it locks the row, decides, and writes row, history, command and
-- outbox together (ADR 0001). It answers {"task": …, "delivery": …} or {"refused": code, "rule"?: …, "task"?: …}.

-- A task as the API shows it. As JSON, which is not sorted and copied to be printed: hardly anything looks into it here.
CREATE FUNCTION flowable.task_json(t flowable.workflow_tasks) RETURNS JSON
    LANGUAGE sql STABLE
AS $$
    SELECT json_build_object(
        'taskId', t.task_id, 'processInstanceId', t.process_instance_id, 'caseId', COALESCE(t.case_id, 0),
        'caseNumber', COALESCE(t.case_number, ''), 'processKey', t.process_key, 'taskDefinitionKey', t.task_definition_key,
        'taskName', t.task_name, 'queueName', t.queue_name, 'status', t.status, 'assigneeId', t.assignee_id,
        'candidateGroups', t.candidate_groups, 'candidateUsers', t.candidate_users, 'priority', t.priority,
        'formKey', t.form_key, 'createdAt', t.created_at, 'claimedAt', t.claimed_at, 'completedAt', t.completed_at,
        'dueDate', t.due_date, 'followUpDate', t.follow_up_date, 'escalationLevel', t.escalation_level,
        'outcome', t.outcome, 'outcomeReason', t.outcome_reason, 'ownerId', t.owner_id, 'suspended', t.is_suspended, 'claimDueDate', t.claim_due_date, 'pausedAt', t.paused_at, 'version', t.version)
$$;

-- Accepts a command and queues its signal. Answers the delivery.
CREATE FUNCTION flowable.accept_command(p_command JSONB, p_delay INTERVAL) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_command  JSONB := jsonb_strip_nulls(p_command - 'variables');
    v_id       UUID := (p_command ->> 'commandId')::UUID;
    v_instance TEXT := p_command ->> 'instanceId';
    v_actor    TEXT := p_command ->> 'actorId';
    v_outbox   BIGINT;
BEGIN
    IF p_command -> 'variables' <> 'null' THEN -- a variable that is null stays one
        v_command := v_command || jsonb_build_object('variables', p_command -> 'variables');
        PERFORM flowable.use_values(v_instance, p_command -> 'variables');
    END IF;
    WITH accepted AS (
        INSERT INTO flowable.task_commands (command_id, kind, process_instance_id, task_id, actor_id)
        VALUES (v_id, p_command ->> 'kind', v_instance, p_command ->> 'taskId', v_actor)
        RETURNING seq)
    INSERT INTO flowable.outbox AS o (kind, process_instance_id, command_id, payload, created_by, due_at)
    SELECT 'SIGNAL', v_instance, v_id, v_command || jsonb_build_object('seq', a.seq), v_actor, CURRENT_TIMESTAMP + p_delay
    FROM accepted a
    RETURNING o.outbox_id, o.payload INTO STRICT v_outbox, v_command;
    RETURN jsonb_build_object('outboxId', v_outbox, 'command', v_command);
END $$;

-- A claim or release is mostly carried by the completion that follows it. Its signal enters the outbox only when it has
-- waited for a second; until then the command itself is what the relay looks for (ADR 0011).

-- Puts the signals of commands that have waited for some time into the outbox. Several relays may do it at once. What an
-- accepted completion will carry waits on: under load the completion is late, and the same load need not bear two signals.
CREATE FUNCTION flowable.queue_commands(p_age INTERVAL, p_most INTEGER) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    WITH late AS (
        SELECT c.command_id FROM flowable.task_commands c
        WHERE c.state = 'ACCEPTED' AND NOT c.queued AND c.accepted_at <= CURRENT_TIMESTAMP - p_age
          AND NOT EXISTS (
            SELECT FROM flowable.task_commands k
            WHERE k.process_instance_id = c.process_instance_id AND k.task_id = c.task_id AND k.kind = 'complete' AND k.state = 'ACCEPTED')
        ORDER BY c.accepted_at
        LIMIT p_most
        FOR UPDATE SKIP LOCKED),
    queued AS (
        UPDATE flowable.task_commands c SET queued = TRUE FROM late WHERE c.command_id = late.command_id
        RETURNING c.*)
    INSERT INTO flowable.outbox (kind, process_instance_id, command_id, payload, created_by)
    SELECT 'SIGNAL', q.process_instance_id, q.command_id, jsonb_strip_nulls(jsonb_build_object('commandId', q.command_id,
        'seq', q.seq, 'kind', q.kind, 'taskId', q.task_id, 'instanceId', q.process_instance_id, 'actorId', q.actor_id,
        'assignee', CASE WHEN q.kind = 'claim' THEN q.actor_id END)), q.actor_id
    FROM queued q;
END $$;

-- Gives a delivery up. To an instance that has ended it is of no use any more: its command is rejected, and that is all.
CREATE FUNCTION flowable.give_up_delivery(p_outbox_id BIGINT, p_reason TEXT) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_command UUID;
BEGIN
    DELETE FROM flowable.outbox o USING flowable.process_instances i
    WHERE o.outbox_id = p_outbox_id AND i.process_instance_id = o.process_instance_id AND i.status IN ('COMPLETED', 'TERMINATED')
    RETURNING o.command_id INTO v_command;
    IF FOUND THEN
        UPDATE flowable.task_commands c SET state = 'REJECTED', settled_at = CURRENT_TIMESTAMP, reason = 'the case has ended'
        WHERE c.command_id = v_command AND c.state = 'ACCEPTED';
        RETURN;
    END IF;
    UPDATE flowable.outbox o SET dead = TRUE, last_error = p_reason WHERE o.outbox_id = p_outbox_id;
END $$;

-- How many tasks of a queue a user holds, whether the caller sees them or not. What they have delegated comes back to them, and
-- counts.
CREATE FUNCTION flowable.held_by(p_user_id TEXT, p_queue TEXT) RETURNS BIGINT
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_on TEXT := set_config('app.checking', 'on', TRUE); -- the policy owner_checks
BEGIN
    RETURN (
        SELECT count(*) FROM flowable.workflow_tasks t
        WHERE t.assignee_id = p_user_id AND t.status IN ('CLAIMED', 'DELEGATED') AND t.queue_name = p_queue)
        + (
        SELECT count(*) FROM flowable.workflow_tasks t
        WHERE t.owner_id = p_user_id AND t.status = 'DELEGATED' AND t.queue_name = p_queue);
END $$;

-- How many more tasks of a queue a user may hold; NULL if no role of theirs limits it.
CREATE FUNCTION flowable.room_for(p_user_id TEXT, p_roles TEXT[], p_queue TEXT) RETURNS BIGINT
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT max(a.max_tasks_per_user) - flowable.held_by(p_user_id, p_queue)
        FROM flowable.workflow_queues q
        JOIN flowable.queue_assignments a ON a.queue_id = q.queue_id AND a.is_active
        JOIN entitlements.workflow_roles r ON r.role_id = a.role_id AND r.role_code = ANY (p_roles)
        WHERE q.queue_name = p_queue);
END $$;

-- Whether a user may claim a task: by group, by name, or, if it names nobody or is lent to its queue, by working on the queue.
CREATE FUNCTION flowable.is_candidate(t flowable.workflow_tasks, p_user_id TEXT, p_roles TEXT[]) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT t.candidate_groups && p_roles OR p_user_id = ANY (t.candidate_users)
            OR ((t.home_queue IS NOT NULL OR (t.candidate_groups = '{}' AND t.candidate_users = '{}')) AND EXISTS (
                SELECT FROM flowable.workflow_queues q
                JOIN flowable.queue_assignments a ON a.queue_id = q.queue_id AND a.is_active
                JOIN entitlements.workflow_roles r ON r.role_id = a.role_id AND r.role_code = ANY (p_roles)
                WHERE q.queue_name = t.queue_name)));
END $$;

-- Whether four eyes keep somebody from a task: they, or somebody for them, have completed one of the tasks of its case that
-- it names, wherever in the case: a called process is part of its caller's.
CREATE FUNCTION flowable.four_eyes_bar(t flowable.workflow_tasks, p_user_id TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_on TEXT := set_config('app.checking', 'on', TRUE); -- the policy owner_checks
BEGIN
    IF t.case_id IS NULL THEN
        RETURN EXISTS (
            SELECT FROM flowable.workflow_tasks d
            WHERE d.process_instance_id = t.process_instance_id AND d.task_definition_key = ANY (t.four_eyes_of)
              AND d.status = 'COMPLETED' AND p_user_id IN (d.completed_by, d.acting_for));
    END IF;
    RETURN EXISTS (
        SELECT FROM flowable.workflow_tasks d
        WHERE d.case_id = t.case_id AND d.task_definition_key = ANY (t.four_eyes_of)
          AND d.status = 'COMPLETED' AND p_user_id IN (d.completed_by, d.acting_for));
END $$;

-- Whether a task asks for the skills that it requires: its queue does, or the one that has lent it.
CREATE FUNCTION flowable.asks_skills(t flowable.workflow_tasks) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM flowable.workflow_queues q WHERE q.queue_name IN (t.queue_name, t.home_queue) AND q.queue_type = 'SPECIALIZED');
END $$;

-- The rule that keeps a user from holding a task, whatever their roles: excluded-user, four-eyes or skills (asks_skills); NULL if
-- none does.
CREATE FUNCTION flowable.may_hold(t flowable.workflow_tasks, p_user_id TEXT) RETURNS TEXT
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF p_user_id = ANY (t.excluded_users) THEN
        RETURN 'excluded-user';
    ELSIF t.four_eyes_of <> '{}' AND flowable.four_eyes_bar(t, p_user_id) THEN
        RETURN 'four-eyes';
    ELSIF t.required_skills <> '{}' AND NOT t.required_skills <@ entitlements.skills_of(p_user_id) AND flowable.asks_skills(t) THEN
        RETURN 'skills';
    END IF;
    RETURN NULL;
END $$;

-- Whether a user acts as somebody: they are that person, or stand in for them now.
CREATE FUNCTION flowable.may_act_as(p_user_id TEXT, p_person TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN p_user_id = p_person OR p_person = ANY (entitlements.stands_in_for(p_user_id));
END $$;

-- For which absent colleague a user acts on a task: its holder or owner, or for whom its holder or owner acts; NULL if they act
-- for themselves.
CREATE FUNCTION flowable.acted_for(t flowable.workflow_tasks, p_user_id TEXT) RETURNS TEXT
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_absent TEXT[];
BEGIN
    IF p_user_id = t.assignee_id THEN
        RETURN t.acting_for;
    ELSIF p_user_id = t.owner_id THEN
        RETURN t.owner_acting_for;
    END IF;
    v_absent := entitlements.stands_in_for(p_user_id);
    RETURN CASE WHEN t.assignee_id = ANY (v_absent) THEN t.assignee_id WHEN t.owner_id = ANY (v_absent) THEN t.owner_id END;
END $$;

-- What history says of an act that somebody has done for an absent colleague.
CREATE FUNCTION flowable.acting_json(p_for TEXT) RETURNS JSONB
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN p_for IS NULL THEN '{}' ELSE jsonb_build_object('actingFor', p_for) END $$;

-- The rule that keeps a user from claiming a task with the roles of somebody, mostly themselves: one of may_hold, which binds
-- both, candidate or max-tasks-per-user, by the roles that they claim with and by their own; NULL if none does.
CREATE FUNCTION flowable.claim_rule(t flowable.workflow_tasks, p_user_id TEXT, p_for TEXT, p_roles TEXT[]) RETURNS TEXT
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN COALESCE(
        flowable.may_hold(t, p_user_id),
        CASE WHEN p_for <> p_user_id THEN flowable.may_hold(t, p_for) END,
        CASE WHEN NOT flowable.is_candidate(t, p_for, p_roles) THEN 'candidate' END,
        CASE WHEN flowable.room_for(p_user_id, p_roles, t.queue_name) <= 0
            OR (p_for <> p_user_id AND flowable.room_for(p_user_id, flowable.roles_for(p_user_id), t.queue_name) <= 0) THEN 'max-tasks-per-user' END);
END $$;

-- Notes that a user holds a task, which was p_old before. p_by is the user, or SYSTEM where the task is pushed; p_data goes into
-- history. The workflow need not know at once who holds a task: a completion names the holder, and carries the claim with it. Its
-- actor is the holder, whoever gave the task to them.
CREATE FUNCTION flowable.record_claim(t flowable.workflow_tasks, p_old TEXT, p_command_id UUID, p_by TEXT, p_data JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, new_assignee, action_data)
    VALUES (t.task_id, t.process_instance_id, 'CLAIM', p_by, p_old, t.status, t.assignee_id, p_data);
    INSERT INTO flowable.task_commands (command_id, kind, process_instance_id, task_id, actor_id, queued)
    VALUES (p_command_id, 'claim', t.process_instance_id, t.task_id, t.assignee_id, FALSE);
    RETURN json_build_object('task', flowable.task_json(t));
END $$;

-- Gives a locked, claimable task to a user; p_old is its status. p_by is the user, or SYSTEM where the task is pushed; p_data
-- goes into history and says for whom the user acts ("actingFor").
CREATE FUNCTION flowable.give_task(p_task_id TEXT, p_old TEXT, p_user_id TEXT, p_command_id UUID, p_by TEXT, p_data JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
BEGIN
    UPDATE flowable.workflow_tasks t
    SET status = 'CLAIMED', assignee_id = p_user_id, claimed_at = CURRENT_TIMESTAMP, claimed_by = p_user_id, version = t.version + 1,
        acting_for = p_data ->> 'actingFor'
    WHERE t.task_id = p_task_id
    RETURNING * INTO STRICT v_task;
    RETURN flowable.record_claim(v_task, p_old, p_command_id, p_by, p_data);
END $$;

-- Claims of one user queue up behind each other, so that max_tasks_per_user holds, and completions as well, so that four eyes
-- do: each sees what the one before has done. Claims of others do not wait. It comes before the lock of any row; what holds one
-- already may only try (try_claims). Answers TRUE.
CREATE FUNCTION flowable.serialize_claims(p_user_id TEXT) RETURNS BOOLEAN
    LANGUAGE sql
AS $$ SELECT pg_advisory_xact_lock(hashtextextended('claim:' || p_user_id, 0)) IS NOT NULL $$;

-- serialize_claims for what cannot wait. Answers whether nobody else gives the user anything now.
CREATE FUNCTION flowable.try_claims(p_user_id TEXT) RETURNS BOOLEAN
    LANGUAGE sql
AS $$ SELECT pg_try_advisory_xact_lock(hashtextextended('claim:' || p_user_id, 0)) $$;

-- The valid roles of a user. Those of the caller are found once in a transaction.
CREATE FUNCTION flowable.roles_for(p_user_id TEXT) RETURNS TEXT[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN CASE WHEN p_user_id = entitlements.caller() THEN entitlements.caller_roles() ELSE entitlements.roles_of(p_user_id) END;
END $$;

CREATE FUNCTION flowable.claim_task(p_task_id TEXT, p_user_id TEXT, p_command_id UUID) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
    v_for  TEXT;
    v_rule TEXT;
BEGIN
    PERFORM flowable.serialize_claims(p_user_id);
    SELECT t.* INTO v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"refused": "not-found"}';
    ELSIF v_task.status = 'CLAIMED' AND v_task.assignee_id = p_user_id THEN
        RETURN json_build_object('task', flowable.task_json(v_task)); -- claimed twice: the same answer, no second effect
    ELSIF v_task.status NOT IN ('OPEN', 'ESCALATED') THEN
        RETURN json_build_object('refused', 'conflict', 'task', flowable.task_json(v_task));
    ELSIF v_task.is_suspended THEN
        RETURN '{"refused": "conflict", "status": "SUSPENDED"}';
    END IF;
    v_rule := flowable.claim_rule(v_task, p_user_id, p_user_id, flowable.roles_for(p_user_id));
    IF v_rule = 'candidate' THEN -- perhaps somebody is, for whom the user acts
        FOREACH v_for IN ARRAY entitlements.stands_in_for(p_user_id) LOOP
            v_rule := flowable.claim_rule(v_task, p_user_id, v_for, entitlements.roles_of(v_for));
            EXIT WHEN v_rule IS NULL;
        END LOOP;
    END IF;
    IF v_rule IS NOT NULL THEN
        RETURN json_build_object('refused', 'forbidden', 'rule', v_rule);
    END IF;
    RETURN flowable.give_task(v_task.task_id, v_task.status, p_user_id, p_command_id, p_user_id, flowable.acting_json(v_for));
END $$;

-- Whether claim/next gives a claimable task to a user with the roles of p_for; p_skills are the user's skills, which count where
-- p_skilled or where the task asks for them. The caller has made sure that the roles work on its queue. The planner has to inline
-- it: queues are long.
CREATE FUNCTION flowable.may_take(t flowable.workflow_tasks, p_user_id TEXT, p_for TEXT, p_roles TEXT[], p_skills TEXT[], p_skilled BOOLEAN)
    RETURNS BOOLEAN
    LANGUAGE sql STABLE
AS $$
    SELECT t.paused_at IS NULL
        AND (t.candidate_groups && p_roles OR p_for = ANY (t.candidate_users)
             OR (t.candidate_groups = '{}' AND t.candidate_users = '{}') OR t.home_queue IS NOT NULL)
        AND NOT t.excluded_users && ARRAY[p_user_id, p_for]
        AND (t.required_skills <@ p_skills OR NOT (p_skilled OR (t.home_queue IS NOT NULL AND flowable.asks_skills(t))))
        AND (t.four_eyes_of = '{}' OR NOT (flowable.four_eyes_bar(t, p_user_id) OR (p_for <> p_user_id AND flowable.four_eyes_bar(t, p_for))))
$$;

-- Locks the task of a queue that is claimed first by a user with the roles of p_for; the user's skills count where p_skilled.
-- Rows that somebody else is claiming at this moment are passed over, and so is what is pushed back to who returned it.
-- task_id is NULL when there is none.
CREATE FUNCTION flowable.lock_first(p_queue TEXT, p_user_id TEXT, p_for TEXT, p_roles TEXT[], p_skills TEXT[], p_skilled BOOLEAN, p_pushed BOOLEAN,
    OUT task_id TEXT, OUT status TEXT)
    LANGUAGE plpgsql
AS $$
BEGIN
    SELECT t.task_id, t.status INTO lock_first.task_id, lock_first.status
    FROM flowable.workflow_tasks t
    WHERE t.queue_name = p_queue AND t.status IN ('OPEN', 'ESCALATED') AND NOT t.is_suspended
      AND flowable.may_take(t, p_user_id, p_for, p_roles, p_skills, p_skilled)
      AND NOT (p_pushed AND t.returned_by IS NOT NULL AND t.returned_by = p_user_id)
    ORDER BY t.claim_lane, t.claim_rank DESC, t.task_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED;
END $$;

-- Finds the next task for the caller and makes it theirs: escalated ones come first, then those of express lanes, then by effective
-- priority, to which the level of the queue is added: if that came first, a queue of a low level could starve. Queues are limited to
-- active ones that a valid role of the caller, or of somebody they stand in for, is assigned to (corrections 6, 7 and 8), and in
-- which they may hold one more; p_queue_names NULL means all whose tasks are not handed out by hand. Where several roles work on a
-- queue, the assignment that allows most holds. old_status is NULL when there is nothing, acting_for when the caller acts for
-- themselves.
-- It runs as the owner, for the caller sees whatever is in a queue that they work on; asking that of each task again costs much.
-- Who calls it records the claim.
CREATE FUNCTION flowable.take_next(p_queue_names TEXT[], OUT task flowable.workflow_tasks, OUT old_status TEXT, OUT acting_for TEXT)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_on     TEXT := set_config('app.acting', 'on', TRUE); -- the policy owner_acts
    v_hour   DOUBLE PRECISION := flowable.hours_since_2020(CURRENT_TIMESTAMP); -- ranks count from there
    v_me     TEXT := entitlements.caller();
    v_skills TEXT[];
    v_absent TEXT[]; -- whom they stand in for
    v_person TEXT;
    v_people TEXT[]; -- beside each of the roles, whose it is
    v_roles  BIGINT[];
    v_codes  TEXT[];
    v_mine   TEXT[]; -- the codes that are the caller's
    v_offer  RECORD;
    v_first  RECORD;
BEGIN
    SELECT CASE WHEN u.attributes ? 'skills' THEN entitlements.skills_of(v_me) ELSE '{}' END, -- few have any
        CASE WHEN EXISTS (SELECT FROM entitlements.user_absences a WHERE a.substitute_id = v_me) THEN (entitlements.caller_people())[2:] ELSE '{}' END
    INTO v_skills, v_absent
    FROM entitlements.users u WHERE u.user_id = v_me;
    FOREACH v_person IN ARRAY v_me || v_absent LOOP
        SELECT v_people || array_agg(v_person), v_roles || array_agg(v.role_id), v_codes || array_agg(v.role_code::TEXT)
        INTO v_people, v_roles, v_codes
        FROM entitlements.valid_roles v
        WHERE v.user_id = v_person;
        v_mine := COALESCE(v_mine, v_codes, '{}');
    END LOOP;
    FOR v_offer IN
        SELECT mine.person, mine.roles, mine.queue_name, mine.most, mine.skilled
        FROM (
            SELECT place.person,
                CASE WHEN place.person = v_me THEN v_mine ELSE ARRAY(
                    SELECT own.code FROM unnest(v_people, v_codes) AS own (person, code) WHERE own.person = place.person) END AS roles,
                q.queue_name::TEXT AS queue_name, max(a.max_tasks_per_user) AS most,
                q.queue_type = 'SPECIALIZED' OR bool_and(a.assignment_strategy = 'SKILL_BASED') AS skilled,
                COALESCE(max(a.priority_level) FILTER (WHERE a.assignment_strategy = 'PRIORITY_WEIGHTED'), 50) AS level
            FROM unnest(v_people, v_roles) AS place (person, role_id)
            JOIN flowable.queue_assignments a ON a.role_id = place.role_id AND a.is_active
            JOIN flowable.workflow_queues q ON q.queue_id = a.queue_id AND q.is_active
            WHERE p_queue_names IS NULL OR q.queue_name = ANY (p_queue_names)
            GROUP BY place.person, q.queue_id
            HAVING p_queue_names IS NOT NULL OR NOT bool_and(a.assignment_strategy = 'MANUAL')) AS mine
        CROSS JOIN LATERAL ( -- what they would get of the queue; somebody else may be claiming it
            SELECT t.claim_lane, t.claim_rank + t.claim_growth * v_hour AS priority FROM flowable.workflow_tasks t
            WHERE t.queue_name = mine.queue_name AND t.status IN ('OPEN', 'ESCALATED') AND NOT t.is_suspended
              AND flowable.may_take(t, v_me, mine.person, mine.roles, v_skills, mine.skilled)
            ORDER BY t.claim_lane, t.claim_rank DESC, t.task_id
            LIMIT 1) AS head
        ORDER BY head.claim_lane, mine.level + head.priority DESC, mine.person <> v_me, mine.queue_name
    LOOP
        CONTINUE WHEN flowable.held_by(v_me, v_offer.queue_name) >= v_offer.most
            OR (v_offer.person <> v_me AND flowable.room_for(v_me, entitlements.caller_roles(), v_offer.queue_name) <= 0);
        v_first := flowable.lock_first(v_offer.queue_name, v_me, v_offer.person, v_offer.roles, v_skills, v_offer.skilled, FALSE);
        IF v_first.task_id IS NOT NULL THEN
            old_status := v_first.status;
            acting_for := NULLIF(v_offer.person, v_me);
            UPDATE flowable.workflow_tasks t
            SET status = 'CLAIMED', assignee_id = v_me, claimed_at = CURRENT_TIMESTAMP, claimed_by = v_me, version = t.version + 1,
                acting_for = take_next.acting_for
            WHERE t.task_id = v_first.task_id
            RETURNING * INTO STRICT task;
            EXIT;
        END IF;
    END LOOP;
    v_on := set_config('app.acting', 'off', TRUE);
END $$;

-- Claims the next task (take_next) for a user, who must be the caller. Answers NULL when there is nothing.
CREATE FUNCTION flowable.claim_next(p_user_id TEXT, p_queue_names TEXT[], p_command_id UUID) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_turn BOOLEAN := flowable.serialize_claims(p_user_id);
    v_next RECORD;
    v_task flowable.workflow_tasks;
BEGIN
    IF p_user_id <> entitlements.caller() THEN
        RAISE insufficient_privilege USING MESSAGE = 'nobody claims the next task in the name of another';
    ELSIF EXISTS (SELECT FROM flowable.task_commands c WHERE c.command_id = p_command_id) THEN -- the same request again
        SELECT t.* INTO STRICT v_task FROM flowable.workflow_tasks t JOIN flowable.task_commands c ON c.task_id = t.task_id
        WHERE c.command_id = p_command_id;
        RETURN json_build_object('task', flowable.task_json(v_task));
    END IF;
    v_next := flowable.take_next(p_queue_names);
    RETURN CASE WHEN v_next.old_status IS NOT NULL THEN
        flowable.record_claim(v_next.task, v_next.old_status, p_command_id, p_user_id, flowable.acting_json(v_next.acting_for)) END;
END $$;

-- The function of the database design; the output columns are qualified (correction 6).
CREATE FUNCTION flowable.claim_next_task(p_user_id VARCHAR(50), p_queue_names TEXT[])
    RETURNS TABLE (task_id VARCHAR(64), task_name VARCHAR(500), priority INTEGER)
    LANGUAGE sql
AS $$
    SELECT c.claimed #>> '{task,taskId}', c.claimed #>> '{task,taskName}', (c.claimed #>> '{task,priority}')::INTEGER
    FROM (SELECT flowable.claim_next(p_user_id, p_queue_names, gen_random_uuid()) AS claimed) AS c
    WHERE c.claimed IS NOT NULL
$$;

-- Gives a held task back to its queue; a delegated one is resolved instead. p_version is the one that the caller has seen, or
-- NULL.
CREATE FUNCTION flowable.unclaim_task(p_task_id TEXT, p_user_id TEXT, p_command_id UUID, p_version BIGINT DEFAULT NULL) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_old  flowable.workflow_tasks;
    v_task flowable.workflow_tasks;
BEGIN
    SELECT t.* INTO v_old FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"refused": "not-found"}';
    ELSIF v_old.status IN ('OPEN', 'ESCALATED') AND p_user_id = (
        SELECT h.action_by FROM flowable.task_history h
        WHERE h.task_id = p_task_id AND h.action_type IN ('CLAIM', 'UNCLAIM')
        ORDER BY h.history_id DESC LIMIT 1) THEN
        RETURN json_build_object('task', flowable.task_json(v_old)); -- unclaimed twice: the same answer, no second effect
    ELSIF v_old.status <> 'CLAIMED' OR v_old.version <> p_version THEN
        RETURN json_build_object('refused', 'conflict', 'task', flowable.task_json(v_old));
    ELSIF v_old.is_suspended THEN
        RETURN '{"refused": "conflict", "status": "SUSPENDED"}';
    ELSIF NOT flowable.may_act_as(p_user_id, v_old.assignee_id) AND NOT entitlements.caller_reassigns(v_old.queue_name) THEN
        RETURN '{"refused": "forbidden", "rule": "assignee"}';
    END IF;
    v_task := flowable.put_task(flowable.given_up(v_old));
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, old_assignee, action_data)
    VALUES (v_task.task_id, v_task.process_instance_id, 'UNCLAIM', p_user_id, v_old.status, v_task.status, v_old.assignee_id,
        flowable.pause_change(v_old, v_task) || flowable.acting_json(flowable.acted_for(v_old, p_user_id)));
    INSERT INTO flowable.task_commands (command_id, kind, process_instance_id, task_id, actor_id, queued)
    VALUES (p_command_id, 'unclaim', v_task.process_instance_id, v_task.task_id, p_user_id, FALSE);
    RETURN json_build_object('task', flowable.task_json(v_task));
END $$;

-- Completes a task; the case that nearly always holds is tried first: the caller holds the task, and completing it is one
-- compare-and-set. Whoever completes it for an absent colleague takes it over by that. p_completion is {"outcome"?,
-- "outcomeReason"?, "variables"?, "formData"?, "version"?}.
CREATE FUNCTION flowable.complete_task(p_task_id TEXT, p_user_id TEXT, p_command_id UUID, p_completion JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
    v_hash TEXT := md5((p_completion - 'version')::TEXT);
    v_seen BIGINT := (p_completion ->> 'version')::BIGINT; -- version that the caller has seen; NULL: any
    v_old  TEXT := 'CLAIMED';
    v_from TEXT := p_user_id; -- who holds it
    v_eyes BOOLEAN := FALSE;  -- four eyes have been asked for
BEGIN
    PERFORM flowable.serialize_claims(p_user_id);
    LOOP
        UPDATE flowable.workflow_tasks t
        SET status = 'COMPLETED', completed_at = CURRENT_TIMESTAMP, completed_by = p_user_id, assignee_id = p_user_id,
            acting_for = COALESCE(NULLIF(v_from, p_user_id), t.acting_for),
            outcome = p_completion ->> 'outcome', outcome_reason = p_completion ->> 'outcomeReason',
            form_data = COALESCE(NULLIF(p_completion -> 'formData', 'null'), '{}'),
            metadata = t.metadata || jsonb_build_object('completion', v_hash), version = t.version + 1
        WHERE t.task_id = p_task_id AND t.status = v_old AND t.assignee_id = v_from AND NOT t.is_suspended
          AND (v_seen IS NULL OR t.version = v_seen) AND (v_eyes OR t.four_eyes_of = '{}')
        RETURNING * INTO v_task;
        EXIT WHEN FOUND;
        SELECT t.* INTO v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
        IF NOT FOUND THEN
            RETURN '{"refused": "not-found"}';
        ELSIF v_task.status = 'COMPLETED' AND v_task.completed_by = p_user_id AND v_task.metadata ->> 'completion' = v_hash THEN
            RETURN json_build_object('task', flowable.task_json(v_task)); -- completed twice: the same answer, no second effect
        ELSIF v_task.status NOT IN ('CLAIMED', 'DELEGATED') OR v_task.version <> v_seen THEN
            RETURN json_build_object('refused', 'conflict', 'task', flowable.task_json(v_task));
        ELSIF v_task.is_suspended THEN
            RETURN '{"refused": "conflict", "status": "SUSPENDED"}';
        ELSIF NOT flowable.may_act_as(p_user_id, v_task.assignee_id) THEN
            RETURN '{"refused": "forbidden", "rule": "assignee"}';
        ELSIF v_task.four_eyes_of <> '{}' AND (flowable.four_eyes_bar(v_task, p_user_id)
            OR flowable.four_eyes_bar(v_task, flowable.acted_for(v_task, p_user_id))) THEN
            RETURN '{"refused": "forbidden", "rule": "four-eyes"}';
        END IF;
        v_old := v_task.status; -- the row is locked: this time it is found
        v_from := v_task.assignee_id;
        v_eyes := TRUE;
    END LOOP;
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status,
        old_assignee, new_assignee, comments, action_data)
    VALUES (v_task.task_id, v_task.process_instance_id, 'COMPLETE', p_user_id, v_old, 'COMPLETED',
        v_from, p_user_id, p_completion ->> 'outcomeReason', flowable.acting_json(v_task.acting_for));
    RETURN json_build_object('task', flowable.task_json(v_task), 'delivery',
        flowable.accept_command(jsonb_build_object('commandId', p_command_id, 'kind', 'complete', 'taskId', v_task.task_id,
            'instanceId', v_task.process_instance_id, 'actorId', p_user_id, 'assignee', p_user_id,
            'outcome', p_completion -> 'outcome', 'reason', p_completion -> 'outcomeReason',
            'variables', p_completion -> 'variables'), INTERVAL '2 seconds'));
END $$;

-- Stores a case, its process instance and the start of its workflow. p is the request with the definition's row
-- resolved: {"instanceId", "workflowId", "engineRev", "startEventId", "trigger"?, "businessKey"?, "title"?, "caseType"?,
-- "severity"?, "priority"?, "variables"?}. Answers the delivery.
CREATE FUNCTION flowable.start_case(p JSONB, p_user_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_case       onecms.cases;
    v_definition flowable.workflow_definitions;
    v_priority   INTEGER := COALESCE((p ->> 'priority')::INTEGER, 50);
    v_clock      RECORD;
    v_start      JSONB;
    v_outbox     BIGINT;
BEGIN
    -- The same request again, from a key that a client sent twice, perhaps at once: the case is there, and its start is in
    -- the outbox or done.
    PERFORM pg_advisory_xact_lock(hashtextextended('start:' || (p ->> 'instanceId'), 0));
    SELECT jsonb_build_object('outboxId', 0, 'start', jsonb_build_object('instanceId', i.process_instance_id,
        'caseId', c.case_id, 'caseNumber', c.case_number)) INTO v_start
    FROM flowable.process_instances i JOIN onecms.cases c ON c.case_id = i.case_id
    WHERE i.process_instance_id = p ->> 'instanceId';
    IF FOUND THEN
        RETURN v_start;
    END IF;
    SELECT d.* INTO STRICT v_definition FROM flowable.workflow_definitions d WHERE d.workflow_id = (p ->> 'workflowId')::BIGINT;
    INSERT INTO onecms.cases (title, case_type, severity, priority, created_by)
    VALUES (COALESCE(p ->> 'title', ''), COALESCE(p ->> 'caseType', ''), COALESCE(p ->> 'severity', ''), v_priority, p_user_id)
    RETURNING * INTO STRICT v_case;
    SELECT c.* INTO v_clock FROM flowable.new_process_clock(v_definition.sla_config, CURRENT_TIMESTAMP) AS c;
    INSERT INTO flowable.process_instances (process_instance_id, workflow_id, case_id, business_key, started_by, variables,
        priority, engine_rev, start_event_id, sla_seconds, sla_calendar, sla_due_date, sla_next_at)
    VALUES (p ->> 'instanceId', v_definition.workflow_id, v_case.case_id, p ->> 'businessKey', p_user_id,
        COALESCE(p -> 'variables', '{}'), v_priority, (p ->> 'engineRev')::INTEGER, p ->> 'startEventId',
        v_clock.sla_seconds, v_clock.sla_calendar, v_clock.sla_due_date, v_clock.sla_next_at);
    PERFORM flowable.use_values(p ->> 'instanceId', COALESCE(p -> 'variables', '{}'));
    INSERT INTO onecms.case_workflow_mapping (case_id, process_instance_id, workflow_type, initiated_by, expected_completion)
    VALUES (v_case.case_id, p ->> 'instanceId', v_definition.process_key, p_user_id, v_clock.sla_due_date);
    v_start := jsonb_build_object('instanceId', p ->> 'instanceId', 'processKey', v_definition.process_key,
        'processName', v_definition.process_name, 'definitionVersion', v_definition.process_version,
        'sha256', v_definition.sha256, 'engineRev', p -> 'engineRev', 'startEventId', p ->> 'startEventId',
        'caseId', v_case.case_id, 'caseNumber', v_case.case_number, 'businessKey', COALESCE(p ->> 'businessKey', ''),
        'initiator', p_user_id, 'initiatorRoles', to_jsonb(entitlements.roles_of(p_user_id)),
        'priority', v_priority, 'variables', COALESCE(p -> 'variables', '{}'));
    IF p ? 'trigger' THEN
        v_start := v_start || jsonb_build_object('trigger', p -> 'trigger');
    END IF;
    INSERT INTO flowable.outbox (kind, process_instance_id, payload, created_by, due_at)
    VALUES ('START', p ->> 'instanceId', v_start, p_user_id, CURRENT_TIMESTAMP + INTERVAL '2 seconds')
    RETURNING outbox_id INTO v_outbox;
    RETURN jsonb_build_object('outboxId', v_outbox, 'start', v_start);
END $$;

-- Accepts a command of an operator about a whole instance: terminate, retry-incident, resolve-incident and others.
CREATE FUNCTION flowable.operate_instance(p_kind TEXT, p_instance_id TEXT, p_incident_id TEXT, p_user_id TEXT, p_command_id UUID,
    p_details JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_status     TEXT;
    v_resolvable BOOLEAN;
BEGIN
    SELECT i.status INTO v_status FROM flowable.process_instances i WHERE i.process_instance_id = p_instance_id;
    IF NOT FOUND THEN
        RETURN '{"refused": "not-found"}';
    ELSIF NOT entitlements.caller_may('operate') THEN
        RETURN '{"refused": "forbidden", "rule": "operate"}';
    ELSIF EXISTS (SELECT FROM flowable.task_commands c WHERE c.command_id = p_command_id) THEN
        RETURN '{}'; -- the same request again
    ELSIF v_status IN ('COMPLETED', 'TERMINATED') OR (v_status = 'SUSPENDED' AND p_kind <> 'terminate') THEN
        RETURN jsonb_build_object('refused', 'conflict', 'status', v_status);
    ELSIF p_kind IN ('retry-incident', 'resolve-incident') THEN
        SELECT c.resolvable INTO v_resolvable FROM flowable.incidents c
        WHERE c.process_instance_id = p_instance_id AND c.incident_id = p_incident_id AND c.state = 'OPEN';
        IF NOT FOUND THEN
            RETURN '{"refused": "not-found"}';
        ELSIF p_kind = 'resolve-incident' AND NOT v_resolvable THEN
            RETURN jsonb_build_object('refused', 'conflict', 'status', v_status, 'rule', 'only-retry');
        END IF;
    END IF;
    RETURN jsonb_build_object('delivery', flowable.accept_command(p_details || jsonb_build_object('commandId', p_command_id,
        'kind', p_kind, 'instanceId', p_instance_id, 'incidentId', p_incident_id, 'actorId', p_user_id), INTERVAL '2 seconds'));
END $$;

COMMIT;
