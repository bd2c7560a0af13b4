package engine

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// enterCall starts an instance of the called process and waits for its end.
func (m *machine) enterCall(v visit) (outcome, error) {
	if err := m.rest(v); err != nil {
		return stay, err
	}
	return stay, m.call(v)
}

func (m *machine) call(v visit) error {
	child, err := m.evaluateCall(v)
	if err != nil {
		return failure{kind: "call", err: fmt.Errorf("call of %q: %w", v.node.ID, err)}
	}
	m.emit(Effect{Kind: ChildStarted, Element: v.node.ID, Instance: v.id, Child: child})
	return nil
}

func (m *machine) evaluateCall(v visit) (*Child, error) {
	c, names := v.node.Call, m.names(v)
	e := evaluator{scope: names}
	child := &Child{
		ProcessKey: strings.TrimSpace(e.text("calledElement", c.Element)), Binding: string(c.Binding),
		BusinessKey: e.text("businessKey", c.BusinessKey), InheritKey: c.InheritKey,
	}
	version := strings.TrimSpace(e.text("version", c.Version))
	switch {
	case e.err != nil:
		return nil, e.err
	case child.ProcessKey == "":
		return nil, fmt.Errorf("calledElement is empty")
	}
	if version != "" {
		var err error
		if child.Version, err = strconv.Atoi(version); err != nil {
			return nil, fmt.Errorf("the version %q is not a number", version)
		}
	}
	vars := variables{}
	switch {
	case c.LocalIn:
		maps.Copy(vars, m.ownVariables(v.id))
	case c.AllIn:
		vars = m.visible(m.seenFrom(v))
	}
	in, err := m.computeAll(c.In, names)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedNames(in) {
		vars[name] = in[name]
	}
	if len(vars) > 0 {
		child.Variables = vars
	}
	return child, nil
}

func (m *machine) waitingCall(token string) (int, error) {
	i := m.state.token(token)
	if i < 0 || m.state.Tokens[i].State != Waiting || m.node(m.state.Tokens[i].Node).Kind != bpmn.CallActivity || m.isWhole(token) {
		return -1, fmt.Errorf("call %q: nothing waits for it: %w", token, ErrStale)
	}
	return i, nil
}

// finishChild takes the end of a called instance: its variables, or the error that ended it. One that was terminated leaves
// an incident: a retry calls once more.
func (m *machine) finishChild(ev Event) error {
	i, err := m.waitingCall(ev.Token)
	if err != nil {
		return err
	}
	m.state.Tokens[i].State = Answered
	v := m.visitOf(m.state.Tokens[i])
	switch {
	case ev.Code != "":
		if !m.throwError(origin{instance: v.id, scope: v.scope}, problem{code: ev.Code, message: ev.Reason}) {
			m.end(Effect{
				Kind: InstanceEnded, Element: v.node.ID, Status: Terminated, Code: ev.Code,
				Message: "the error " + quoted(ev.Code) + " ended the called process and nothing catches it",
			})
		}
	case ev.Reason != "":
		m.raise(v, Failed, failure{kind: "call", err: fmt.Errorf("the process called by %q has ended: %s", v.node.ID, ev.Reason)})
	default:
		m.state.Tokens[i].Result = m.keepAll(ev.Variables)
		m.leave(v)
	}
	return nil
}

// mapCallResult takes over the variables of a called instance.
func (m *machine) mapCallResult(v visit) error {
	i := m.state.token(v.id)
	if v.node.Kind != bpmn.CallActivity || i < 0 {
		return nil
	}
	result := m.state.Tokens[i].Result
	out, err := m.computeAll(v.node.Call.Out, fixed{m, result})
	if err != nil {
		return err
	}
	if v.node.Call.LocalOut {
		local := m.openLocal(v, nil)
		for _, name := range sortedNames(result) {
			m.setLocal(local, name, result[name])
		}
	} else if v.node.Call.AllOut {
		m.setAll(m.seenFrom(v), result)
	}
	m.setAll(m.seenFrom(v), out)
	return nil
}

func (m *machine) escalateChild(ev Event) error {
	i, err := m.waitingCall(ev.Token)
	if err != nil {
		return err
	}
	v := m.visitOf(m.state.Tokens[i])
	// The variables come along; a mapping that fails is an incident when the called instance ends.
	_ = m.try(func() error {
		out, err := m.computeAll(v.node.Call.Out, fixed{m, ev.Variables})
		m.setAll(m.seenFrom(v), out)
		return err
	})
	m.throwEscalation(origin{instance: v.id, scope: v.scope}, ev.Code)
	return nil
}
