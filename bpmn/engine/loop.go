package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// maxActive bounds the instances of a parallel multi-instance activity that are active at once; the others begin as these
// complete, so that ten thousand items need no larger state than five hundred.
const maxActive = 500

// Variables of a repeated activity, as the vendors name them.
const (
	varTotal     = "nrOfInstances"
	varActive    = "nrOfActiveInstances"
	varCompleted = "nrOfCompletedInstances"
	varCounter   = "loopCounter"
)

// isInstance reports whether a token of a node in a scope is one instance of a repeated activity.
func (m *machine) isInstance(scope, node string) bool {
	s := m.state.scope(scope)
	return s != nil && s.Kind == LoopScope && s.Node == node
}

// isWhole reports whether a node instance is a repeated activity as a whole.
func (m *machine) isWhole(instance string) bool { return m.state.hosted(instance, LoopScope) != nil }

// enterLoop begins a repeated activity: its token rests until enough of its instances have completed (BPMN 2.0 sections
// 13.3.6 and 13.3.7).
func (m *machine) enterLoop(v visit) (outcome, error) {
	loop, err := m.evaluateLoop(v)
	if err != nil {
		return stay, failure{kind: "loop", err: err}
	}
	parent := v.scope
	if s := m.state.hosted(v.id, LocalScope); s != nil { // a compensation handler sees the variables of what it compensates
		parent = s.ID
	}
	id := m.openScope(Scope{ID: loopID(v.id), Kind: LoopScope, Parent: parent, Host: v.id, Node: v.node.ID, Loop: &loop})
	if v.node.Loop.Kind != bpmn.LoopStandard {
		m.setLocal(id, varTotal, number(loop.Total))
		m.setLocal(id, varCompleted, number(0))
		m.setLocal(id, varActive, number(0))
	}
	if err := m.rest(v); err != nil {
		return stay, err
	}
	return outcome{stay: true, then: func() { m.startInstances(id) }}, nil
}

// evaluateLoop finds out how often the activity is repeated.
func (m *machine) evaluateLoop(v visit) (LoopState, error) {
	l := v.node.Loop
	switch {
	case l.Kind == bpmn.LoopStandard:
		return LoopState{Total: -1}, nil
	case l.Collection != nil:
		items, err := m.evaluateCollection(v)
		if err != nil {
			return LoopState{}, err
		}
		return m.loopOver(items), nil
	case l.Cardinality != nil:
		e := evaluator{scope: m.names(v)}
		n := e.integer("loop cardinality", l.Cardinality)
		switch {
		case e.err != nil:
			return LoopState{}, e.err
		case n == nil || *n < 0:
			return LoopState{}, fmt.Errorf("the loop cardinality of %q is not a number of instances", v.node.ID)
		}
		return LoopState{Total: *n}, nil
	}
	return LoopState{}, fmt.Errorf("%q is to be repeated for nothing", v.node.ID)
}

func (m *machine) evaluateCollection(v visit) ([]json.RawMessage, error) {
	value, err := v.node.Loop.Collection.Eval(m.names(v), limits)
	if err != nil {
		return nil, fmt.Errorf("collection of %q: %w", v.node.ID, err)
	}
	if name, isText := value.(string); isText { // the name of the variable that holds it
		if raw, ok := m.variable(v.scope, name); ok {
			if value, err = m.read(raw); err != nil {
				return nil, fmt.Errorf("collection of %q: %w", v.node.ID, err)
			}
		}
	}
	list, isList := value.([]any)
	if !isList {
		return nil, fmt.Errorf("the collection of %q is no list", v.node.ID)
	}
	items := make([]json.RawMessage, len(list))
	for i, item := range list {
		if items[i], err = toJSON(item); err != nil {
			return nil, fmt.Errorf("item %d of the collection of %q: %w", i, v.node.ID, err)
		}
	}
	return items, nil
}

