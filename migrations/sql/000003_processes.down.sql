BEGIN;
SET LOCAL ROLE nextgen_owner;

DROP TABLE onecms.case_routing, onecms.case_workflow_mapping, flowable.incidents, flowable.activity_history,
    flowable.workflow_variables, flowable.process_instances, onecms.cases, flowable.workflow_definitions;
DROP SEQUENCE onecms.case_number_seq;

COMMIT;
