package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
)

// box gives its mails once and notes what became of each.
type box struct {
	due    []casework.NotificationMail
	sent   []int64
	failed map[int64]time.Duration
}

func (b *box) DueMails(context.Context, int, time.Duration) ([]casework.NotificationMail, error) {
	due := b.due
	b.due = nil
	return due, nil
}

func (b *box) MailSent(_ context.Context, id int64) error {
	b.sent = append(b.sent, id)
	return nil
}

func (b *box) MailFailed(_ context.Context, id int64, _ string, retryIn time.Duration) error {
	b.failed[id] = retryIn
	return nil
}

// post is a mail server that answers by the subject.
type post struct{ mails []casework.ActivityInput }

func (p *post) Send(_ context.Context, in casework.ActivityInput) (map[string]json.RawMessage, error) {
	p.mails = append(p.mails, in)
	switch string(in.Fields["subject"]) {
	case `"refused"`:
		return nil, service.Permanent("MailRejected", "no such address")
	case `"away"`:
		return nil, service.Passing("MailServer", "does not answer")
	case `"odd"`:
		return nil, errors.New("something else")
	}
	return nil, nil
}

func TestNotificationsAreMailedUntilTheServerHasThem(t *testing.T) {
	t.Parallel()
	b := &box{failed: map[int64]time.Duration{}, due: []casework.NotificationMail{
		{NotificationID: 1, To: "a@example.com", Subject: "taken", Body: "Late.\nVery.", Attempts: 1},
		{NotificationID: 2, Subject: "refused", Attempts: 1},
		{NotificationID: 3, Subject: "away", Attempts: 1},
		{NotificationID: 4, Subject: "away", Attempts: 5},
		{NotificationID: 5, Subject: "away", Attempts: 8},
		{NotificationID: 6, Subject: "odd", Attempts: 2},
	}}
	p := &post{}
	n, err := worker.NewMailer(b, p, zap.NewNop()).Once(t.Context())
	require.NoError(t, err)
	require.Equal(t, 6, n)
	require.Equal(t, []int64{1}, b.sent)
	require.Equal(t, map[int64]time.Duration{2: 0, 3: 10 * time.Second, 4: 160 * time.Second, 5: 0, 6: 20 * time.Second}, b.failed)
	first := p.mails[0]
	require.JSONEq(t, `{"to": "a@example.com", "subject": "taken", "text": "Late.\nVery."}`, string(must(json.Marshal(first.Fields))))
	require.Equal(t, "notification:1", first.IdempotencyKey(), "the same for every attempt")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTheMailerLooksAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &box{failed: map[int64]time.Duration{}}
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		time.AfterFunc(5*time.Second, func() { b.due = []casework.NotificationMail{{NotificationID: 7, Subject: "taken"}} })
		worker.NewMailer(b, &post{}, zap.NewNop()).Run(ctx)
		require.Equal(t, []int64{7}, b.sent)
	})
}
