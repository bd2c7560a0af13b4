-- name: NotificationList :many
-- Newest first.
SELECT * FROM flowable.notifications
WHERE recipient_id = entitlements.caller() AND notification_id < @before_id::BIGINT AND (NOT @unread::BOOLEAN OR read_at IS NULL)
ORDER BY notification_id DESC
LIMIT @most::INTEGER;

-- name: NotificationRead :one
UPDATE flowable.notifications SET read_at = COALESCE(read_at, CURRENT_TIMESTAMP)
WHERE notification_id = @notification_id AND recipient_id = entitlements.caller()
RETURNING *;

-- name: MailLease :many
-- Mails that are due now; they come back after the lease. What is older than a day is not news any more.
UPDATE flowable.notifications n
SET mail_due_at = CURRENT_TIMESTAMP + make_interval(secs => @lease_seconds::FLOAT), mail_attempts = n.mail_attempts + 1
FROM entitlements.users u
WHERE u.user_id = n.recipient_id AND n.notification_id IN (
    SELECT d.notification_id FROM flowable.notifications d
    WHERE d.mail_due_at <= CURRENT_TIMESTAMP AND d.created_at > CURRENT_TIMESTAMP - INTERVAL '1 day'
    ORDER BY d.mail_due_at
    LIMIT @most::INTEGER
    FOR UPDATE SKIP LOCKED)
RETURNING n.notification_id, n.subject, n.body, n.mail_attempts, COALESCE(u.email, '')::TEXT AS email;

-- name: MailSent :exec
UPDATE flowable.notifications SET mailed_at = CURRENT_TIMESTAMP, mail_due_at = NULL, mail_error = NULL WHERE notification_id = @notification_id;

-- name: MailFailed :exec
-- Without a time to retry, no mail is tried any more.
UPDATE flowable.notifications
SET mail_error = @reason::TEXT, mail_due_at = CURRENT_TIMESTAMP + make_interval(secs => sqlc.narg(retry_seconds)::FLOAT)
WHERE notification_id = @notification_id;

-- name: NotificationPurge :exec
DELETE FROM flowable.notifications WHERE created_at < CURRENT_TIMESTAMP - INTERVAL '90 days';
