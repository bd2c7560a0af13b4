package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// Resolvable reports whether an incident can be closed without doing again what failed: where that was work outside, which
// somebody may have done by other means, or something that the instance goes on without. What failed while a node was entered
// or left says where the token goes; it can only be tried again.
func Resolvable(p *bpmn.Program, s State, incident string) bool {
	if i := s.token(incident); i >= 0 {
		return s.Tokens[i].State == Failed
	}
	m := machine{program: p, state: s}
	return s.unheard(incident) >= 0 || s.failedCondition(incident) >= 0 || m.closingAt(incident)
}

// unheard finds the task whose assignment listener failed with an incident; -1 if there is none.
func (s *State) unheard(incident string) int {
	return slices.IndexFunc(s.Tokens, func(t Token) bool { return t.Unheard && unheardID(t) == incident })
}

// failedCondition finds the subscription whose condition could not be evaluated; -1 if there is none.
func (s *State) failedCondition(incident string) int {
	return slices.IndexFunc(s.Subscriptions, func(c Subscription) bool { return c.ID == incident && c.Failed })
}

// closingAt reports whether an incident is of a delegate that an end listener of the process called.
func (m *machine) closingAt(incident string) bool {
	c := m.state.Closing
	return c != nil && c.State == Failed && c.ID == incident && c.At.Next < len(m.program.End) && m.program.End[c.At.Next].Delegate != nil
}

// resolveIncident closes an incident that is Resolvable. Work outside then counts as done, with the variables of the event as
// what it answered. A condition is looked at again with the next change of a variable; what else was to hear of an assignment
// does not.
func (m *machine) resolveIncident(ev Event) error {
	if i := m.state.unheard(ev.Token); i >= 0 {
		m.settleUnheard(i)
		return nil
	}
	if i := m.state.failedCondition(ev.Token); i >= 0 {
		s := &m.state.Subscriptions[i]
		s.Failed = false
		m.emit(Effect{Kind: IncidentResolved, Element: s.Node, Instance: s.ID})
		return nil
	}
	if c := m.state.Closing; m.closingAt(ev.Token) {
		m.emit(Effect{Kind: IncidentResolved, Element: m.program.Key, Instance: c.ID})
		m.heardAtEnd(Event{Kind: ActivityDone, Variables: ev.Variables})
		return nil
	}
	i := m.state.token(ev.Token)
	if i < 0 || m.state.Tokens[i].State != Failed {
		return fmt.Errorf("resolve: no incident %q that can be resolved: %w", ev.Token, ErrStale)
	}
	t := m.state.Tokens[i]
	m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: t.ID})
	if t.At != nil {
		m.heard(i, Event{Kind: ActivityDone, Variables: ev.Variables})
		return nil
	}
	m.state.Tokens[i].State = Waiting
	if m.node(t.Node).Kind == bpmn.CallActivity {
		return m.finishChild(Event{Kind: ChildEnded, Token: t.ID, Variables: ev.Variables})
	}
	return m.finishActivity(Event{Kind: ActivityDone, Token: t.ID, Variables: ev.Variables})
}
