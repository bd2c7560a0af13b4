-- name: AdministrationLock :exec
-- Changes of the organisation go one after the other: what they refer to stays as it was checked.
SELECT pg_advisory_xact_lock(hashtextextended('administration', 0));

-- name: QueueGet :one
SELECT flowable.queue_json(q)::JSONB AS queue FROM flowable.workflow_queues q WHERE q.queue_name = @queue_name;

-- name: QueueList :many
SELECT flowable.queue_json(q)::JSONB AS queue FROM flowable.workflow_queues q
LEFT JOIN entitlements.departments d ON d.department_id = q.department_id
WHERE q.queue_name > @after::TEXT
  AND (@queue_type::TEXT = '' OR q.queue_type = @queue_type)
  AND (@department::TEXT = '' OR d.department_code = @department)
ORDER BY q.queue_name
LIMIT @most::INTEGER;

-- name: QueueSave :exec
SELECT flowable.save_queue(@queue_name::TEXT, @settings::JSONB, @is_new::BOOLEAN);

-- name: QueueType :many
-- The type of a queue; none where there is no such queue.
SELECT q.queue_type FROM flowable.workflow_queues q WHERE q.queue_name = @queue_name;

-- name: QueuesKnown :many
SELECT q.queue_name FROM flowable.workflow_queues q WHERE q.queue_name = ANY (@queue_names::TEXT[]);

-- name: CallerDirects :one
-- Whether the caller manages queues or supervises this one.
SELECT (entitlements.caller_may('manage-queues') OR entitlements.caller_supervises(@queue_name::TEXT))::BOOLEAN AS directs;

-- name: QueueFeeders :many
-- The queues whose overflow goes to a queue.
SELECT q.queue_name FROM flowable.workflow_queues q WHERE q.overflow_queue = @queue_name::TEXT ORDER BY q.queue_name;

-- name: AssignmentSave :exec
SELECT flowable.save_assignment(@queue_name::TEXT, @role_code::TEXT, @settings::JSONB);

-- name: AssignmentDrop :one
SELECT flowable.drop_assignment(@queue_name::TEXT, @role_code::TEXT)::BOOLEAN AS dropped;

-- name: QueueRebalance :exec
SELECT flowable.rebalance_now(@queue_name::TEXT);

-- name: CalendarGet :one
SELECT flowable.calendar_json(c)::JSONB AS calendar FROM flowable.business_calendars c WHERE c.calendar_name = @calendar_name;

-- name: CalendarList :many
SELECT flowable.calendar_json(c)::JSONB AS calendar FROM flowable.business_calendars c
WHERE c.calendar_name > @after::TEXT
ORDER BY c.calendar_name
LIMIT @most::INTEGER;

-- name: CalendarsKnown :many
SELECT c.calendar_name FROM flowable.business_calendars c WHERE c.calendar_name = ANY (@calendar_names::TEXT[]);

-- name: CalendarSave :exec
SELECT flowable.save_calendar(@calendar_name::TEXT, @settings::JSONB, @is_new::BOOLEAN);

-- name: CalendarDrop :one
SELECT flowable.drop_calendar(@calendar_name::TEXT)::TEXT AS verdict;

-- name: DepartmentGet :one
SELECT entitlements.department_json(d)::JSONB AS department FROM entitlements.departments d WHERE d.department_code = @department_code;

-- name: DepartmentList :many
SELECT entitlements.department_json(d)::JSONB AS department FROM entitlements.departments d
WHERE d.department_code > @after::TEXT
ORDER BY d.department_code
LIMIT @most::INTEGER;

-- name: DepartmentSave :exec
SELECT entitlements.save_department(@department_code::TEXT, @settings::JSONB, @is_new::BOOLEAN);

-- name: DepartmentIsBelow :one
-- Whether a department is another one or lies below it.
WITH RECURSIVE above AS (
    SELECT d.department_code, d.parent_dept_id FROM entitlements.departments d WHERE d.department_code = @department_code
    UNION
    SELECT d.department_code, d.parent_dept_id FROM above JOIN entitlements.departments d ON d.department_id = above.parent_dept_id)
SELECT EXISTS (SELECT FROM above WHERE above.department_code = @other::TEXT) AS below;

-- name: RoleGet :one
SELECT entitlements.role_json(r)::JSONB AS role FROM entitlements.workflow_roles r WHERE r.role_code = @role_code;

-- name: RoleList :many
SELECT entitlements.role_json(r)::JSONB AS role FROM entitlements.workflow_roles r
WHERE r.role_code > @after::TEXT
ORDER BY r.role_code
LIMIT @most::INTEGER;

-- name: RoleSave :exec
SELECT entitlements.save_role(@role_code::TEXT, @settings::JSONB, @is_new::BOOLEAN);

-- name: RoleMayBeGiven :one
SELECT entitlements.may_give(@role_code::TEXT)::BOOLEAN AS may;

-- name: RolesKnown :many
SELECT r.role_code FROM entitlements.workflow_roles r WHERE r.role_code = ANY (@role_codes::TEXT[]);

-- name: UserGet :one
SELECT entitlements.user_json(u)::JSONB AS found FROM entitlements.users u WHERE u.user_id = @user_id AND u.user_id <> 'SYSTEM';

-- name: UserList :many
SELECT entitlements.user_json(u)::JSONB AS found FROM entitlements.users u
WHERE u.user_id > @after::TEXT AND u.user_id <> 'SYSTEM'
  AND (@role_code::TEXT = '' OR EXISTS (
       SELECT FROM entitlements.user_workflow_roles g JOIN entitlements.workflow_roles r ON r.role_id = g.role_id
       WHERE g.user_id = u.user_id AND r.role_code = @role_code AND r.is_active AND g.valid_from <= CURRENT_TIMESTAMP
         AND (g.valid_until IS NULL OR g.valid_until > CURRENT_TIMESTAMP)))
  AND (@department::TEXT = '' OR u.department_id = entitlements.department_of(@department))
