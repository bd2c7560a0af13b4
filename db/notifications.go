package db

import (
	"context"
	"strconv"
	"time"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Notifications lists what the caller was told, newest first.
func (s *Store) Notifications(ctx context.Context, caller string, unread bool, page casework.Page) (casework.List[casework.Notification], error) {
	before, err := numberCursor(page.Cursor, newest)
	if err != nil {
		return casework.List[casework.Notification]{}, err
	}
	rows, err := s.as(caller).NotificationList(ctx, dbsqlc.NotificationListParams{BeforeID: before, Unread: unread, Most: most(page)})
	items, err := many(rows, err, toNotification)
	return cut(items, page, func(n casework.Notification) string { return strconv.FormatInt(n.NotificationID, 10) }), err
}

// ReadNotification notes that the caller has read one of their notifications; again changes nothing. Errors: NotFound.
func (s *Store) ReadNotification(ctx context.Context, caller string, id int64) (casework.Notification, error) {
	row, err := s.as(caller).NotificationRead(ctx, id)
	if err != nil {
		return casework.Notification{}, interpret(err)
	}
	return toNotification(row), nil
}

// DueMails leases notifications that are to be mailed now; they come back after the lease. Several may ask at once: each gets
// others.
func (s *Store) DueMails(ctx context.Context, limit int, lease time.Duration) ([]casework.NotificationMail, error) {
	rows, err := s.q().MailLease(ctx, dbsqlc.MailLeaseParams{LeaseSeconds: lease.Seconds(), Most: int32(limit)})
	return many(rows, err, func(r dbsqlc.MailLeaseRow) casework.NotificationMail {
		return casework.NotificationMail{NotificationID: r.NotificationID, To: r.Email, Subject: r.Subject, Body: r.Body, Attempts: int(r.MailAttempts)}
	})
}

// MailSent notes that the mail server has taken a mail.
func (s *Store) MailSent(ctx context.Context, id int64) error {
	return interpret(s.q().MailSent(ctx, id))
}

// MailFailed notes why a mail could not be sent, and when to try again; 0 is never.
func (s *Store) MailFailed(ctx context.Context, id int64, reason string, retryIn time.Duration) error {
	p := dbsqlc.MailFailedParams{NotificationID: id, Reason: reason}
	if retryIn > 0 {
		seconds := retryIn.Seconds()
		p.RetrySeconds = &seconds
	}
	return interpret(s.q().MailFailed(ctx, p))
}

func toNotification(r dbsqlc.FlowableNotification) casework.Notification {
	return casework.Notification{
		NotificationID: r.NotificationID, Kind: casework.NotificationKind(r.Kind), TaskID: r.TaskID, ProcessInstanceID: r.ProcessInstanceID,
		Subject: r.Subject, Body: r.Body, CreatedAt: r.CreatedAt.UTC(), ReadAt: utc(r.ReadAt),
	}
}
