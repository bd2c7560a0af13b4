BEGIN;
SET LOCAL ROLE nextgen_owner;

REVOKE USAGE ON SEQUENCE onecms.case_number_seq FROM nextgen_worker;
DROP INDEX flowable.idx_workflow_definitions_starts;
DROP INDEX flowable.workflow_variables_task_name;
CREATE INDEX idx_workflow_variables_task ON flowable.workflow_variables (task_id) WHERE task_id IS NOT NULL;
DROP TABLE flowable.event_messages, flowable.event_subscriptions;
-- Commands of the kinds that go stay on record.
ALTER TABLE flowable.task_commands DROP CONSTRAINT task_commands_kind_check;
ALTER TABLE flowable.task_commands ADD CONSTRAINT task_commands_kind_check CHECK (kind IN ('claim', 'unclaim', 'complete', 'terminate', 'retry-incident')) NOT VALID;
ALTER TABLE flowable.commit_steps DROP COLUMN answer;
ALTER TABLE flowable.process_instances DROP COLUMN parent_element_id, DROP COLUMN call_depth, DROP COLUMN end_code,
    DROP CONSTRAINT process_instances_parent_fkey, DROP CONSTRAINT process_instances_super_fkey;

COMMIT;
