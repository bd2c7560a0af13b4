package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// maxVisits bounds the nodes entered in one step: a loop of automatic nodes becomes an incident, not a hang.
const maxVisits = 10_000

// Step applies one event and runs the instance until every token rests. It returns the new state and what happened, in
// order. The only error is ErrStale (wrapped); failing expressions and gateways are incidents in the effects.
func Step(p *bpmn.Program, s State, ev Event) (State, []Effect, error) {
	m := &machine{program: p, state: s.clone(), at: ev.At.UTC()}
	if err := m.apply(ev); err != nil {
		return s, nil, err
	}
	m.run()
	m.endIfDone()
	m.state.tidy()
	return m.state, m.effects, nil
}

// machine is one Step under way.
type machine struct {
	program *bpmn.Program
	state   State
	at      time.Time
	effects []Effect
	arrived []arrival // nodes to enter, first in first out
	visits  int
}

// arrival is a token on its way into a node.
type arrival struct {
	node int
	flow string
	id   string // set when an incident is retried: the node instance goes on
}

func (m *machine) apply(ev Event) error {
	if m.state.Ended {
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
	case Terminate:
		m.terminate(ev)
		return nil
	}
	return fmt.Errorf("event %q: %w", ev.Kind, ErrStale)
}

func (m *machine) run() {
	for len(m.arrived) > 0 {
		next := m.arrived[0]
		m.arrived = m.arrived[1:]
		m.enter(next)
	}
}

func (m *machine) endIfDone() {
	if m.state.Ended || !m.state.Started || len(m.state.Tokens) > 0 {
		return
	}
	m.state.Ended = true
	m.emit(Effect{Kind: InstanceEnded, Element: m.state.EndEvent, Status: Completed})
}

func (m *machine) terminate(ev Event) {
	for _, t := range slices.Clone(m.state.Tokens) {
		m.cancelToken(t)
	}
	m.state.Ended = true
	m.emit(Effect{Kind: InstanceEnded, Status: Terminated, Message: ev.Reason})
}

func (m *machine) emit(e Effect) { m.effects = append(m.effects, e) }

// newID names a node instance or timer by the state's counter.
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

// setVariables writes variables in the order of their names.
func (m *machine) setVariables(vars map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		m.setVariable(name, vars[name])
	}
}

func (m *machine) setVariable(name string, value json.RawMessage) {
	if m.state.Variables == nil {
		m.state.Variables = map[string]json.RawMessage{}
	}
	value = canonical(value)
	m.state.Variables[name] = value
	m.emit(Effect{Kind: VariableSet, Name: name, Value: value})
}

// canonical gives a value the one form that it also has after its state was stored and read again: compact, with "<"
// and the like escaped. What is not JSON is kept as text, so that it cannot spoil the state.
func canonical(value json.RawMessage) json.RawMessage {
	if len(value) == 0 {
		return json.RawMessage("null")
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return text(string(value))
	}
	return raw
}
