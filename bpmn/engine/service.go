package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// worksOutside reports whether a node waits for work that is done outside of the engine.
func worksOutside(n *bpmn.Node) bool {
	return n.Service != nil && n.Service.Kind != bpmn.ServiceExpression ||
		n.Script != nil && n.Script.Expression == nil
}

// skips reports whether the model wants a task left out (skipExpression).
func (m *machine) skips(v visit) (bool, error) {
	var skip *bpmn.Template
	switch {
	case v.node.Human != nil:
		skip = v.node.Human.Skip
	case v.node.Service != nil:
		skip = v.node.Service.Skip
	}
	if skip == nil || !m.maySkip() {
		return false, nil
	}
	ok, err := skip.EvalBool(m.names(v), limits)
	if err != nil {
		return false, failure{kind: "expression", err: fmt.Errorf("skip expression of %q: %w", v.node.ID, err)}
	}
	return ok, nil
}

// maySkip reports whether the instance has switched skip expressions on, as the vendors have it.
func (m *machine) maySkip() bool {
	for _, name := range []string{"_FLOWABLE_SKIP_EXPRESSION_ENABLED", "_ACTIVITI_SKIP_EXPRESSION_ENABLED"} {
		if string(m.state.Variables[name]) == "true" {
			return true
		}
	}
	return false
}

// enterService does the work of a service, send or business rule task: an expression in place, anything else outside. A
// send task without such work sends its message.
func (m *machine) enterService(v visit) (outcome, error) {
	s := v.node.Service
	switch {
	case s == nil && v.node.Message != nil:
		return m.enterSend(v)
	case s == nil:
		return goOn, nil
	case s.Kind != bpmn.ServiceExpression:
		if err := m.rest(v); err != nil {
			return stay, err
		}
		return stay, m.ask(v)
	}
	result, err := s.Expression.Eval(m.names(v), limits)
	if err != nil {
		return stay, failure{kind: "service", err: fmt.Errorf("service task %q: %w", v.node.ID, err)}
	}
	if s.ResultVariable == "" {
		return goOn, nil
	}
	value, err := m.toData(result)
	if err != nil {
		return stay, failure{kind: "service", err: fmt.Errorf("result of service task %q: %w", v.node.ID, err)}
	}
	m.setResult(v, s.ResultVariable, s.ResultLocal, value)
	return goOn, nil
}

func (m *machine) enterSend(v visit) (outcome, error) {
	e := evaluator{scope: m.names(v)}
	name, key := e.text("message", v.node.Message), e.text("correlation key", v.node.MessageKey)
	if e.err != nil {
		return stay, e.err
	}
	m.emit(Effect{Kind: MessageThrown, Element: v.node.ID, Instance: v.id, Throw: &Throw{Name: name, Key: key}})
	return goOn, nil
}

// enterScript evaluates a JUEL script in place; scripts in other languages run outside.
func (m *machine) enterScript(v visit) (outcome, error) {
	s := v.node.Script
	if s.Expression == nil {
		if err := m.rest(v); err != nil {
			return stay, err
		}
		return stay, m.ask(v)
	}
	result, err := s.Expression.Eval(m.names(v), limits)
	if err != nil {
		return stay, failure{kind: "script", err: fmt.Errorf("script of %q: %w", v.node.ID, err)}
	}
	if s.ResultVariable == "" {
		return goOn, nil
	}
	value, err := m.toData(result)
	if err != nil {
		return stay, failure{kind: "script", err: fmt.Errorf("result of script %q: %w", v.node.ID, err)}
	}
	m.setResult(v, s.ResultVariable, false, value)
	return goOn, nil
}

func (m *machine) setResult(v visit, name string, local bool, value json.RawMessage) {
	if local {
		m.setLocal(m.openLocal(v, nil), name, value)
		return
	}
	m.set(m.seenFrom(v), name, value)
}

// ask starts the work of a node outside.
func (m *machine) ask(v visit) error {
	a, err := m.describe(v)
	if err != nil {
		return err
	}
	m.emit(Effect{Kind: ActivityStarted, Element: v.node.ID, Instance: v.id, Activity: a})
	return nil
}

