package worker_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
)

// desks counts what a pusher asks for.
type desks struct {
	unranked int // batches that are left
	done     []string
}

func (d *desks) RankTasks(context.Context) (bool, error) {
	d.done = append(d.done, "rank")
	d.unranked--
	return d.unranked > 0, nil
}

func (d *desks) PushTasks(context.Context) error {
	d.done = append(d.done, "push")
	return errors.New("away")
}

func TestAPusherRanksBeforeItPushesAndGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desks{unranked: 3}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second+time.Millisecond)
		defer cancel()
		worker.NewPusher(d, zap.NewNop()).Run(ctx)
		require.Equal(t, []string{"rank", "rank", "rank", "push", "rank", "push"}, d.done)
	})
}

// loads answers how full a queue is, minute by minute.
type loads struct {
	house
	load []int
}

func (l *loads) RelieveQueues(context.Context) ([]casework.QueueLoad, error) {
	load := l.load[0]
	l.load = append(l.load[1:], load)
	return []casework.QueueLoad{{QueueName: "intake", Load: load, Capacity: 10}}, nil
}

func TestTheLogTellsOnceOfAQueueThatIsNearlyFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core, told := observer.New(zap.InfoLevel)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute+time.Second)
		defer cancel()
		worker.NewMaintenance(&loads{load: []int{8, 9, 12, 9, 8, 9}}, zap.New(core)).Run(ctx)
		var messages []string
		for _, entry := range told.All() {
			if entry.ContextMap()["queue"] == "intake" {
				messages = append(messages, entry.Message)
			}
		}
		require.Equal(t, []string{"queue is nearly full", "queue has room again", "queue is nearly full"}, messages)
	})
}
