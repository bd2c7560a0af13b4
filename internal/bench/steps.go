package main

import (
	"context"
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

// rounds is how many turns the bare loop and the human step take at each degree of parallelism: what else the machine does
// meets both alike.
const rounds = 4

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
	for _, warm := range []stepper{bare.step, humanStep(s)} {
		if _, err := measure(ctx, "warm up", 8, 3*time.Second, warm); err != nil {
			return nil, err
		}
	}
	head()
	var all []series
	for _, degree := range degrees {
		parallel, err := strconv.Atoi(degree)
		if err != nil {
			return nil, err
		}
		loop, human, err := compare(ctx, parallel, span, bare.step, humanStep(s))
		if err != nil {
			return nil, err
		}
		loop.print()
		human.print()
		fmt.Printf("%-34s %8s %8s %9.2fx %8.2fx %8.2fx %8.2fx\n", "  human step / bare loop", "", "",
			human.PerSec/loop.PerSec, human.P50/loop.P50, human.P95/loop.P95, human.P99/loop.P99)
		all = append(all, loop, human)
	}
	return all, nil
}

func compare(ctx context.Context, parallel int, span time.Duration, bare, human stepper) (loop, person series, err error) {
	b, err := prepare(ctx, "bare loop", parallel, bare)
	if err != nil {
		return series{}, series{}, err
	}
	h, err := prepare(ctx, "claim, complete, next task there", parallel, human)
	if err != nil {
		return series{}, series{}, err
	}
	for range rounds {
		for _, m := range []*measurement{b, h} {
			if err := m.run(span / rounds); err != nil {
				return series{}, series{}, err
			}
		}
	}
	return b.series(), h.series(), nil
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
	c, err := client.DialContext(ctx, client.Options{
		HostPort: address, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}}, // as the product
	})
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