// Work describes what a node instance or listener asked for that waits for work outside, with the variables of now: for a
// caller that did not begin it at once, or has to begin it again. The only error is ErrStale (wrapped), or that of an expression.
func Work(p *bpmn.Program, from values.Source, s State, token string, at time.Time) (*Activity, error) {
	m := &machine{program: p, state: s.clone(), at: at.UTC(), large: from}
	i := m.atWork(token)
	if i < 0 {
		return m.describeListening(token)
	}
	return m.describe(m.visitOf(m.state.Tokens[i]))
}

// atWork finds the token of a node instance that waits for work outside; -1 if there is none.
func (m *machine) atWork(instance string) int {
	i := m.state.token(instance)
	if i < 0 || m.state.Tokens[i].State != Waiting || !worksOutside(m.node(m.state.Tokens[i].Node)) || m.isWhole(instance) {
		return -1
	}
	return i
}

func (m *machine) describe(v visit) (*Activity, error) {
	a := &Activity{Kind: ScriptActivity}
	if s := v.node.Script; s != nil {
		a.Name = string(s.Format)
	} else if err := m.describeService(v.node.Service, m.names(v), a); err != nil {
		return nil, err
	}
	a.Variables = m.visible(m.seenFrom(v))
	return a, nil
}

func (m *machine) describeService(s *bpmn.Service, names names, a *Activity) error {
	e := evaluator{scope: names}
	switch s.Kind {
	case bpmn.ServiceHTTP:
		a.Kind = HTTPActivity
	case bpmn.ServiceMail:
		a.Kind = MailActivity
	case bpmn.ServiceDecision:
		a.Kind, a.Name = DecisionActivity, e.text("decision", s.Decision)
	default:
		a.Kind, a.Name, a.Topic = DelegateActivity, s.Activity, e.text("topic", s.Topic)
		a.Name = cmp.Or(a.Name, a.Topic)
	}
	if e.err != nil {
		return e.err
	}
	var err error
	a.Fields, a.Stored, err = m.computeFields(s.Fields, names)
	return err
}

// finishActivity takes the answer to work outside: a result, a BPMN error, or a failure for a person to mend.
func (m *machine) finishActivity(ev Event) error {
	i := m.atWork(ev.Token)
	if i < 0 {
		return m.finishListener(ev)
	}
	m.state.Tokens[i].State = Answered
	v := m.visitOf(m.state.Tokens[i])
	m.setAll(m.seenFrom(v), ev.Variables)
	if ev.Kind == ActivityDone {
		m.takeResult(v, ev.Value)
		m.leave(v)
		return nil
	}
	if code := cmp.Or(ev.Code, mappedError(v.node.Service, ev.Type)); code != "" {
		if m.throwError(origin{instance: v.id, scope: v.scope}, problem{code: code, message: ev.Reason}) {
			return nil
		}
		m.raise(v, Failed, failure{kind: "error", err: fmt.Errorf("the error %q of %q is caught by nothing: %s", code, v.node.ID, ev.Reason)})
		return nil
	}
	m.raise(v, Failed, failure{kind: "service", err: fmt.Errorf("%q failed: %s", v.node.ID, ev.Reason)})
	return nil
}

func (m *machine) takeResult(v visit, value json.RawMessage) {
	if len(value) == 0 {
		return
	}
	switch {
	case v.node.Service != nil && v.node.Service.ResultVariable != "":
		m.setResult(v, v.node.Service.ResultVariable, v.node.Service.ResultLocal, value)
	case v.node.Script != nil && v.node.Script.ResultVariable != "":
		m.setResult(v, v.node.Script.ResultVariable, false, value)
	}
}

// mappedError is the BPMN error that a failure of a type becomes; "" if none.
func mappedError(s *bpmn.Service, failure string) string {
	if s == nil {
		return ""
	}
	for _, e := range s.Errors {
		if e.Type == "" || e.Type == failure {
			return e.Code
		}
	}
	return ""
}

// fixed are variables that are already known, as names of an expression.
type fixed struct {
	m    *machine
	vars variables
}

// Lookup implements expr.Scope.
func (f fixed) Lookup(name string) (any, bool) {
	raw, ok := f.vars[name]
	if !ok {
		return nil, false
	}
	v, err := f.m.read(raw)
	return v, err == nil
}

// stored implements storedScope.
func (f fixed) stored(name string) (json.RawMessage, bool) {
	raw, ok := f.vars[name]
	return raw, ok
}
