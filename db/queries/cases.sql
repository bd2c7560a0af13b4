-- name: CaseList :many
SELECT sqlc.embed(c), m.process_instance_id, m.workflow_type, m.current_department, m.current_phase, i.business_key
FROM onecms.cases c
JOIN onecms.case_workflow_mapping m ON m.case_id = c.case_id
JOIN flowable.process_instances i ON i.process_instance_id = m.process_instance_id
WHERE c.case_id < @before_id::BIGINT
  AND (@status::TEXT = '' OR c.status = @status)
  AND (@process_key::TEXT = '' OR m.workflow_type = @process_key)
  AND (@created_by::TEXT = '' OR c.created_by = @created_by)
ORDER BY c.case_id DESC
LIMIT @most::INTEGER;

-- name: CaseGet :one
SELECT sqlc.embed(c), m.process_instance_id, m.workflow_type, m.current_department, m.current_phase, i.business_key
FROM onecms.cases c
JOIN onecms.case_workflow_mapping m ON m.case_id = c.case_id
JOIN flowable.process_instances i ON i.process_instance_id = m.process_instance_id
WHERE c.case_id = @case_id;

-- name: CaseRouting :many
SELECT * FROM onecms.case_routing WHERE case_id = @case_id ORDER BY routing_id;
