package workflows

import (
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// noted is an event that concerns the shell only: the engine does not hear of it, and the step has no effect but to be on
// record.
const noted engine.EventKind = "noted"

// advance is the engine's step for an event.
func (r *run) advance(ev engine.Event) (engine.State, []engine.Effect, error) {
	if ev.Kind == noted {
		return r.state.Engine, nil, nil
	}
	return r.engine(r.program, r.source(), r.state.Engine, ev)
}

// placedEvent translates an act on a task by what has become of the task: the model hears of a new holder, and of nothing
// else.
func (r *run) placedEvent(c casework.Command, ev engine.Event) engine.Event {
	ev.Kind = engine.TaskAssigned
	i := r.state.task(c.TaskID)
	if c.TaskID == "" {
		ev.Kind, ev.Name = noted, string(c.Kind)
		return ev
	}
	if i < 0 || ev.Token == "" || len(c.Placed) == 0 {
		return ev // of a task that is gone, or too late: the engine calls it stale
	}
	if ev.Assignee = c.Placed[0].Assignee; ev.Assignee == r.state.Tasks[i].Assignee {
		ev.Kind, ev.Name = noted, string(c.Kind)
	}
	return ev
}

// learn takes over what an applied command says of the tasks and of the case. An act on a task that PostgreSQL accepted later
// may have been applied before.
func (r *run) learn(c casework.Command) {
	for _, p := range c.Placed {
		if i := r.state.task(p.TaskID); i >= 0 && r.state.Tasks[i].Seq <= c.Seq {
			r.state.Tasks[i].place(p)
			r.state.Tasks[i].Seq = c.Seq
		}
	}
	if i := r.state.task(c.TaskID); i >= 0 && c.Kind != casework.CommandEscalation { // which is not about who holds it
		r.state.Tasks[i].Seq = max(r.state.Tasks[i].Seq, c.Seq)
	}
	switch c.Kind {
	case casework.CommandSuspend:
		r.state.Suspended = true
	case casework.CommandResume:
		r.state.Suspended = false
	default:
	}
}

// suspended reports whether the case stands still. One that has ended does not: what outlives it is done all the same.
func (r *run) suspended() bool { return r.state.Suspended && !r.state.Engine.Ended }

// standsStill reports whether the case is suspended, and no step on record has to be done again.
func (r *run) standsStill() bool { return r.suspended() && r.instead == nil }

// movesCase reports whether a command waits until a suspended case is resumed.
func movesCase(kind casework.CommandKind) bool {
	switch kind {
	case casework.CommandComplete, casework.CommandMessage, casework.CommandSignal, casework.CommandChildEnded, casework.CommandChildEscalated,
		casework.CommandSetVariables, casework.CommandActivate, casework.CommandFinish, casework.CommandRetryIncident, casework.CommandResolveIncident,
		casework.CommandEscalation:
		return true
	default:
		return false
	}
}

// nextDue is when the run has to wake up; zero if nothing is due, or may be done.
func (r *run) nextDue() time.Time {
	if r.suspended() {
		return time.Time{}
	}
	return r.state.nextDue()
}
