BEGIN;
SET LOCAL ROLE nextgen_owner;

-- What people do to a task beside claiming it, giving it back and completing it (000007), one transaction each as there.
-- Who may do what is a table of docs/work-management.md.

-- Whether the caller directs the work of a queue: a role with the permission supervise names it or works on it.
CREATE FUNCTION entitlements.caller_supervises(p_queue TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM entitlements.workflow_roles r
        WHERE r.role_code = ANY (entitlements.caller_roles())
          AND (r.permissions ->> 'admin' = 'true'
               OR (r.permissions ->> 'supervise' = 'true' AND (r.queue_name = p_queue OR EXISTS (
                   SELECT FROM flowable.queue_assignments a JOIN flowable.workflow_queues q ON q.queue_id = a.queue_id
                   WHERE a.role_id = r.role_id AND a.is_active AND q.queue_name = p_queue)))));
END $$;

-- Whether the caller may give the tasks of a queue to others.
CREATE FUNCTION entitlements.caller_reassigns(p_queue TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN entitlements.caller_may('reassign') OR entitlements.caller_supervises(p_queue);
END $$;

-- The functions below that run as the owner see and change rows that their caller does not; each says why.
CREATE POLICY owner_acts ON flowable.workflow_tasks TO nextgen_owner USING (flowable.is_on('app.acting'));
CREATE POLICY owner_acts ON flowable.process_instances TO nextgen_owner USING (flowable.is_on('app.acting'));
CREATE POLICY owner_acts ON flowable.incidents FOR SELECT TO nextgen_owner USING (flowable.is_on('app.acting'));

-- Why a task cannot be given to a user: the rule that forbids it, NULL if none does. It counts all that the user holds, also
-- what the caller does not see.
CREATE FUNCTION flowable.recipient_rule(t flowable.workflow_tasks, p_user_id TEXT) RETURNS TEXT
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_roles TEXT[] := entitlements.roles_of(p_user_id);
    v_rule  TEXT := flowable.may_hold(t, p_user_id);
BEGIN
    IF NOT EXISTS (SELECT FROM entitlements.users u WHERE u.user_id = p_user_id AND u.is_active) THEN
        RETURN 'active-user';
    ELSIF v_rule IS NOT NULL THEN
        RETURN v_rule;
    ELSIF NOT flowable.is_candidate(t, p_user_id, v_roles) THEN
        RETURN 'candidate';
    END IF;
    RETURN CASE WHEN flowable.room_for(p_user_id, v_roles, t.queue_name) <= 0 THEN 'max-tasks-per-user' END;
END $$;

-- Writes a locked task with what an act changed of it, as its next version. Only a task that the caller sees is written; the
-- act may take it out of their sight, which their own policy would take for a forgery.
CREATE FUNCTION flowable.put_task(t flowable.workflow_tasks) RETURNS flowable.workflow_tasks
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_task flowable.workflow_tasks;
BEGIN
    PERFORM set_config('app.acting', 'on', TRUE);
    UPDATE flowable.workflow_tasks o
    SET status = t.status, assignee_id = t.assignee_id, owner_id = t.owner_id, claimed_at = t.claimed_at, claimed_by = t.claimed_by,
        queue_name = t.queue_name, home_queue = t.home_queue, candidate_groups = t.candidate_groups, candidate_users = t.candidate_users,
        priority = t.priority, due_date = t.due_date, complete_seconds = t.complete_seconds, claim_due_date = t.claim_due_date,
        offered_at = t.offered_at, paused_at = t.paused_at, follow_up_date = t.follow_up_date, version = o.version + 1,
        acting_for = t.acting_for, owner_acting_for = t.owner_acting_for, returned_by = t.returned_by
    WHERE o.task_id = t.task_id AND o.version = t.version
      AND flowable.task_is_seen(o.assignee_id, o.completed_by, o.owner_id, o.candidate_users, o.candidate_groups, o.queue_name,
          entitlements.caller_people(), entitlements.caller_groups(), entitlements.caller_queues(), entitlements.caller_may('admin'))
    RETURNING * INTO STRICT v_task;
    PERFORM set_config('app.acting', 'off', TRUE);
    RETURN v_task;
END $$;

-- The task as nobody's: open in its queue, first in line if it has been raised.
CREATE FUNCTION flowable.released(t flowable.workflow_tasks) RETURNS flowable.workflow_tasks
    LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    t.status := CASE WHEN t.escalated_at IS NOT NULL THEN 'ESCALATED' ELSE 'OPEN' END; -- a warning alone does not raise it
    t.returned_by := COALESCE(t.assignee_id, t.returned_by);
    t.assignee_id := NULL;
    t.acting_for := NULL;
    t.owner_id := NULL;
    t.owner_acting_for := NULL;
    t.claimed_at := NULL;
    t.claimed_by := NULL;
    RETURN t;
END $$;

-- The task as one that was given up: nobody is left who waits for what it was paused for, so its clocks go on. Those of a
-- suspended case stand still all the same.
CREATE FUNCTION flowable.given_up(t flowable.workflow_tasks) RETURNS flowable.workflow_tasks
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF t.paused_at IS NOT NULL AND NOT t.is_suspended THEN
        t := flowable.without_pause(t);
    END IF;
    RETURN flowable.released(t);
END $$;

-- What history says of a pause that has begun or ended.
CREATE FUNCTION flowable.pause_change(p_old flowable.workflow_tasks, p_new flowable.workflow_tasks) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF p_old.paused_at IS NOT DISTINCT FROM p_new.paused_at THEN
        RETURN '{}';
    END IF;
    RETURN jsonb_build_object('pausedAt', jsonb_build_object('from', p_old.paused_at, 'to', p_new.paused_at))
        || CASE WHEN p_old.due_date <> p_new.due_date THEN
            jsonb_build_object('dueDate', jsonb_build_object('from', p_old.due_date, 'to', p_new.due_date)) ELSE '{}' END;
END $$;

-- What makes two requests the same act: its kind and content, not the version that the caller had seen.
CREATE FUNCTION flowable.act_hash(p_act JSONB) RETURNS TEXT
    LANGUAGE sql IMMUTABLE
AS $$ SELECT md5((p_act - ARRAY['by', 'commandId', 'version'])::TEXT) $$;

-- Whether the last thing that was done to a task is this very act of this very person: then it is not done again. Comments
-- between the two leave that as it is.
CREATE FUNCTION flowable.is_repetition(p_task_id TEXT, p_act JSONB) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN COALESCE((
        SELECT h.action_by = p_act ->> 'by' AND h.client_info ->> 'act' = flowable.act_hash(p_act)
        FROM flowable.task_history h
        WHERE h.task_id = p_task_id AND (h.action_type <> 'COMMENT' OR p_act ->> 'act' = 'comment')
        ORDER BY h.history_id DESC -- given out while the row is locked: the order of the acts
        LIMIT 1), FALSE);
END $$;

-- Puts an act on record, with the absent colleague for whom a substitute does it. p_data is {field: {"from", "to"}} of what it
-- changed beside status and assignee.
CREATE FUNCTION flowable.record_act(p_old flowable.workflow_tasks, p_new flowable.workflow_tasks, p_type TEXT, p_act JSONB, p_data JSONB) RETURNS VOID
    LANGUAGE sql
AS $$
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, old_assignee,
        new_assignee, delegate_to, comments, action_data, client_info)
    VALUES (p_new.task_id, p_new.process_instance_id, p_type, p_act ->> 'by', p_old.status, p_new.status, p_old.assignee_id,
        p_new.assignee_id, CASE WHEN p_act ->> 'act' = 'delegate' THEN p_act ->> 'to' END,
        COALESCE(p_act ->> 'reason', p_act ->> 'text'),
        p_data || flowable.pause_change(p_old, p_new) || flowable.acting_json(flowable.acted_for(p_old, p_act ->> 'by')), jsonb_build_object('act', flowable.act_hash(p_act)))
