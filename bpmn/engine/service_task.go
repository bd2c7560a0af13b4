package engine

import (
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// enterServiceTask evaluates the task's expression and keeps its result if the model names a variable for it.
func (m *machine) enterServiceTask(v visit) (bool, error) {
	result, err := v.node.Service.Expression.Eval(m.scope(v), limits)
	if err != nil {
		return false, failure{kind: "service", err: fmt.Errorf("service task %q: %w", v.node.ID, err)}
	}
	if v.node.Service.ResultVariable == "" {
		return true, nil
	}
	value, err := expr.ToJSON(result)
	if err != nil {
		return false, failure{kind: "service", err: fmt.Errorf("result of service task %q: %w", v.node.ID, err)}
	}
	m.setVariable(v.node.Service.ResultVariable, value)
	return true, nil
}
