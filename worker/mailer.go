package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// MailBox is where the mailer finds the notifications that are to be mailed.
type MailBox interface {
	// DueMails leases mails; they come back after the lease.
	DueMails(ctx context.Context, limit int, lease time.Duration) ([]casework.NotificationMail, error)
	// MailSent notes that a mail is out.
	MailSent(ctx context.Context, id int64) error
	// MailFailed notes why a mail is not out, and when to try again; 0 is never.
	MailFailed(ctx context.Context, id int64, reason string, retryIn time.Duration) error
}

// MailSender hands a mail to a mail server; see the package mail.
type MailSender interface {
	Send(ctx context.Context, in casework.ActivityInput) (map[string]json.RawMessage, error)
}

// Mailer sends notifications by mail, each at least once. Several may run at once.
type Mailer struct {
	box    MailBox
	sender MailSender
	log    *zap.Logger
}

// Limits of the mailer.
const (
	mailLook    = 2 * time.Second // between two looks when nothing is due
	mailBatch   = 20
	mailLease   = 2 * time.Minute // longer than sending a batch may take is no harm: the mails have the same id
	mailTries   = 8
	mailLongest = 30 * time.Minute // between two tries
)

// NewMailer returns it; Run starts it.
func NewMailer(box MailBox, sender MailSender, log *zap.Logger) *Mailer {
	return &Mailer{box: box, sender: sender, log: log.Named("mailer")}
}

// Run works until ctx ends.
func (m *Mailer) Run(ctx context.Context) {
	tick := time.NewTicker(mailLook)
	defer tick.Stop()
	for {
		n, err := m.Once(ctx)
		if err != nil && ctx.Err() == nil {
			m.log.Warn("notifications not mailed", zap.Error(err))
		}
		if err == nil && n == mailBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once sends what is due now and returns how many mails it took.
func (m *Mailer) Once(ctx context.Context) (int, error) {
	due, err := m.box.DueMails(ctx, mailBatch, mailLease)
	if err != nil {
		return 0, fmt.Errorf("due mails: %w", err)
	}
	for _, n := range due {
		if err := m.send(ctx, n); err != nil {
			return len(due), fmt.Errorf("mail %d: %w", n.NotificationID, err)
		}
	}
	return len(due), nil
}

func (m *Mailer) send(ctx context.Context, n casework.NotificationMail) error {
	_, err := m.sender.Send(ctx, mailOf(n))
	if err == nil {
		return m.box.MailSent(ctx, n.NotificationID)
	}
	if ctx.Err() != nil {
		return err // the lease brings it back
	}
	retry := min(time.Duration(1<<min(n.Attempts, 10))*5*time.Second, mailLongest)
	var failed *temporal.ApplicationError
	if n.Attempts >= mailTries || errors.As(err, &failed) && failed.NonRetryable() {
		retry = 0
	}
	m.log.Warn("notification not mailed", zap.Int64("notificationId", n.NotificationID), zap.Duration("retryIn", retry), zap.Error(err))
	return m.box.MailFailed(ctx, n.NotificationID, err.Error(), retry)
}

// mailOf is the mail of a notification. Its id is the same for every attempt, so that mail programs show it once.
func mailOf(n casework.NotificationMail) casework.ActivityInput {
	fields := map[string]json.RawMessage{}
	for name, text := range map[string]string{"to": n.To, "subject": n.Subject, "text": n.Body} {
		fields[name], _ = json.Marshal(text) // a text can always be encoded
	}
	return casework.ActivityInput{ProcessInstanceID: "notification", ElementInstanceID: strconv.FormatInt(n.NotificationID, 10), Fields: fields}
}