$$;

-- Tells the workflow of a task what it shows and waits for now. Answers the verdict of the act.
CREATE FUNCTION flowable.tell_workflow(t flowable.workflow_tasks, p_kind TEXT, p_act JSONB) RETURNS JSON
    LANGUAGE sql
AS $$
    SELECT json_build_object('task', flowable.task_json(t), 'delivery', flowable.accept_command(jsonb_build_object(
        'commandId', p_act ->> 'commandId', 'kind', p_kind, 'instanceId', t.process_instance_id, 'taskId', t.task_id,
        'actorId', p_act ->> 'by', 'assignee', t.assignee_id, 'placed', jsonb_build_array(flowable.placed_json(t))), INTERVAL '2 seconds'))
$$;

CREATE FUNCTION flowable.in_the_way(t flowable.workflow_tasks) RETURNS JSON
    LANGUAGE sql STABLE
AS $$ SELECT json_build_object('refused', 'conflict', 'task', flowable.task_json(t)) $$;

CREATE FUNCTION flowable.forbidden(p_rule TEXT) RETURNS JSON
    LANGUAGE sql IMMUTABLE
AS $$ SELECT json_build_object('refused', 'forbidden', 'rule', p_rule) $$;

-- p_at is the member of the request that is wrong.
CREATE FUNCTION flowable.invalid(p_rule TEXT, p_at TEXT) RETURNS JSON
    LANGUAGE sql IMMUTABLE
