package engine

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// origin is where an error or escalation comes from: an activity, whose boundary is asked first, or a scope.
type origin struct {
	instance string // node instance; "": none
	scope    string
}

// problem is an error on its way to whoever catches it.
type problem struct{ code, message string }

// catcher is an event that catches, with the place where it does.
type catcher struct {
	event *bpmn.Node
	def   *bpmn.EventDefinition
	host  string // boundary event: the node instance it is attached to
	scope string // where the event sub-process or the boundary event goes on
}

// findCatcher looks outwards, from the innermost scope to the process, for an event that catches a code: first among the
// event sub-processes of a scope, then at the boundary of what the scope is in (BPMN 2.0 section 10.5.1). An event
// sub-process does not catch what is thrown in it; the others beside it may.
func (m *machine) findCatcher(kind bpmn.EventKind, code string, from origin) (catcher, bool) {
	instance, scope := from.instance, from.scope
	for {
		var inside *bpmn.Node // the event sub-process that it comes from
		if i := m.state.token(instance); i >= 0 {
			v := m.visitOf(m.state.Tokens[i])
			if scope = v.scope; v.node.Event {
				inside = v.node
			}
			if !m.isInstance(v.scope, v.node.ID) {
				if event, def := m.matching(v.node.Boundary, kind, code); def != nil {
					return catcher{event: event, def: def, host: v.id, scope: v.scope}, true
				}
			}
		}
		if c := m.containerOf(scope); c != nil {
			if event, def := m.matching(m.eventStartsBut(c, inside), kind, code); def != nil {
				return catcher{event: event, def: def, scope: scope}, true
			}
		}
		s := m.state.scope(scope)
		if s == nil {
			return catcher{}, false
		}
		instance = s.Host
	}
}

// eventStarts are the start events of the event sub-processes of a container.
func (m *machine) eventStarts(c *bpmn.Container) []int {
	var starts []int
	for _, sub := range c.EventSubs {
		starts = append(starts, m.program.Nodes[sub].Container.Triggered...)
	}
	return starts
}

// eventStartsBut leaves one event sub-process out; nil: none.
func (m *machine) eventStartsBut(c *bpmn.Container, sub *bpmn.Node) []int {
	starts := m.eventStarts(c)
	if sub == nil {
		return starts
	}
	return slices.DeleteFunc(starts, func(i int) bool { return m.program.Nodes[m.program.Nodes[i].Parent].ID == sub.ID })
}

// matching finds the event that catches a code: one that names it, else the first that names none.
func (m *machine) matching(events []int, kind bpmn.EventKind, code string) (*bpmn.Node, *bpmn.EventDefinition) {
	var any *bpmn.Node
	var anyDef *bpmn.EventDefinition
	for _, i := range events {
		event := &m.program.Nodes[i]
		for j := range event.Events {
			def := &event.Events[j]
			switch {
			case def.Kind != kind:
			case def.Code == nil:
				if any == nil {
					any, anyDef = event, def
				}
			case m.codeOf(def) == code:
				return event, def
			}
		}
	}
	return any, anyDef
}

// codeOf is the code that an event catches; one that cannot be evaluated catches nothing.
func (m *machine) codeOf(def *bpmn.EventDefinition) string {
	e := evaluator{scope: m.namesIn("")}
	if code := e.text("code", def.Code); e.err == nil {
		return code
	}
	return "\x00"
}

// throwError hands an error to the event that catches it and reports whether there is one. Errors always interrupt.
func (m *machine) throwError(from origin, p problem) bool {
	c, ok := m.findCatcher(bpmn.ErrorEvent, p.code, from)
	if !ok {
		return false
	}
	m.tell(c, p)
	m.reach(c, true)
	return true
}

// throwEscalation hands an escalation to the event that catches it; one that nobody catches is no failure.
func (m *machine) throwEscalation(from origin, code string) {
	if c, ok := m.findCatcher(bpmn.EscalationEvent, code, from); ok {
		m.tell(c, problem{code: code})
		m.reach(c, c.event.Interrupting)
		return
	}
	m.emit(Effect{Kind: EscalationThrown, Code: code})
}

// escalate throws an escalation from outside, where a deadline has passed.
func (m *machine) escalate(ev Event) error {
	var from origin
	if ev.Token != "" {
		i := m.state.token(ev.Token)
		if i < 0 || !m.isOpenTask(m.state.Tokens[i]) {
			return fmt.Errorf("escalate: no open task %q: %w", ev.Token, ErrStale)
		}
		v := m.visitOf(m.state.Tokens[i])
		from = origin{instance: v.id, scope: v.scope}
	}
	m.setAll(from.scope, ev.Variables)
	m.throwEscalation(from, ev.Code)
	return nil
}

func (m *machine) tell(c catcher, p problem) {
	if c.def.CodeVariable != "" {
		m.set(c.scope, c.def.CodeVariable, text(p.code))
	}
	if c.def.MessageVariable != "" {
		m.set(c.scope, c.def.MessageVariable, text(p.message))
	}
}

// reach lets the catching event go on.
func (m *machine) reach(c catcher, interrupt bool) {
	if c.event.Kind == bpmn.StartEvent {
		if interrupt {
			m.cancelScope(c.scope)
		}
		m.send(Arrival{Node: m.program.Nodes[c.event.Parent].ID, Scope: c.scope, Start: c.event.ID})
		return
	}
	if i := m.state.token(c.host); i >= 0 && interrupt {
		m.cancelToken(m.state.Tokens[i])
	}
	m.send(Arrival{Node: c.event.ID, Scope: c.scope})
}

func quoted(s string) string { return strconv.Quote(s) }
