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
    CONSTRAINT event_subscriptions_kind_check CHECK (kind = ANY ('{message, signal}'::TEXT[])),
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
    CONSTRAINT event_messages_kind_check CHECK (kind = ANY ('{message, signal}'::TEXT[])),
    CONSTRAINT event_messages_outcome_check CHECK (outcome = ANY ('{DELIVERED, STARTED, BROADCAST, UNMATCHED}'::TEXT[])),
    CONSTRAINT event_messages_instance_fkey FOREIGN KEY (process_instance_id) REFERENCES flowable.process_instances (process_instance_id)
);
CREATE INDEX idx_event_messages_unmatched ON flowable.event_messages (created_at) WHERE outcome = 'UNMATCHED';
CREATE INDEX idx_event_messages_instance ON flowable.event_messages (process_instance_id) WHERE process_instance_id IS NOT NULL;

COMMIT;
