package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
)

// bare is the floor: a workflow that gets a signal, runs a local activity that does nothing, and waits again.
type bare struct {
	client client.Client
	worker worker.Worker
	waits  *waits
	mu     sync.Mutex
	ran    map[string]chan struct{} // by workflow id: told by the activity
}

const (
	bareQueue = "bench-bare"
	patience  = 20 * time.Second // with one step; longer means that something is wrong
)

func startBare(ctx context.Context, address string) (*bare, error) {
	b := &bare{waits: newWaits(), ran: map[string]chan struct{}{}}
	c, err := client.DialContext(ctx, client.Options{
		HostPort: address, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			GrpcCompression: &client.GrpcCompressionNone{}, // as the product
			DialOptions:     []grpc.DialOption{grpc.WithChainUnaryInterceptor(b.waits.intercept)},
		},
	})
	if err != nil {
		return nil, err
	}
	b.client = c
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
	b.waits.applied(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.ran[id] <- struct{}{}:
	default: // nobody asks for it
	}
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

// whole is a step from the signal until the workflow waits again: until Temporal has taken what the workflow task did.
func (b *bare) whole(ctx context.Context, i int) (func() error, error) {
	id := fmt.Sprintf("bare-%d-%d", i, time.Now().UnixNano())
	return b.loop(ctx, id, b.waits.of(id))
}

// hurried is a step that ends inside the activity. The next signal then comes while the workflow task is still being
// completed, and Temporal hands the next one back in its answer: the workflow never gets to wait.
func (b *bare) hurried(ctx context.Context, i int) (func() error, error) {
	id := fmt.Sprintf("hurried-%d-%d", i, time.Now().UnixNano())
	ran := make(chan struct{}, 1)
	b.mu.Lock()
	b.ran[id] = ran
	b.mu.Unlock()
	return b.loop(ctx, id, ran)
}

// loop starts a workflow and returns what signals it and waits for the end of the step.
func (b *bare) loop(ctx context.Context, id string, end <-chan struct{}) (func() error, error) {
	if _, err := b.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: bareQueue}, "bareLoop", id); err != nil {
		return nil, err
	}
	return func() error {
		if err := b.client.SignalWorkflow(ctx, id, "", "go", 1); err != nil {
			return err
		}
		select {
		case <-end:
			return nil
		case <-time.After(patience):
			return fmt.Errorf("%s: a signal was not applied", id)
		}
	}, nil
}

type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
