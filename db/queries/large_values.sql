-- name: LargeValuesKeep :exec
SELECT flowable.keep_values(@contents::JSONB, sqlc.narg(process_instance_id)::TEXT);

-- name: LargeValueGet :one
SELECT content FROM flowable.large_values WHERE sha256 = @sha256;
