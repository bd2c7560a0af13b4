package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Housekeeping is what the database wants done now and then, whoever does it and how often.
type Housekeeping interface {
	// EscalateOverdue raises what is overdue and whose workflow is gone.
	EscalateOverdue(ctx context.Context) error
	// RearmClocks takes a changed calendar or escalation to the next open tasks, and reports whether there may be more.
	RearmClocks(ctx context.Context) (more bool, err error)
	// RelieveQueues counts the load of the queues, moves what is over their capacity, and answers how full they are.
	RelieveQueues(ctx context.Context) ([]casework.QueueLoad, error)
	// KeepHouse prepares the months to come and forgets what is no longer needed.
	KeepHouse(ctx context.Context) error
}

// Maintenance runs the housekeeping of one worker process. Each piece may run in several processes at once.
type Maintenance struct {
	house Housekeeping
	log   *zap.Logger
	full  map[string]bool // queues that the log has called nearly full
}

// NewMaintenance returns it; Run starts it.
func NewMaintenance(house Housekeeping, log *zap.Logger) *Maintenance {
	return &Maintenance{house: house, log: log.Named("maintenance"), full: map[string]bool{}}
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
			m.do(ctx, "relieve queues", m.relieve)
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

// relieve warns once of each queue that is nearly full, and says when it no longer is.
func (m *Maintenance) relieve(ctx context.Context) error {
	loads, err := m.house.RelieveQueues(ctx)
	if err != nil {
		return err
	}
	for _, l := range loads {
		fields := []zap.Field{zap.String("queue", l.QueueName), zap.Int("load", l.Load), zap.Int("capacity", l.Capacity)}
		switch {
		case l.NearlyFull() && !m.full[l.QueueName]:
			m.log.Warn("queue is nearly full", fields...)
		case !l.NearlyFull() && m.full[l.QueueName]:
			m.log.Info("queue has room again", fields...)
		}
		m.full[l.QueueName] = l.NearlyFull()
	}
	return nil
}

func (m *Maintenance) do(ctx context.Context, what string, work func(context.Context) error) {
	if err := work(ctx); err != nil && ctx.Err() == nil {
		m.log.Warn(what+" failed", zap.Error(err))
	}
}
