package workflows

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// applyInbox applies the received commands. One that has to wait for a completion on its way stays in the inbox.
func (r *run) applyInbox(ctx workflow.Context) (progress bool, err error) {
	var waiting []casework.Command
	for len(r.state.Inbox) > 0 && !r.state.Engine.Ended && r.mayApply() && r.bringForward() {
		c := r.state.Inbox[0]
		r.state.Inbox = slices.Delete(r.state.Inbox, 0, 1)
		if r.standsStill() && movesCase(c.Kind) {
			waiting = append(waiting, c)
			continue
		}
		outcome, err := r.step(ctx, r.eventOf(c), c)
		if err != nil {
			return progress, err
		}
		switch outcome {
		case overtaken:
			waiting = append(waiting, c)
			continue
		case displaced:
			r.state.Inbox = slices.Insert(r.state.Inbox, 0, c)
			continue
		case done, refused:
		}
		if c.CommandID != "" {
			r.state.remember(c.CommandID)
		}
		progress, r.held = true, false
	}
	r.state.Inbox = append(waiting, r.state.Inbox...)
	return progress, nil
}

// bringForward puts the command that the next step is on record with in front. It reports false if that step was not
// caused by a command.
func (r *run) bringForward() bool {
	if r.instead == nil {
		return true
	}
	i := slices.IndexFunc(r.state.Inbox, func(c casework.Command) bool {
		return causeOf(r.eventOf(c), c) == r.instead.Cause
	})
	if i < 0 {
		return false
	}
	c := r.state.Inbox[i]
	r.state.Inbox = slices.Insert(slices.Delete(r.state.Inbox, i, i+1), 0, c)
	return true
}

// redoDue does again what was due when the next step was put on record. It reports false if that step was caused by a
// command, which has yet to come again, as after a reset.
func (r *run) redoDue(ctx workflow.Context) (bool, error) {
	switch r.instead.Cause {
	case string(engine.TimersDue):
		_, err := r.step(ctx, engine.Event{Kind: engine.TimersDue}, casework.Command{})
		return true, err
	case string(engine.Continue):
		_, err := r.step(ctx, engine.Event{Kind: engine.Continue}, casework.Command{})
		return true, err
	case escalation:
		return true, r.escalate(ctx)
	}
	if len(r.instead.Answer) == 0 {
		return false, nil
	}
	var ev engine.Event
	if err := json.Unmarshal(r.instead.Answer, &ev); err != nil {
		return false, fmt.Errorf("answer on record: %w", err)
	}
	r.dropActivity(ev.Token) // its answer is on record already: it is not waited for again
	_, err := r.step(ctx, ev, casework.Command{})
	return true, err
}

// causeOf names what causes a step, in the same way when it is done again.
func causeOf(ev engine.Event, c casework.Command) string {
	if isAnswer(ev, c) {
		cause, _ := answerCause(ev)
		return cause
	}
	return cmp.Or(c.CommandID, string(ev.Kind))
}

// escalation is the cause of steps that raise overdue tasks.
const escalation = "escalation"

// at is the moment of the next step: the one on record, or now.
func (r *run) at(ctx workflow.Context) time.Time {
	if r.instead != nil {
		return r.instead.At
	}
	return now(ctx)
}