AS $$ SELECT json_build_object('refused', 'invalid', 'rule', p_rule, 'at', p_at) $$;

-- The holder hands the task to somebody else, who has it until they complete or resolve it; whoever delegates first stays
-- its owner, and acts for whom they did when they have it again.
CREATE FUNCTION flowable.delegate_task(p_old flowable.workflow_tasks, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks := p_old;
    v_rule TEXT;
BEGIN
    IF p_old.status NOT IN ('CLAIMED', 'DELEGATED') THEN
        RETURN flowable.in_the_way(p_old);
    ELSIF NOT flowable.may_act_as(p_act ->> 'by', p_old.assignee_id) AND NOT entitlements.caller_reassigns(p_old.queue_name) THEN
        RETURN flowable.forbidden('assignee');
    ELSIF p_act ->> 'to' IN (p_old.assignee_id, p_old.owner_id) THEN
        RETURN flowable.invalid('somebody-else', 'to');
    END IF;
    v_rule := flowable.recipient_rule(p_old, p_act ->> 'to');
    IF v_rule IS NOT NULL THEN
        RETURN flowable.invalid(v_rule, 'to');
    END IF;
    v_task.status := 'DELEGATED';
    IF p_old.owner_id IS NULL THEN
        v_task.owner_id := p_old.assignee_id;
        v_task.owner_acting_for := p_old.acting_for;
    END IF;
    v_task.assignee_id := p_act ->> 'to';
    v_task.acting_for := NULL;
    v_task := flowable.put_task(v_task);
    PERFORM flowable.record_act(p_old, v_task, 'DELEGATE', p_act, '{}');
    RETURN flowable.tell_workflow(v_task, 'delegate', p_act);
END $$;

-- A delegated task goes back to its owner, whose claim it is again; to its queue if the owner is no active user any more.
CREATE FUNCTION flowable.resolve_task(p_old flowable.workflow_tasks, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks := p_old;
BEGIN
    IF p_old.status <> 'DELEGATED' THEN
        RETURN flowable.in_the_way(p_old);
    ELSIF NOT flowable.may_act_as(p_act ->> 'by', p_old.assignee_id) AND NOT flowable.may_act_as(p_act ->> 'by', p_old.owner_id)
        AND NOT entitlements.caller_reassigns(p_old.queue_name) THEN
        RETURN flowable.forbidden('assignee');
    END IF;
    v_task.status := 'CLAIMED';
    v_task.assignee_id := p_old.owner_id;
    v_task.acting_for := p_old.owner_acting_for;
    v_task.owner_id := NULL;
    v_task.owner_acting_for := NULL;
    IF NOT EXISTS (SELECT FROM entitlements.users u WHERE u.user_id = p_old.owner_id AND u.is_active) THEN
        v_task := flowable.given_up(v_task);
    END IF;
    v_task := flowable.put_task(v_task);
    PERFORM flowable.record_act(p_old, v_task, 'DELEGATE', p_act, '{"resolve": true}');
    RETURN flowable.tell_workflow(v_task, 'resolve', p_act);
END $$;

-- Gives a task, held or not, to somebody: a claim that another makes for them.
CREATE FUNCTION flowable.reassign_task(p_old flowable.workflow_tasks, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks := p_old;
    v_rule TEXT;
BEGIN
    IF NOT entitlements.caller_reassigns(p_old.queue_name) THEN
        RETURN flowable.forbidden('reassign');
    ELSIF p_old.status = 'CLAIMED' AND p_old.assignee_id = p_act ->> 'to' THEN
        RETURN json_build_object('task', flowable.task_json(p_old)); -- it is so already
    END IF;
    v_task := flowable.released(p_old);
    v_rule := flowable.recipient_rule(v_task, p_act ->> 'to');
    IF v_rule = 'max-tasks-per-user' AND p_act ->> 'to' IN (p_old.assignee_id, p_old.owner_id) THEN
        v_rule := NULL; -- the task is among those they have
    END IF;
    IF v_rule IS NOT NULL THEN
        RETURN flowable.invalid(v_rule, 'to');
    END IF;
    v_task.status := 'CLAIMED';
    v_task.assignee_id := p_act ->> 'to';
    v_task.claimed_at := CURRENT_TIMESTAMP;
    v_task.claimed_by := p_act ->> 'to';
    v_task := flowable.put_task(v_task);
    PERFORM flowable.record_act(p_old, v_task, 'REASSIGN', p_act, '{}');
    RETURN flowable.tell_workflow(v_task, 'reassign', p_act);
END $$;

-- Raises a task to its next level by hand.
CREATE FUNCTION flowable.escalate_by_hand(p_old flowable.workflow_tasks, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_by   TEXT := p_act ->> 'by';
    v_task flowable.workflow_tasks;
BEGIN
    IF NOT (flowable.may_act_as(v_by, p_old.assignee_id) OR flowable.may_act_as(v_by, p_old.owner_id)) IS TRUE
       AND NOT (p_old.assignee_id IS NULL AND flowable.is_candidate(p_old, v_by, entitlements.caller_roles()))
       AND NOT entitlements.caller_supervises(p_old.queue_name) THEN
        RETURN flowable.forbidden('escalate');
    END IF;
    PERFORM flowable.escalate_task(p_old.task_id, p_old.escalation_level + 1, 'USER', p_act);
    SELECT t.* INTO STRICT v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_old.task_id;
    RETURN flowable.tell_workflow(v_task, 'escalate', p_act);
END $$;

-- Brings a case to where a task of it has been moved, in the phase that it is in: the mover may not see it.
CREATE FUNCTION onecms.follow_move(t flowable.workflow_tasks) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM set_config('app.acting', 'on', TRUE);
    PERFORM onecms.follow_task(t, m.process_instance_id, COALESCE(m.current_phase, t.task_definition_key), CURRENT_TIMESTAMP)
    FROM flowable.process_instances i
    JOIN onecms.case_workflow_mapping m ON m.process_instance_id = COALESCE(i.super_process_id, i.process_instance_id)
    WHERE i.process_instance_id = t.process_instance_id;
    PERFORM set_config('app.acting', 'off', TRUE);
END $$;
CREATE POLICY owner_acts ON onecms.case_workflow_mapping TO nextgen_owner USING (flowable.is_on('app.acting'));
CREATE POLICY owner_acts ON onecms.case_routing FOR INSERT TO nextgen_owner WITH CHECK (flowable.is_on('app.acting'));

-- Puts a task into another queue, where it is nobody's. Where none of its candidate groups works on that queue, the roles
-- that do are its candidates from then on: otherwise nobody there could claim it.
CREATE FUNCTION flowable.move_task(p_old flowable.workflow_tasks, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task  flowable.workflow_tasks := flowable.given_up(p_old);
    v_staff TEXT[];
    v_data  JSONB := jsonb_build_object('queueName', jsonb_build_object('from', p_old.queue_name, 'to', p_act ->> 'queueName'));
BEGIN
    IF flowable.may_act_as(p_act ->> 'by', p_old.assignee_id) IS NOT TRUE AND NOT entitlements.caller_supervises(p_old.queue_name) THEN
        RETURN flowable.forbidden('supervise');
    ELSIF p_old.queue_name = p_act ->> 'queueName' THEN
        RETURN json_build_object('task', flowable.task_json(p_old)); -- it is there already
    ELSIF NOT EXISTS (SELECT FROM flowable.workflow_queues q WHERE q.queue_name = p_act ->> 'queueName' AND q.is_active) THEN
        RETURN flowable.invalid('active-queue', 'queueName');
    END IF;
    v_staff := flowable.staff_of(p_act ->> 'queueName');
    IF v_staff = '{}' THEN
        RETURN flowable.invalid('staffed-queue', 'queueName');
    END IF;
    v_task.queue_name := p_act ->> 'queueName';
    v_task.home_queue := NULL;
    IF p_old.candidate_groups || p_old.candidate_users <> '{}' AND NOT p_old.candidate_groups && v_staff THEN
        v_task.candidate_groups := v_staff;
        v_task.candidate_users := '{}';
        v_data := v_data || jsonb_build_object('candidateGroups', jsonb_build_object('from', p_old.candidate_groups, 'to', v_staff),
            'candidateUsers', jsonb_build_object('from', p_old.candidate_users, 'to', '[]'::JSONB));
    END IF;
    v_task := flowable.put_task(v_task);
    PERFORM onecms.follow_move(v_task);
    PERFORM flowable.record_act(p_old, v_task, 'UPDATE', p_act, v_data);
    RETURN flowable.tell_workflow(v_task, 'update-task', p_act);
END $$;

-- Sets priority, due date and follow-up date: those of the three that the act has as a member. A date that is null is taken
-- away. The workflow is told of a due date only; it does not know the others.
CREATE FUNCTION flowable.update_task(p_old flowable.workflow_tasks, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks := p_old;
    v_data JSONB := '{}';
BEGIN
    IF p_act ?| ARRAY['priority', 'dueDate'] AND NOT entitlements.caller_supervises(p_old.queue_name) THEN
        RETURN flowable.forbidden('supervise');
    ELSIF NOT (flowable.may_act_as(p_act ->> 'by', p_old.assignee_id) OR flowable.may_act_as(p_act ->> 'by', p_old.owner_id)) IS TRUE
        AND NOT entitlements.caller_supervises(p_old.queue_name) THEN
        RETURN flowable.forbidden('assignee');
    END IF;
    v_task.priority := COALESCE((p_act ->> 'priority')::INTEGER, p_old.priority);
    IF p_act ? 'dueDate' THEN
        v_task.due_date := (p_act ->> 'dueDate')::TIMESTAMPTZ;
    END IF;
    IF p_act ? 'followUpDate' THEN
        v_task.follow_up_date := (p_act ->> 'followUpDate')::TIMESTAMPTZ;
    END IF;
    IF v_task.priority <> p_old.priority THEN
        v_data := v_data || jsonb_build_object('priority', jsonb_build_object('from', p_old.priority, 'to', v_task.priority));
    END IF;
    IF v_task.due_date IS DISTINCT FROM p_old.due_date THEN
        IF v_task.due_date <= CURRENT_TIMESTAMP THEN
            RETURN flowable.invalid('future-date', 'dueDate');
        END IF;
        v_data := v_data || jsonb_build_object('dueDate', jsonb_build_object('from', p_old.due_date, 'to', v_task.due_date));
        IF v_task.paused_at IS NOT NULL THEN -- the new date has lost nothing yet; the clock to claim has, and goes on to
            v_task := flowable.without_pause(v_task);
            v_task.paused_at := CURRENT_TIMESTAMP;
            v_task.due_date := (p_act ->> 'dueDate')::TIMESTAMPTZ;
        END IF;
        v_task.complete_seconds := NULL; -- from now on it is what was given, whatever becomes of the calendar
    END IF;
    IF v_task.follow_up_date IS DISTINCT FROM p_old.follow_up_date THEN
        v_data := v_data || jsonb_build_object('followUpDate', jsonb_build_object('from', p_old.follow_up_date, 'to', v_task.follow_up_date));
    END IF;
    IF v_data = '{}' THEN
        RETURN json_build_object('task', flowable.task_json(p_old)); -- it is so already
    END IF;
    v_task := flowable.put_task(v_task);
    PERFORM flowable.record_act(p_old, v_task, 'UPDATE', p_act, v_data);
    IF v_data ? 'dueDate' THEN
        RETURN flowable.tell_workflow(v_task, 'update-task', p_act);
    END IF;
    RETURN json_build_object('task', flowable.task_json(v_task));
END $$;

-- Does an act to a task. p_act is {"act", "by", "commandId", "version"?, "to"?, "reason"?, "text"?, "queueName"?, "priority"?,
-- "dueDate"?, "followUpDate"?}. The same act again by the same person, with nothing in between, answers the task and has no
-- second effect. A comment may be made on an ended or suspended task as well.
CREATE FUNCTION flowable.act_on_task(p_task_id TEXT, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
BEGIN
    IF p_act ? 'to' THEN -- in the order in which a claim takes its locks
        PERFORM flowable.serialize_claims(p_act ->> 'to');
    END IF;
    SELECT t.* INTO v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{"refused": "not-found"}';
    ELSIF flowable.is_repetition(p_task_id, p_act) THEN
        RETURN json_build_object('task', flowable.task_json(v_task));
    ELSIF v_task.version <> (p_act ->> 'version')::BIGINT THEN
        RETURN flowable.in_the_way(v_task);
    ELSIF p_act ->> 'act' = 'comment' THEN
        PERFORM flowable.record_act(v_task, v_task, 'COMMENT', p_act, '{}');
        RETURN json_build_object('task', flowable.task_json(v_task));
    ELSIF v_task.status IN ('COMPLETED', 'CANCELLED') THEN
        RETURN flowable.in_the_way(v_task);
    ELSIF v_task.is_suspended THEN
        RETURN '{"refused": "conflict", "status": "SUSPENDED"}';
    END IF;
    CASE p_act ->> 'act'
        WHEN 'delegate' THEN RETURN flowable.delegate_task(v_task, p_act);
        WHEN 'resolve' THEN RETURN flowable.resolve_task(v_task, p_act);
        WHEN 'reassign' THEN RETURN flowable.reassign_task(v_task, p_act);
        WHEN 'escalate' THEN RETURN flowable.escalate_by_hand(v_task, p_act);
        WHEN 'move' THEN RETURN flowable.move_task(v_task, p_act);
        WHEN 'update' THEN RETURN flowable.update_task(v_task, p_act);
        WHEN 'pause', 'resume' THEN RETURN flowable.pause_task(v_task, p_act);
    END CASE;
END $$;

-- claim_task for somebody who says which version of the task they have seen.
CREATE FUNCTION flowable.claim_task_at(p_task_id TEXT, p_user_id TEXT, p_command_id UUID, p_version BIGINT) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
BEGIN
    IF p_version IS NOT NULL THEN
        PERFORM flowable.serialize_claims(p_user_id); -- before the row, as claim_task does
        SELECT t.* INTO v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
        IF v_task.version <> p_version AND v_task.status IN ('OPEN', 'ESCALATED') THEN
            RETURN flowable.in_the_way(v_task);
        END IF;
    END IF;
    RETURN flowable.claim_task(p_task_id, p_user_id, p_command_id);
END $$;

-- Suspends an instance with all that it calls, or lets them go on, and so their open tasks. Answers {"instances": […],
-- "tasks": [{"taskId", "instanceId", "status", "assignee"}]}: what has changed. It is the whole tree, whatever of it the caller sees.
CREATE FUNCTION flowable.switch_instances(p_instance_id TEXT, p_suspend BOOLEAN) RETURNS JSONB
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_level   TEXT[] := ARRAY[p_instance_id];
    v_changed TEXT[] := '{}';
    v_tasks   JSONB;
BEGIN
    IF NOT entitlements.caller_may('operate') THEN
        RAISE EXCEPTION 'suspending needs the permission operate' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('app.acting', 'on', TRUE);
    WHILE v_level <> '{}' LOOP -- callers before what they call: a step that is being committed has called, or will not
        PERFORM FROM flowable.process_instances i WHERE i.process_instance_id = ANY (v_level) ORDER BY i.process_instance_id FOR NO KEY UPDATE;
        v_changed := v_changed || ARRAY(
            SELECT i.process_instance_id::TEXT FROM flowable.process_instances i
            WHERE i.process_instance_id = ANY (v_level) AND i.status NOT IN ('COMPLETED', 'TERMINATED') AND (i.status = 'SUSPENDED') <> p_suspend
            ORDER BY i.process_instance_id);
        v_level := ARRAY(
            SELECT i.process_instance_id::TEXT FROM flowable.process_instances i
            WHERE i.parent_process_id = ANY (v_level) AND i.status NOT IN ('COMPLETED', 'TERMINATED'));
    END LOOP;
    PERFORM flowable.switch_clocks(v_changed, p_suspend);
    UPDATE flowable.process_instances i
    SET suspended_at = CASE WHEN p_suspend THEN CURRENT_TIMESTAMP END,
        status = CASE
            WHEN p_suspend THEN 'SUSPENDED'
            WHEN EXISTS (SELECT FROM flowable.incidents c WHERE c.process_instance_id = i.process_instance_id AND c.state = 'OPEN') THEN 'ERROR'
            ELSE 'ACTIVE' END
    WHERE i.process_instance_id = ANY (v_changed);
    WITH switched AS (
        UPDATE flowable.workflow_tasks t SET is_suspended = p_suspend, version = t.version + 1
        WHERE t.process_instance_id = ANY (v_changed) AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
        RETURNING t.*)
    SELECT COALESCE(jsonb_agg(jsonb_build_object('taskId', s.task_id, 'instanceId', s.process_instance_id, 'status', s.status,
        'assignee', s.assignee_id)), '[]') INTO v_tasks FROM switched s;
    PERFORM set_config('app.acting', 'off', TRUE);
    RETURN jsonb_build_object('instances', v_changed, 'tasks', v_tasks);
END $$;

-- Lets the clocks of some instances and their open tasks stand still from now on, or go on: all is due later by the working time
-- that was lost. A task that has been paused by itself before stays so.
CREATE FUNCTION flowable.switch_clocks(p_instances TEXT[], p_suspend BOOLEAN) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task     flowable.workflow_tasks;
    v_instance flowable.process_instances;
BEGIN
    IF p_suspend THEN
        UPDATE flowable.workflow_tasks t SET paused_at = CURRENT_TIMESTAMP
        WHERE t.process_instance_id = ANY (p_instances) AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED') AND t.paused_at IS NULL;
        UPDATE flowable.process_instances i SET sla_next_at = NULL WHERE i.process_instance_id = ANY (p_instances) AND i.sla_next_at IS NOT NULL;
        RETURN;
    END IF;
    FOR v_task IN
        SELECT t.* FROM flowable.workflow_tasks t JOIN flowable.process_instances i ON i.process_instance_id = t.process_instance_id
        WHERE i.process_instance_id = ANY (p_instances) AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED') AND t.paused_at = i.suspended_at
        ORDER BY t.task_id FOR UPDATE OF t
    LOOP
        v_task := flowable.without_pause(v_task);
        UPDATE flowable.workflow_tasks t
        SET due_date = v_task.due_date, complete_seconds = v_task.complete_seconds, claim_due_date = v_task.claim_due_date,
            offered_at = v_task.offered_at, paused_at = NULL
        WHERE t.task_id = v_task.task_id;
    END LOOP;
    FOR v_instance IN
        SELECT i.* FROM flowable.process_instances i WHERE i.process_instance_id = ANY (p_instances) AND i.sla_due_date IS NOT NULL
    LOOP
        v_instance := flowable.without_suspension(v_instance);
        UPDATE flowable.process_instances i
        SET sla_due_date = v_instance.sla_due_date, sla_seconds = v_instance.sla_seconds, sla_next_at = v_instance.sla_next_at
        WHERE i.process_instance_id = v_instance.process_instance_id;
    END LOOP;
END $$;

-- The open tasks of an instance as its workflow has to know them.
CREATE FUNCTION flowable.placed_tasks(p_instance_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_placed JSONB;
BEGIN
    PERFORM set_config('app.acting', 'on', TRUE);
    SELECT COALESCE(jsonb_agg(flowable.placed_json(t) ORDER BY t.task_id), '[]') INTO v_placed FROM flowable.workflow_tasks t
    WHERE t.process_instance_id = p_instance_id AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED');
    PERFORM set_config('app.acting', 'off', TRUE);
    RETURN v_placed;
END $$;

-- Suspends an instance with all that it calls, or resumes them. Nobody acts on their tasks meanwhile, and their workflows let
-- no timer fire and take nothing that would move them. One that is so already stays so, with no effect. Answers
-- {"deliveries": […]}, the instance's own first.
CREATE FUNCTION flowable.suspend_instance(p_instance_id TEXT, p_suspend BOOLEAN, p_user_id TEXT, p_command_id UUID) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_status   TEXT;
    v_changed  JSONB;
    v_deliveries JSONB;
BEGIN
    SELECT i.status INTO v_status FROM flowable.process_instances i WHERE i.process_instance_id = p_instance_id;
    IF NOT FOUND THEN
        RETURN '{"refused": "not-found"}';
    ELSIF NOT entitlements.caller_may('operate') THEN
        RETURN flowable.forbidden('operate');
    ELSIF EXISTS (SELECT FROM flowable.task_commands c WHERE c.command_id = p_command_id) THEN
        RETURN '{"deliveries": []}'; -- the same request again
    ELSIF v_status IN ('COMPLETED', 'TERMINATED') THEN
        RETURN jsonb_build_object('refused', 'conflict', 'status', v_status);
    END IF;
    v_changed := flowable.switch_instances(p_instance_id, p_suspend);
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status, old_assignee,
        new_assignee, action_data)
    SELECT t.value ->> 'taskId', t.value ->> 'instanceId', 'UPDATE', p_user_id, t.value ->> 'status', t.value ->> 'status',
        t.value ->> 'assignee', t.value ->> 'assignee', jsonb_build_object('suspended', jsonb_build_object('from', NOT p_suspend, 'to', p_suspend))
    FROM jsonb_array_elements(v_changed -> 'tasks') AS t;
    SELECT jsonb_agg(flowable.accept_command(jsonb_build_object('instanceId', i.id, 'actorId', p_user_id,
        'commandId', CASE WHEN i.id = p_instance_id THEN p_command_id ELSE md5(p_command_id || '/' || i.id)::UUID END,
        'kind', CASE WHEN p_suspend THEN 'suspend' ELSE 'resume' END,
        'placed', CASE WHEN NOT p_suspend THEN flowable.placed_tasks(i.id) END), INTERVAL '2 seconds') ORDER BY i.place)
    INTO v_deliveries FROM jsonb_array_elements_text(v_changed -> 'instances') WITH ORDINALITY AS i (id, place);
    RETURN jsonb_build_object('deliveries', COALESCE(v_deliveries, '[]'));
END $$;

REVOKE ALL ON FUNCTION flowable.recipient_rule(flowable.workflow_tasks, TEXT), flowable.put_task(flowable.workflow_tasks),
    flowable.switch_instances(TEXT, BOOLEAN), flowable.placed_tasks(TEXT) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION flowable.recipient_rule(flowable.workflow_tasks, TEXT), flowable.put_task(flowable.workflow_tasks),
    flowable.switch_instances(TEXT, BOOLEAN), flowable.placed_tasks(TEXT) TO nextgen_api, nextgen_worker;
GRANT INSERT ON flowable.escalations TO nextgen_api;
CREATE POLICY own_escalations ON flowable.escalations FOR INSERT TO nextgen_api WITH CHECK (escalated_by = (SELECT entitlements.caller()));

COMMIT;
