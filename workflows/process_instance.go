package workflows

import (
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Programs gives compiled definitions by the hash of their source. A program never changes, so reading one inside a
// workflow task is a pure function of the hash.
type Programs interface {
	// Program returns the program of a process key in the file with that hash.
	Program(sha256, processKey string) (*bpmn.Program, error)
}

// ProcessInstance is the workflow of a case. It is registered as the dynamic workflow, so that the workflow type is the
// process key.
type ProcessInstance struct {
	Programs Programs
	Values   Values // nil keeps large values in the state
	Step     Step   // nil is engine.StepWith
}

// Step is what a run does with an event; see engine.StepWith.
type Step func(p *bpmn.Program, from values.Source, s engine.State, ev engine.Event) (engine.State, []engine.Effect, error)

// Run executes one run of a process instance. It fails only if the input cannot be read.
func (p *ProcessInstance) Run(ctx workflow.Context, args converter.EncodedValues) error {
	var in Input
	if err := args.Get(&in); err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	program, err := p.Programs.Program(in.Start.SHA256, in.Start.ProcessKey)
	if err != nil {
		panic(fmt.Sprintf("definition %s of %s: %v", in.Start.SHA256, in.Start.ProcessKey, err)) // the task is retried
	}
	r := &run{start: in.Start, program: program, engine: p.Step, values: p.Values}
	if r.engine == nil {
		r.engine = engine.StepWith
	}
	if in.State != nil {
		r.state = *in.State
	}
	if err := r.setup(ctx); err != nil {
		return err
	}
	return r.loop(ctx)
}

// run is one workflow run. Only the root coroutine touches it.
type run struct {
	start   casework.Start
	program *bpmn.Program
	engine  Step
	values  Values // may be nil
	state   RunState

	signals  []signalChannel
	received int
	wakeup   wakeup
	shown    shown
	stopped  bool                // a cancel request was seen; it is a command without id in the inbox
	instead  *casework.StepCause // on record for the next step, and so to be done next
	held     bool                // a completion or message was accepted first: nothing happens before it has come
	work     []work              // service activities in flight, in the order of their starts
	starts   map[string]int      // how often the work of a node instance was asked for in this run
	asked    int                 // bytes of what was asked for in this workflow task, or since a pause
	retryAt  int                 // history length at which a state that was too large for a new run is looked at again
}

func (r *run) setup(ctx workflow.Context) error {
	r.openChannels(ctx)
	if err := workflow.SetQueryHandlerWithOptions(ctx, positionQuery, r.position,
		workflow.QueryHandlerOptions{Description: "last step and the tasks that tokens wait for"}); err != nil {
		return err
	}
	return workflow.SetQueryHandlerWithOptions(ctx, "state", func() (RunState, error) { return r.state, nil },
		workflow.QueryHandlerOptions{Description: "position of the case: tokens, timers, open tasks, variables"})
}

// loop applies what has come, until nothing is left, then waits for more.
func (r *run) loop(ctx workflow.Context) error {
	work, _ := workflow.NewDisconnectedContext(ctx) // effects outlive a cancel request
	if !r.state.Engine.Started {
		if err := r.begin(work); err != nil {
			return err
		}
	}
	for {
		if err := r.settle(ctx, work); err != nil {
			return err
		}
		if r.over() {
			r.show(work)
			return nil
		}
		if r.wantsNewRun(work) {
			r.show(work)                                        // the next run does not know what the attributes say
			r.state.Inbox = append(r.state.Inbox, r.drain()...) // the last act: nothing yields between this and the return
			return workflow.NewContinueAsNewError(ctx, r.start.ProcessKey, Input{Start: r.start, State: &r.state})
		}
		if err := r.startWaiting(work); err != nil {
			return err
		}
		r.wakeup.arm(work, r.nextDue(), r.dueName)
		r.show(work)
		err := workflow.Await(work, func() bool {
			return r.hasSignals() || (r.wakeup.ready() && !r.held) || (r.free() && r.answered() >= 0) || (ctx.Err() != nil && !r.stopped)
		})
		if err != nil {
			return fmt.Errorf("wait: %w", err)
		}
	}
}

// over reports whether nothing is left to do: the instance has ended, and so has what outlives it.
func (r *run) over() bool { return r.state.Engine.Ended && len(r.state.Engine.Deleted) == 0 }

// settle applies commands in the order of their acceptance, then what has become due.
func (r *run) settle(ctx, work workflow.Context) error {
	for {
		r.receive()
		if r.state.Engine.Ended {
			r.state.Inbox = nil // the database has rejected what came too late
		}
		continued, err := r.goOn(work)
		if err != nil {
			return err
		}
		progress, err := r.applyInbox(work)
		if err != nil {
			return err
		}
		if r.over() {
			return nil
		}
		if r.instead != nil {
			if done, err := r.redoDue(work); err != nil || !done {
				return err
			}
			continue
		}
		if ctx.Err() != nil && !r.stopped {
			r.stopped = true
			r.state.Inbox = append(r.state.Inbox, casework.Command{Kind: casework.CommandTerminate, Reason: "cancelled in Temporal"})
			continue
		}
		answered, err := r.applyAnswers(work)
		if err != nil {
			return err
		}
		if r.instead != nil || r.over() || len(r.state.Engine.Pending) > 0 && !r.held && !r.suspended() {
			continue
		}
		due, err := r.applyDue(work)
		if err != nil {
			return err
		}
		if !continued && !progress && !answered && !due {
			return nil
		}
	}
}

func (r *run) begin(ctx workflow.Context) error {
	vars, err := variablesOf(r.start.Variables)
	if err != nil {
		return fmt.Errorf("variables of the start: %w", err)
	}
	began := engine.Event{
		Kind: engine.Start, StartEvent: r.start.StartEventID, Name: r.start.Trigger, Variables: vars,
		Rev: r.start.EngineRev, InstanceID: r.start.InstanceID, BusinessKey: r.start.BusinessKey,
		Initiator: engine.User{ID: r.start.Initiator, Roles: r.start.InitiatorRoles},
	}
	for {
		// The first step may be on record from a moment before, when the workflow task was lost.
		outcome, err := r.step(ctx, began, casework.Command{ActorID: r.start.Initiator})
		if err != nil || outcome != displaced || r.instead.Cause != string(engine.Start) { // another cause is done by settle
			return err
		}
	}
}

func variablesOf(object json.RawMessage) (map[string]json.RawMessage, error) {
	if len(object) == 0 {
		return nil, nil
	}
	var vars map[string]json.RawMessage
	if err := json.Unmarshal(object, &vars); err != nil {
		return nil, err
	}
	return vars, nil
}

func now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
