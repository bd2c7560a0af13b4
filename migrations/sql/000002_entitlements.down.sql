BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP VIEW entitlements.valid_roles;
DROP TABLE entitlements.user_absences, entitlements.audit_log, entitlements.user_workflow_roles, entitlements.workflow_roles, entitlements.users, entitlements.departments;
DROP FUNCTION entitlements.record_change, entitlements.caller_may, entitlements.skills_of, entitlements.caller_groups, entitlements.groups_of, entitlements.caller_people,
    entitlements.substitute_loop, entitlements.stands_in_for, entitlements.caller_roles, entitlements.keep, entitlements.kept, entitlements.roles_of, entitlements.caller;

COMMIT;
