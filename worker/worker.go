// Package worker runs the Temporal side of the product: it registers workflows and activities, and relays what the
// database has accepted but Temporal has not yet applied.
package worker

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/activities"
	"github.com/onecms/nextgen-workflow/workflows"
)

// Config tunes a worker. The zero value is ready to use.
type Config struct {
	WorkflowTasks int           // workflow tasks at once; default 50 per core: one that finds no room goes through Temporal's queues on disk
	Activities    int           // activities at once, local ones counted apart; default 16 per core
	Pollers       int           // pollers per kind of task: of cases that are in memory, of others, and activities; default 16
	StopTimeout   time.Duration // how long running tasks may take when stopping; default 10s
}

func (c Config) withDefaults() Config {
	cores := runtime.GOMAXPROCS(0)
	if c.WorkflowTasks == 0 {
		c.WorkflowTasks = 50 * cores
	}
	if c.Activities == 0 {
		c.Activities = 16 * cores
	}
	if c.Pollers == 0 {
		c.Pollers = 16
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = 10 * time.Second
	}
	return c
}

// Deps are what the workflows and activities of a worker use.
type Deps struct {
	Client   client.Client
	Programs workflows.Programs
	Steps    activities.StepStore
	Sender   activities.Sender // of what a step sends to other cases; nil leaves it to the relay
	Timers   activities.TimerStore
	Values   ValueStore                // of large values; nil keeps them in the workflows
	Rows     activities.ReconcileStore // of the reconciler; nil runs none
	Runs     activities.Runs
	Services Services // optional
	Log      *zap.Logger
}

// ValueStore keeps the contents of large values.
type ValueStore interface {
	activities.ValueStore
	workflows.ContentStore
}

// Worker polls the case task queue. Start and Stop it once.
type Worker struct {
	sdk sdk.Worker
}

// New builds a worker with everything registered. It does not poll before Start.
func New(d Deps, cfg Config) (*Worker, error) {
	if d.Client == nil || d.Programs == nil || d.Steps == nil || d.Log == nil {
		return nil, errors.New("worker: a dependency is missing")
	}
	cfg = cfg.withDefaults()
	w := sdk.New(d.Client, workflows.TaskQueue, sdk.Options{
		MaxConcurrentWorkflowTaskExecutionSize:  cfg.WorkflowTasks,
		MaxConcurrentActivityExecutionSize:      cfg.Activities,
		MaxConcurrentLocalActivityExecutionSize: cfg.Activities,
		WorkflowTaskPollerBehavior:              pollers(cfg.Pollers),
		MaxConcurrentActivityTaskPollers:        cfg.Pollers,
		WorkerStopTimeout:                       cfg.StopTimeout,
		DeadlockDetectionTimeout:                5 * time.Second, // wall clock: a busy small machine trips the default
		WorkflowPanicPolicy:                     sdk.BlockWorkflow,
	})
	Register(w, d)
	return &Worker{sdk: w}, nil
}

// pollers are so many for the tasks of cases that the worker knows, and as many for all others. Where both share theirs, all of
// them poll for the former as long as some of those are left, and then wait for a minute: after a burst that takes longer than
// Temporal waits for this worker (five seconds), cases that were handed back to any worker would wait as long.
func pollers(n int) sdk.PollerBehavior {
	return sdk.NewPollerBehaviorAutoscaling(sdk.PollerBehaviorAutoscalingOptions{InitialNumberOfPollers: n, MinimumNumberOfPollers: n, MaximumNumberOfPollers: n})
}

// Registry is where workflows and activities are registered: a worker or a test environment.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
	RegisterDynamicWorkflow(w any, options workflow.DynamicRegisterOptions)
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// Register puts every workflow and activity of the product into a registry. It is the only list of them.
func Register(r Registry, d Deps) {
	instance := &workflows.ProcessInstance{Programs: d.Programs}
	if d.Values != nil {
		instance.Values = workflows.NewValueCache(d.Values, 0)
	}
	r.RegisterDynamicWorkflow(instance.Run, workflow.DynamicRegisterOptions{})
	r.RegisterWorkflowWithOptions(workflows.StartByTimer, workflow.RegisterOptions{Name: workflows.StartByTimerWorkflow})
	acts := &activities.Activities{Store: d.Steps, Sender: d.Sender, Timers: d.Timers}
	r.RegisterActivityWithOptions(acts.CommitStep, activity.RegisterOptions{Name: workflows.CommitStepName})
	r.RegisterActivityWithOptions(acts.StartCaseByTimer, activity.RegisterOptions{Name: workflows.StartByTimerActivity})
	if d.Rows != nil {
		reconciler := &activities.Reconciler{Store: d.Rows, Runs: d.Runs}
		r.RegisterWorkflowWithOptions(workflows.Reconcile, workflow.RegisterOptions{Name: workflows.ReconcileWorkflow})
		r.RegisterActivityWithOptions(reconciler.Reconcile, activity.RegisterOptions{Name: workflows.ReconcileActivity})
		r.RegisterActivityWithOptions(reconciler.ReconcileUnknown, activity.RegisterOptions{Name: workflows.ReconcileUnknownActivity})
	}
	d.Services.Register(r, d.Values)
}

// Start begins to poll and returns.
func (w *Worker) Start() error {
	if err := w.sdk.Start(); err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	return nil
}

// Stop ends polling and waits for running tasks up to the stop timeout.
func (w *Worker) Stop() { w.sdk.Stop() }
