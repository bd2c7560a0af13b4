BEGIN;
SET LOCAL ROLE nextgen_owner;

-- Contents of values that are too large to travel: Temporal, and every JSON in here, has references to them,
-- {"$large": {"sha256", "size"}} (ADR 0014). A row never changes.
CREATE TABLE flowable.large_values (
    sha256     CHAR(64)    NOT NULL, -- of content, lower-case hex
    content    TEXT        NOT NULL, -- JSON, exactly as it was hashed
    size       INTEGER     NOT NULL, -- bytes
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT large_values_pkey PRIMARY KEY (sha256)
);

-- Which instances refer to a content. It stays as long as one of them.
CREATE TABLE flowable.large_value_uses (
    process_instance_id VARCHAR(64) NOT NULL,
    sha256              CHAR(64)    NOT NULL,
    CONSTRAINT large_value_uses_pkey PRIMARY KEY (process_instance_id, sha256),
    CONSTRAINT large_value_uses_instance_fkey FOREIGN KEY (process_instance_id) REFERENCES flowable.process_instances (process_instance_id) ON DELETE CASCADE,
    CONSTRAINT large_value_uses_value_fkey FOREIGN KEY (sha256) REFERENCES flowable.large_values (sha256)
);
CREATE INDEX idx_large_value_uses_value ON flowable.large_value_uses (sha256);

ALTER TABLE flowable.workflow_variables ADD CONSTRAINT workflow_variables_large_value_fkey FOREIGN KEY (large_value) REFERENCES flowable.large_values (sha256);
CREATE INDEX idx_workflow_variables_large_value ON flowable.workflow_variables (large_value) WHERE large_value IS NOT NULL;

-- The hash in a reference; NULL for any other value.
CREATE FUNCTION flowable.reference_of(p_value JSONB) RETURNS TEXT
    LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'object' AND p_value #>> '{$large,sha256}' ~ '^[0-9a-f]{64}$' THEN p_value #>> '{$large,sha256}' END
$$;

-- A content as a value; NULL where there is none, or one of which PostgreSQL makes none, as of a number beyond its range.
CREATE FUNCTION flowable.large_json(p_sha256 BPCHAR) RETURNS JSONB
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT l.content::JSONB FROM flowable.large_values l WHERE l.sha256 = p_sha256);
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN NULL;
END $$;

-- Notes that an instance refers to what some of its variables, a JSON object, refer to. A reference to nothing is an error.
CREATE FUNCTION flowable.use_values(p_instance_id TEXT, p_variables JSONB) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM set_config('app.keeping', 'on', TRUE); -- the policies owner_keeps
    INSERT INTO flowable.large_value_uses (process_instance_id, sha256)
    SELECT DISTINCT p_instance_id, flowable.reference_of(v.value) FROM jsonb_each(p_variables) AS v
    WHERE flowable.reference_of(v.value) IS NOT NULL
    ON CONFLICT DO NOTHING;
END $$;

-- Writes contents, {"<sha256>": "<JSON>"}, and that an instance refers to them; p_instance_id NULL: something else in the same
-- transaction does. Those that are there already stay as they are, but locked: nobody can forget them before this commits.
CREATE FUNCTION flowable.keep_values(p_contents JSONB, p_instance_id TEXT) RETURNS VOID
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM set_config('app.keeping', 'on', TRUE); -- the policies owner_keeps
    INSERT INTO flowable.large_values AS l (sha256, content, size)
    SELECT encode(sha256(convert_to(c.value, 'UTF8')), 'hex'), c.value, octet_length(c.value)
    FROM jsonb_each_text(p_contents) AS c ORDER BY 1
    ON CONFLICT (sha256) DO UPDATE SET size = EXCLUDED.size WHERE FALSE;
    IF p_instance_id IS NOT NULL THEN
        INSERT INTO flowable.large_value_uses (process_instance_id, sha256)
        SELECT p_instance_id, c.key FROM jsonb_each(p_contents) AS c ORDER BY 2
        ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- The variables of an instance as they can be handed to another one: where all of them are too large, those of more than 512 bytes
-- are kept by reference.
CREATE FUNCTION flowable.pack_variables(p_variables JSONB, p_instance_id TEXT) RETURNS JSONB
    LANGUAGE plpgsql
AS $$
DECLARE
    v_contents   JSONB;
    v_references JSONB;
BEGIN
    IF NOT flowable.too_large(p_variables) THEN
        RETURN p_variables;
    END IF;
    SELECT jsonb_object_agg(c.sha256, c.content),
        jsonb_object_agg(c.name, jsonb_build_object('$large', jsonb_build_object('sha256', c.sha256, 'size', octet_length(c.content))))
    INTO v_contents, v_references
    FROM (SELECT v.key AS name, v.value::TEXT AS content, encode(sha256(convert_to(v.value::TEXT, 'UTF8')), 'hex') AS sha256
          FROM jsonb_each(p_variables) AS v
          WHERE flowable.reference_of(v.value) IS NULL AND octet_length(v.value::TEXT) > 512) AS c;
    IF v_references IS NULL THEN
        RETURN p_variables;
    END IF;
    PERFORM flowable.keep_values(v_contents, p_instance_id);
    RETURN p_variables || v_references;
END $$;

-- Forgets contents that no instance refers to any more. A content that somebody writes at this moment is passed over.
CREATE PROCEDURE flowable.forget_large_values()
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_unused TEXT[];
BEGIN
    PERFORM set_config('app.keeping', 'on', TRUE); -- the policies owner_keeps
    SELECT array_agg(u.sha256) INTO v_unused FROM (
        SELECT l.sha256 FROM flowable.large_values l
        WHERE NOT EXISTS (SELECT FROM flowable.large_value_uses u WHERE u.sha256 = l.sha256)
        FOR UPDATE SKIP LOCKED) AS u;
    -- A statement of its own: it sees uses that were committed before the rows were locked.
    DELETE FROM flowable.large_values l
    WHERE l.sha256 = ANY (v_unused) AND NOT EXISTS (SELECT FROM flowable.large_value_uses u WHERE u.sha256 = l.sha256);
END $$;

GRANT SELECT ON flowable.large_values, flowable.large_value_uses TO nextgen_worker, nextgen_api;
REVOKE ALL ON PROCEDURE flowable.forget_large_values() FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE flowable.forget_large_values() TO nextgen_worker;

ALTER TABLE flowable.large_values ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.large_values FORCE ROW LEVEL SECURITY;
ALTER TABLE flowable.large_value_uses ENABLE ROW LEVEL SECURITY;
ALTER TABLE flowable.large_value_uses FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all ON flowable.large_values TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY worker_all ON flowable.large_value_uses TO nextgen_worker USING (TRUE) WITH CHECK (TRUE);
CREATE POLICY owner_keeps ON flowable.large_values TO nextgen_owner
    USING (flowable.is_on('app.keeping')) WITH CHECK (flowable.is_on('app.keeping'));
CREATE POLICY owner_keeps ON flowable.large_value_uses TO nextgen_owner
    USING (flowable.is_on('app.keeping')) WITH CHECK (flowable.is_on('app.keeping'));
-- A content is visible with an instance that refers to it.
CREATE POLICY with_instance ON flowable.large_value_uses FOR SELECT TO nextgen_api USING (flowable.sees_instance(process_instance_id));
CREATE POLICY with_use ON flowable.large_values FOR SELECT TO nextgen_api
    USING (EXISTS (SELECT FROM flowable.large_value_uses u WHERE u.sha256 = large_values.sha256));

COMMIT;
