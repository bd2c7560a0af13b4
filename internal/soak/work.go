package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/onecms/nextgen-workflow/internal/stack"
)

// report is what came of it.
type report struct {
	Minutes       float64          `json:"minutes"`
	People        int              `json:"people"`
	Queues        int              `json:"queues"`
	Cases         int64            `json:"cases"`
	Tasks         int              `json:"tasksCompleted"`
	ClaimP50      float64          `json:"claimP50ms"`
	ClaimP99      float64          `json:"claimP99ms"`
	CompleteP50   float64          `json:"completeP50ms"`
	CompleteP99   float64          `json:"completeP99ms"`
	ImportantWait float64          `json:"importantMedianWaitSeconds"`
	HumbleWait    float64          `json:"unimportantMedianWaitSeconds"`
	HumbleLongest float64          `json:"unimportantLongestWaitSeconds"`
	Looks         int              `json:"looksAtLimits"`
	Lent          int64            `json:"mostTasksLentAtOnce"`
	FullestQueues map[string]int64 `json:"mostOpenTasks"`
	DoneInQueues  map[string]int64 `json:"tasksCompletedByQueue"`
	LongestWaits  map[string]int64 `json:"longestWaitSecondsByQueue"` // of tasks that were not pushed
	Failures      []string         `json:"failures"`
}

// reliefEvery is how often the product moves what is over the capacity of a queue.
const reliefEvery = time.Minute

// drainFor is how long people go on after the last case came, until nothing is open.
const drainFor = 10 * time.Minute

// work lets everybody work, then lets them finish, and judges.
func work(ctx context.Context, s *stack.Stack, place *place, plan plan) (report, error) {
	conn, err := pgx.Connect(ctx, s.DatabaseURL())
	if err != nil {
		return report{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	seen := newLog()
	watcher := &watcher{conn: conn, fullest: map[string]int64{}}
	feeder := &feeder{client: s.As(admin), place: place, chance: rand.New(rand.NewPCG(plan.seed, 1)), backlog: plan.backlog, open: watcher.open.Load, load: watcher.load, done: seen.doneIn}

	working, stopWorking := context.WithCancel(ctx)
	defer stopWorking()
	everybody := &crew{stop: stopWorking}
	everybody.do(func() error { return watcher.watch(working) })
	fed := make(chan struct{})
	everybody.do(func() error { defer close(fed); return feeder.feed(working, plan.span) })
	for i, someone := range place.people {
		p := &person{worker: someone, client: s.As(someone.user), chance: rand.New(rand.NewPCG(plan.seed, uint64(i)+2)), log: seen}
		everybody.do(func() error { return p.work(working) })
	}
	<-fed
	everybody.failed(drain(working, watcher))
	stopWorking()
	everybody.wait()

	r := seen.report()
	r.Minutes, r.People, r.Queues = plan.span.Minutes(), plan.people, plan.queues
	r.Cases, r.Looks, r.FullestQueues = feeder.started.Load(), watcher.looks, watcher.fullest
	r.Lent = watcher.lent
	r.Failures = append(r.Failures, watcher.overfed...)
	if plan.span > 2*reliefEvery && r.Lent == 0 {
		r.Failures = append(r.Failures, "the queues over their capacity were not relieved")
	}
	for _, err := range everybody.errors {
		r.Failures = append(r.Failures, err.Error())
	}
	if len(everybody.errors) > 0 {
		return r, errors.New("it did not come to its end")
	}
	verdicts, err := judge(ctx, conn, s, feeder.started.Load(), plan.most)
	r.Failures = append(r.Failures, verdicts...)
	if err == nil && len(r.Failures) > 0 {
		err = fmt.Errorf("%d things were not as they should be", len(r.Failures))
	}
	return r, err
}

// drain waits until nothing is open, which is looked at twice: between two tasks of a case there is none.
func drain(ctx context.Context, w *watcher) error {
	until, empty := time.Now().Add(drainFor), 0
	for time.Now().Before(until) && ctx.Err() == nil {
		if pause(ctx, 2*lookEvery); w.open.Load() > 0 {
			empty = 0
			continue
		}
		if empty++; empty == 5 {
			return nil
		}
	}
	return fmt.Errorf("%d tasks were left after %s", w.open.Load(), drainFor)
}

// crew are those who work at the same time. The first who cannot go on stops all.
type crew struct {
	running sync.WaitGroup
	stop    func()
	mu      sync.Mutex
	errors  []error
}

func (c *crew) do(what func() error) {
	c.running.Go(func() { c.failed(what()) })
}

func (c *crew) failed(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	c.mu.Lock()
	c.errors = append(c.errors, err)
	c.mu.Unlock()
	c.stop()
}

func (c *crew) wait() { c.running.Wait() }

func (l *log) report() report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := report{
		Tasks: len(l.done), ClaimP50: quantile(l.claims, .5), ClaimP99: quantile(l.claims, .99),
		CompleteP50: quantile(l.finishes, .5), CompleteP99: quantile(l.finishes, .99),
		ImportantWait: quantile(l.important, .5) / 1000, HumbleWait: quantile(l.humble, .5) / 1000, HumbleLongest: quantile(l.humble, 1) / 1000,
		DoneInQueues: l.doneOf, LongestWaits: map[string]int64{}, Failures: l.doubles,
	}
	for queue, waited := range l.longest {
		r.LongestWaits[queue] = int64(waited.Seconds())
	}
	return r
}

func (r report) print() {
	fmt.Printf("%.1f minutes, %d people, %d queues: %d cases, %d tasks completed (%.1f a second)\n",
		r.Minutes, r.People, r.Queues, r.Cases, r.Tasks, float64(r.Tasks)/(r.Minutes*60))
	fmt.Printf("claim next   p50 %6.1f ms   p99 %6.1f ms\ncomplete     p50 %6.1f ms   p99 %6.1f ms\n", r.ClaimP50, r.ClaimP99, r.CompleteP50, r.CompleteP99)
	fmt.Printf("wait for a claim: important tasks %.1f s in the middle, unimportant ones %.1f s, the longest %.1f s\n", r.ImportantWait, r.HumbleWait, r.HumbleLongest)
	fmt.Printf("limits looked at %d times; %d tasks lent to the overflow queue at once, at most\n", r.Looks, r.Lent)
	fmt.Println("queue     most open   completed   longest wait s")
	for _, name := range slices.Sorted(maps.Keys(r.FullestQueues)) {
		fmt.Printf("%-9s %9d %11d %16d\n", name, r.FullestQueues[name], r.DoneInQueues[name], r.LongestWaits[name])
	}
	for _, f := range r.Failures {
		fmt.Println("FAILED:", f)
	}
}