// eventOf translates a command; an unknown task gives an event that the engine calls stale.
func (r *run) eventOf(c casework.Command) engine.Event {
	ev := engine.Event{Reason: c.Reason}
	if i := r.state.task(c.TaskID); i >= 0 {
		ev.Token = r.state.Tasks[i].Token
		if c.Seq < r.state.Tasks[i].Seq && c.Kind != casework.CommandComplete {
			ev.Token = "" // it came late: a later claim or release has said already who holds the task
		}
	}
	vars, err := variablesOf(c.Variables)
	if err != nil {
		vars = nil // the API accepts objects only
	}
	ev.Variables, ev.Name = vars, c.Name
	switch c.Kind {
	case casework.CommandClaim:
		ev.Kind, ev.Assignee = engine.TaskAssigned, c.ActorID
	case casework.CommandUnclaim:
		ev.Kind = engine.TaskAssigned
	case casework.CommandComplete:
		ev.Kind, ev.Assignee = engine.TaskCompleted, c.ActorID
		r.addOutcome(&ev, c)
	case casework.CommandRetryIncident:
		ev.Kind, ev.Token = engine.RetryIncident, c.IncidentID
	case casework.CommandResolveIncident:
		ev.Kind, ev.Token = engine.ResolveIncident, c.IncidentID
	case casework.CommandTerminate:
		ev.Kind = engine.Terminate
	case casework.CommandMessage:
		ev.Kind, ev.Token = engine.MessageReceived, c.SubscriptionID
	case casework.CommandSignal:
		ev.Kind = engine.SignalReceived
	case casework.CommandSetVariables:
		ev.Kind = engine.VariablesSet
	case casework.CommandActivate:
		ev.Kind, ev.Token, ev.Elements = engine.Activate, c.ElementInstanceID, c.Elements
	case casework.CommandFinish:
		ev.Kind, ev.Token = engine.Complete, c.ElementInstanceID
	case casework.CommandEscalation:
		ev.Kind, ev.Token, ev.Code = engine.Escalated, r.tokenOf(c.TaskID), c.Code
	case casework.CommandChildEnded, casework.CommandChildEscalated:
		return r.childEvent(c, ev)
	case casework.CommandDelegate, casework.CommandResolve, casework.CommandReassign, casework.CommandEscalate, casework.CommandUpdateTask:
		return r.placedEvent(c, ev)
	case casework.CommandSuspend, casework.CommandResume:
		ev.Kind, ev.Name = noted, string(c.Kind)
	}
	return ev
}

// tokenOf is the token of a task; for one that is not open any more, what is no token.
func (r *run) tokenOf(taskID string) string {
	if i := r.state.task(taskID); i >= 0 {
		return r.state.Tasks[i].Token
	}
	return taskID
}

// mayApply reports whether commands may be applied: a burst that was cut off is finished first, unless it waits for one
// of them.
func (r *run) mayApply() bool {
	return len(r.state.Engine.Pending) == 0 || r.instead != nil || r.held || r.suspended()
}

// free reports whether the run may go on by itself: no command on record or on its way has to come first.
func (r *run) free() bool {
	return !r.held && r.instead == nil && !r.over() && !r.suspended()
}

// goOn continues a burst that was cut off until it is finished.
func (r *run) goOn(ctx workflow.Context) (progress bool, err error) {
	for len(r.state.Engine.Pending) > 0 && r.free() {
		outcome, err := r.step(ctx, engine.Event{Kind: engine.Continue}, casework.Command{})
		if err != nil {
			return progress, err
		}
		if outcome == overtaken {
			r.held = true
			return progress, nil
		}
		progress = true
	}
	return progress, nil
}

// addOutcome makes the outcome readable for conditions as "<element id>_outcome".
func (r *run) addOutcome(ev *engine.Event, c casework.Command) {
	i := r.state.task(c.TaskID)
	if c.Outcome == "" || i < 0 {
		return
	}
	value, err := json.Marshal(c.Outcome)
	if err != nil {
		return
	}
	if ev.Variables == nil {
		ev.Variables = map[string]json.RawMessage{}
	}
	if name := r.state.Tasks[i].Element + "_outcome"; ev.Variables[name] == nil {
		ev.Variables[name] = value
	}
}

// applyDue fires timers and raises tasks whose time has come.
func (r *run) applyDue(ctx workflow.Context) (bool, error) {
	at := now(ctx)
	next := r.nextDue()
	if r.held || next.IsZero() || next.After(at) {
		return false, nil
	}
	if due := r.state.Engine.NextDue(); !due.IsZero() && !due.After(at) {
		outcome, err := r.step(ctx, engine.Event{Kind: engine.TimersDue}, casework.Command{})
		// Timers of the tasks that were completed first are dropped; where others are due all the same, the completion or
		// message is waited for.
		due := r.state.Engine.NextDue()
		r.held = outcome == overtaken && !due.IsZero() && !due.After(at)
		return true, err
	}
	return true, r.escalate(ctx)
}

