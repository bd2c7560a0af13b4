-- name: IdempotencyReserve :one
INSERT INTO flowable.idempotency_keys (user_id, key, request_hash) VALUES (@user_id, @key, @request_hash)
ON CONFLICT (user_id, key) DO UPDATE
SET request_hash = EXCLUDED.request_hash, created_at = CURRENT_TIMESTAMP, status = NULL, answer = NULL
WHERE idempotency_keys.created_at < CURRENT_TIMESTAMP - INTERVAL '24 hours'
   OR (idempotency_keys.status IS NULL AND idempotency_keys.request_hash = EXCLUDED.request_hash
       AND idempotency_keys.created_at < CURRENT_TIMESTAMP - INTERVAL '15 seconds')
RETURNING TRUE AS reserved;

-- name: IdempotencyGet :one
SELECT * FROM flowable.idempotency_keys WHERE user_id = @user_id AND key = @key;

-- name: IdempotencyRemember :exec
UPDATE flowable.idempotency_keys SET status = @status, answer = @answer WHERE user_id = @user_id AND key = @key;

-- name: IdempotencyForget :exec
DELETE FROM flowable.idempotency_keys WHERE user_id = @user_id AND key = @key AND status IS NULL;

-- name: IdempotencyPurge :exec
DELETE FROM flowable.idempotency_keys WHERE created_at < CURRENT_TIMESTAMP - INTERVAL '24 hours';
