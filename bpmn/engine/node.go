package engine

import (
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// visit is one node instance being worked on.
type visit struct {
	node  *bpmn.Node
	id    string
	flow  string
	scope string // the scope its token is in

	caught bool   // see Arrival
	start  string // see Arrival
	at     *Stand // where it stands among its listeners; nil: before them
}

func (m *machine) visitOf(t Token) visit {
	return visit{node: m.node(t.Node), id: t.ID, flow: t.Flow, scope: t.Scope, caught: t.Caught, start: t.Start, at: t.At}
}

// token is the token of a visit that had none yet.
func (v visit) token() Token {
	return Token{ID: v.id, Node: v.node.ID, Flow: v.flow, Scope: v.scope, Caught: v.caught, Start: v.start, At: v.at}
}

// outcome is what entering a node came to. What it does to other tokens is done afterwards: entering may still fail and
// be taken back, that may not.
type outcome struct {
	stay bool   // the token rests; otherwise it goes on at once
	then func() // may be nil
}

var goOn, stay = outcome{}, outcome{stay: true}

// behaviour is what a kind of flow node does once it is entered.
type behaviour func(m *machine, v visit) (outcome, error)

func behaviourOf(kind bpmn.NodeKind) behaviour {
	switch kind {
	case bpmn.UserTask:
		return (*machine).enterUserTask
	case bpmn.ServiceTask, bpmn.BusinessRuleTask, bpmn.SendTask:
		return (*machine).enterService
	case bpmn.ScriptTask:
		return (*machine).enterScript
	case bpmn.ReceiveTask, bpmn.CatchEvent:
		return (*machine).enterCatch
	case bpmn.ThrowEvent, bpmn.EndEvent:
		return (*machine).enterThrow
	case bpmn.SubProcess, bpmn.Transaction:
		return (*machine).enterSubProcess
	case bpmn.AdHocSubProcess:
		return (*machine).enterAdHoc
	case bpmn.CallActivity:
		return (*machine).enterCall
	case bpmn.EventGateway:
		return (*machine).enterEventGateway
	case bpmn.StartEvent, bpmn.BoundaryEvent, bpmn.Task, bpmn.ManualTask,
		bpmn.ExclusiveGateway, bpmn.ParallelGateway, bpmn.InclusiveGateway, bpmn.ComplexGateway:
		return func(*machine, visit) (outcome, error) { return goOn, nil }
	}
	return func(_ *machine, v visit) (outcome, error) {
		return stay, fmt.Errorf("node kind %q cannot be executed", v.node.Kind)
	}
}

// enter activates a node for a token that arrived at it.
func (m *machine) enter(a Arrival) {
	node := m.node(a.Node)
	repeated := node.Loop != nil && !m.isInstance(a.Scope, a.Node) // the activity as a whole, not one of its instances
	if a.ID == "" {
		if !m.join(node, a) {
			return
		}
		a.ID = m.newID(node.ID)
		if !repeated {
			m.emit(Effect{Kind: NodeEntered, Element: node.ID, Instance: a.ID})
		}
	}
	v := visit{node: node, id: a.ID, flow: a.Flow, scope: a.Scope, caught: a.Caught, start: a.Start, at: a.At}
	if err := m.count(); err != nil {
		m.raise(v, Entering, err)
		return
	}
	var out outcome
	err := m.try(func() (err error) {
		out, err = m.open(v, repeated)
		return err
	})
	if err != nil {
		m.raise(v, Entering, err)
		return
	}
	v.at = nil // its start listeners are done
	if out.then != nil {
		out.then()
	}
	if !out.stay {
		m.leave(v)
	}
}

// open begins a visit, of a repeated activity as a whole or of anything else. The first one of an instance waits for the
// start listeners of the process, where those call delegates.
func (m *machine) open(v visit, repeated bool) (outcome, error) {
	if v.at != nil && v.at.Phase == opening {
		if held, err := m.listenFirst(v, opening); held || err != nil {
			return stay, err
		}
		v.at = nil
	}
	if repeated {
		return m.enterLoop(v)
	}
	return m.begin(v)
}

// begin runs what comes before the work of a node, and the work.
func (m *machine) begin(v visit) (outcome, error) {
	if v.at == nil {
		if err := m.mapInputs(v); err != nil {
			return stay, err
		}
	}
	if held, err := m.listenFirst(v, starting); held || err != nil {
		return stay, err
	}
	v.at = nil
	switch {
	case v.caught:
		return goOn, nil
	case v.node.Event:
		return m.enterEventSub(v)
	}
	if skip, err := m.skips(v); skip || err != nil {
		return goOn, err
	}
	return behaviourOf(v.node.Kind)(m, v)
}

// listenFirst runs listeners before the work of a node, and reports whether the visit is held until a delegate is done.
func (m *machine) listenFirst(v visit, p phase) (held bool, err error) {
	at, err := m.listen(v, p, nil)
	if at == nil || err != nil {
		return false, err
	}
	m.hold(v, at)
	return true, nil
}

// count bounds what happens without waiting.
func (m *machine) count() error {
	m.visits++
	m.state.Streak++
	most := maxStreak
	if m.state.Rev <= 1 {
		most = oldBurst
	}
	if m.state.Streak > most {
		return failure{kind: "loop", err: fmt.Errorf("more than %d nodes were entered in one step", most)}
	}
	if len(m.arrived) > maxQueue && m.state.Rev > 1 {
		m.state.Streak = most // and for all the others on their way
		return failure{kind: "loop", err: fmt.Errorf("more than %d tokens are on their way at once", maxQueue)}
	}
	return nil
}

// leave runs the end listeners, ends the node instance and sends tokens along the outgoing flows. An instance of a
// repeated activity sends none: the activity as a whole does. Where a listener calls a delegate, the visit is held, and left
// once more when that is done.
func (m *machine) leave(v visit) {
	if m.isWhole(v.id) {
		m.leaveLoop(v)
		return
	}
	m.disarm(v.id)
	instance := m.isInstance(v.scope, v.node.ID)
	var done loopResult
	var all []thrown
	var at *Stand
	err := m.try(func() (err error) {
		if at, err = m.conclude(v); at != nil || err != nil {
			return err
		}
		if v.at != nil && v.at.Throws {
			if all, err = m.evaluateThrows(v); err != nil {
				return err
			}
		}
		if instance {
			done, err = m.loopResultOf(v)
			m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
			return err
		}
		at, err = m.goOut(v)
		return err
	})
	if err != nil {
		m.disarm(bodyID(v.id)) // what it was is over: only its end is tried again
		m.raise(v, Leaving, err)
		return
	}
	if at != nil {
		m.disarm(bodyID(v.id))
		m.hold(v, at)
		return
	}
	m.keepForCompensation(v)
	m.closeScopes(v.id)
	m.state.removeToken(v.id)
	if v.node.Kind == bpmn.EndEvent && v.scope == "" {
		m.state.EndEvent = v.node.ID
	}
	if instance {
		m.instanceDone(v, done)
		return
	}
	m.partDone(v)
	m.throwEach(v, all)
}

// conclude runs the listeners of the end of a visit, and its output mappings. It returns where the visit has to wait for a
// listener; else nil.
func (m *machine) conclude(v visit) (*Stand, error) {
	if v.at == nil {
		if err := m.mapCallResult(v); err != nil {
			return nil, err
		}
	}
	for _, p := range []phase{assigning, completing, ending} {
		if p == assigning && (v.at == nil || v.at.Phase != assigning) {
			continue // who completes a task may be told of it as its assignee first
		}
		if at, err := m.listen(v, p, nil); at != nil || err != nil {
			return at, err
		}
	}
	if v.at != nil && v.at.Phase == taking {
		return nil, nil
	}
	return nil, m.mapOutputs(v)
}

// goOut ends the node instance and takes its outgoing flows. It returns where the visit has to wait for a listener of one;
// else nil.
func (m *machine) goOut(v visit) (*Stand, error) {
	if i := m.state.token(v.id); i >= 0 && m.state.Tokens[i].Ahead {
		m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
		return nil, nil
	}
	flows, err := m.flowsOut(v)
	if err != nil {
		return nil, err
	}
	if at, err := m.listenOnFlows(v, flows); at != nil || err != nil {
		return at, err
	}
	m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
	return nil, m.take(v, flows)
}

// cancelToken removes a token and all that hangs on it.
func (m *machine) cancelToken(t Token) {
	m.release(t)
	m.state.removeToken(t.ID)
}

// release cancels all that hangs on a token that is about to be removed.
func (m *machine) release(t Token) {
	v := m.visitOf(t)
	whole := v.node.Loop != nil && !m.isInstance(t.Scope, t.Node)
	for _, kind := range []ScopeKind{BodyScope, LoopScope} {
		if s := m.state.hosted(t.ID, kind); s != nil {
			m.cancelScope(s.ID)
		}
	}
	m.withdraw(t)
	if t.State == Waiting && !whole {
		m.cancelWork(v)
	}
	if t.hasFailed() {
		m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: t.ID})
	}
	if i := m.state.token(t.ID); i >= 0 {
		m.settleUnheard(i)
	}
	m.disarm(t.ID)
	if t.State != Joining && !whole {
		m.emit(Effect{Kind: NodeCancelled, Element: t.Node, Instance: t.ID})
	}
	m.closeScopes(t.ID)
}

// cancelWork takes back what a waiting token has asked for.
func (m *machine) cancelWork(v visit) {
	switch {
	case v.node.Kind == bpmn.UserTask:
		// A failing delete listener must not keep a cancelled task alive; it is left out.
		_ = m.try(func() error { return m.hearDeleted(v) })
		m.tellDeleted(v)
		m.emit(Effect{Kind: TaskCancelled, Element: v.node.ID, Instance: v.id})
	case v.node.Kind == bpmn.CallActivity:
		m.emit(Effect{Kind: ChildCancelled, Element: v.node.ID, Instance: v.id})
	case worksOutside(v.node):
		m.emit(Effect{Kind: ActivityCancelled, Element: v.node.ID, Instance: v.id})
	}
}
