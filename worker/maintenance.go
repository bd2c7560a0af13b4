package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// Housekeeping is what the database wants done now and then, whoever does it and how often.
type Housekeeping interface {
	// EscalateOverdue raises what is overdue and whose workflow is gone.
	EscalateOverdue(ctx context.Context) error
	// RearmClocks takes a changed calendar or escalation to the next open tasks, and reports whether there may be more.
	RearmClocks(ctx context.Context) (more bool, err error)
	// RefreshQueues counts the load of the queues.
	RefreshQueues(ctx context.Context) error
	// KeepHouse prepares the months to come and forgets what is no longer needed.
	KeepHouse(ctx context.Context) error
}

// Maintenance runs the housekeeping of one worker process. Each piece may run in several processes at once.
type Maintenance struct {
	house Housekeeping
	log   *zap.Logger
}

// NewMaintenance returns it; Run starts it.
func NewMaintenance(house Housekeeping, log *zap.Logger) *Maintenance {
	return &Maintenance{house: house, log: log.Named("maintenance")}
}

// Run works until ctx ends. The sweep for overdue tasks comes well after the cases' own timers.
func (m *Maintenance) Run(ctx context.Context) {
	daily, minutely, sweep := time.NewTicker(24*time.Hour), time.NewTicker(time.Minute), time.NewTicker(5*time.Minute)
	often := time.NewTicker(2 * time.Second)
	defer often.Stop()
	defer daily.Stop()
	defer minutely.Stop()
	defer sweep.Stop()
	m.do(ctx, "keep house", m.house.KeepHouse)
	for {
		select {
		case <-ctx.Done():
			return
		case <-daily.C:
			m.do(ctx, "keep house", m.house.KeepHouse)
		case <-often.C:
			m.do(ctx, "rearm clocks", m.rearm)
		case <-minutely.C:
			m.do(ctx, "refresh queues", m.house.RefreshQueues)
		case <-sweep.C:
			m.do(ctx, "escalate overdue tasks", m.house.EscalateOverdue)
		}
	}
}

// rearm goes through all that a change concerns.
func (m *Maintenance) rearm(ctx context.Context) error {
	for {
		more, err := m.house.RearmClocks(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (m *Maintenance) do(ctx context.Context, what string, work func(context.Context) error) {
	if err := work(ctx); err != nil && ctx.Err() == nil {
		m.log.Warn(what+" failed", zap.Error(err))
	}
}
