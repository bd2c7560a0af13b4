-- name: CaseList :many
SELECT sqlc.embed(c), m.process_instance_id, m.workflow_type, m.current_department, m.current_phase, i.business_key
FROM onecms.cases c
JOIN onecms.case_workflow_mapping m ON m.case_id = c.case_id
JOIN flowable.process_instances i ON i.process_instance_id = m.process_instance_id
WHERE c.case_id = ANY (onecms.search_cases(@search::JSONB))
ORDER BY c.case_id DESC;

-- name: CaseGet :one
SELECT sqlc.embed(c), m.process_instance_id, m.workflow_type, m.current_department, m.current_phase, i.business_key
FROM onecms.cases c
JOIN onecms.case_workflow_mapping m ON m.case_id = c.case_id
JOIN flowable.process_instances i ON i.process_instance_id = m.process_instance_id
WHERE c.case_id = @case_id;

-- name: CaseRouting :many
SELECT * FROM onecms.case_routing WHERE case_id = @case_id ORDER BY routing_id;
