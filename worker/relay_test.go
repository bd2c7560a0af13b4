package worker_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// outbox is the outbox of one relay, with the rules of the database: a row that was handed out comes back after its
// lease, until somebody applies it or gives it up. Tests run in a bubble of time, so nothing here needs a lock.
type outbox struct {
	rows    []*row
	reads   int
	readErr error
	noteErr error
}

type row struct {
	casework.Delivery
	due  time.Time
	dead string
	gone bool // applied
}

// DueDeliveries implements worker.Outbox.
func (o *outbox) DueDeliveries(ctx context.Context, limit int, lease time.Duration) ([]casework.Delivery, error) {
	o.reads++
	if err := errors.Join(ctx.Err(), o.readErr); err != nil {
		return nil, err
	}
	var due []casework.Delivery
	for _, r := range o.rows {
		if len(due) < limit && !r.gone && r.dead == "" && !r.due.After(time.Now()) {
			r.due = time.Now().Add(lease)
			r.Attempts++
			due = append(due, r.Delivery)
		}
	}
	return due, nil
}

// DeliveryDead implements worker.Outbox.
func (o *outbox) DeliveryDead(_ context.Context, id int64, reason string) error {
	if o.noteErr == nil {
		o.rows[id].dead = reason
	}
	return o.noteErr
}

// DeliveryFailed implements worker.Outbox.
func (o *outbox) DeliveryFailed(_ context.Context, id int64, _ string, retryIn time.Duration) error {
	if o.noteErr == nil {
		o.rows[id].due = time.Now().Add(retryIn)
	}
	return o.noteErr
}

func (o *outbox) add(n int) {
	for range n {
		id := int64(len(o.rows))
		o.rows = append(o.rows, &row{Delivery: casework.Delivery{OutboxID: id, Command: &casework.Command{CommandID: fmt.Sprint(id)}}, due: time.Now()})
	}
}

// sender notes when it was asked for what.
type sender struct {
	began time.Time
	sent  []time.Duration // since the start of the test
	ids   []int64
	fail  func(n int, d casework.Delivery) error // n counts from 1
}

// Deliver implements worker.Sender.
func (s *sender) Deliver(ctx context.Context, d casework.Delivery) error {
	s.sent = append(s.sent, time.Since(s.began))
	s.ids = append(s.ids, d.OutboxID)
	if s.fail == nil {
		return ctx.Err()
	}
	return s.fail(len(s.sent), d)
}

// relayFor runs a relay for some time in a bubble and waits until it has stopped.
func relayFor(t *testing.T, d time.Duration, o *outbox, s *sender, cfg worker.RelayConfig, prepare func()) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.began = time.Now()
		prepare()
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		worker.NewRelay(o, s, zap.NewNop(), cfg).Run(ctx) // returns, or the bubble reports a deadlock
	})
}

func TestARelaySendsUntilTheDeliveryIsApplied(t *testing.T) {
	t.Parallel()
	o, s := &outbox{}, &sender{}
	s.fail = func(n int, d casework.Delivery) error {
		o.rows[d.OutboxID].gone = n == 3 // the workflow hears only the third signal
		return nil
	}
	relayFor(t, time.Hour, o, s, worker.RelayConfig{}, func() { o.add(1) })
	require.Equal(t, []time.Duration{0, 10 * time.Second, 20 * time.Second}, s.sent, "once per lease")
}

func TestARelayWaitsLongerAfterEachFailure(t *testing.T) {
	t.Parallel()
	o, s := &outbox{}, &sender{}
	s.fail = func(int, casework.Delivery) error { return errors.New("unavailable") }
	relayFor(t, 5*time.Minute, o, s, worker.RelayConfig{Interval: 100 * time.Millisecond, MaxRetry: 30 * time.Second}, func() { o.add(1) })
	var pauses []time.Duration
	for i := 1; i < len(s.sent); i++ {
		pauses = append(pauses, s.sent[i]-s.sent[i-1])
	}
	ms := time.Millisecond
	require.Equal(t, []time.Duration{200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 12800 * ms, 25600 * ms}, pauses[:8])
	for _, pause := range pauses[8:] {
		require.Equal(t, 30*time.Second, pause)
	}
	require.Empty(t, o.rows[0].dead, "what may help is tried for ever")
}

