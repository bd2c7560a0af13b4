BEGIN;
SET LOCAL ROLE nextgen_owner;

ALTER TABLE flowable.workflow_variables DROP CONSTRAINT workflow_variables_large_value_fkey;
DROP INDEX flowable.idx_workflow_variables_large_value;
DROP PROCEDURE flowable.forget_large_values;
DROP FUNCTION flowable.pack_variables, flowable.keep_values, flowable.use_values, flowable.large_json, flowable.reference_of;
DROP TABLE flowable.large_value_uses, flowable.large_values;

COMMIT;
