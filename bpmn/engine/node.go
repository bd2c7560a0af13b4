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
}

func (m *machine) visitOf(t Token) visit {
	return visit{node: m.node(t.Node), id: t.ID, flow: t.Flow, scope: t.Scope, caught: t.Caught, start: t.Start}
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
	v := visit{node: node, id: a.ID, flow: a.Flow, scope: a.Scope, caught: a.Caught, start: a.Start}
	if err := m.count(); err != nil {
		m.raise(v, Entering, err)
		return
	}
	var out outcome
	err := m.try(func() (err error) {
		if repeated {
			out, err = m.enterLoop(v)
			return err
		}
		out, err = m.begin(v)
		return err
	})
	if err != nil {
		m.raise(v, Entering, err)
		return
	}
	if out.then != nil {
		out.then()
	}
	if !out.stay {
		m.leave(v)
	}
}

// begin runs what comes before the work of a node, and the work.
func (m *machine) begin(v visit) (outcome, error) {
	if err := m.mapInputs(v); err != nil {
		return stay, err
	}
	if err := m.runListeners(v.node.Start, v); err != nil {
		return stay, err
	}
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
// repeated activity sends none: the activity as a whole does.
func (m *machine) leave(v visit) {
	if m.isWhole(v.id) {
		m.leaveLoop(v)
		return
	}
	m.disarm(v.id)
	instance := m.isInstance(v.scope, v.node.ID)
	var done loopResult
	err := m.try(func() (err error) {
		if err := m.mapCallResult(v); err != nil {
			return err
		}
		if err := m.runEndListeners(v); err != nil {
			return err
		}
		if err := m.mapOutputs(v); err != nil {
			return err
		}
		if instance {
			done, err = m.loopResultOf(v)
			m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
			return err
		}
		return m.goOut(v)
	})
	if err != nil {
		m.disarm(bodyID(v.id)) // what it was is over: only its end is tried again
		m.raise(v, Leaving, err)
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
}

func (m *machine) runEndListeners(v visit) error {
	if v.node.Kind == bpmn.UserTask {
		if err := m.runTaskListeners(bpmn.TaskComplete, v); err != nil {
			return err
		}
	}
	return m.runListeners(v.node.End, v)
}

// goOut ends the node instance and takes its outgoing flows.
func (m *machine) goOut(v visit) error {
	if i := m.state.token(v.id); i >= 0 && m.state.Tokens[i].Ahead {
		m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
		return nil
	}
	flows, err := m.chooseFlows(v)
	if err != nil {
		return err
	}
	m.emit(Effect{Kind: NodeLeft, Element: v.node.ID, Instance: v.id})
	return m.take(v, flows)
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
	if t.State == Waiting && !whole {
		m.cancelWork(v)
	}
	if t.State == Entering || t.State == Leaving || t.State == Failed {
		m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: t.ID})
	}
	if i := m.state.token(t.ID); i >= 0 {
		m.hear(i)
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
		_ = m.try(func() error { return m.runTaskListeners(bpmn.TaskDelete, v) })
		m.emit(Effect{Kind: TaskCancelled, Element: v.node.ID, Instance: v.id})
	case v.node.Kind == bpmn.CallActivity:
		m.emit(Effect{Kind: ChildCancelled, Element: v.node.ID, Instance: v.id})
	case worksOutside(v.node):
		m.emit(Effect{Kind: ActivityCancelled, Element: v.node.ID, Instance: v.id})
	}
}
