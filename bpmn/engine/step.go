package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// Bounds of the nodes that are entered without waiting for anything.
const (
	maxBurst  = 1_000   // in one step: the rest is pending, and Continue goes on with it
	maxStreak = 200_000 // in a row: a loop of automatic nodes becomes an incident, not a hang
	maxQueue  = 5_000   // tokens on their way at once: a fork that multiplies itself becomes incidents
	oldBurst  = 10_000  // revision 1: an incident at once
)

// Step applies one event and runs the instance until every token rests or the burst is cut off (State.Pending). It
// returns the new state and what happened, in order. The only error is ErrStale (wrapped); failing expressions and
// gateways are incidents in the effects. Every value stays in the state, whatever its size.
func Step(p *bpmn.Program, s State, ev Event) (State, []Effect, error) {
	return StepWith(p, nil, s, ev)
}

// StepWith is Step for an instance whose large values are kept outside of the state (ADR 0014): the state has references to
// them, ValueStored tells their contents, and from gives them again. It panics where a content cannot be read.
func StepWith(p *bpmn.Program, from values.Source, s State, ev Event) (State, []Effect, error) {
	m := &machine{program: p, state: s.clone(), at: ev.At.UTC(), arrived: slices.Clone(s.Pending), large: from}
	if ev.Kind != Continue {
		m.state.Streak = 0
	}
	m.bring(ev.Contents)
	if err := m.apply(ev); err != nil {
		return s, nil, err
	}
	m.run()
	m.endIfDone()
	if len(m.state.Pending) == 0 {
		m.state.Streak = 0
	}
	m.spill()
	m.state.tidy()
	return m.state, m.effects, nil
}

// machine is one Step under way.
type machine struct {
	program *bpmn.Program
	state   State
	at      time.Time
	effects []Effect
	arrived []Arrival // nodes to enter, first in first out
	later   []Arrival // nodes that the next step enters
	visits  int

	owned   map[string]bool // scopes whose variables were copied for this step
	journal []written
	changed []change // variables that were set; conditional events look at them
	looked  int      // how many of them they have looked at
	armed   bool     // a conditional event was armed and has not been looked at

	large   values.Source                // contents of the references in the state; nil: there are none, nor are any made
	fresh   values.Contents              // those that this step has made
	decoded map[string]any               // those that an expression has read, by hash
	chunks  map[string][]json.RawMessage // the items of a collection that were read last, by hash
}

func (m *machine) apply(ev Event) error {
	if m.state.Ended && !m.endsDeleted(ev) {
		return fmt.Errorf("%s: instance has ended: %w", ev.Kind, ErrStale)
	}
	switch ev.Kind {
	case Start:
		return m.start(ev)
	case TaskAssigned:
		return m.assignTask(ev)
	case TaskCompleted:
		return m.completeTask(ev)
	case TimersDue:
		return m.fireTimers()
	case RetryIncident:
		return m.retryIncident(ev)
	case ResolveIncident:
		return m.resolveIncident(ev)
	case Terminate:
		m.terminate(ev)
		return nil
	case MessageReceived:
		return m.receiveMessage(ev)
	case SignalReceived:
		return m.receiveSignal(ev)
	case ActivityDone, ActivityFailed:
		return m.finishActivity(ev)
	case ChildEnded:
		return m.finishChild(ev)
	case ChildEscalated:
		return m.escalateChild(ev)
	case Escalated:
		return m.escalate(ev)
	case VariablesSet:
		return m.setFromOutside(ev)
	case Activate, Complete:
		return m.driveAdHoc(ev)
	case Continue:
		if len(m.arrived) > 0 {
			return nil
		}
	}
	return fmt.Errorf("event %q: %w", ev.Kind, ErrStale)
}

// run enters what has arrived. Conditions come first, as soon as they are true. When nothing is on its way, it looks at what
// depends on the whole: inclusive joins, and scopes in which nothing is left.
func (m *machine) run() {
	for !m.state.Ended {
		if m.checkConditions() {
			continue
		}
		switch {
		case len(m.arrived) == 0 && len(m.later) > 0, len(m.arrived) > 0 && m.visits >= maxBurst && m.state.Rev > 1:
			m.state.Pending = append(m.later, m.arrived...)
			return
		case len(m.arrived) == 0:
			if m.openInclusiveJoin() || m.resetComplex() || m.finishScope() {
				continue
			}
			return
		}
		next := m.arrived[0]
		m.arrived = m.arrived[1:]
		if next.Later {
			next.Later = false
			m.later = append(m.later, next)
			continue
		}
		m.enter(next)
	}
}

func (m *machine) endIfDone() {
	if m.state.Ended || !m.state.Started || len(m.state.Tokens) > 0 || len(m.state.Pending) > 0 {
		return
	}
	switch {
	case m.state.Rev <= 1:
	case bpmn.CallsDelegate(m.program.End):
		if !m.closes() {
			return
		}
	case len(m.program.End) > 0:
		m.openProcess(func() error { return m.hearAll(m.closingVisit(), ending, m.program.End) })
	}
	m.end(Effect{Kind: InstanceEnded, Element: m.state.EndEvent, Status: Completed})
}

// end closes the instance with all that is still open in it.
func (m *machine) end(e Effect) {
	m.cancelScope("")
	m.dropClosing()
	m.arrived, m.later = nil, nil
	m.state.Ended = true
	m.emit(e)
}

func (m *machine) terminate(ev Event) {
	m.end(Effect{Kind: InstanceEnded, Status: Terminated, Message: ev.Reason})
}

func (m *machine) emit(e Effect) { m.effects = append(m.effects, e) }

// newID names a node instance, timer or subscription by the state's counter.
func (m *machine) newID(element string) string {
	m.state.Counter++
	return fmt.Sprintf("%s:%d", element, m.state.Counter)
}

func (m *machine) node(id string) *bpmn.Node {
	i := m.program.NodeIndex(id)
	if i < 0 {
		panic(fmt.Sprintf("program %s has no node %q: state and definition do not belong together", m.program.Key, id))
	}
	return &m.program.Nodes[i]
}

// send puts a token on its way. One to an asynchronous node arrives with the next step.
func (m *machine) send(a Arrival) {
	if a.ID == "" && m.state.Rev > 1 && m.node(a.Node).AsyncBefore {
		a.Later = true
	}
	m.arrived = append(m.arrived, a)
}
