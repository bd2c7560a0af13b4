package engine

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// phase is one list of listeners in the life of a visit, or of the process.
type phase string

// The phases, in the order in which a visit passes them.
const (
	opening    phase = "process" // start listeners of the process, before the first node is worked on
	starting   phase = "start"
	assigning  phase = "assignment"
	creating   phase = "create"
	completing phase = "complete"
	ending     phase = "end"
	taking     phase = "take"

	deleting phase = "delete" // no part of a visit: the task is cancelled
)

var phases = []phase{opening, starting, assigning, creating, completing, ending, taking}

// before reports whether a visit passes a phase earlier than another one.
func (p phase) before(other phase) bool { return slices.Index(phases, p) < slices.Index(phases, other) }

// event is what models call the phase.
func (p phase) event() string {
	if p == opening {
		p = starting
	}
	return string(p)
}

// ofTask reports whether the listeners of the phase are about a task, and see it.
func (p phase) ofTask() bool {
	return p == assigning || p == creating || p == completing || p == deleting
}

// Stand is where a visit stands among its listeners: the delegate at Next is at work, or what is at Next has failed. A
// Stand is never changed in place.
type Stand struct {
	ID     string   `json:"id"` // of the phase; the work of a delegate is "<id>.<index>"
	Phase  phase    `json:"phase"`
	Next   int      `json:"next,omitempty"`
	Flows  []string `json:"flows,omitempty"`  // take: the flows that are taken; end, event-based gateway: to the event that came
	Task   *Task    `json:"task,omitempty"`   // assignment and create: the task that is created afterwards
	Throws bool     `json:"throws,omitempty"` // end, take: the events of the node are thrown afterwards
}

// work names the work of the delegate at which a visit stands: the same for every attempt, another for every other piece.
func (s *Stand) work() string { return s.ID + "." + strconv.Itoa(s.Next) }

// next is where a visit stands when the listener at which it stands is done.
func (s *Stand) next() *Stand {
	after := *s
	after.Next++
	return &after
}

// listen runs the listeners of a phase, but for those that have run. It returns where the visit stands when a delegate is
// asked that has to be waited for; nil when all are done.
func (m *machine) listen(v visit, p phase, flows []string) (*Stand, error) {
	if v.at != nil && p.before(v.at.Phase) {
		return nil, nil
	}
	listeners := m.listenersOf(v, p, flows)
	if !bpmn.CallsDelegate(listeners) {
		return nil, m.hearAll(v, p, listeners)
	}
	at := Stand{}
	if v.at != nil {
		at = *v.at
	}
	if at.Phase != p {
		at.Phase, at.ID, at.Next = p, "", 0
	}
	if at.Flows = flows; at.ID == "" {
		at.ID = v.id + "." + string(p)
	}
	for ; at.Next < len(listeners); at.Next++ {
		if listeners[at.Next].Delegate != nil {
			if err := m.askDelegate(v, &at); err != nil {
				return nil, err
			}
			return &at, nil
		}
		if err := m.hear(v, p, listeners[at.Next]); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// listenersOf are the listeners of a phase of a visit, in document order; for take those of all flows that are taken.
func (m *machine) listenersOf(v visit, p phase, flows []string) []bpmn.Listener {
	switch p {
	case opening:
		return m.program.Start
	case starting:
		return v.node.Start
	case ending:
		return v.node.End
	case taking:
		var found []bpmn.Listener
		m.eachTaken(v, flows, func(f *bpmn.Flow) { found = append(found, f.Take...) })
		return found
	case assigning, creating, completing, deleting:
	}
	return taskListeners(v.node, bpmn.TaskEvent(p))
}

// eachTaken visits the flows that are taken, in document order.
func (m *machine) eachTaken(v visit, flows []string, visit func(*bpmn.Flow)) {
	for _, f := range v.node.Out {
		if flow := &m.program.Flows[f]; slices.Contains(flows, flow.ID) {
			visit(flow)
		}
	}
}

func taskListeners(n *bpmn.Node, event bpmn.TaskEvent) (found []bpmn.Listener) {
	if n.Human == nil {
		return nil
	}
	for _, l := range n.Human.Listeners {
		if l.Event == event {
			found = append(found, l.Listener)
		}
	}
	return found
}

// hearAll runs listeners of which none calls a delegate.
func (m *machine) hearAll(v visit, p phase, listeners []bpmn.Listener) error {
	for _, l := range listeners {
		if err := m.hear(v, p, l); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) hear(v visit, p phase, l bpmn.Listener) error {
	if p.ofTask() {
		if _, err := l.Expr.Eval(m.taskNames(v), limits); err != nil {
			return failure{kind: "listener", err: fmt.Errorf("task listener %q of %q: %w", p, v.node.ID, err)}
		}
		return nil
	}
	if _, err := l.Expr.Eval(m.names(v), limits); err != nil {
		return failure{kind: "listener", err: fmt.Errorf("execution listener of %q: %w", v.node.ID, err)}
	}
	return nil
}

func (m *machine) askDelegate(v visit, at *Stand) error {
	a, err := m.describeDelegate(v, at)
	if err != nil {
		return err
	}
	m.emit(Effect{Kind: ActivityStarted, Element: v.node.ID, Instance: at.work(), Activity: a})
	return nil
}

// describeDelegate describes the work of the delegate at which a visit stands.
func (m *machine) describeDelegate(v visit, at *Stand) (*Activity, error) {
	listeners := m.listenersOf(v, at.Phase, at.Flows)
	if at.Next >= len(listeners) || listeners[at.Next].Delegate == nil {
		return nil, fmt.Errorf("activity %q: no delegate is there: %w", at.work(), ErrStale)
	}
	a := &Activity{Listener: &ListenerCall{Event: at.Phase.event(), Flow: m.flowAt(v, at)}}
	names := m.names(v)
	if at.Phase.ofTask() {
		names = m.taskNames(v)
		if i := m.state.token(v.id); i >= 0 {
			a.Listener.Assignee = m.state.Tokens[i].Assignee
		}
	}
	if err := m.describeService(listeners[at.Next].Delegate, names, a); err != nil {
		return nil, failure{kind: "listener", err: fmt.Errorf("listener %q of %q: %w", at.Phase.event(), v.node.ID, err)}
	}
	a.Variables = m.visible(m.seenFrom(v))
	return a, nil
}

// flowAt is the flow whose listener a visit stands at; "" while it takes none.
func (m *machine) flowAt(v visit, at *Stand) (id string) {
	if at.Phase != taking {
		return ""
	}
	seen := 0
	m.eachTaken(v, at.Flows, func(f *bpmn.Flow) {
		if seen <= at.Next {
			id = f.ID
		}
		seen += len(f.Take)
	})
	return id
}

// hold lets a visit wait for the delegate at which it stands.
func (m *machine) hold(v visit, at *Stand) {
	i := m.state.token(v.id)
	if i < 0 {
		i = len(m.state.Tokens)
		m.state.Tokens = append(m.state.Tokens, v.token())
	}
	m.state.Tokens[i].State, m.state.Tokens[i].At = Listening, at
}
