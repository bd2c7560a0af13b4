package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// QueueStore is what keeps tasks at their places and brings them to people.
type QueueStore interface {
	// RankTasks brings the next tasks of queues whose weights have changed to their new places, and reports whether there may
	// be more.
	RankTasks(ctx context.Context) (more bool, err error)
	// PushTasks gives tasks of queues that push to people who have room.
	PushTasks(ctx context.Context) error
}

// Pusher looks every second for tasks that are to be pushed: new ones, returned ones, and those that wait until somebody has
// room. Several processes may do so at once.
type Pusher struct {
	store QueueStore
	log   *zap.Logger
}

// NewPusher returns it; Run starts it.
func NewPusher(store QueueStore, log *zap.Logger) *Pusher {
	return &Pusher{store: store, log: log.Named("pusher")}
}

// Run works until ctx ends.
func (p *Pusher) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := p.once(ctx); err != nil && ctx.Err() == nil {
				p.log.Warn("push tasks failed", zap.Error(err))
			}
		}
	}
}

func (p *Pusher) once(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = p.store.RankTasks(ctx); err != nil {
			return err
		}
	}
	return p.store.PushTasks(ctx)
}
