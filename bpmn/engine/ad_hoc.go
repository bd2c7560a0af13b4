package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// enterAdHoc opens an ad-hoc sub-process: people activate what is in it, in any order (BPMN 2.0 section 13.3.5).
func (m *machine) enterAdHoc(v visit) (outcome, error) {
	if _, err := m.openBody(v); err != nil {
		return stay, err
	}
	return stay, m.rest(v)
}

// staysOpen reports whether a scope stays although nothing is active in it: an ad-hoc sub-process that may go on.
func (m *machine) staysOpen(s Scope) bool {
	return m.node(s.Node).Kind == bpmn.AdHocSubProcess && !s.Finishing
}

// driveAdHoc activates elements of an ad-hoc sub-process, or ends it.
func (m *machine) driveAdHoc(ev Event) error {
	s := m.state.hosted(ev.Token, BodyScope)
	if s == nil || m.node(s.Node).Kind != bpmn.AdHocSubProcess || s.Finishing {
		return fmt.Errorf("ad-hoc sub-process %q: it is not open: %w", ev.Token, ErrStale)
	}
	if ev.Kind == Complete {
		m.endAdHoc(s.ID)
		return nil
	}
	node := m.node(s.Node)
	if node.AdHoc.Sequential && (!m.isIdle(s.ID) || len(ev.Elements) > 1) {
		return fmt.Errorf("ad-hoc sub-process %q: one activity at a time: %w", ev.Token, ErrStale)
	}
	for _, id := range ev.Elements {
		i := m.program.NodeIndex(id)
		if i < 0 || !slices.Contains(node.Container.Sources, i) {
			return fmt.Errorf("ad-hoc sub-process %q: there is no activity %q to begin: %w", ev.Token, id, ErrStale)
		}
	}
	m.setAll(s.ID, ev.Variables)
	for _, id := range ev.Elements {
		m.send(Arrival{Node: id, Scope: s.ID})
	}
	return nil
}

// isIdle reports whether nothing is in a scope or on its way there.
func (m *machine) isIdle(scope string) bool {
	return m.state.isEmpty(scope) && !slices.ContainsFunc(m.arrived, func(a Arrival) bool { return a.Scope == scope })
}

// endAdHoc lets an ad-hoc sub-process end, at once or when what is active has completed.
func (m *machine) endAdHoc(id string) {
	s := m.state.scope(id)
	s.Finishing = true
	if m.node(s.Node).AdHoc.CancelRemaining {
		m.cancelScope(id)
	}
}

// partDone evaluates the completion condition of an ad-hoc sub-process when an activity in it has completed.
func (m *machine) partDone(v visit) {
	s := m.state.scope(v.scope)
	if s == nil || s.Kind != BodyScope || s.Finishing {
		return
	}
	if i := m.state.token(s.Host); i >= 0 && m.state.Tokens[i].State == Waiting && m.node(s.Node).Kind == bpmn.AdHocSubProcess {
		m.askWhetherComplete(m.visitOf(m.state.Tokens[i]))
	}
}

// askWhetherComplete ends an ad-hoc sub-process whose completion condition is true. A condition that fails raises an
// incident; until it is tried again the activities go on, and do not ask.
func (m *machine) askWhetherComplete(v visit) {
	s := m.state.hosted(v.id, BodyScope)
	if s == nil || s.Finishing || v.node.AdHoc.Completion == nil {
		return
	}
	ok, err := v.node.AdHoc.Completion.EvalBool(m.namesAt(v.node, s.ID), limits)
	switch {
	case err != nil:
		m.raise(v, Leaving, failure{kind: "condition", err: fmt.Errorf("completion condition of %q: %w", v.node.ID, err)})
	case ok:
		m.endAdHoc(s.ID)
	}
}
