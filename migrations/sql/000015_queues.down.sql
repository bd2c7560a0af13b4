BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP FUNCTION entitlements.drop_absence, entitlements.add_absence, entitlements.drop_grant, entitlements.save_grant, entitlements.save_user, entitlements.within_own,
    entitlements.may_give, entitlements.save_role, entitlements.save_department, flowable.drop_calendar, flowable.save_calendar;
DROP POLICY owner_moves ON flowable.outbox;
DROP POLICY owner_moves ON flowable.task_commands;
DROP POLICY owner_moves ON flowable.task_history;
DROP POLICY owner_moves ON flowable.workflow_tasks;
DROP FUNCTION flowable.rebalance_now, flowable.drop_assignment, flowable.save_assignment, flowable.save_queue;
DROP FUNCTION entitlements.absence_json, entitlements.grant_json, entitlements.user_json, entitlements.role_json, entitlements.department_json,
    flowable.calendar_json, flowable.queue_json, entitlements.department_code, entitlements.department_of;
DROP POLICY owner_manages ON entitlements.user_absences;
DROP POLICY owner_manages ON entitlements.user_workflow_roles;
DROP FUNCTION entitlements.require;
DROP FUNCTION flowable.routing_facts, flowable.queue_by_rules, flowable.condition_holds;

COMMIT;