// startInstances begins as many instances as there may be now: one of a sequential activity. When there is none to begin
// and none active, the activity is done.
func (m *machine) startInstances(id string) {
	for {
		s := m.state.scope(id)
		at := m.state.token(s.Host)
		l := s.Loop
		kind := m.node(s.Node).Loop.Kind
		active := l.Started - l.Completed
		switch {
		case l.Total >= 0 && l.Started >= l.Total || kind == bpmn.LoopStandard && active == 0 && !m.goesOn(id):
			if active == 0 && at >= 0 && m.state.Tokens[at].State == Waiting {
				m.leaveLoop(m.visitOf(m.state.Tokens[at]))
			}
			return
		case kind != bpmn.LoopParallel && active > 0, active >= maxActive:
			return
		}
		m.startInstance(id)
	}
}

func (m *machine) startInstance(id string) {
	s := m.state.scope(id)
	node := m.node(s.Node)
	loop := s.copyLoop()
	i := loop.Started
	loop.Started++
	m.countInstances(id)
	instance := m.newID(node.ID)
	m.emit(Effect{Kind: NodeEntered, Element: node.ID, Instance: instance})
	local := variables{varCounter: number(i)}
	if node.Loop.ElementVariable != "" {
		if item, ok := m.itemOf(loop, i); ok {
			local[node.Loop.ElementVariable] = m.pack(item)
		}
	}
	if node.Loop.IndexVariable != "" {
		local[node.Loop.IndexVariable] = number(i)
	}
	m.openLocal(visit{node: node, id: instance, scope: id}, local)
	m.send(Arrival{Node: node.ID, ID: instance, Scope: id})
}

// countInstances keeps the variables that count true.
func (m *machine) countInstances(id string) {
	s := m.state.scope(id)
	if m.node(s.Node).Loop.Kind == bpmn.LoopStandard {
		return
	}
	l := s.Loop
	m.setLocal(id, varActive, number(l.Started-l.Completed))
	m.setLocal(id, varCompleted, number(l.Completed))
}

// goesOn reports whether a standard loop begins once more. A condition that fails raises an incident at the activity.
func (m *machine) goesOn(id string) bool {
	s := m.state.scope(id)
	def, started := m.node(s.Node).Loop, s.Loop.Started
	switch {
	case def.Maximum > 0 && started >= def.Maximum:
		return false
	case started == 0 && !def.TestBefore || def.Condition == nil:
		return true
	}
	ok, err := def.Condition.EvalBool(m.namesIn(id), limits)
	if err != nil {
		if i := m.state.token(s.Host); i >= 0 {
			m.raise(m.visitOf(m.state.Tokens[i]), Leaving, failure{kind: "condition", err: fmt.Errorf("loop condition of %q: %w", s.Node, err)})
		}
		return false
	}
	return ok
}

// loopResult is what one instance comes to.
type loopResult struct {
	counter int             // loopCounter
	value   json.RawMessage // {"output": …, "<aggregation>": {…}}; nil: nothing is gathered
	stop    bool            // the completion condition holds
}

// outputKey is the place of the output element in a result.
const outputKey = "output"

// loopResultOf computes the result of an instance while its variables are still there.
func (m *machine) loopResultOf(v visit) (loopResult, error) {
	l := v.node.Loop
	names := m.names(v)
	gathered := map[string]json.RawMessage{}
	if l.OutputElement != nil {
		value, err := m.evaluate(bpmn.Value{Text: l.OutputElement}, names)
		if err != nil {
			return loopResult{}, err
		}
		gathered[outputKey] = value
	}
	for _, a := range l.Aggregations {
		fields, err := m.evaluateAll(a.Fields, names)
		if err != nil {
			return loopResult{}, err
		}
		if gathered[a.Target], err = json.Marshal(fields); err != nil {
			return loopResult{}, failure{kind: "loop", err: err}
		}
	}
	r := loopResult{counter: m.counterOf(v)}
	var err error
	if len(gathered) > 0 {
		if r.value, err = json.Marshal(gathered); err != nil {
			return r, failure{kind: "loop", err: err}
		}
	}
	if l.Completion != nil {
		if r.stop, err = l.Completion.EvalBool(counted{names: names, m: m, scope: v.scope}, limits); err != nil {
			return r, failure{kind: "condition", err: fmt.Errorf("completion condition of %q: %w", v.node.ID, err)}
		}
	}
	return r, nil
}

