package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// limits bound every expression; the defaults of the expr package hold.
var limits = expr.Limits{}

// text encodes a string as a JSON variable value. A string always encodes.
func text(s string) json.RawMessage {
	b, _ := json.Marshal(s)
	return b
}

// names resolves the names of an expression: execution, task in task listeners, else process variables.
type names struct {
	m    *machine
	v    visit
	task bool
}

func (m *machine) scope(v visit) expr.Scope     { return names{m: m, v: v} }
func (m *machine) taskScope(v visit) expr.Scope { return names{m: m, v: v, task: true} }

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
	raw, ok := n.m.state.Variables[name]
	if !ok {
		return nil, false
	}
	v, err := expr.FromJSON(raw)
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

// execution is the host object "execution" of the vendors' vocabulary.
type execution names

// Property implements expr.Object.
func (e execution) Property(name string) (any, bool) {
	switch name {
	case "currentTime":
		return e.m.at.Format(time.RFC3339Nano), true
	case "currentActivityId":
		return e.v.node.ID, true
	case "currentActivityName":
		return e.v.node.Name, true
	}
	return nil, false
}

// Call implements expr.Object.
func (e execution) Call(_ *expr.Context, method string, args []any) (any, error) {
	switch {
	case method == "setVariable" && len(args) == 2:
		value, err := expr.ToJSON(args[1])
		if err != nil {
			return nil, err
		}
		e.m.setVariable(expr.Text(args[0]), value)
		return nil, nil
	case method == "getVariable" && len(args) == 1:
		v, _ := names(e).variable(expr.Text(args[0]))
		return v, nil
	case method == "hasVariable" && len(args) == 1:
		_, ok := e.m.state.Variables[expr.Text(args[0])]
		return ok, nil
	case method == "getCurrentTime" && len(args) == 0:
		return e.m.at.Format(time.RFC3339Nano), nil
	case method == "getCurrentActivityId" && len(args) == 0:
		return e.v.node.ID, nil
	}
	return nil, fmt.Errorf("execution.%s with %d arguments: %w", method, len(args), expr.ErrNoMethod)
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
	e := evaluator{scope: t.m.scope(t.v)}
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
