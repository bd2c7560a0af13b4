-- name: TaskClaim :one
SELECT flowable.claim_task_at(@task_id::TEXT, @user_id::TEXT, @command_id::UUID, sqlc.narg(version)::BIGINT)::JSON AS verdict;

-- name: TaskClaimNext :one
SELECT flowable.claim_next(@user_id::TEXT, sqlc.narg(queue_names)::TEXT[], @command_id::UUID)::JSON AS verdict;

-- name: TaskUnclaim :one
SELECT flowable.unclaim_task(@task_id::TEXT, @user_id::TEXT, @command_id::UUID, sqlc.narg(version)::BIGINT)::JSON AS verdict;

-- name: TaskComplete :one
SELECT flowable.complete_task(@task_id::TEXT, @user_id::TEXT, @command_id::UUID, @completion::JSONB)::JSON AS verdict;

-- name: TaskAct :one
SELECT flowable.act_on_task(@task_id::TEXT, @act::JSONB)::JSON AS verdict;

-- name: InstanceSuspend :one
SELECT flowable.suspend_instance(@instance_id::TEXT, @suspend::BOOLEAN, @user_id::TEXT, @command_id::UUID)::JSONB AS verdict;

-- name: CaseStart :one
SELECT flowable.start_case(@request::JSONB, @user_id::TEXT)::JSONB AS delivery;

-- name: InstanceOperate :one
SELECT flowable.operate_instance(@kind::TEXT, @instance_id::TEXT, @incident_id::TEXT, @user_id::TEXT, @command_id::UUID, @details::JSONB)::JSONB AS verdict;

-- name: StepCommit :one
SELECT flowable.commit_step_for(@step::JSONB, @user_id::TEXT)::JSON AS answer;
