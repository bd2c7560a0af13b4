package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// listening finds the token that stands at the work of a delegate; -1 if there is none. One that has failed is not at work.
func (s *State) listening(work string) int {
	return slices.IndexFunc(s.Tokens, func(t Token) bool { return t.hears() && t.At.work() == work })
}

// hears reports whether a delegate is at work for a token, which waits for it or holds an open task meanwhile.
func (t *Token) hears() bool {
	return t.At != nil && (t.State == Listening || t.State == Waiting && !t.Unheard)
}

// finishListener takes the answer of a delegate that a listener called.
func (m *machine) finishListener(ev Event) error {
	if i := m.state.listening(ev.Token); i >= 0 {
		m.heard(i, ev)
		return nil
	}
	if c := m.state.Closing; c != nil && c.State == Listening && c.At.work() == ev.Token {
		m.heardAtEnd(ev)
		return nil
	}
	return m.heardOfDeleted(ev)
}

// heard lets a visit go on behind the delegate at which it stands, or notes that the delegate failed.
func (m *machine) heard(i int, ev Event) {
	t := &m.state.Tokens[i]
	v := m.visitOf(*t)
	m.setAll(m.seenFrom(v), ev.Variables)
	if ev.Kind == ActivityDone {
		t.At = t.At.next()
		m.listenOn(i)
		return
	}
	at := t.At
	t.At = nil // it has answered: nothing is to be withdrawn if the error cancels the visit
	if t.State == Listening {
		t.State = Answered
	}
	err := delegateFailed(v.node.ID, at.Phase.event(), ev)
	if ev.Code != "" && m.throwError(errorOrigin(v, at.Phase), problem{code: ev.Code, message: ev.Reason}) {
		return
	}
	t.At = at
	if t.State == Waiting {
		m.unheard(i, err)
		return
	}
	m.raise(v, Failed, err)
}

// errorOrigin says where a BPMN error of a delegate begins to look for its catcher: at the boundary of the node, but not
// while the process begins or the node is left by a flow.
func errorOrigin(v visit, p phase) origin {
	if p == opening || p == taking {
		return origin{scope: v.scope}
	}
	return origin{instance: v.id, scope: v.scope}
}

func delegateFailed(element, event string, ev Event) error {
	if ev.Code != "" {
		return failure{kind: "error", err: fmt.Errorf("the error %q of the listener %q of %q is caught by nothing: %s", ev.Code, event, element, ev.Reason)}
	}
	return failure{kind: "listener", err: fmt.Errorf("listener %q of %q failed: %s", event, element, ev.Reason)}
}

// listenOn lets a visit go on from where it stands.
func (m *machine) listenOn(i int) {
	t := &m.state.Tokens[i]
	if t.State == Waiting {
		m.assignOn(i)
		return
	}
	t.State = Answered
	v := m.visitOf(*t)
	switch {
	case t.At.Phase == opening || t.At.Phase == starting:
		m.state.removeToken(v.id)
		m.send(Arrival{Node: v.node.ID, Flow: v.flow, ID: v.id, Scope: v.scope, Caught: v.caught, Start: v.start, At: v.at})
	case t.At.Task != nil:
		m.createOn(v)
	case v.node.Kind == bpmn.EventGateway:
		m.leaveGateway(v)
	default:
		m.leave(v)
	}
}

// retryListener tries again the listener at which something stands: a visit, an open task, the end of the process. It
// reports false when the incident is none of these.
func (m *machine) retryListener(ev Event) bool {
	i := slices.IndexFunc(m.state.Tokens, func(t Token) bool {
		return t.At != nil && (t.hasFailed() && t.ID == ev.Token || t.Unheard && unheardID(t) == ev.Token)
	})
	if i < 0 {
		return m.retryAtEnd(ev)
	}
	t := &m.state.Tokens[i]
	m.setAll(m.seenFrom(m.visitOf(*t)), ev.Variables)
	m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: ev.Token})
	t.Unheard = false
	m.listenOn(i)
	return true
}

// hasFailed reports whether a token waits for a person to mend it.
func (t *Token) hasFailed() bool {
	return t.State == Entering || t.State == Leaving || t.State == Failed
}

// describeListening describes the work of a delegate that a listener has called, with the variables of now.
func (m *machine) describeListening(work string) (*Activity, error) {
	if i := m.state.listening(work); i >= 0 {
		v := m.visitOf(m.state.Tokens[i])
		return m.describeDelegate(v, v.at)
	}
	if c := m.state.Closing; c != nil && c.State == Listening && c.At.work() == work {
		return m.describeDelegate(m.closingVisit(), c.At)
	}
	if i := m.state.deleted(work); i >= 0 {
		return m.state.Deleted[i].activity(m), nil
	}
	return nil, fmt.Errorf("activity %q: nothing waits for it: %w", work, ErrStale)
}

// withdraw takes back the work of a delegate that a token has asked for.
func (m *machine) withdraw(t Token) {
	if t.hears() {
		m.emit(Effect{Kind: ActivityCancelled, Element: t.Node, Instance: t.At.work()})
	}
}
