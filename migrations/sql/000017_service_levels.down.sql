BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP TRIGGER process_instances_deadline ON flowable.process_instances;
DROP FUNCTION onecms.follow_deadline;

DROP POLICY owner_acts ON flowable.workflow_definitions;
DROP TRIGGER workflow_definitions_clocks ON flowable.workflow_definitions;
DROP TRIGGER workflow_queues_clocks ON flowable.workflow_queues;
DROP TRIGGER business_calendars_clocks ON flowable.business_calendars;
DROP TRIGGER workflow_tasks_holder_clocks ON flowable.workflow_tasks;
DROP TRIGGER workflow_tasks_other_clocks ON flowable.workflow_tasks;
DROP TRIGGER workflow_tasks_new_clocks ON flowable.workflow_tasks;
DROP FUNCTION flowable.sla_json, flowable.rearm_processes, flowable.rearm_tasks, flowable.rearm_clocks, flowable.note_clock_change,
    flowable.pause_task, flowable.without_suspension, flowable.without_pause, flowable.do_process_level, flowable.escalate_process,
    flowable.next_process_level, flowable.process_clock, flowable.new_process_clock, flowable.do_raised, flowable.escalate_due,
    flowable.escalate_task, flowable.about_level, flowable.raise_task, flowable.level_text, flowable.do_level, flowable.tell_by_relay,
    flowable.act_on_late_task, flowable.signal_process, flowable.notify, flowable.holders_of, flowable.supervisors_of,
    flowable.keep_clocks, flowable.new_clocks, flowable.next_level, flowable.escalation_at, flowable.escalation_levels,
    flowable.working_time, flowable.add_working_time, flowable.working_day, flowable.knows_zone, flowable.wall_reaches;
DROP TABLE flowable.clock_changes, flowable.notifications;
REVOKE UPDATE (action, pending) ON flowable.escalations FROM nextgen_worker;

COMMIT;
