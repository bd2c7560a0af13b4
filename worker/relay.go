package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// Outbox is what the relay reads: starts and signals that PostgreSQL has accepted.
type Outbox interface {
	// DueDeliveries leases rows that no one has seen applied; they come back after the lease.
	DueDeliveries(ctx context.Context, limit int, lease time.Duration) ([]casework.Delivery, error)
	// DeliveryDead gives a row up, with the reason.
	DeliveryDead(ctx context.Context, outboxID int64, reason string) error
	// DeliveryFailed notes a failure and when to try again.
	DeliveryFailed(ctx context.Context, outboxID int64, reason string, retryIn time.Duration) error
}

// Sender delivers to Temporal; see workflows.Client.
type Sender interface {
	Deliver(ctx context.Context, d casework.Delivery) error
}

// RelayConfig tunes the relay. The zero value is ready to use.
type RelayConfig struct {
	Interval time.Duration // pause when nothing is due; default 500ms
	Batch    int           // deliveries taken at once; default 100
	Lease    time.Duration // time until an unapplied delivery is sent again; default 10s
	MaxRetry time.Duration // longest pause between two tries; default 1m
}

func (c RelayConfig) withDefaults() RelayConfig {
	if c.Interval == 0 {
		c.Interval = 500 * time.Millisecond
	}
	if c.Batch == 0 {
		c.Batch = 100
	}
	if c.Lease == 0 {
		c.Lease = 10 * time.Second
	}
	if c.MaxRetry == 0 {
		c.MaxRetry = time.Minute
	}
	return c
}

// Relay sends what is due in the outbox again and again until the workflow has applied it: the commit that applies a
// command is what removes its row, not the sending. Several relays may run at once.
type Relay struct {
	outbox Outbox
	sender Sender
	log    *zap.Logger
	cfg    RelayConfig
}

// NewRelay returns a relay; Run starts it.
func NewRelay(outbox Outbox, sender Sender, log *zap.Logger, cfg RelayConfig) *Relay {
	return &Relay{outbox: outbox, sender: sender, log: log.Named("relay"), cfg: cfg.withDefaults()}
}

// Run works until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Interval)
	defer tick.Stop()
	for {
		n, err := r.Once(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Warn("outbox not read", zap.Error(err))
		}
		if err == nil && n == r.cfg.Batch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once sends what is due now and returns how many deliveries it took.
func (r *Relay) Once(ctx context.Context) (int, error) {
	due, err := r.outbox.DueDeliveries(ctx, r.cfg.Batch, r.cfg.Lease)
	if err != nil {
		return 0, fmt.Errorf("due deliveries: %w", err)
	}
	for _, d := range due {
		if err := r.send(ctx, d); err != nil {
			return len(due), err
		}
	}
	return len(due), nil
}

func (r *Relay) send(ctx context.Context, d casework.Delivery) error {
	err := r.sender.Deliver(ctx, d)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, workflows.ErrClosed):
		// The start may still be on its way: a signal is only given up after some tries.
		const tries = 5
		if d.Attempts >= tries {
			r.log.Error("delivery given up: its workflow is gone", zap.Int64("outboxId", d.OutboxID), zap.Error(err))
			return r.outbox.DeliveryDead(ctx, d.OutboxID, err.Error())
		}
	}
	retry := min(time.Duration(1<<min(d.Attempts, 10))*100*time.Millisecond, r.cfg.MaxRetry)
	r.log.Warn("delivery failed", zap.Int64("outboxId", d.OutboxID), zap.Duration("retryIn", retry), zap.Error(err))
	return r.outbox.DeliveryFailed(ctx, d.OutboxID, err.Error(), retry)
}
