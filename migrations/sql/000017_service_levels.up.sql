BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Working time. internal/worktime is the same arithmetic in Go; tests hold the two against each other.

-- The first instant at which the wall clock of a zone shows a time, or a later one: the end of the gap for a time that is
-- skipped, the first of the two for one that comes twice.
CREATE FUNCTION flowable.wall_reaches(p_wall TIMESTAMP, p_zone TEXT) RETURNS TIMESTAMPTZ
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_at     TIMESTAMPTZ := p_wall AT TIME ZONE p_zone; -- PostgreSQL's reading: by the offset before a gap, the second of two
    v_day    TIMESTAMPTZ := v_at - INTERVAL '24 hours';
    v_before TIMESTAMPTZ := (p_wall - ((v_day AT TIME ZONE p_zone) - (v_day AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC';
BEGIN
    IF v_before < v_at AND v_before AT TIME ZONE p_zone = p_wall THEN
        RETURN v_before;
    ELSIF v_at AT TIME ZONE p_zone = p_wall THEN
        RETURN v_at;
    END IF;
    RETURN (SELECT min(m) FROM generate_series(v_at - ((v_at AT TIME ZONE p_zone) - p_wall), v_at, INTERVAL '1 minute') AS m
            WHERE m AT TIME ZONE p_zone >= p_wall);
END $$;

-- Whether PostgreSQL knows a time zone: its table of them may be another one than that of the API.
CREATE FUNCTION flowable.knows_zone(p_zone TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN now() AT TIME ZONE p_zone IS NOT NULL;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN FALSE;
END $$;

-- The working time of a day, in order. Holidays have none.
CREATE FUNCTION flowable.working_day(c flowable.business_calendars, p_day DATE) RETURNS TSTZRANGE[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF c.holidays ? to_char(p_day, 'YYYY-MM-DD') THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT tstzrange(flowable.wall_reaches(p_day + (h.value ->> 0)::TIME, c.time_zone), flowable.wall_reaches(p_day + (h.value ->> 1)::TIME, c.time_zone))
        FROM jsonb_array_elements(c.working_hours -> (ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])
            [extract(ISODOW FROM p_day)::INTEGER]) AS h
        ORDER BY h.value ->> 0);
END $$;

-- The earliest instant that has so many seconds of working time between p_from and itself; for a negative number the latest
-- that has them between itself and p_from. Without a calendar all time is working time. What is more than twenty years away
-- is put there, and what is after the year 9999, which times in JSON end with, at its end.
CREATE FUNCTION flowable.add_working_time(p_calendar TEXT, p_from TIMESTAMPTZ, p_seconds NUMERIC) RETURNS TIMESTAMPTZ
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_calendar flowable.business_calendars;
    v_left     NUMERIC := least(abs(p_seconds), 631152000);
    v_back     BOOLEAN := p_seconds < 0;
    v_day      DATE;
    v_open     TSTZRANGE[];
    v_part     TSTZRANGE;
    v_length   NUMERIC;
BEGIN
    IF p_from IS NULL OR p_seconds IS NULL THEN
        RETURN NULL;
    ELSIF p_calendar IS NOT NULL AND p_seconds <> 0 THEN
        SELECT c.* INTO v_calendar FROM flowable.business_calendars c WHERE c.calendar_name = p_calendar;
    END IF;
    IF v_calendar.calendar_id IS NULL THEN
        RETURN least(p_from + make_interval(secs => (v_left * sign(p_seconds))::FLOAT), TIMESTAMPTZ '9999-12-31 23:59:59+00');
    END IF;
    v_day := (p_from AT TIME ZONE v_calendar.time_zone)::DATE + v_back::INTEGER; -- an hour that comes twice may be of the day after
    FOR n IN 1 .. 7320 LOOP
        v_open := flowable.working_day(v_calendar, v_day);
        FOR i IN 1 .. cardinality(v_open) LOOP
            v_part := CASE WHEN v_back THEN v_open[cardinality(v_open) + 1 - i] * tstzrange(NULL, p_from) ELSE v_open[i] * tstzrange(p_from, NULL) END;
            CONTINUE WHEN isempty(v_part);
            v_length := extract(EPOCH FROM upper(v_part) - lower(v_part));
            IF v_length >= v_left THEN
                RETURN least(CASE WHEN v_back THEN upper(v_part) - make_interval(secs => v_left::FLOAT)
                    ELSE lower(v_part) + make_interval(secs => v_left::FLOAT) END, TIMESTAMPTZ '9999-12-31 23:59:59+00');
            END IF;
            v_left := v_left - v_length;
        END LOOP;
        v_day := v_day + CASE WHEN v_back THEN -1 ELSE 1 END;
    END LOOP;
    RETURN least(flowable.wall_reaches(v_day, v_calendar.time_zone), TIMESTAMPTZ '9999-12-31 23:59:59+00');
END $$;

-- The seconds of working time between two instants, negative if p_to comes first. It counts at most twenty years.
CREATE FUNCTION flowable.working_time(p_calendar TEXT, p_from TIMESTAMPTZ, p_to TIMESTAMPTZ) RETURNS NUMERIC
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_calendar flowable.business_calendars;
    v_first    DATE;
    v_last     DATE;
BEGIN
    IF p_to < p_from THEN
        RETURN -flowable.working_time(p_calendar, p_to, p_from);
    END IF;
    SELECT c.* INTO v_calendar FROM flowable.business_calendars c WHERE c.calendar_name = p_calendar;
    IF v_calendar.calendar_id IS NULL THEN
        RETURN extract(EPOCH FROM p_to - p_from);
    END IF;
    v_first := (p_from AT TIME ZONE v_calendar.time_zone)::DATE;
    v_last := least((p_to AT TIME ZONE v_calendar.time_zone)::DATE + 1, v_first + 7319);
    RETURN (
        SELECT COALESCE(sum(extract(EPOCH FROM upper(o.part) - lower(o.part))), 0)
        FROM generate_series(0, v_last - v_first) AS d
        CROSS JOIN LATERAL unnest(flowable.working_day(v_calendar, v_first + d)) AS w (range)
        CROSS JOIN LATERAL (SELECT w.range * tstzrange(p_from, p_to) AS part) AS o
        WHERE NOT isempty(o.part));
END $$;

-- Deadlines. A task is due at due_date and to be claimed by claim_due_date; the escalation_config of its queue says what is
-- done so many minutes before or after (docs/work-management.md). Each of these moments is a level.

-- The levels of a clock: DUE and CLAIM of a queue's configuration, PROCESS of a definition's sla_config.
CREATE FUNCTION flowable.escalation_levels(p_config JSONB, p_clock TEXT) RETURNS JSONB
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE p_clock
        WHEN 'CLAIM' THEN COALESCE(p_config -> 'claimLevels', '[{"afterMinutes": 0}]')
        WHEN 'PROCESS' THEN COALESCE(p_config -> 'levels', '[{"afterMinutes": 0}]')
        ELSE COALESCE(p_config -> 'levels', '[{"afterMinutes": 0}, {"afterMinutes": 240}, {"afterMinutes": 480}]') END
$$;

-- When a level (1 is the first) of a deadline is due; NULL if there is no such level.
CREATE FUNCTION flowable.escalation_at(p_calendar TEXT, p_deadline TIMESTAMPTZ, p_levels JSONB, p_level INTEGER) RETURNS TIMESTAMPTZ
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_minutes INTEGER := p_levels -> (p_level - 1) ->> 'afterMinutes';
BEGIN
    RETURN CASE WHEN v_minutes = 0 THEN p_deadline
        WHEN v_minutes IS NOT NULL THEN least(flowable.add_working_time(p_calendar, p_deadline, v_minutes * 60),
            '9999-12-31T23:59:59Z'::TIMESTAMPTZ) END; -- a later year could not be told to anybody
END $$;

-- Which level of a task is reached next, and when; NULLs if none is, or its clocks stand still. The clock to claim runs while
-- nobody holds the task.
CREATE FUNCTION flowable.next_level(t flowable.workflow_tasks, OUT clock TEXT, OUT level INTEGER, OUT at TIMESTAMPTZ)
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_config JSONB;
    v_claim  TIMESTAMPTZ;
BEGIN
    IF t.paused_at IS NOT NULL OR t.status IN ('COMPLETED', 'CANCELLED') THEN
        RETURN;
    END IF;
    SELECT q.escalation_config INTO v_config FROM flowable.workflow_queues q WHERE q.queue_name = t.queue_name;
    at := flowable.escalation_at(t.calendar_name, t.due_date, flowable.escalation_levels(v_config, 'DUE'), t.escalation_level + 1);
    IF at IS NOT NULL THEN
        clock := 'DUE';
        level := t.escalation_level + 1;
    END IF;
    IF t.claim_due_date IS NOT NULL AND t.status IN ('OPEN', 'ESCALATED') THEN
        v_claim := flowable.escalation_at(t.calendar_name, t.claim_due_date, flowable.escalation_levels(v_config, 'CLAIM'), t.claim_level + 1);
        IF v_claim <= COALESCE(at, v_claim) THEN
            clock := 'CLAIM';
            level := t.claim_level + 1;
            at := v_claim;
        END IF;
    END IF;
END $$;

-- The clocks of a new task, from what its model says (n is casework.NewTask) and its queue. A calendar that is not known
-- leaves the queue's, and a remark for the record.
CREATE FUNCTION flowable.new_clocks(n JSONB, p_queue flowable.workflow_queues, p_at TIMESTAMPTZ, p_held BOOLEAN, OUT calendar_name TEXT,
    OUT complete_seconds BIGINT, OUT due_date TIMESTAMPTZ, OUT claim_seconds BIGINT, OUT claim_due_date TIMESTAMPTZ, OUT remark TEXT)
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    calendar_name := p_queue.calendar_name;
    IF n ? 'calendar' THEN
        IF EXISTS (SELECT FROM flowable.business_calendars c WHERE c.calendar_name = n ->> 'calendar') THEN
            calendar_name := n ->> 'calendar';
        ELSE
            remark := 'There is no calendar ' || quote_literal(n ->> 'calendar') || ': that of the queue holds.';
        END IF;
    END IF;
    due_date := (n ->> 'dueDate')::TIMESTAMPTZ;
    IF due_date IS NULL THEN
        complete_seconds := COALESCE((n ->> 'completeSeconds')::BIGINT, p_queue.sla_minutes * 60::BIGINT);
        due_date := flowable.add_working_time(calendar_name, p_at, complete_seconds);
    END IF;
    claim_seconds := COALESCE((n ->> 'claimSeconds')::BIGINT, p_queue.claim_sla_minutes * 60::BIGINT);
    IF NOT p_held THEN
        claim_due_date := flowable.add_working_time(calendar_name, p_at, claim_seconds);
    END IF;
END $$;

-- Whoever changes a task: the clock to claim begins anew when it is offered again, and escalate_at is kept true. What was
-- reached of it stays reached where it is to be claimed by the same moment, as when it was held outside working time only.
CREATE FUNCTION flowable.keep_clocks() RETURNS TRIGGER
    LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.assignee_id IS NOT NULL AND NEW.assignee_id IS NULL AND NEW.claim_seconds IS NOT NULL THEN
        NEW.offered_at := CURRENT_TIMESTAMP;
        NEW.claim_due_date := flowable.add_working_time(NEW.calendar_name, NEW.offered_at, NEW.claim_seconds);
        NEW.claim_level := CASE WHEN NEW.claim_due_date = OLD.claim_due_date THEN OLD.claim_level ELSE 0 END;
    END IF;
    SELECT n.at INTO NEW.escalate_at FROM flowable.next_level(NEW) AS n;
    RETURN NEW;
END $$;
CREATE TRIGGER workflow_tasks_new_clocks BEFORE INSERT ON flowable.workflow_tasks FOR EACH ROW EXECUTE FUNCTION flowable.keep_clocks();
-- PostgreSQL reads a condition anew for every statement that comes to it; that of claims and completions is short.
CREATE TRIGGER workflow_tasks_holder_clocks BEFORE UPDATE OF assignee_id ON flowable.workflow_tasks FOR EACH ROW
    WHEN (NEW.claim_seconds IS NOT NULL AND (OLD.assignee_id IS NULL) <> (NEW.assignee_id IS NULL))
    EXECUTE FUNCTION flowable.keep_clocks();
CREATE TRIGGER workflow_tasks_other_clocks
    BEFORE UPDATE OF due_date, claim_due_date, escalation_level, claim_level, queue_name, paused_at, calendar_name
    ON flowable.workflow_tasks FOR EACH ROW
    WHEN (NEW.status NOT IN ('COMPLETED', 'CANCELLED')
        AND (OLD.due_date, OLD.claim_due_date, OLD.escalation_level, OLD.claim_level, OLD.queue_name, OLD.paused_at, OLD.calendar_name)
            IS DISTINCT FROM (NEW.due_date, NEW.claim_due_date, NEW.escalation_level, NEW.claim_level, NEW.queue_name, NEW.paused_at, NEW.calendar_name))
    EXECUTE FUNCTION flowable.keep_clocks();

-- What people are told. Mail goes out from here as well: mail_due_at is when it is to be tried next.
CREATE TABLE flowable.notifications (
    notification_id     BIGINT GENERATED ALWAYS AS IDENTITY,
    recipient_id        VARCHAR(50)  NOT NULL,
    kind                VARCHAR(30)  NOT NULL,
    task_id             VARCHAR(64),
    process_instance_id VARCHAR(64)  NOT NULL,
    subject             VARCHAR(500) NOT NULL,
    body                TEXT         NOT NULL,
    created_at          TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    read_at             TIMESTAMPTZ,
    mail_due_at         TIMESTAMPTZ, -- NULL: no mail is to be sent any more
    mail_attempts       INTEGER      NOT NULL DEFAULT 0,
    mailed_at           TIMESTAMPTZ,
    mail_error          TEXT,        -- of the last attempt that failed
    CONSTRAINT notifications_pkey PRIMARY KEY (notification_id),
    CONSTRAINT notifications_kind_check CHECK (kind IN ('WARNING', 'BREACH', 'CLAIM_WARNING', 'CLAIM_BREACH', 'PROCESS_WARNING', 'PROCESS_BREACH', 'ESCALATED')),
    CONSTRAINT notifications_recipient_fkey FOREIGN KEY (recipient_id) REFERENCES entitlements.users (user_id)
);
CREATE INDEX idx_notifications_recipient ON flowable.notifications (recipient_id, notification_id DESC);
CREATE INDEX idx_notifications_unread ON flowable.notifications (recipient_id, notification_id DESC) WHERE read_at IS NULL;
CREATE INDEX idx_notifications_mail ON flowable.notifications (mail_due_at) WHERE mail_due_at IS NOT NULL;
CREATE INDEX idx_notifications_created ON flowable.notifications (created_at);
ALTER TABLE flowable.notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.notifications FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON flowable.notifications TO nextgen_worker;
GRANT SELECT, UPDATE (read_at) ON flowable.notifications TO nextgen_api;
CREATE POLICY worker_all ON flowable.notifications TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY own_notifications ON flowable.notifications FOR SELECT TO nextgen_api USING (recipient_id = (SELECT entitlements.caller()));
CREATE POLICY own_readings ON flowable.notifications FOR UPDATE TO nextgen_api USING (recipient_id = (SELECT entitlements.caller()));

-- Who supervises a task: the supervisor of whoever holds it; else those whose role may supervise and works on its queue.
CREATE FUNCTION flowable.supervisors_of(t flowable.workflow_tasks) RETURNS TEXT[]
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_own TEXT;
BEGIN
    SELECT s.user_id INTO v_own FROM entitlements.users u JOIN entitlements.users s ON s.user_id = u.supervisor_id
    WHERE u.user_id = t.assignee_id AND s.is_active;
    IF FOUND THEN
        RETURN ARRAY[v_own];
    END IF;
    RETURN flowable.holders_of(ARRAY(
        SELECT r.role_code::TEXT FROM entitlements.workflow_roles r
        WHERE r.permissions ->> 'supervise' = 'true' AND (r.queue_name = t.queue_name OR EXISTS (
            SELECT FROM flowable.queue_assignments a JOIN flowable.workflow_queues q ON q.queue_id = a.queue_id
            WHERE a.role_id = r.role_id AND a.is_active AND q.queue_name = t.queue_name))));
END $$;

-- The active users that hold one of some roles now.
CREATE FUNCTION flowable.holders_of(p_roles TEXT[]) RETURNS TEXT[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT v.user_id::TEXT FROM entitlements.valid_roles v WHERE v.role_code = ANY (p_roles) ORDER BY v.user_id::TEXT);
END $$;

-- Tells those whom an action names. about is {"kind", "subject", "body", "instanceId", "taskId"?}. Answers what came of it.
CREATE FUNCTION flowable.notify(p_action JSONB, about JSONB, p_assignee TEXT, p_supervisors TEXT[]) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_users   TEXT[] := ARRAY(SELECT jsonb_array_elements_text(COALESCE(p_action -> 'users', '[]')));
    v_roles   TEXT[] := ARRAY(SELECT jsonb_array_elements_text(COALESCE(p_action -> 'roles', '[]')));
    v_told    TEXT[];
    v_missing TEXT[];
BEGIN
    v_missing := ARRAY(
        SELECT 'user ' || named FROM unnest(v_users) AS named WHERE NOT EXISTS (SELECT FROM entitlements.users u WHERE u.user_id = named AND u.is_active)
        UNION ALL
        SELECT 'role ' || named FROM unnest(v_roles) AS named WHERE NOT EXISTS (SELECT FROM entitlements.workflow_roles r WHERE r.role_code = named AND r.is_active));
    v_users := v_users || flowable.holders_of(v_roles);
    IF p_action ->> 'assignee' = 'true' THEN
        v_users := v_users || p_assignee;
    END IF;
    IF p_action ->> 'supervisor' = 'true' THEN
        v_users := v_users || p_supervisors;
    END IF;
    WITH told AS (
        INSERT INTO flowable.notifications (recipient_id, kind, task_id, process_instance_id, subject, body, mail_due_at)
        SELECT u.user_id, about ->> 'kind', about ->> 'taskId', about ->> 'instanceId', left(about ->> 'subject', 500),
            COALESCE(p_action ->> 'text', about ->> 'body'), CASE WHEN u.email <> '' THEN CURRENT_TIMESTAMP END
        FROM entitlements.users u WHERE u.user_id = ANY (v_users) AND u.is_active
        RETURNING recipient_id)
    SELECT array_agg(t.recipient_id::TEXT ORDER BY t.recipient_id) INTO v_told FROM told t;
    RETURN jsonb_build_object('told', COALESCE(to_jsonb(v_told), '[]'))
        || CASE WHEN v_missing <> '{}' THEN jsonb_build_object('failed', 'there is no active ' || array_to_string(v_missing, ', '))
                WHEN v_told IS NULL THEN '{"failed": "there is nobody to tell"}' ELSE '{}' END;
END $$;

-- Tells the process: a BPMN signal or message for this instance, or an escalation that is thrown at the task, for the
-- boundary event or event sub-process around it. Answers what came of it.
CREATE FUNCTION flowable.signal_process(p_action JSONB, p_instance_id TEXT, p_task_id TEXT, p_variables JSONB) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_command JSONB := jsonb_build_object('commandId', gen_random_uuid(), 'instanceId', p_instance_id, 'actorId', 'SYSTEM', 'variables', p_variables);
BEGIN
    IF p_action ? 'signal' THEN
        PERFORM flowable.accept_command(v_command || jsonb_build_object('kind', 'signal', 'name', p_action -> 'signal'), INTERVAL '0');
    ELSIF p_action ? 'message' THEN
        IF flowable.deliver_message(jsonb_build_object('id', v_command -> 'commandId', 'name', p_action -> 'message', 'instanceId', p_instance_id,
            'variables', p_variables), 'SYSTEM') IS NULL THEN
            RETURN '{"failed": "the process does not wait for the message"}';
        END IF;
    ELSE
        PERFORM flowable.accept_command(v_command || jsonb_build_object('kind', 'throw-escalation', 'code', p_action -> 'escalation', 'taskId', p_task_id), INTERVAL '0');
    END IF;
    RETURN '{}';
END $$;

-- Does one action of a level to a locked task; t is changed, and written by the caller. p_result is what came of it:
-- {"failed": why} if it could not be done, which keeps no other action back.
CREATE FUNCTION flowable.act_on_late_task(INOUT t flowable.workflow_tasks, p_action JSONB, p_about JSONB, OUT p_result JSONB)
    LANGUAGE plpgsql
AS $$
DECLARE
    v_old        flowable.workflow_tasks := t;
    v_supervisor TEXT;
    v_queue      TEXT;
    v_staff      TEXT[];
BEGIN
    p_result := '{}';
    CASE p_action ->> 'action'
    WHEN 'notify' THEN
        p_result := flowable.notify(p_action, p_about, t.assignee_id, flowable.supervisors_of(t));
    WHEN 'raisePriority' THEN
        t.priority := greatest(t.priority, least(100, COALESCE((p_action ->> 'to')::INTEGER, t.priority + (p_action ->> 'by')::INTEGER)));
        p_result := jsonb_build_object('priority', t.priority);
    WHEN 'release' THEN
        t := flowable.given_up(t);
    WHEN 'moveToQueue' THEN
        IF NOT EXISTS (SELECT FROM flowable.workflow_queues q WHERE q.queue_name = p_action ->> 'queue' AND q.is_active) THEN
            p_result := jsonb_build_object('failed', 'there is no active queue ' || (p_action ->> 'queue'));
            RETURN;
        END IF;
        v_staff := flowable.staff_of(p_action ->> 'queue');
        IF v_staff = '{}' THEN
            p_result := jsonb_build_object('failed', 'no role works on the queue ' || (p_action ->> 'queue'));
            RETURN;
        END IF;
        t := flowable.given_up(t);
        t.queue_name := p_action ->> 'queue';
        t.home_queue := NULL;
        IF t.candidate_groups || t.candidate_users <> '{}' AND NOT t.candidate_groups && v_staff THEN -- as move_task does
            t.candidate_groups := v_staff;
            t.candidate_users := '{}';
        END IF;
    WHEN 'reassign' THEN
        IF p_action ? 'role' THEN
            IF NOT EXISTS (SELECT FROM entitlements.workflow_roles r WHERE r.role_code = p_action ->> 'role' AND r.is_active) THEN
                p_result := jsonb_build_object('failed', 'there is no active role ' || (p_action ->> 'role'));
                RETURN;
            END IF;
            t := flowable.given_up(t);
            t.candidate_groups := ARRAY[p_action ->> 'role'];
            t.candidate_users := '{}';
            IF NOT t.candidate_groups && flowable.staff_of(t.queue_name) THEN -- claim/next looks at the queues of the role
                SELECT q.queue_name INTO v_queue FROM entitlements.workflow_roles r
                JOIN flowable.workflow_queues q ON q.queue_name = r.queue_name AND q.is_active
                WHERE r.role_code = p_action ->> 'role' AND r.role_code = ANY (flowable.staff_of(q.queue_name));
            END IF;
            IF v_queue IS NOT NULL THEN
                t.queue_name := v_queue;
                t.home_queue := NULL;
                p_result := jsonb_build_object('queue', v_queue);
            END IF;
        ELSE
            p_result := '{"failed": "there is no supervisor who may hold it"}';
            FOR v_supervisor IN
                SELECT s.id FROM unnest(flowable.supervisors_of(t)) WITH ORDINALITY AS s (id, place)
                WHERE flowable.may_hold(t, s.id) IS NULL
                ORDER BY (SELECT count(*) FROM flowable.workflow_tasks h WHERE h.assignee_id = s.id AND h.status IN ('CLAIMED', 'DELEGATED')), s.place
            LOOP
                IF flowable.try_claims(v_supervisor) THEN -- a statement of its own: the next one sees what was claimed before
                    IF v_supervisor IN (t.assignee_id, t.owner_id) -- it is among those they have
                        OR COALESCE(flowable.room_for(v_supervisor, entitlements.roles_of(v_supervisor), t.queue_name), 1) > 0 THEN
                        p_result := '{}';
                        EXIT;
                    END IF;
                END IF;
                p_result := '{"failed": "no supervisor has room for one more of the queue"}';
            END LOOP;
            IF p_result ? 'failed' THEN
                RETURN;
            END IF;
            t := flowable.released(t);
            t.status := 'CLAIMED';
            t.assignee_id := v_supervisor;
            t.claimed_by := v_supervisor;
            t.claimed_at := CURRENT_TIMESTAMP;
            p_result := jsonb_build_object('assignee', v_supervisor);
        END IF;
    WHEN 'signalProcess' THEN
        p_result := flowable.signal_process(p_action, t.process_instance_id, t.task_id, jsonb_build_object('escalatedTask', t.task_id,
            'escalatedTaskKey', t.task_definition_key, 'escalationLevel', (p_about ->> 'level')::INTEGER));
    ELSE
        p_result := '{"failed": "there is no such action"}';
    END CASE;
    p_result := p_result || flowable.pause_change(v_old, t);
END $$;

-- Tells the workflow of a task how it is now. Nobody is there to send it at once: the relay does.
CREATE FUNCTION flowable.tell_by_relay(t flowable.workflow_tasks) RETURNS VOID
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM flowable.accept_command(jsonb_build_object('commandId', gen_random_uuid(), 'kind', 'update-task', 'instanceId', t.process_instance_id,
        'taskId', t.task_id, 'actorId', 'SYSTEM', 'placed', jsonb_build_array(flowable.placed_json(t))), INTERVAL '0');
END $$;

-- Does the actions of a level to a locked task, in order, and writes it. Answers the task as it is then; p_results is the
-- list of actions with what came of each.
CREATE FUNCTION flowable.do_level(INOUT t flowable.workflow_tasks, p_level JSONB, p_about JSONB, OUT p_results JSONB)
    LANGUAGE plpgsql
AS $$
DECLARE
    v_old    flowable.workflow_tasks := t;
    v_action JSONB;
    v_done   RECORD;
BEGIN
    p_results := '[]';
    FOR v_action IN SELECT a.value FROM jsonb_array_elements(COALESCE(p_level -> 'actions', '[]')) WITH ORDINALITY AS a ORDER BY a.ordinality LOOP
        SELECT d.* INTO v_done FROM flowable.act_on_late_task(t, v_action, p_about) AS d;
        t := v_done.t;
        p_results := p_results || jsonb_build_array(v_action || v_done.p_result);
    END LOOP;
    UPDATE flowable.workflow_tasks w
    SET status = t.status, assignee_id = t.assignee_id, queue_name = t.queue_name, home_queue = t.home_queue, priority = t.priority,
        candidate_groups = t.candidate_groups, candidate_users = t.candidate_users, escalation_level = t.escalation_level,
        claim_level = t.claim_level, escalated_at = t.escalated_at, owner_id = t.owner_id, claimed_by = t.claimed_by,
        claimed_at = t.claimed_at, acting_for = t.acting_for, owner_acting_for = t.owner_acting_for, returned_by = t.returned_by, due_date = t.due_date,
        complete_seconds = t.complete_seconds, claim_due_date = t.claim_due_date, offered_at = t.offered_at, paused_at = t.paused_at,
        version = w.version + 1
    WHERE w.task_id = t.task_id
    RETURNING w.* INTO STRICT t;
    IF t.queue_name <> v_old.queue_name THEN
        PERFORM onecms.follow_move(t);
    END IF;
    IF (t.assignee_id, t.paused_at) IS DISTINCT FROM (v_old.assignee_id, v_old.paused_at) THEN -- the model hears of it, as of any other act
        PERFORM flowable.tell_by_relay(t);
    END IF;
END $$;

-- What people read of a level. p_minutes is when it comes, seen from the deadline.
CREATE FUNCTION flowable.level_text(p_clock TEXT, p_level INTEGER, p_minutes INTEGER) RETURNS TEXT
    LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE p_clock WHEN 'CLAIM' THEN CASE WHEN p_minutes < 0 THEN 'Soon to be claimed' ELSE 'Not claimed in time' END
        ELSE CASE WHEN p_minutes < 0 THEN 'Soon past its due date' ELSE 'Past its due date' END END || ': level ' || p_level
$$;

-- Brings a locked task to a level of a clock. An open task becomes ESCALATED and stays claimable, unless the level is only a
-- warning; a held one keeps its holder, unless an action says otherwise. What a person raises is done by the worker, with
-- the case's next step or by the safety net: a person may not do all of it. Answers the task as it is then.
CREATE FUNCTION flowable.raise_task(p_old flowable.workflow_tasks, p_clock TEXT, p_level INTEGER, p_source TEXT, p_act JSONB)
    RETURNS flowable.workflow_tasks
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task    flowable.workflow_tasks := p_old;
    v_due     TIMESTAMPTZ := CASE p_clock WHEN 'CLAIM' THEN p_old.claim_due_date ELSE p_old.due_date END;
    v_level   JSONB;
    v_minutes INTEGER;
    v_text    TEXT;
    v_by      TEXT := COALESCE(p_act ->> 'by', 'SYSTEM');
    v_results JSONB := '[]';
    v_done    RECORD;
BEGIN
    SELECT flowable.escalation_levels(q.escalation_config, p_clock) -> (p_level - 1) INTO v_level
    FROM flowable.workflow_queues q WHERE q.queue_name = p_old.queue_name;
    v_minutes := CASE WHEN p_source <> 'USER' THEN COALESCE((v_level ->> 'afterMinutes')::INTEGER, 0) ELSE 0 END;
    v_text := COALESCE(p_act ->> 'reason', flowable.level_text(p_clock, p_level, v_minutes));
    IF p_clock = 'CLAIM' THEN
        v_task.claim_level := p_level;
    ELSE
        v_task.escalation_level := p_level;
    END IF;
    IF v_minutes >= 0 THEN
        v_task.escalated_at := CURRENT_TIMESTAMP;
        v_task.status := CASE WHEN p_old.status = 'OPEN' THEN 'ESCALATED' ELSE p_old.status END;
    END IF;
    IF p_source = 'USER' THEN
        UPDATE flowable.workflow_tasks w
        SET status = v_task.status, escalation_level = v_task.escalation_level, escalated_at = v_task.escalated_at, version = w.version + 1
        WHERE w.task_id = p_old.task_id
        RETURNING w.* INTO STRICT v_task;
    ELSE
        SELECT d.* INTO v_done FROM flowable.do_level(v_task, v_level, flowable.about_level(v_task, p_clock, p_level, v_minutes)) AS d;
        v_task := v_done.t;
        v_results := v_done.p_results;
    END IF;
    INSERT INTO flowable.escalations (process_instance_id, task_id, clock, escalation_level, escalated_by, source, due_date, reason, action, pending)
    VALUES (p_old.process_instance_id, p_old.task_id, p_clock, p_level, v_by, p_source, v_due, p_act ->> 'reason', v_results,
        p_source = 'USER' AND COALESCE(v_level -> 'actions', '[]') <> '[]')
    ON CONFLICT (task_id, escalation_level, due_date) WHERE clock = 'CLAIM' DO NOTHING; -- a change of the calendar has brought the moment back
    INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status,
        old_assignee, new_assignee, comments, action_data, client_info)
    VALUES (p_old.task_id, p_old.process_instance_id, 'ESCALATE', v_by, p_old.status, v_task.status,
        p_old.assignee_id, v_task.assignee_id, v_text, jsonb_strip_nulls(jsonb_build_object('level', p_level, 'clock', NULLIF(p_clock, 'DUE'), 'actions', NULLIF(v_results, '[]'),
            'actingFor', CASE WHEN p_act ? 'by' THEN flowable.acted_for(p_old, v_by) END)),
        CASE WHEN p_act ? 'act' THEN jsonb_build_object('act', flowable.act_hash(p_act)) ELSE '{}' END);
    RETURN v_task;
END $$;

-- What a notification about a level says.
CREATE FUNCTION flowable.about_level(t flowable.workflow_tasks, p_clock TEXT, p_level INTEGER, p_minutes INTEGER) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_subject TEXT := format('%s: "%s"%s', flowable.level_text(p_clock, p_level, p_minutes),
        regexp_replace(t.task_name, '[[:cntrl:]]+', ' ', 'g'), ' of case ' || t.case_number); -- the subject of a mail is one line
BEGIN
    RETURN jsonb_build_object('kind', CASE WHEN p_clock = 'CLAIM' THEN 'CLAIM_' ELSE '' END || CASE WHEN p_minutes < 0 THEN 'WARNING' ELSE 'BREACH' END,
        'subject', v_subject, 'level', p_level, 'taskId', t.task_id, 'instanceId', t.process_instance_id,
        'body', format(E'%s\nQueue: %s\nHeld by: %s\nDue: %s', v_subject, t.queue_name, COALESCE(t.assignee_id, 'nobody'),
            to_char(CASE p_clock WHEN 'CLAIM' THEN t.claim_due_date ELSE t.due_date END AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')));
END $$;

-- Raises a task to a level of its due date, once, whoever asks and how often (corrections 9, 10 and 11). p_act is the act of
-- who does it by hand (act_on_task). Answers the task as placed, NULL if there is no such task.
CREATE FUNCTION flowable.escalate_task(p_task_id TEXT, p_level INTEGER, p_source TEXT, p_act JSONB DEFAULT '{}') RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
BEGIN
    SELECT t.* INTO v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF v_task.status NOT IN ('COMPLETED', 'CANCELLED') AND v_task.escalation_level < p_level THEN
        v_task := flowable.raise_task(v_task, 'DUE', p_level, p_source, p_act);
    END IF;
    RETURN flowable.placed_json(v_task);
END $$;

-- Does what is due of a task at a moment, each level once, whoever asks and how often. Answers the task as placed, NULL if
-- there is no such task.
CREATE FUNCTION flowable.escalate_due(p_task_id TEXT, p_at TIMESTAMPTZ, p_source TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks;
    v_next RECORD;
BEGIN
    SELECT t.* INTO v_task FROM flowable.workflow_tasks t WHERE t.task_id = p_task_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOR n IN 1 .. 100 LOOP -- a level may move the task to a queue with levels of its own
        SELECT l.* INTO v_next FROM flowable.next_level(v_task) AS l;
        EXIT WHEN v_next.at IS NULL OR v_next.at > p_at;
        v_task := flowable.raise_task(v_task, v_next.clock, v_next.level, p_source, '{}');
    END LOOP;
    IF v_task.escalate_at <= p_at THEN -- the configuration has changed
        UPDATE flowable.workflow_tasks t SET escalate_at = v_next.at WHERE t.task_id = p_task_id RETURNING t.* INTO STRICT v_task;
    END IF;
    RETURN flowable.placed_json(v_task);
END $$;

-- Does the actions of the levels that people have raised a task to by hand. Of a task that has ended, nothing is done.
CREATE FUNCTION flowable.do_raised(p_task_id TEXT) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    v_raised flowable.escalations;
    v_task   flowable.workflow_tasks;
    v_level  JSONB;
    v_done   JSONB;
BEGIN
    FOR v_raised IN
        SELECT e.* FROM flowable.escalations e
        WHERE e.pending AND e.task_id = p_task_id
        ORDER BY e.escalation_id FOR UPDATE SKIP LOCKED
    LOOP
        v_done := NULL;
        SELECT t.* INTO v_task FROM flowable.workflow_tasks t
        WHERE t.task_id = v_raised.task_id AND t.status NOT IN ('COMPLETED', 'CANCELLED') FOR UPDATE;
        IF FOUND THEN
            SELECT flowable.escalation_levels(q.escalation_config, v_raised.clock) -> (v_raised.escalation_level - 1) INTO v_level
            FROM flowable.workflow_queues q WHERE q.queue_name = v_task.queue_name;
            SELECT d.p_results INTO v_done FROM flowable.do_level(v_task, v_level,
                flowable.about_level(v_task, v_raised.clock, v_raised.escalation_level, 0) || '{"kind": "ESCALATED"}') AS d;
        END IF;
        UPDATE flowable.escalations e SET pending = FALSE, action = COALESCE(v_done, e.action)
        WHERE e.escalation_id = v_raised.escalation_id;
    END LOOP;
END $$;
GRANT UPDATE (action, pending) ON flowable.escalations TO nextgen_worker;

-- The clock of a process: {"withinMinutes": n, "calendar"?: name, "levels"?: […]} in the sla_config of its definition.

CREATE FUNCTION flowable.new_process_clock(p_config JSONB, p_at TIMESTAMPTZ, OUT sla_seconds BIGINT, OUT sla_calendar TEXT, OUT sla_due_date TIMESTAMPTZ,
    OUT sla_next_at TIMESTAMPTZ)
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF p_config ? 'withinMinutes' THEN
        sla_seconds := (p_config ->> 'withinMinutes')::BIGINT * 60;
        sla_calendar := p_config ->> 'calendar';
        sla_due_date := flowable.add_working_time(sla_calendar, p_at, sla_seconds);
        sla_next_at := flowable.escalation_at(sla_calendar, sla_due_date, flowable.escalation_levels(p_config, 'PROCESS'), 1);
    END IF;
END $$;

-- The clock of a process as its workflow learns it; NULL if it has none.
CREATE FUNCTION flowable.process_clock(i flowable.process_instances) RETURNS JSONB
    LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN i.sla_due_date IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
        'dueDate', i.sla_due_date, 'level', i.sla_level, 'escalateAt', i.sla_next_at)) END
$$;

-- When the next level of an instance is due; NULL if none is, or it is suspended.
CREATE FUNCTION flowable.next_process_level(i flowable.process_instances) RETURNS TIMESTAMPTZ
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_config JSONB;
BEGIN
    IF i.suspended_at IS NOT NULL OR i.status IN ('COMPLETED', 'TERMINATED') THEN
        RETURN NULL;
    END IF;
    SELECT d.sla_config INTO v_config FROM flowable.workflow_definitions d WHERE d.workflow_id = i.workflow_id;
    RETURN flowable.escalation_at(i.sla_calendar, i.sla_due_date, flowable.escalation_levels(v_config, 'PROCESS'), i.sla_level + 1);
END $$;

-- Does what is due of a process at a moment, each level once. Answers its clock.
CREATE FUNCTION flowable.escalate_process(p_instance_id TEXT, p_at TIMESTAMPTZ, p_source TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_instance flowable.process_instances;
    v_config   JSONB;
    v_level    JSONB;
    v_next     TIMESTAMPTZ;
    v_name     TEXT;
BEGIN
    SELECT i.* INTO v_instance FROM flowable.process_instances i WHERE i.process_instance_id = p_instance_id FOR NO KEY UPDATE;
    SELECT d.sla_config, d.process_name INTO v_config, v_name FROM flowable.workflow_definitions d WHERE d.workflow_id = v_instance.workflow_id;
    LOOP
        v_next := flowable.next_process_level(v_instance);
        EXIT WHEN v_next IS NULL OR v_next > p_at;
        v_instance.sla_level := v_instance.sla_level + 1;
        v_level := flowable.escalation_levels(v_config, 'PROCESS') -> (v_instance.sla_level - 1);
        INSERT INTO flowable.escalations (process_instance_id, clock, escalation_level, escalated_by, source, due_date, action)
        VALUES (p_instance_id, 'PROCESS', v_instance.sla_level, 'SYSTEM', p_source, v_instance.sla_due_date,
            flowable.do_process_level(v_instance, v_level, v_name));
    END LOOP;
    UPDATE flowable.process_instances i SET sla_level = v_instance.sla_level, sla_next_at = v_next WHERE i.process_instance_id = p_instance_id
    RETURNING i.* INTO STRICT v_instance;
    RETURN flowable.process_clock(v_instance);
END $$;

-- Does the actions of a level of a process. Answers each of them with what came of it.
CREATE FUNCTION flowable.do_process_level(i flowable.process_instances, p_level JSONB, p_name TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_minutes INTEGER := p_level ->> 'afterMinutes';
    v_subject TEXT := format('%s: process "%s"%s', flowable.level_text('PROCESS', i.sla_level, v_minutes),
        regexp_replace(p_name, '[[:cntrl:]]+', ' ', 'g'),
        (SELECT ' of case ' || c.case_number FROM onecms.cases c WHERE c.case_id = i.case_id));
    v_about   JSONB := jsonb_build_object('kind', CASE WHEN v_minutes < 0 THEN 'PROCESS_WARNING' ELSE 'PROCESS_BREACH' END,
        'subject', v_subject, 'instanceId', i.process_instance_id,
        'body', format(E'%s\nDue: %s', v_subject, to_char(i.sla_due_date AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')));
    v_action  JSONB;
    v_results JSONB := '[]';
BEGIN
    FOR v_action IN SELECT a.value FROM jsonb_array_elements(COALESCE(p_level -> 'actions', '[]')) WITH ORDINALITY AS a ORDER BY a.ordinality LOOP
        v_results := v_results || jsonb_build_array(v_action || CASE v_action ->> 'action'
            WHEN 'notify' THEN flowable.notify(v_action, v_about, i.started_by, ARRAY(
                SELECT u.supervisor_id::TEXT FROM entitlements.users u WHERE u.user_id = i.started_by AND u.supervisor_id IS NOT NULL))
            WHEN 'signalProcess' THEN flowable.signal_process(v_action, i.process_instance_id, NULL, jsonb_build_object('slaLevel', i.sla_level))
            ELSE '{"failed": "a process has no such action"}' END);
    END LOOP;
    RETURN v_results;
END $$;

-- Standing still. What is paused is not late: when it goes on, its deadlines have moved by the working time that was lost.

-- A paused task as one whose clocks go on now, on its calendar as it is now.
CREATE FUNCTION flowable.without_pause(t flowable.workflow_tasks) RETURNS flowable.workflow_tasks
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_lost NUMERIC := flowable.working_time(t.calendar_name, t.paused_at, CURRENT_TIMESTAMP);
BEGIN
    t.complete_seconds := t.complete_seconds + ceil(v_lost);
    t.due_date := COALESCE(flowable.add_working_time(t.calendar_name, t.created_at, t.complete_seconds),
        flowable.add_working_time(t.calendar_name, t.due_date, v_lost));
    t.offered_at := flowable.add_working_time(t.calendar_name, t.offered_at, v_lost);
    t.claim_due_date := CASE WHEN t.claim_due_date IS NOT NULL THEN
        flowable.add_working_time(t.calendar_name, t.offered_at, t.claim_seconds) END;
    t.paused_at := NULL;
    RETURN t;
END $$;

-- A suspended instance as one whose clock goes on now.
CREATE FUNCTION flowable.without_suspension(i flowable.process_instances) RETURNS flowable.process_instances
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_lost NUMERIC := flowable.working_time(i.sla_calendar, i.suspended_at, CURRENT_TIMESTAMP);
BEGIN
    i.sla_seconds := i.sla_seconds + ceil(v_lost);
    i.sla_due_date := flowable.add_working_time(i.sla_calendar, i.started_at, i.sla_seconds);
    i.suspended_at := NULL;
    i.sla_next_at := flowable.next_process_level(i);
    RETURN i;
END $$;
CREATE POLICY owner_acts ON flowable.workflow_definitions FOR SELECT TO nextgen_owner USING (flowable.is_on('app.acting'));

-- Lets the clocks of a task stand still, while somebody outside is waited for, or go on.
CREATE FUNCTION flowable.pause_task(p_old flowable.workflow_tasks, p_act JSONB) RETURNS JSON
    LANGUAGE plpgsql
AS $$
DECLARE
    v_task flowable.workflow_tasks := p_old;
BEGIN
    IF NOT (flowable.may_act_as(p_act ->> 'by', p_old.assignee_id) OR flowable.may_act_as(p_act ->> 'by', p_old.owner_id)) IS TRUE
        AND NOT entitlements.caller_supervises(p_old.queue_name) THEN
        RETURN flowable.forbidden('assignee');
    ELSIF (p_old.paused_at IS NOT NULL) = (p_act ->> 'act' = 'pause') THEN
        RETURN json_build_object('task', flowable.task_json(p_old)); -- it is so already
    ELSIF p_old.paused_at IS NULL THEN
        v_task.paused_at := CURRENT_TIMESTAMP;
    ELSE
        v_task := flowable.without_pause(p_old);
    END IF;
    v_task := flowable.put_task(v_task);
    PERFORM flowable.record_act(p_old, v_task, 'UPDATE', p_act, '{}');
    RETURN flowable.tell_workflow(v_task, 'update-task', p_act);
END $$;

-- What has changed under open tasks: a calendar, or what a queue's deadlines do. The worker goes through them in batches, in
-- the order of their ids; a row goes when all is done.
CREATE TABLE flowable.clock_changes (
    change_id  BIGINT GENERATED ALWAYS AS IDENTITY,
    subject    VARCHAR(10)  NOT NULL,
    name       VARCHAR(255) NOT NULL, -- of the calendar, the queue, or the definition by its workflow_id
    done_up_to VARCHAR(64)  NOT NULL DEFAULT '', -- id of a task or an instance
    changed_at TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT clock_changes_pkey PRIMARY KEY (change_id),
    CONSTRAINT clock_changes_subject_key UNIQUE (subject, name),
    CONSTRAINT clock_changes_subject_check CHECK (subject IN ('CALENDAR', 'QUEUE', 'PROCESSES', 'DEFINITION'))
);
ALTER TABLE flowable.clock_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.clock_changes FORCE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE, DELETE ON flowable.clock_changes TO nextgen_worker;
CREATE POLICY worker_all ON flowable.clock_changes TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY owner_acts ON flowable.clock_changes TO nextgen_owner USING (flowable.is_on('app.acting')); -- by the trigger below

-- A change while the one before is worked on begins anew.
CREATE FUNCTION flowable.note_clock_change() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_names TEXT[] := CASE TG_TABLE_NAME
        WHEN 'business_calendars' THEN ARRAY['CALENDAR', to_jsonb(NEW) ->> 'calendar_name', 'PROCESSES', to_jsonb(NEW) ->> 'calendar_name']
        WHEN 'workflow_queues' THEN ARRAY['QUEUE', to_jsonb(NEW) ->> 'queue_name']
        ELSE ARRAY['DEFINITION', to_jsonb(NEW) ->> 'workflow_id'] END;
BEGIN
    PERFORM set_config('app.acting', 'on', TRUE);
    FOR n IN 1 .. cardinality(v_names) / 2 LOOP
        INSERT INTO flowable.clock_changes (subject, name) VALUES (v_names[2 * n - 1], v_names[2 * n])
        ON CONFLICT (subject, name) DO UPDATE SET done_up_to = '', changed_at = CURRENT_TIMESTAMP;
    END LOOP;
    PERFORM set_config('app.acting', 'off', TRUE);
    RETURN NULL;
END $$;
CREATE TRIGGER business_calendars_clocks AFTER UPDATE ON flowable.business_calendars FOR EACH ROW
    WHEN ((OLD.time_zone, OLD.working_hours, OLD.holidays) IS DISTINCT FROM (NEW.time_zone, NEW.working_hours, NEW.holidays))
    EXECUTE FUNCTION flowable.note_clock_change();
CREATE TRIGGER workflow_queues_clocks AFTER UPDATE ON flowable.workflow_queues FOR EACH ROW
    WHEN (OLD.escalation_config IS DISTINCT FROM NEW.escalation_config) EXECUTE FUNCTION flowable.note_clock_change();
CREATE TRIGGER workflow_definitions_clocks AFTER UPDATE ON flowable.workflow_definitions FOR EACH ROW
    WHEN (OLD.sla_config IS DISTINCT FROM NEW.sla_config) EXECUTE FUNCTION flowable.note_clock_change();

-- Sets the deadlines of the next open tasks or instances that a change concerns, and tells their workflows. A deadline that
-- was given as a moment stays; what was reached stays reached. Answers how many it looked at: 0 when nothing is to be done.
CREATE FUNCTION flowable.rearm_clocks(p_most INTEGER) RETURNS INTEGER
    LANGUAGE plpgsql
AS $$
DECLARE
    v_change flowable.clock_changes;
    v_ids    TEXT[];
BEGIN
    SELECT c.* INTO v_change FROM flowable.clock_changes c ORDER BY c.change_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    ELSIF v_change.subject IN ('CALENDAR', 'QUEUE') THEN
        v_ids := flowable.rearm_tasks(v_change, p_most);
    ELSE
        v_ids := flowable.rearm_processes(v_change, p_most);
    END IF;
    IF cardinality(v_ids) < p_most THEN
        DELETE FROM flowable.clock_changes c WHERE c.change_id = v_change.change_id;
    ELSE
        UPDATE flowable.clock_changes c SET done_up_to = v_ids[cardinality(v_ids)] WHERE c.change_id = v_change.change_id;
    END IF;
    RETURN cardinality(v_ids) + 1;
END $$;

CREATE FUNCTION flowable.rearm_tasks(p_change flowable.clock_changes, p_most INTEGER) RETURNS TEXT[]
    LANGUAGE plpgsql
AS $$
DECLARE
    v_old  flowable.workflow_tasks;
    v_task flowable.workflow_tasks;
    v_ids  TEXT[];
BEGIN
    IF p_change.subject = 'CALENDAR' THEN
        v_ids := ARRAY(
            SELECT t.task_id::TEXT FROM flowable.workflow_tasks t
            WHERE t.calendar_name = p_change.name AND t.task_id > p_change.done_up_to AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
            ORDER BY t.task_id LIMIT p_most);
    ELSE
        v_ids := ARRAY(
            SELECT t.task_id::TEXT FROM flowable.workflow_tasks t
            WHERE t.queue_name = p_change.name AND t.task_id > p_change.done_up_to AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED')
            ORDER BY t.task_id LIMIT p_most);
    END IF;
    FOR v_old IN
        SELECT t.* FROM flowable.workflow_tasks t
        WHERE t.task_id = ANY (v_ids) AND t.status IN ('OPEN', 'CLAIMED', 'DELEGATED', 'ESCALATED') ORDER BY t.task_id FOR NO KEY UPDATE
    LOOP
        v_task := v_old;
        IF p_change.subject = 'CALENDAR' AND v_old.paused_at IS NULL THEN
            v_task.due_date := COALESCE(flowable.add_working_time(v_old.calendar_name, v_old.created_at, v_old.complete_seconds), v_old.due_date);
            v_task.claim_due_date := CASE WHEN v_old.claim_due_date IS NOT NULL THEN
                flowable.add_working_time(v_old.calendar_name, COALESCE(v_old.offered_at, v_old.created_at), v_old.claim_seconds) END;
        END IF;
        SELECT n.at INTO v_task.escalate_at FROM flowable.next_level(v_task) AS n;
        CONTINUE WHEN (v_task.due_date, v_task.claim_due_date, v_task.escalate_at) IS NOT DISTINCT FROM (v_old.due_date, v_old.claim_due_date, v_old.escalate_at);
        UPDATE flowable.workflow_tasks t
        SET due_date = v_task.due_date, claim_due_date = v_task.claim_due_date, escalate_at = v_task.escalate_at, version = t.version + 1
        WHERE t.task_id = v_old.task_id
        RETURNING t.* INTO STRICT v_task;
        IF v_task.due_date <> v_old.due_date THEN
            INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, old_status, new_status,
                old_assignee, new_assignee, comments, action_data)
            VALUES (v_old.task_id, v_old.process_instance_id, 'UPDATE', 'SYSTEM', v_old.status, v_old.status, v_old.assignee_id, v_old.assignee_id,
                'The calendar ' || p_change.name || ' has changed', jsonb_build_object('dueDate', jsonb_build_object('from', v_old.due_date, 'to', v_task.due_date)));
        END IF;
        PERFORM flowable.tell_by_relay(v_task);
    END LOOP;
    RETURN v_ids;
END $$;

CREATE FUNCTION flowable.rearm_processes(p_change flowable.clock_changes, p_most INTEGER) RETURNS TEXT[]
    LANGUAGE plpgsql
AS $$
DECLARE
    v_old flowable.process_instances;
    v_new flowable.process_instances;
    v_ids TEXT[];
BEGIN
    IF p_change.subject = 'PROCESSES' THEN
        v_ids := ARRAY(
            SELECT i.process_instance_id::TEXT FROM flowable.process_instances i
            WHERE i.sla_calendar = p_change.name AND i.process_instance_id > p_change.done_up_to AND i.status IN ('ACTIVE', 'ERROR')
            ORDER BY i.process_instance_id LIMIT p_most);
    ELSE
        v_ids := ARRAY(
            SELECT i.process_instance_id::TEXT FROM flowable.process_instances i
            WHERE i.workflow_id = p_change.name::BIGINT AND i.process_instance_id > p_change.done_up_to AND i.status IN ('ACTIVE', 'ERROR')
              AND i.sla_due_date IS NOT NULL
            ORDER BY i.process_instance_id LIMIT p_most);
    END IF;
    FOR v_old IN
        SELECT i.* FROM flowable.process_instances i
        WHERE i.process_instance_id = ANY (v_ids) AND i.status IN ('ACTIVE', 'ERROR') ORDER BY i.process_instance_id FOR NO KEY UPDATE
    LOOP
        v_new := v_old;
        v_new.sla_due_date := flowable.add_working_time(v_old.sla_calendar, v_old.started_at, v_old.sla_seconds);
        v_new.sla_next_at := flowable.next_process_level(v_new);
        CONTINUE WHEN (v_new.sla_due_date, v_new.sla_next_at) IS NOT DISTINCT FROM (v_old.sla_due_date, v_old.sla_next_at);
        UPDATE flowable.process_instances i SET sla_due_date = v_new.sla_due_date, sla_next_at = v_new.sla_next_at
        WHERE i.process_instance_id = v_old.process_instance_id;
        PERFORM flowable.accept_command(jsonb_build_object('commandId', gen_random_uuid(), 'kind', 'update-task', 'instanceId', v_old.process_instance_id,
            'actorId', 'SYSTEM'), INTERVAL '0');
    END LOOP;
    RETURN v_ids;
END $$;

-- The clocks of a task as the API shows them.
CREATE FUNCTION flowable.sla_json(t flowable.workflow_tasks) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_next  RECORD;
    v_ended BOOLEAN := t.status IN ('COMPLETED', 'CANCELLED');
BEGIN
    SELECT n.* INTO v_next FROM flowable.next_level(t) AS n;
    RETURN jsonb_build_object(
        'state', CASE WHEN v_ended THEN CASE WHEN least(t.completed_at, t.paused_at) > t.due_date THEN 'BREACHED' ELSE 'MET' END
            WHEN t.paused_at IS NOT NULL THEN 'PAUSED'
            WHEN t.due_date <= CURRENT_TIMESTAMP OR (t.claim_due_date <= CURRENT_TIMESTAMP AND t.assignee_id IS NULL) THEN 'BREACHED'
            WHEN t.escalation_level > 0 OR t.claim_level > 0 THEN 'WARNED'
            ELSE 'RUNNING' END,
        'calendarName', t.calendar_name, 'dueDate', t.due_date, 'claimDueDate', t.claim_due_date, 'pausedAt', t.paused_at,
        'level', t.escalation_level, 'claimLevel', t.claim_level,
        'remainingSeconds', floor(flowable.working_time(t.calendar_name, COALESCE(least(t.completed_at, t.paused_at), CURRENT_TIMESTAMP), t.due_date))::BIGINT,
        'next', CASE WHEN v_next.at IS NOT NULL THEN
            jsonb_build_object('clock', v_next.clock, 'level', v_next.level, 'at', v_next.at) END);
END $$;

-- A case is expected to be done when its process is due.
CREATE FUNCTION onecms.follow_deadline() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_acting TEXT := current_setting('app.acting', TRUE);
BEGIN
    PERFORM set_config('app.acting', 'on', TRUE);
    UPDATE onecms.case_workflow_mapping m SET expected_completion = NEW.sla_due_date WHERE m.process_instance_id = NEW.process_instance_id;
    PERFORM set_config('app.acting', v_acting, TRUE);
    RETURN NULL;
END $$;
CREATE TRIGGER process_instances_deadline AFTER UPDATE OF sla_due_date ON flowable.process_instances
    FOR EACH ROW WHEN (NEW.sla_due_date IS DISTINCT FROM OLD.sla_due_date) EXECUTE FUNCTION onecms.follow_deadline();

COMMIT;