func TestADeliveryToAWorkflowThatIsGoneIsGivenUpAfterSomeTries(t *testing.T) {
	t.Parallel()
	o, s := &outbox{}, &sender{}
	s.fail = func(int, casework.Delivery) error { return fmt.Errorf("signal: %w", workflows.ErrClosed) }
	relayFor(t, time.Hour, o, s, worker.RelayConfig{}, func() { o.add(1) })
	require.Len(t, s.sent, 5, "the start may still be on its way")
	require.Contains(t, o.rows[0].dead, workflows.ErrClosed.Error())
}

func TestOneFailureDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	o, s := &outbox{}, &sender{}
	s.fail = func(_ int, d casework.Delivery) error {
		if d.OutboxID == 1 {
			return errors.New("unavailable")
		}
		o.rows[d.OutboxID].gone = true
		return nil
	}
	relayFor(t, 100*time.Millisecond, o, s, worker.RelayConfig{}, func() { o.add(4) })
	require.Equal(t, []int64{0, 1, 2, 3}, s.ids)
}

func TestARelayWithMuchToDoDoesNotPause(t *testing.T) {
	t.Parallel()
	o, s := &outbox{}, &sender{}
	s.fail = func(_ int, d casework.Delivery) error {
		o.rows[d.OutboxID].gone = true
		return nil
	}
	relayFor(t, time.Minute, o, s, worker.RelayConfig{Interval: time.Hour, Batch: 3}, func() { o.add(8) })
	require.Len(t, s.sent, 8)
	require.Equal(t, 3, o.reads)
}

func TestARelayPausesWhenTheDatabaseFails(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	for name, o := range map[string]*outbox{
		"to read the outbox":        {readErr: away},
		"to note a failed delivery": {noteErr: away},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &sender{fail: func(int, casework.Delivery) error { return errors.New("unavailable") }}
			relayFor(t, 10*time.Second+time.Millisecond, o, s, worker.RelayConfig{Interval: time.Second, Batch: 1}, func() { o.add(1000) })
			require.Equal(t, 11, o.reads, "one read per interval, not as fast as it can")
		})
	}
}

func TestARelayStopsInTheMiddleOfABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		o := &outbox{}
		o.add(10)
		o.noteErr = context.Canceled
		s := &sender{began: time.Now()}
		s.fail = func(n int, _ casework.Delivery) error {
			if n == 3 {
				cancel()
			}
			return ctx.Err()
		}
		worker.NewRelay(o, s, zap.NewNop(), worker.RelayConfig{Batch: 10}).Run(ctx)
		require.Len(t, s.sent, 3)
		<-time.After(10 * time.Second)
		n, err := worker.NewRelay(o, &sender{}, zap.NewNop(), worker.RelayConfig{}).Once(t.Context())
		require.NoError(t, err)
		require.Equal(t, 10, n, "all come back after the lease")
	})
}

// house counts what is asked for.
type house struct {
	keep, relieve, escalate []time.Duration
	rearmed                 int
	began                   time.Time
}

func (h *house) RearmClocks(context.Context) (bool, error) {
	h.rearmed++
	return h.rearmed == 1, nil
}

func (h *house) KeepHouse(context.Context) error {
	h.keep = append(h.keep, time.Since(h.began))
	return errors.New("away")
}

func (h *house) RelieveQueues(context.Context) ([]casework.QueueLoad, error) {
	h.relieve = append(h.relieve, time.Since(h.began))
	return nil, errors.New("away")
}

func (h *house) EscalateOverdue(context.Context) error {
	h.escalate = append(h.escalate, time.Since(h.began))
	return nil
}

func TestMaintenanceGoesOnWhenAPieceFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &house{began: time.Now()}
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour+time.Second)
		defer cancel()
		worker.NewMaintenance(h, zap.NewNop()).Run(ctx)
		require.Equal(t, []time.Duration{0, 24 * time.Hour, 48 * time.Hour}, h.keep)
		require.Len(t, h.relieve, 48*60)
		require.InDelta(t, 48*60*30, h.rearmed, 2, "every two seconds, and at once when there was more")
		require.Len(t, h.escalate, 48*12)
		require.Equal(t, 5*time.Minute, h.escalate[0], "the cases' own timers come first")
	})
}
