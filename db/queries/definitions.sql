-- name: DefinitionLock :exec
SELECT pg_advisory_xact_lock(hashtextextended('definition:' || @process_key::TEXT, 0));

-- name: DefinitionBySource :one
SELECT * FROM flowable.workflow_definitions WHERE process_key = @process_key AND sha256 = @sha256;

-- name: DefinitionDeactivate :exec
UPDATE flowable.workflow_definitions SET is_active = FALSE WHERE process_key = @process_key AND is_active;

-- name: DefinitionInsert :one
-- A new version begins with the rules and service levels of the one before.
INSERT INTO flowable.workflow_definitions (process_key, process_name, process_version, business_app, deployment_id, bpmn_xml, sha256,
    start_events, warnings, deployed_by, is_active, routing_rules, sla_config)
SELECT @process_key::TEXT, @process_name::TEXT, COALESCE(max(d.process_version), 0) + 1, @business_app::TEXT, @deployment_id::TEXT, @bpmn_xml::TEXT,
    @sha256::TEXT, @start_events::JSONB, @warnings::JSONB, @deployed_by::TEXT, TRUE,
    COALESCE((array_agg(d.routing_rules ORDER BY d.process_version DESC))[1], '{}'),
    COALESCE((array_agg(d.sla_config ORDER BY d.process_version DESC))[1], '{}')
FROM flowable.workflow_definitions d WHERE d.process_key = @process_key
RETURNING *;

-- name: DefinitionGet :one
SELECT * FROM flowable.workflow_definitions
WHERE process_key = @process_key
  AND CASE WHEN @version::INTEGER = 0 THEN is_active ELSE process_version = @version END;

-- name: DefinitionList :many
SELECT * FROM flowable.workflow_definitions
WHERE workflow_id < @before_id::BIGINT AND (@process_key::TEXT = '' OR process_key = @process_key)
ORDER BY workflow_id DESC
LIMIT @most::INTEGER;

-- name: DefinitionActivate :one
UPDATE flowable.workflow_definitions SET is_active = @active
WHERE process_key = @process_key AND process_version = @version
RETURNING *;

-- name: DefinitionSource :one
SELECT bpmn_xml FROM flowable.workflow_definitions WHERE sha256 = @sha256 LIMIT 1;
