BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Acts that the database has accepted and the case's workflow has yet to apply. seq orders them. There is no foreign key to
-- the instance: the functions that write it have read the instance or one of its tasks, and a claim should not lock its row.
CREATE TABLE flowable.task_commands (
    command_id          UUID        NOT NULL,
    seq                 BIGINT GENERATED ALWAYS AS IDENTITY,
    kind                VARCHAR(30) NOT NULL,
    process_instance_id VARCHAR(64) NOT NULL,
    task_id             VARCHAR(64),
    actor_id            VARCHAR(50) NOT NULL,
    state               VARCHAR(20) NOT NULL DEFAULT 'ACCEPTED',
    accepted_at         TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    settled_at          TIMESTAMPTZ,
    reason              TEXT,
    queued              BOOLEAN     NOT NULL DEFAULT TRUE, -- its signal has been put into the outbox
    CONSTRAINT task_commands_pkey PRIMARY KEY (command_id),
    CONSTRAINT task_commands_kind_check CHECK (kind = ANY ('{
        claim, unclaim, complete, terminate, retry-incident, message, signal, child-ended, child-escalated,
        set-variables, activate-activities, complete-activities, delegate, resolve, reassign, escalate,
        update-task, suspend, resume, resolve-incident, throw-escalation}'::TEXT[])),
    CONSTRAINT task_commands_state_check CHECK (state = ANY ('{ACCEPTED, APPLIED, REJECTED}'::TEXT[]))
);
CREATE INDEX idx_task_commands_pending ON flowable.task_commands (process_instance_id, task_id) WHERE state = 'ACCEPTED';
CREATE INDEX idx_task_commands_unqueued ON flowable.task_commands (accepted_at) WHERE state = 'ACCEPTED' AND NOT queued;

-- Starts and signals on their way to Temporal. A row goes when the workflow has applied it, not when it was sent.
CREATE TABLE flowable.outbox (
    outbox_id           BIGINT GENERATED ALWAYS AS IDENTITY,
    kind                VARCHAR(10) NOT NULL,
    process_instance_id VARCHAR(64) NOT NULL,
    command_id          UUID,
    payload             JSONB       NOT NULL,
    created_by          VARCHAR(50) NOT NULL,
    created_at          TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    due_at              TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    attempts            INTEGER     NOT NULL DEFAULT 0,
    dead                BOOLEAN     NOT NULL DEFAULT FALSE, -- given up; last_error says why
    last_error          TEXT,
    CONSTRAINT outbox_pkey PRIMARY KEY (outbox_id),
    CONSTRAINT outbox_kind_check CHECK (kind = ANY ('{START, SIGNAL}'::TEXT[])),
    CONSTRAINT outbox_command_check CHECK ((kind = 'SIGNAL') = (command_id IS NOT NULL)),
    CONSTRAINT outbox_command_fkey FOREIGN KEY (command_id) REFERENCES flowable.task_commands (command_id),
    CONSTRAINT outbox_instance_fkey FOREIGN KEY (process_instance_id) REFERENCES flowable.process_instances (process_instance_id)
);
CREATE INDEX idx_outbox_due ON flowable.outbox (due_at) WHERE NOT dead;
CREATE UNIQUE INDEX outbox_command_once ON flowable.outbox (command_id) WHERE command_id IS NOT NULL;
CREATE UNIQUE INDEX outbox_start_once ON flowable.outbox (process_instance_id) WHERE kind = 'START';

-- What each burst of the engine was answered: the same step again gets the same answer and changes nothing.
CREATE TABLE flowable.commit_steps (
    process_instance_id VARCHAR(64) NOT NULL,
    step                BIGINT      NOT NULL,
    cause               TEXT        NOT NULL, -- a command id, or the kind of event
    at                  TIMESTAMPTZ NOT NULL,
    result              JSONB       NOT NULL,
    committed_at        TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    answer              JSONB, -- of a service activity, so that a step it caused can be done again as it was
    CONSTRAINT commit_steps_pkey PRIMARY KEY (process_instance_id, step),
    CONSTRAINT commit_steps_instance_fkey FOREIGN KEY (process_instance_id) REFERENCES flowable.process_instances (process_instance_id)
);

-- Answers of POST requests that carried an Idempotency-Key, kept for 24 hours.
CREATE TABLE flowable.idempotency_keys (
    user_id      VARCHAR(50)  NOT NULL,
    key          VARCHAR(255) NOT NULL,
    request_hash CHAR(64)     NOT NULL, -- SHA-256 of method, path and body
    status       INTEGER,               -- NULL while the first request is under way
    answer       BYTEA,
    created_at   TIMESTAMPTZ  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key)
);
CREATE INDEX idx_idempotency_keys_created ON flowable.idempotency_keys (created_at);

COMMIT;
