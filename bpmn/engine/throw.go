package engine

import (
	"encoding/json"
	"errors"
	"maps"

	"github.com/onecms/nextgen-workflow/bpmn"
)

var errNotAhead = errors.New("a listener of a flow has to be waited for")

// thrown is an event definition with its expressions evaluated.
type thrown struct {
	def  *bpmn.EventDefinition
	name string // of a message or signal; code of an error or escalation
	key  string // message: correlation key
	vars map[string]json.RawMessage
}

// enterThrow does what a throwing or end event does; a plain one does nothing. What is thrown is computed first, so that a
// failing expression leaves everything as it was.
func (m *machine) enterThrow(v visit) (outcome, error) {
	if v.node.Service != nil {
		return m.enterService(v)
	}
	all, err := m.evaluateThrows(v)
	if err != nil {
		return stay, err
	}
	if len(all) == 0 {
		return goOn, nil
	}
	if err := m.rest(v); err != nil {
		return stay, err
	}
	return outcome{stay: true, then: func() { m.throwAll(v, all) }}, nil
}

func (m *machine) evaluateThrows(v visit) (all []thrown, err error) {
	for i := range v.node.Events {
		t, err := m.evaluateThrow(v, &v.node.Events[i])
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (m *machine) evaluateThrow(v visit, def *bpmn.EventDefinition) (thrown, error) {
	e := evaluator{scope: m.names(v)}
	t := thrown{def: def}
	switch def.Kind {
	case bpmn.MessageEvent, bpmn.SignalEvent:
		t.name, t.key = e.text("name", def.Name), e.text("correlation key", def.Key)
	case bpmn.ErrorEvent, bpmn.EscalationEvent:
		t.name = e.text("code", def.Code)
	}
	if e.err != nil {
		return t, e.err
	}
	data, err := m.computeAll(def.Data, m.names(v))
	t.vars = data
	if def.AllData {
		t.vars = m.visible(m.seenFrom(v))
		maps.Copy(t.vars, data)
	}
	return t, err
}

// throwAll throws in the order of the model. What has to wait keeps the token; else it goes on, before what it throws can
// end the scope it is in.
func (m *machine) throwAll(v visit, all []thrown) {
	begun, waits := false, false // a compensation
	for _, t := range all {
		switch t.def.Kind {
		case bpmn.CompensationEvent:
			if m.compensate(v, t.def.Activity) {
				begun, waits = true, waits || !t.def.NoWait
			}
		}
	}
	switch {
	case !begun:
		m.leave(v)
		if m.throwsLater(v) {
			return
		}
	case !waits:
		m.goAhead(v)
	}
	m.throwEach(v, all)
}

// throwsLater notes at an event that waits for its end listeners that it has yet to throw, and reports whether it does.
func (m *machine) throwsLater(v visit) bool {
	i := m.state.token(v.id)
	if i < 0 || m.state.Tokens[i].State != Listening {
		return false
	}
	at := *m.state.Tokens[i].At
	at.Throws = true
	m.state.Tokens[i].At = &at
	return true
}

func (m *machine) throwEach(v visit, all []thrown) {
	for _, t := range all {
		if m.state.Ended {
			return
		}
		if t.isFarReaching() || m.isOpen(v.scope) { // one before it may have ended the scope
			m.throw(v, t)
		}
	}
}

// isFarReaching reports whether what is thrown is for whoever waits for it, wherever that is.
func (t thrown) isFarReaching() bool {
	return t.def.Kind == bpmn.MessageEvent || t.def.Kind == bpmn.SignalEvent
}

// goAhead takes the outgoing flows of an event before what it began has ended: its token stays until then. If that fails,
// or a listener of a flow has to be waited for, it waits after all.
func (m *machine) goAhead(v visit) {
	err := m.try(func() error {
		flows, err := m.chooseFlows(v)
		if err != nil {
			return err
		}
		if m.callsOnFlows(flows) {
			return errNotAhead
		}
		return m.take(v, flows)
	})
	if i := m.state.token(v.id); err == nil && i >= 0 {
		m.state.Tokens[i].Ahead = true
	}
}

func (m *machine) throw(v visit, t thrown) {
	switch t.def.Kind {
	case bpmn.MessageEvent:
		m.emit(Effect{Kind: MessageThrown, Element: v.node.ID, Instance: v.id, Throw: &Throw{Name: t.name, Key: t.key, Variables: t.vars}})
	case bpmn.SignalEvent:
		if !t.def.Local {
			m.emit(Effect{Kind: SignalThrown, Element: v.node.ID, Instance: v.id, Throw: &Throw{Name: t.name, Variables: t.vars}})
		}
		m.hearSignal(t.name, t.vars, true)
	case bpmn.ErrorEvent:
		if !m.throwError(origin{scope: v.scope}, problem{code: t.name, message: v.node.Name}) {
			m.end(Effect{
				Kind: InstanceEnded, Element: v.node.ID, Status: Terminated, Code: t.name,
				Message: "the error " + quoted(t.name) + " was thrown and nothing catches it",
			})
		}
	case bpmn.EscalationEvent:
		m.throwEscalation(origin{scope: v.scope}, t.name)
	case bpmn.LinkEvent:
		m.send(Arrival{Node: m.program.Nodes[t.def.Target].ID, Scope: v.scope})
	case bpmn.TerminateEvent:
		m.terminateScope(v, t.def)
	case bpmn.CancelEvent:
		m.cancelTransaction(v)
	}
}

// terminateScope ends all that goes on beside a terminate end event: in its sub-process, which is completed by that, or in
// the process (BPMN 2.0 section 13.5.6).
func (m *machine) terminateScope(v visit, def *bpmn.EventDefinition) {
	if def.Multi && m.terminateLoop(v.scope) {
		return
	}
	if def.All || v.scope == "" {
		m.end(Effect{Kind: InstanceEnded, Element: v.node.ID, Status: Completed})
		return
	}
	m.cancelScope(v.scope)
}

// terminateLoop ends the multi-instance activity around a scope as if all its instances had completed, and reports whether
// there is one.
func (m *machine) terminateLoop(scope string) bool {
	for s := m.state.scope(scope); s != nil; s = m.state.scope(s.Parent) {
		if s.Kind != LoopScope {
			continue
		}
		if i := m.state.token(s.Host); i >= 0 {
			m.leaveLoop(m.visitOf(m.state.Tokens[i]))
		}
		return true
	}
	return false
}