// counterOf is the loopCounter that an instance began with.
func (m *machine) counterOf(v visit) int {
	counter := 0
	if s := m.state.hosted(v.id, LocalScope); s != nil {
		_ = json.Unmarshal(s.Variables[varCounter], &counter) // a model that overwrites it loses its place
	}
	return counter
}

// counted are the names of a completion condition: the instance that is being left counts as completed.
type counted struct {
	names names
	m     *machine
	scope string
}

// Lookup implements expr.Scope.
func (c counted) Lookup(name string) (any, bool) {
	l := c.m.state.scope(c.scope).Loop
	switch name {
	case varCompleted:
		return int64(l.Completed + 1), true
	case varActive:
		return int64(l.Started - l.Completed - 1), true
	}
	return c.names.Lookup(name)
}

// instanceDone counts a completed instance; then the next one begins, or the activity is done.
func (m *machine) instanceDone(v visit, r loopResult) {
	s := m.state.scope(v.scope)
	loop := s.copyLoop()
	loop.Completed++
	if r.value != nil {
		if loop.Results == nil {
			loop.Results = map[int]json.RawMessage{}
		}
		loop.Results[r.counter] = r.value
		m.fold(loop)
	}
	m.countInstances(s.ID)
	if !r.stop {
		m.startInstances(s.ID)
		return
	}
	if i := m.state.token(s.Host); i >= 0 {
		m.leaveLoop(m.visitOf(m.state.Tokens[i]))
	}
}

// leaveLoop ends a repeated activity as a whole: what its instances came to is gathered, instances that are still active
// are cancelled, and tokens go out.
func (m *machine) leaveLoop(v visit) {
	id := m.state.hosted(v.id, LoopScope).ID
	m.cancelScope(id)
	m.disarm(v.id)
	var at *Stand
	err := m.try(func() error {
		if v.at == nil {
			if err := m.gather(v, id); err != nil {
				return err
			}
		}
		flows, err := m.flowsOut(v)
		if err != nil {
			return err
		}
		if at, err = m.listenOnFlows(v, flows); at != nil || err != nil {
			return err
		}
		return m.take(v, flows)
	})
	if err != nil {
		m.raise(v, Leaving, err)
		return
	}
	if at != nil {
		m.hold(v, at)
		return
	}
	for i := range m.state.Done {
		if m.state.Done[i].Scope == id {
			m.state.Done[i].Scope = v.scope
		}
	}
	m.closeScopes(v.id)
	m.state.removeToken(v.id)
	m.partDone(v)
}

// gather sets the variables that receive the results, in the order of the items.
func (m *machine) gather(v visit, id string) error {
	l, s := v.node.Loop, m.state.scope(id)
	if l.OutputCollection == "" && len(l.Aggregations) == 0 {
		return nil
	}
	results, err := m.unfold(s.Loop)
	if err != nil {
		return failure{kind: "loop", err: err}
	}
	if l.OutputCollection != "" {
		if err := m.gatherOne(v.scope, l.OutputCollection, outputKey, results); err != nil {
			return err
		}
	}
	for _, a := range l.Aggregations {
		if err := m.gatherOne(v.scope, a.Target, a.Target, results); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) gatherOne(scope, variable, key string, results map[int]json.RawMessage) error {
	list := make([]json.RawMessage, 0, len(results))
	for _, i := range slices.Sorted(maps.Keys(results)) {
		var result map[string]json.RawMessage
		if err := json.Unmarshal(results[i], &result); err != nil {
			return failure{kind: "loop", err: fmt.Errorf("result %d: %w", i, err)}
		}
		if value, ok := result[key]; ok {
			list = append(list, value)
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return failure{kind: "loop", err: err}
	}
	m.set(scope, variable, m.pack(raw))
	return nil
}

func number(n int) json.RawMessage { return json.RawMessage(fmt.Sprint(n)) }
