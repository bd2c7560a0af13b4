package engine

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// execution is the host object "execution" of the vendors' vocabulary.
type execution names

// Property implements expr.Object.
func (e execution) Property(name string) (any, bool) {
	switch name {
	case "currentTime":
		return e.m.at.Format(time.RFC3339Nano), true
	case "currentActivityId":
		return e.element(), true
	case "currentActivityName":
		if e.v.node == nil {
			return nil, true
		}
		return e.v.node.Name, true
	case "processInstanceId", "id":
		return e.m.state.InstanceID, true
	case "processInstanceBusinessKey", "processBusinessKey", "businessKey":
		return e.m.state.BusinessKey, true
	case "processDefinitionKey":
		return e.m.program.Key, true
	}
	return nil, false
}

func (e execution) element() any {
	if e.v.node == nil {
		return nil
	}
	return e.v.node.ID
}

// getters are the methods that read a property.
var getters = map[string]string{
	"getCurrentTime": "currentTime", "getCurrentActivityId": "currentActivityId", "getCurrentActivityName": "currentActivityName",
	"getProcessInstanceId": "processInstanceId", "getId": "id", "getProcessInstanceBusinessKey": "processInstanceBusinessKey",
	"getProcessBusinessKey": "processBusinessKey", "getBusinessKey": "businessKey",
}

// Call implements expr.Object.
func (e execution) Call(_ *expr.Context, method string, args []any) (any, error) {
	switch len(args) {
	case 0:
		if property, ok := getters[method]; ok {
			v, _ := e.Property(property)
			return v, nil
		}
	case 1:
		name := expr.Text(args[0])
		switch method {
		case "getVariable":
			v, _ := names(e).variable(name)
			return v, nil
		case "getVariableLocal":
			return e.local(name)
		case "hasVariable":
			_, ok := e.m.variable(e.scope, name)
			return ok, nil
		case "hasVariableLocal":
			v, err := e.local(name)
			return v != nil, err
		case "removeVariable":
			if _, ok := e.m.variable(e.scope, name); ok || utf8.RuneCountInString(name) <= maxName {
				e.m.set(e.scope, name, nil)
			}
			return nil, nil
		}
	case 2:
		return nil, e.write(method, expr.Text(args[0]), args[1])
	}
	return nil, fmt.Errorf("execution.%s with %d arguments: %w", method, len(args), expr.ErrNoMethod)
}

// maxName is the longest name of a variable, in characters: a longer one could not be stored.
const maxName = 255

func (e execution) write(method, name string, arg any) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
		return fmt.Errorf("a variable's name has 1 to %d characters, not %d", maxName, n)
	}
	value, err := e.m.toData(arg)
	if err != nil {
		return err
	}
	switch method {
	case "setVariable":
		e.m.set(e.scope, name, value)
	case "setVariableLocal":
		e.m.setLocal(e.scope, name, value)
	default:
		return fmt.Errorf("execution.%s with 2 arguments: %w", method, expr.ErrNoMethod)
	}
	return nil
}

func (e execution) local(name string) (any, error) {
	vars := e.m.state.Variables
	if s := e.m.state.scope(e.scope); s != nil {
		vars = s.Variables
	}
	raw, ok := vars[name]
	if !ok {
		return nil, nil
	}
	return e.m.read(raw)
}
