package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// limits bound every expression; the defaults of the expr package hold.
var limits = expr.Limits{}

// text encodes a string as a JSON variable value. A string always encodes.
func text(s string) json.RawMessage {
	b, _ := json.Marshal(s)
	return b
}

// names resolves the names of an expression: execution, task in task listeners, else variables as a scope sees them.
type names struct {
	m     *machine
	v     visit  // where the expression is; its node may be nil
	scope string // whose variables it sees
	task  bool
}

// names are those that a node instance sees.
func (m *machine) names(v visit) names { return names{m: m, v: v, scope: m.seenFrom(v)} }

func (m *machine) taskNames(v visit) names {
	n := m.names(v)
	n.task = true
	return n
}

// namesAt are those of a node that is not entered, such as an event that is waited for.
func (m *machine) namesAt(node *bpmn.Node, scope string) names {
	return names{m: m, v: visit{node: node}, scope: scope}
}

// namesIn are those of a scope.
func (m *machine) namesIn(scope string) names { return names{m: m, scope: scope} }

// Now implements expr.Clock: the moment of the event that is applied.
func (n names) Now() time.Time { return n.m.at }

// Lookup implements expr.Scope.
func (n names) Lookup(name string) (any, bool) {
	switch {
	case name == "execution":
		return execution(n), true
	case name == "task" && n.task:
		return task(n), true
	}
	return n.variable(name)
}

func (n names) variable(name string) (any, bool) {
	raw, ok := n.m.variable(n.scope, name)
	if !ok {
		return nil, false
	}
	v, err := n.m.read(raw)
	if err != nil {
		return nil, false
	}
	if id, isText := v.(string); isText {
		for _, u := range n.m.state.Users {
			if u.ID == id {
				return person(u), true
			}
		}
	}
	return v, true
}

// stored implements storedScope.
func (n names) stored(name string) (json.RawMessage, bool) {
	if name == "execution" || name == "task" && n.task {
		return nil, false
	}
	return n.m.variable(n.scope, name)
}

// task is the host object "task" of task listeners.
type task names

func (t task) assignee() any {
	if i := t.m.state.token(t.v.id); i >= 0 && t.m.state.Tokens[i].Assignee != "" {
		return t.m.state.Tokens[i].Assignee
	}
	return nil
}

// name evaluates the task's name anew: the state does not keep it.
func (t task) name() string {
	e := evaluator{scope: t.m.names(t.v)}
	if name := e.text("name", t.v.node.Human.Name); name != "" && e.err == nil {
		return name
	}
	return t.v.node.ID
}

// Property implements expr.Object.
func (t task) Property(name string) (any, bool) {
	switch name {
	case "assignee":
		return t.assignee(), true
	case "name":
		return t.name(), true
	case "taskDefinitionKey":
		return t.v.node.ID, true
	}
	return nil, false
}

// Call implements expr.Object.
func (t task) Call(c *expr.Context, method string, args []any) (any, error) {
	switch {
	case method == "getAssignee" && len(args) == 0:
		return t.assignee(), nil
	case method == "getName" && len(args) == 0:
		return t.name(), nil
	case method == "getTaskDefinitionKey" && len(args) == 0:
		return t.v.node.ID, nil
	case method == "setVariable" || method == "getVariable" || method == "hasVariable":
		return execution(t).Call(c, method, args)
	}
	return nil, fmt.Errorf("task.%s with %d arguments: %w", method, len(args), expr.ErrNoMethod)
}

// person is a user in an expression: its text is the user id.
type person User

// ExprText is what the person is as text.
func (p person) ExprText() string { return p.ID }

// Property implements expr.Object.
func (p person) Property(name string) (any, bool) {
	if name == "id" {
		return p.ID, true
	}
	return nil, false
}

// Call implements expr.Object.
func (p person) Call(_ *expr.Context, method string, args []any) (any, error) {
	switch {
	case method == "hasRole" && len(args) == 1:
		return slices.Contains(p.Roles, expr.Text(args[0])), nil
	case (method == "getId" || method == "toString") && len(args) == 0:
		return p.ID, nil
	case method == "equals" && len(args) == 1:
		return args[0] != nil && expr.Text(args[0]) == p.ID, nil
	}
	return nil, fmt.Errorf("user.%s with %d arguments: %w", method, len(args), expr.ErrNoMethod)
}
