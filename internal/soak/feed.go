package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// humble is the priority of unimportant tasks.
const humble = 0

// feeder keeps up a backlog: where there are fewer open tasks than wanted, it starts cases. Some of them are unimportant, the
// others come in ever so many and are always more important.
type feeder struct {
	client  *stack.Client
	place   *place
	chance  *rand.Rand
	backlog int
	open    func() int64             // open tasks, as last counted
	load    func(queue string) int64 // open tasks of a queue, as last counted
	done    func(queue string) int64 // tasks of it that people have completed so far
	started atomic.Int64
}

const (
	feedEvery = 200 * time.Millisecond
	feedMost  = 12 // cases at once
)

// feed starts cases for a while. Those under way are finished. In the first tenth of it the backlog grows: what a queue gets
// depends on what its people have done.
func (f *feeder) feed(ctx context.Context, span time.Duration) error {
	began := time.Now()
	until := began.Add(span)
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	for ctx.Err() == nil && time.Now().Before(until) {
		grown := min(1, 10*float64(time.Since(began))/float64(span))
		wanted := min(int64(grown*float64(f.backlog))-f.open(), feedMost)
		if err := f.startAll(ctx, int(max(wanted, 0))); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return nil
}

// startAll starts cases, some at once.
func (f *feeder) startAll(ctx context.Context, n int) error {
	failed := make(chan error, n)
	var starting sync.WaitGroup
	for range n {
		c := f.draw()
		starting.Go(func() { failed <- f.start(ctx, c) })
	}
	starting.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// quickest draws three queues and takes the one where a new task waits least. People come to some queues ten times as often as to
// others, which no order within a queue makes up for: what is watched is that order, so all queues get what their people can do.
// The first queue made is for overflow: nothing is sent there.
func (f *feeder) quickest() queue {
	best := f.drawQueue()
	for range 2 {
		if q := f.drawQueue(); f.wait(q) < f.wait(best) {
			best = q
		}
	}
	return best
}

func (f *feeder) drawQueue() queue { return f.place.queues[f.chance.IntN(len(f.place.queues)-1)+1] }

// wait is how long a new task of a queue waits, as a share of the time gone by so far: the open ones by those done.
func (f *feeder) wait(q queue) float64 { return float64(f.load(q.name)) / float64(f.done(q.name)+1) }

// draw makes up a case.
func (f *feeder) draw() casework.CaseStart {
	q := f.quickest()
	importance := 50 + f.chance.IntN(50)
	if f.chance.IntN(20) == 0 {
		importance = humble
	}
	asked := []string{}
	if len(q.skills) > 0 {
		asked = []string{q.skills[f.chance.IntN(len(q.skills))]}
	}
	return casework.CaseStart{ProcessKey: "soak", Variables: map[string]any{
		"queue": q.name, "role": q.role, "importance": importance, "skills": asked, "checked": f.chance.IntN(3) == 0,
	}}
}

func (f *feeder) start(ctx context.Context, c casework.CaseStart) error {
	if _, err := f.client.StartCase(ctx, c, "Prefer", "wait=0"); err != nil {
		return fmt.Errorf("start a case: %w", err)
	}
	f.started.Add(1)
	return nil
}
