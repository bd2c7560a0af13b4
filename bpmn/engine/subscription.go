package engine

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// arm begins to wait for the events of a node: a boundary event, a catching event, a receive task, the start event of an
// event sub-process. The host is the node instance or scope that they belong to; seen is where they see variables.
func (m *machine) arm(event *bpmn.Node, host, seen string) error {
	if event.Kind == bpmn.ReceiveTask {
		return m.subscribe(event, 0, bpmn.EventDefinition{Kind: bpmn.MessageEvent, Name: event.Message, Key: event.MessageKey}, host, seen)
	}
	for i, def := range event.Events {
		var err error
		switch def.Kind {
		case bpmn.TimerEvent:
			err = m.armTimer(event, i, host, seen)
		case bpmn.MessageEvent, bpmn.SignalEvent, bpmn.ConditionalEvent:
			err = m.subscribe(event, i, def, host, seen)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) subscribe(event *bpmn.Node, index int, def bpmn.EventDefinition, host, seen string) error {
	e := evaluator{scope: m.namesAt(event, seen)}
	s := Subscription{
		Kind: string(def.Kind), Name: e.text("name", def.Name), Key: e.text("correlation key", def.Key),
		Node: event.ID, Host: host, Event: index, Scope: seen, Repeats: repeats(event), Local: def.Local,
	}
	if e.err != nil {
		return fmt.Errorf("event %q: %w", event.ID, e.err)
	}
	if event.Kind == bpmn.ReceiveTask && event.Message == nil {
		s.Name = event.ID // nothing else names what it waits for
	}
	s.ID = m.newID(event.ID)
	m.state.Subscriptions = append(m.state.Subscriptions, s)
	switch {
	case def.Kind == bpmn.ConditionalEvent:
		m.armed = m.armed || def.Condition != nil
		return nil
	case s.Local:
		return nil // nobody outside can reach it
	}
	m.emit(Effect{Kind: SubscriptionOpened, Element: s.Node, Instance: s.ID, Subscription: &s})
	return nil
}

// repeats reports whether an event stays armed when it has come: a boundary or start event that interrupts nothing.
func repeats(event *bpmn.Node) bool {
	return (event.Kind == bpmn.BoundaryEvent || event.Kind == bpmn.StartEvent) && !event.Interrupting
}

// disarm ends all that a node instance or scope waits for.
func (m *machine) disarm(host string) {
	m.cancelTimers(host)
	for _, s := range m.state.Subscriptions {
		if s.Host == host {
			m.closed(s)
		}
	}
	m.state.Subscriptions = slices.DeleteFunc(m.state.Subscriptions, func(s Subscription) bool { return s.Host == host })
}

func (m *machine) closed(s Subscription) {
	if s.Failed {
		m.emit(Effect{Kind: IncidentResolved, Element: s.Node, Instance: s.ID})
	}
	if s.Kind != string(bpmn.ConditionalEvent) && !s.Local {
		m.emit(Effect{Kind: SubscriptionClosed, Element: s.Node, Instance: s.ID})
	}
}

func (m *machine) unsubscribe(id string) {
	if i := m.subscription(id); i >= 0 {
		m.closed(m.state.Subscriptions[i])
		m.state.Subscriptions = slices.Delete(m.state.Subscriptions, i, i+1)
	}
}

func (m *machine) subscription(id string) int {
	return slices.IndexFunc(m.state.Subscriptions, func(s Subscription) bool { return s.ID == id })
}

func (m *machine) receiveMessage(ev Event) error {
	i := slices.IndexFunc(m.state.Subscriptions, func(s Subscription) bool {
		return s.Kind == string(bpmn.MessageEvent) && (s.ID == ev.Token || ev.Token == "" && s.Name == ev.Name)
	})
	if i < 0 {
		return fmt.Errorf("message %q: nothing waits for it: %w", ev.Name, ErrStale)
	}
	m.occur(m.state.Subscriptions[i], ev.Variables)
	return nil
}

func (m *machine) receiveSignal(ev Event) error {
	if !m.hearSignal(ev.Name, ev.Variables, false) {
		return fmt.Errorf("signal %q: nothing waits for it: %w", ev.Name, ErrStale)
	}
	return nil
}

// hearSignal lets every subscription of a signal occur, in order of opening.
func (m *machine) hearSignal(name string, vars map[string]json.RawMessage, inside bool) bool {
	var heard []string
	for _, s := range m.state.Subscriptions {
		if s.Kind == string(bpmn.SignalEvent) && s.Name == name && (inside || !s.Local) {
			heard = append(heard, s.ID)
		}
	}
	for _, id := range heard {
		if i := m.subscription(id); i >= 0 { // another one may have ended it
			m.occur(m.state.Subscriptions[i], vars)
		}
	}
	return len(heard) > 0
}

// occur is the coming of an event that a subscription waits for.
func (m *machine) occur(s Subscription, vars map[string]json.RawMessage) {
	event := m.node(s.Node)
	switch {
	case !s.Repeats:
		m.unsubscribe(s.ID)
	case event.AllEvents:
		m.state.Subscriptions[m.subscription(s.ID)].Seen = true
	}
	m.setAll(s.Scope, vars)
	if event.AllEvents && m.waits(event.ID, s.Host) {
		return // the other definitions have yet to occur (BPMN 2.0 section 10.4.5, parallel multiple)
	}
	for i := range m.state.Subscriptions { // of a parallel multiple event that can come again
		if o := &m.state.Subscriptions[i]; event.AllEvents && o.Node == s.Node && o.Host == s.Host {
			o.Seen = false
		}
	}
	m.trigger(event, s.Host)
}

// waits reports whether any definition of an event is still armed for a host.
func (m *machine) waits(event, host string) bool {
	return slices.ContainsFunc(m.state.Subscriptions, func(s Subscription) bool { return s.Node == event && s.Host == host && !s.Seen }) ||
		slices.ContainsFunc(m.state.Timers, func(t Timer) bool { return t.Node == event && t.Host == host })
}

// trigger does what an event that has come does, by its position.
func (m *machine) trigger(event *bpmn.Node, host string) {
	switch event.Kind {
	case bpmn.BoundaryEvent:
		m.triggerBoundary(event, host)
	case bpmn.StartEvent:
		m.startEventSub(event, host)
	default:
		m.triggerCatch(event, host)
	}
}

func (m *machine) triggerBoundary(event *bpmn.Node, host string) {
	scope := ""
	if i := m.state.token(host); i >= 0 {
		scope = m.state.Tokens[i].Scope
		if event.Interrupting {
			m.cancelToken(m.state.Tokens[i])
		}
	}
	m.send(Arrival{Node: event.ID, Scope: scope})
}

// triggerCatch lets a catching event or receive task go on; behind an event-based gateway it is entered now.
func (m *machine) triggerCatch(event *bpmn.Node, host string) {
	i := m.state.token(host)
	if i < 0 {
		return
	}
	v := m.visitOf(m.state.Tokens[i])
	if v.node.Kind == bpmn.EventGateway {
		m.passGateway(v, event)
		return
	}
	m.leave(v)
}

// enterCatch waits for the events of a catching event or receive task. A catching event without any passes.
func (m *machine) enterCatch(v visit) (outcome, error) {
	if len(v.node.Events) == 0 && v.node.Kind == bpmn.CatchEvent {
		return goOn, nil
	}
	for _, e := range v.node.Events {
		if e.Kind == bpmn.LinkEvent {
			return goOn, nil
		}
	}
	if err := m.rest(v); err != nil {
		return stay, err
	}
	return stay, m.arm(v.node, v.id, m.seenFrom(v))
}
