BEGIN;
SET LOCAL ROLE nextgen_owner;

-- What instances wait for. A row goes with the subscription. taken_by is a message that was accepted for it and is not
-- applied yet: until then no other message gets it, and nothing closes it, unless it repeats.
CREATE TABLE flowable.event_subscriptions (
    process_instance_id VARCHAR(64)  NOT NULL,
    subscription_id     VARCHAR(300) NOT NULL, -- "<event id>:<n>"
    seq                 BIGINT GENERATED ALWAYS AS IDENTITY, -- the oldest comes first
    kind                VARCHAR(10)  NOT NULL,
    event_name          VARCHAR(255) NOT NULL,
    correlation_key     VARCHAR(255) NOT NULL DEFAULT '', -- of a message; '' takes any
    element_id          VARCHAR(255) NOT NULL,
    repeats             BOOLEAN      NOT NULL DEFAULT FALSE, -- stays open after its event
    case_id             BIGINT,
    business_key        VARCHAR(255),
    taken_by            UUID,
    opened_at           TIMESTAMPTZ  NOT NULL,
    CONSTRAINT event_subscriptions_pkey PRIMARY KEY (process_instance_id, subscription_id),
    CONSTRAINT event_subscriptions_kind_check CHECK (kind IN ('message', 'signal')),
    CONSTRAINT event_subscriptions_instance_fkey FOREIGN KEY (process_instance_id) REFERENCES flowable.process_instances (process_instance_id)
);
CREATE INDEX idx_event_subscriptions_name ON flowable.event_subscriptions (kind, event_name, seq);

-- Messages and signals on record, with what became of each. Nothing is buffered: what nobody waited for is UNMATCHED.
CREATE TABLE flowable.event_messages (
    message_id          UUID         NOT NULL,
    seq                 BIGINT GENERATED ALWAYS AS IDENTITY,
    kind                VARCHAR(10)  NOT NULL,
    event_name          VARCHAR(255) NOT NULL,
    correlation_key     VARCHAR(255) NOT NULL DEFAULT '',
    business_key        VARCHAR(255),
    thrown_by           VARCHAR(50)  NOT NULL, -- the user, or the one for whom the instance runs
    process_instance_id VARCHAR(64),           -- that threw it; NULL from outside
    outcome             VARCHAR(20)  NOT NULL,
    receiver_id         VARCHAR(64),           -- process instance that received it or that it started
    receivers           INTEGER      NOT NULL DEFAULT 0,
    variables           JSONB,                 -- kept where nobody received them
    reason              TEXT,
    created_at          TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT event_messages_pkey PRIMARY KEY (message_id),
    CONSTRAINT event_messages_kind_check CHECK (kind IN ('message', 'signal')),
    CONSTRAINT event_messages_outcome_check CHECK (outcome IN ('DELIVERED', 'STARTED', 'BROADCAST', 'UNMATCHED')),
    CONSTRAINT event_messages_instance_fkey FOREIGN KEY (process_instance_id) REFERENCES flowable.process_instances (process_instance_id)
);
CREATE INDEX idx_event_messages_unmatched ON flowable.event_messages (created_at) WHERE outcome = 'UNMATCHED';
CREATE INDEX idx_event_messages_instance ON flowable.event_messages (process_instance_id) WHERE process_instance_id IS NOT NULL;

-- A called process runs in the case of its caller. parent_process_id is the instance that calls, super_process_id the
-- outermost one.
ALTER TABLE flowable.process_instances
    ADD COLUMN parent_element_id VARCHAR(300), -- node instance of the call activity
    ADD COLUMN call_depth INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN end_code VARCHAR(255),          -- the BPMN error that nobody caught
    ADD CONSTRAINT process_instances_parent_fkey FOREIGN KEY (parent_process_id) REFERENCES flowable.process_instances (process_instance_id),
    ADD CONSTRAINT process_instances_super_fkey FOREIGN KEY (super_process_id) REFERENCES flowable.process_instances (process_instance_id);
CREATE INDEX idx_process_instances_parent ON flowable.process_instances (parent_process_id) WHERE parent_process_id IS NOT NULL;
CREATE INDEX idx_process_instances_super ON flowable.process_instances (super_process_id) WHERE super_process_id IS NOT NULL;

-- What a service activity answered, so that a step it caused can be done again as it was.
ALTER TABLE flowable.commit_steps ADD COLUMN answer JSONB;

ALTER TABLE flowable.task_commands DROP CONSTRAINT task_commands_kind_check;
ALTER TABLE flowable.task_commands ADD CONSTRAINT task_commands_kind_check CHECK (kind IN ('claim', 'unclaim', 'complete', 'terminate',
    'retry-incident', 'message', 'signal', 'child-ended', 'child-escalated', 'set-variables', 'activate-activities', 'complete-activities'));

CREATE UNIQUE INDEX workflow_variables_task_name ON flowable.workflow_variables (task_id, variable_name) WHERE task_id IS NOT NULL;
DROP INDEX flowable.idx_workflow_variables_task;

-- What begins instances is looked for among the active definitions.
CREATE INDEX idx_workflow_definitions_starts ON flowable.workflow_definitions USING GIN (start_events jsonb_path_ops) WHERE is_active;

GRANT SELECT ON flowable.event_subscriptions, flowable.event_messages TO nextgen_worker, nextgen_api;
GRANT INSERT, UPDATE, DELETE ON flowable.event_subscriptions TO nextgen_worker;
GRANT INSERT, UPDATE ON flowable.event_messages TO nextgen_worker;
GRANT UPDATE (taken_by) ON flowable.event_subscriptions TO nextgen_api;
GRANT INSERT ON flowable.event_messages TO nextgen_api;
GRANT USAGE ON SEQUENCE onecms.case_number_seq TO nextgen_worker; -- a message, signal or timer starts a case

ALTER TABLE flowable.event_subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.event_subscriptions FORCE ROW LEVEL SECURITY;
ALTER TABLE flowable.event_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.event_messages FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all ON flowable.event_subscriptions TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY worker_all ON flowable.event_messages TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);

-- A message finds its receiver among all instances, so who may send one sees what all of them wait for.
CREATE POLICY with_instance ON flowable.event_subscriptions FOR SELECT TO nextgen_api
    USING ((SELECT entitlements.caller_may('operate')) OR flowable.sees_instance(process_instance_id));
CREATE POLICY operator_takes ON flowable.event_subscriptions FOR UPDATE TO nextgen_api
    USING ((SELECT entitlements.caller_may('operate')));
CREATE POLICY own_or_operator ON flowable.event_messages FOR SELECT TO nextgen_api
    USING (thrown_by = (SELECT entitlements.caller()) OR (SELECT entitlements.caller_may('operate')));
CREATE POLICY own_messages ON flowable.event_messages FOR INSERT TO nextgen_api
    WITH CHECK (thrown_by = (SELECT entitlements.caller()) AND (SELECT entitlements.caller_may('operate')));

COMMIT;
