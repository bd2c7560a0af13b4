package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// maxMissed is the most firings in one step: what else is due is left to the next one. A cycle without end leaves out what
// was missed beyond that.
const maxMissed = 100

// armTimer arms one timer definition of an event.
func (m *machine) armTimer(event *bpmn.Node, index int, host, seen string) error {
	def := event.Events[index].Timer
	s, err := def.Value.EvalString(m.namesAt(event, seen), limits)
	if err != nil {
		return failure{kind: "timer", err: fmt.Errorf("timer %q: %w", event.ID, err)}
	}
	t := Timer{Node: event.ID, Host: host, Event: index}
	if def.Kind == bpmn.TimerCycle {
		if err = t.cycle(s, m.at); err == nil {
			err = m.endCycle(&t, event, seen)
		}
	} else {
		t.Due, err = instant(s, m.at)
	}
	if err != nil {
		return failure{kind: "timer", err: fmt.Errorf("timer %q: %w", event.ID, err)}
	}
	t.ID = m.newID(event.ID)
	t.Due = t.Due.UTC()
	m.addTimer(t)
	return nil
}

// endCycle sets the moment after which a cycle does not fire any more, if the model gives one.
func (m *machine) endCycle(t *Timer, event *bpmn.Node, seen string) error {
	e := evaluator{scope: m.namesAt(event, seen)}
	t.Until = e.due("endDate", event.Events[t.Event].Timer.End, m.at)
	return e.err
}

func (m *machine) addTimer(t Timer) {
	m.state.Timers = append(m.state.Timers, t)
	m.emit(Effect{Kind: TimerArmed, Element: t.Node, Instance: t.ID, Due: t.Due})
}

// cycle reads a repetition and sets the first moment.
func (t *Timer) cycle(s string, now time.Time) error {
	c, err := bpmn.ParseCycle(s)
	if err != nil {
		return err
	}
	t.Cycle, t.Left = s, c.Repeat
	if c.Repeat > 0 {
		t.Left--
	}
	t.Due = c.First(now)
	if t.Due.IsZero() {
		return fmt.Errorf("the cycle %q has no moment after %s", s, now.Format(time.RFC3339))
	}
	return nil
}

func (m *machine) cancelTimers(host string) {
	for _, t := range m.state.Timers {
		if t.Host == host {
			m.emit(Effect{Kind: TimerCancelled, Element: t.Node, Instance: t.ID})
		}
	}
	m.state.Timers = slices.DeleteFunc(m.state.Timers, func(t Timer) bool { return t.Host == host })
}

// fireTimers fires what is due, the earliest first; of equal ones the first armed. An interrupting one takes the other
// timers of its activity with it.
func (m *machine) fireTimers() error {
	fired := 0
	for !m.state.Ended && (fired < maxMissed || m.state.Rev <= 1) {
		next := -1
		for i, t := range m.state.Timers {
			if !t.Due.After(m.at) && (next < 0 || t.Due.Before(m.state.Timers[next].Due)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		fired++
		t := m.state.Timers[next]
		m.state.Timers = slices.Delete(m.state.Timers, next, next+1)
		m.fire(t, fired)
	}
	if fired == 0 {
		return fmt.Errorf("timers: none is due: %w", ErrStale)
	}
	return nil
}

func (m *machine) fire(t Timer, fired int) {
	m.emit(Effect{Kind: TimerFired, Element: t.Node, Instance: t.ID})
	event := m.node(t.Node)
	if event.AllEvents && m.waits(event.ID, t.Host) {
		return
	}
	m.trigger(event, t.Host)
	if repeats(event) {
		m.fireAgain(t, fired)
	}
}

// fireAgain arms the next firing of a cycle, if there is one and what it belongs to is still there.
func (m *machine) fireAgain(t Timer, fired int) {
	if t.Cycle == "" || t.Left == 0 || !m.isOpen(t.Host) {
		return
	}
	c, err := bpmn.ParseCycle(t.Cycle)
	if err != nil {
		return // it was read when the timer was armed
	}
	due := c.Next(t.Due)
	if t.Until != nil && due.After(*t.Until) {
		return
	}
	for t.Left < 0 && fired >= maxMissed && !due.IsZero() && !due.After(m.at) {
		due = c.Next(m.at)
	}
	if due.IsZero() {
		return
	}
	if t.Left > 0 {
		t.Left--
	}
	t.ID, t.Due = m.newID(t.Node), due.UTC()
	m.addTimer(t)
}

// isOpen reports whether a node instance or scope is still there.
func (m *machine) isOpen(host string) bool {
	return host == "" || m.state.token(host) >= 0 || m.state.scope(host) != nil
}

// DropTimers forgets the timers due at a moment whose activity a person completed first: the row in the database
// decided, and the completion is on its way. It returns a changed copy of the state.
func DropTimers(p *bpmn.Program, s State, hosts []string) State {
	c := s.clone()
	c.Pending = slices.Clone(s.Pending)
	c.Timers = slices.DeleteFunc(c.Timers, func(t Timer) bool {
		i := p.NodeIndex(t.Node)
		return slices.Contains(hosts, t.Host) && i >= 0 && p.Nodes[i].Interrupting
	})
	c.tidy()
	return c
}
