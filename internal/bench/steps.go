package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// benchSteps measures the bare loop and the human step in turns, at several degrees of parallelism.
func benchSteps(ctx context.Context, s *stack.Stack, degrees []string, span time.Duration) ([]series, error) {
	if err := s.Deploy(ctx, "internal/bench/loop.bpmn"); err != nil {
		return nil, err
	}
	bare, err := startBare(ctx, s.TemporalAddress)
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	if _, err := measure(ctx, "warm up", 8, 3*time.Second, bare.step); err != nil {
		return nil, err
	}
	if _, err := measure(ctx, "warm up", 8, 3*time.Second, humanStep(s)); err != nil {
		return nil, err
	}
	head()
	var all []series
	for _, degree := range degrees {
		parallel, err := strconv.Atoi(degree)
		if err != nil {
			return nil, err
		}
		loop, err := measure(ctx, "bare loop", parallel, span, bare.step)
		if err != nil {
			return nil, err
		}
		loop.print()
		human, err := measure(ctx, "claim, complete, next task there", parallel, span, humanStep(s))
		if err != nil {
			return nil, err
		}
		human.print()
		fmt.Printf("%-34s %8s %8s %9.2fx %8.2fx %8.2fx %8.2fx\n", "  human step / bare loop", "", "",
			human.PerSec/loop.PerSec, human.P50/loop.P50, human.P95/loop.P95, human.P99/loop.P99)
		all = append(all, loop, human)
	}
	return all, nil
}

// stepper prepares one case and returns what does one step of it.
type stepper func(ctx context.Context, i int) (step func() error, err error)

// measure runs as many cases as said, each one step after the other, for a while.
func measure(ctx context.Context, name string, parallel int, span time.Duration, prepare stepper) (series, error) {
	var mu sync.Mutex
	var took []time.Duration
	var failures []error
	steps := make([]func() error, parallel)
	for i := range steps {
		var err error
		if steps[i], err = prepare(ctx, i); err != nil {
			return series{}, err
		}
	}
	before, start := cpuTime(), time.Now()
	var running sync.WaitGroup
	for _, step := range steps {
		running.Go(func() {
			var mine []time.Duration
			var err error
			for err == nil && time.Since(start) < span {
				began := time.Now()
				if err = step(); err == nil {
					mine = append(mine, time.Since(began))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			if err != nil {
				failures = append(failures, err)
			}
		})
	}
	running.Wait()
	s := summarize(name, parallel, took, time.Since(start))
	s.CPU = perStep(before, cpuTime(), s.Steps)
	return s, errors.Join(failures...)
}

// humanStep claims and completes over HTTP; the answer of the completion has the next task.
func humanStep(s *stack.Stack) stepper {
	return func(ctx context.Context, i int) (func() error, error) {
		c := s.As(fmt.Sprintf("bench.%d", i+1))
		started, err := c.StartCase(ctx, casework.CaseStart{ProcessKey: "benchLoop"})
		if err != nil {
			return nil, err
		}
		if len(started.Tasks) != 1 {
			return nil, fmt.Errorf("the case has %d tasks", len(started.Tasks))
		}
		task := started.Tasks[0].TaskID
		return func() error {
			if _, err := c.Claim(ctx, task); err != nil {
				return err
			}
			done, err := c.Complete(ctx, task, casework.Completion{})
			if err != nil {
				return err
			}
			if len(done.NextTasks) != 1 {
				return fmt.Errorf("there are %d next tasks", len(done.NextTasks))
			}
			task = done.NextTasks[0].TaskID
			return nil
		}, nil
	}
}

// bare is the floor: a workflow that gets a signal, runs a local activity that does nothing, and waits again.
type bare struct {
	client client.Client
	worker worker.Worker
	mu     sync.Mutex
	done   map[string]chan struct{}
}

const bareQueue = "bench-bare"

func startBare(ctx context.Context, address string) (*bare, error) {
	c, err := client.DialContext(ctx, client.Options{HostPort: address, Logger: silent{}})
	if err != nil {
		return nil, err
	}
	b := &bare{client: c, done: map[string]chan struct{}{}}
	b.worker = worker.New(c, bareQueue, worker.Options{
		MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 8, DeadlockDetectionTimeout: 5 * time.Second,
	})
	b.worker.RegisterWorkflowWithOptions(bareLoop, workflow.RegisterOptions{Name: "bareLoop"})
	b.worker.RegisterActivityWithOptions(b.noop, activity.RegisterOptions{Name: "noop"})
	return b, b.worker.Start()
}

func (b *bare) stop() {
	b.worker.Stop()
	b.client.Close()
}

// noop does nothing but tell that the step was applied.
func (b *bare) noop(_ context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done[id] <- struct{}{}
	return nil
}

func bareLoop(ctx workflow.Context, id string) error {
	ch := workflow.GetSignalChannel(ctx, "go")
	for {
		if err := workflow.Await(ctx, func() bool { return ch.Len() > 0 }); err != nil {
			return err
		}
		var n int
		for ch.ReceiveAsync(&n) {
			local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 3 * time.Second})
			if err := workflow.ExecuteLocalActivity(local, "noop", id).Get(ctx, nil); err != nil {
				return err
			}
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, "bareLoop", id)
		}
	}
}

func (b *bare) step(ctx context.Context, i int) (func() error, error) {
	id := fmt.Sprintf("bare-%d-%d", i, time.Now().UnixNano())
	applied := make(chan struct{}, 1)
	b.mu.Lock()
	b.done[id] = applied
	b.mu.Unlock()
	if _, err := b.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: bareQueue}, "bareLoop", id); err != nil {
		return nil, err
	}
	return func() error {
		if err := b.client.SignalWorkflow(ctx, id, "", "go", 1); err != nil {
			return err
		}
		select {
		case <-applied:
			return nil
		case <-time.After(20 * time.Second):
			return fmt.Errorf("%s: a signal was not applied", id)
		}
	}, nil
}

type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