ORDER BY u.user_id
LIMIT @most::INTEGER;

-- name: UserSave :exec
SELECT entitlements.save_user(@user_id::TEXT, @settings::JSONB, @is_new::BOOLEAN);

-- name: UsersKnown :many
SELECT u.user_id FROM entitlements.users u WHERE u.user_id = ANY (@user_ids::TEXT[]) AND u.user_id <> 'SYSTEM';

-- name: UsernameTaken :one
SELECT EXISTS (SELECT FROM entitlements.users u WHERE u.username = @username AND u.user_id <> @user_id::TEXT) AS taken;

-- name: UserIsSupervisedBy :one
-- Whether somebody is another user or is supervised by them, through others as well.
WITH RECURSIVE above AS (
    SELECT u.user_id, u.supervisor_id FROM entitlements.users u WHERE u.user_id = @user_id
    UNION
    SELECT u.user_id, u.supervisor_id FROM above JOIN entitlements.users u ON u.user_id = above.supervisor_id)
SELECT EXISTS (SELECT FROM above WHERE above.user_id = @other::TEXT) AS supervised;

-- name: CallerManages :one
SELECT entitlements.caller_manages(@user_id::TEXT)::BOOLEAN AS manages;

-- name: GrantGet :one
SELECT entitlements.grant_json(g)::JSONB AS granted FROM entitlements.user_workflow_roles g
JOIN entitlements.workflow_roles r ON r.role_id = g.role_id
WHERE g.user_id = @user_id AND r.role_code = @role_code;

-- name: GrantList :many
SELECT entitlements.grant_json(g)::JSONB AS granted FROM entitlements.user_workflow_roles g
JOIN entitlements.workflow_roles r ON r.role_id = g.role_id
WHERE g.user_id = @user_id AND r.role_code > @after::TEXT
ORDER BY r.role_code
LIMIT @most::INTEGER;

-- name: GrantSave :exec
SELECT entitlements.save_grant(@user_id::TEXT, @role_code::TEXT, @settings::JSONB);

-- name: GrantDrop :one
SELECT entitlements.drop_grant(@user_id::TEXT, @role_code::TEXT)::BOOLEAN AS dropped;

-- name: AbsenceGet :one
SELECT entitlements.absence_json(a)::JSONB AS absence FROM entitlements.user_absences a WHERE a.absence_id = @absence_id;

-- name: AbsenceList :many
SELECT entitlements.absence_json(a)::JSONB AS absence FROM entitlements.user_absences a
WHERE a.user_id = @user_id AND a.absence_id < @before_id::BIGINT
ORDER BY a.absence_id DESC
LIMIT @most::INTEGER;

-- name: AbsenceAdd :one
SELECT entitlements.add_absence(@user_id::TEXT, @absence::JSONB)::BIGINT AS absence_id;

-- name: AbsenceDrop :one
SELECT entitlements.drop_absence(@user_id::TEXT, @absence_id::BIGINT)::BOOLEAN AS dropped;

-- name: DefinitionSettingsGet :one
SELECT routing_rules, sla_config FROM flowable.workflow_definitions WHERE process_key = @process_key AND process_version = @version;

-- name: DefinitionSettingsSave :one
UPDATE flowable.workflow_definitions SET routing_rules = @routing_rules, sla_config = @sla_config
WHERE process_key = @process_key AND process_version = @version
RETURNING *;

-- name: SubstituteLoop :one
SELECT COALESCE(entitlements.substitute_loop(@user_id::TEXT, @substitute_id::TEXT, @absent_from::TIMESTAMPTZ, @absent_until::TIMESTAMPTZ), '{}')::TEXT[] AS way;

-- name: CallerStanding :one
-- What the caller may do and with what.
SELECT entitlements.caller_roles()::TEXT[] AS roles, entitlements.caller_queues()::TEXT[] AS queues,
    entitlements.stands_in_for(entitlements.caller())::TEXT[] AS acting_for,
    ARRAY(SELECT p.name FROM unnest(@permissions::TEXT[]) AS p (name) WHERE entitlements.caller_may(p.name))::TEXT[] AS permissions;

-- name: CallerSet :exec
SELECT set_config('app.current_user_id', @user_id::TEXT, TRUE);

-- name: CallerWork :one
-- The roles by which the caller works on a queue, and how many more of its tasks they may hold.
SELECT q.is_active, entitlements.caller_supervises(q.queue_name)::BOOLEAN AS supervised, COALESCE(flowable.room_for(entitlements.caller(), entitlements.caller_roles(), q.queue_name), 0)::BIGINT AS room,
    ARRAY(SELECT r.role_code::TEXT FROM flowable.queue_assignments a JOIN entitlements.workflow_roles r ON r.role_id = a.role_id
          WHERE a.queue_id = q.queue_id AND a.is_active AND r.role_code = ANY (entitlements.caller_roles())
          ORDER BY r.role_code)::TEXT[] AS roles
FROM flowable.workflow_queues q WHERE q.queue_name = @queue_name;

-- name: CallerPermission :many
-- The roles by which the caller has a permission.
SELECT r.role_code FROM entitlements.workflow_roles r
WHERE r.role_code = ANY (entitlements.caller_roles())
  AND (r.permissions ->> @permission::TEXT = 'true' OR r.permissions ->> 'admin' = 'true')
ORDER BY r.role_code;