// outcome says what became of a step.
type outcome int

const (
	done      outcome = iota
	refused           // PostgreSQL does not know the command as accepted: nothing changed
	displaced         // the step is on record with another cause, which is done first: nothing changed
	overtaken         // a person completed a task first that the step would cancel, or a message came first: nothing changed
)

// step runs the engine on one event and commits what it did. The new state is taken only with the commit.
func (r *run) step(ctx workflow.Context, ev engine.Event, cause casework.Command) (outcome, error) {
	ev.At = r.at(ctx)
	next, effects, err := r.advance(ev)
	if err != nil && !errors.Is(err, engine.ErrStale) {
		panic(err) // the engine promises no other error
	}
	if err != nil && cause.CommandID == "" {
		return done, nil
	}
	commit := r.commitOf(ev, cause, next, effects)
	commit.Stale = err != nil
	result, err := r.commit(ctx, commit, describe(ev, r.program, effects))
	if err != nil {
		return done, err
	}
	if r.instead = result.Instead; r.instead != nil {
		return displaced, nil
	}
	switch {
	case len(result.Lost) > 0:
		r.dropTimers(result.Lost)
		return overtaken, nil
	case len(result.Taken) > 0:
		return overtaken, nil
	case result.Refused:
		return refused, nil
	}
	r.state.Engine, r.state.Step = next, commit.Step
	if r.values != nil {
		r.values.Keep(commit.Values)
	}
	r.updateTasks(ev, effects, result)
	r.learn(cause)
	r.updateClocks(result)
	if cause.Kind == casework.CommandChildEnded {
		r.dropChild(ev.Token)
	}
	r.updateChildren(effects, commit.Step)
	r.updateActivities(ctx, effects)
	return done, nil
}

func (r *run) dropTimers(lost []string) {
	var hosts []string
	for _, t := range r.state.Tasks {
		if slices.Contains(lost, t.TaskID) {
			hosts = append(hosts, t.Token)
		}
	}
	r.state.Engine = engine.DropTimers(r.program, r.state.Engine, hosts)
}

func (r *run) updateTasks(ev engine.Event, effects []engine.Effect, result casework.StepResult) {
	if ev.Kind == engine.TaskAssigned || ev.Kind == engine.TaskCompleted {
		for i := range r.state.Tasks {
			if r.state.Tasks[i].Token == ev.Token {
				r.state.Tasks[i].Assignee = ev.Assignee
			}
		}
	}
	r.state.Tasks = slices.DeleteFunc(r.state.Tasks, func(t OpenTask) bool {
		return !slices.ContainsFunc(r.state.Engine.Tokens, func(k engine.Token) bool {
			return k.ID == t.Token && k.State == engine.Waiting
		})
	})
	for _, e := range effects {
		if e.Kind != engine.TaskCreated {
			continue
		}
		t := OpenTask{TaskID: TaskID(r.start.InstanceID, e.Instance), Token: e.Instance, Element: e.Element, Name: e.Task.Name}
		if i := slices.IndexFunc(result.Tasks, func(p casework.TaskPlaced) bool { return p.TaskID == t.TaskID }); i >= 0 {
			t.place(result.Tasks[i])
		}
		r.state.Tasks = append(r.state.Tasks, t)
	}
}

func (t *OpenTask) place(p casework.TaskPlaced) {
	t.Assignee = p.Assignee
	t.setClocks(p)
}

// setClocks takes over all but who holds the task: of that the model hears by a command.
func (t *OpenTask) setClocks(p casework.TaskPlaced) {
	t.Queue, t.Due, t.Level, t.EscalateAt = p.QueueName, p.DueDate, p.Level, p.EscalateAt
	t.ClaimDue, t.PausedAt = p.ClaimDue, p.PausedAt
}
