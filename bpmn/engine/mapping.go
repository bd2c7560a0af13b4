package engine

import (
	"encoding/json"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// mapInputs gives a node instance its local variables. They see what is around it, and those before them.
func (m *machine) mapInputs(v visit) error {
	if len(v.node.Inputs) == 0 {
		return nil
	}
	local := m.openLocal(v, nil)
	for _, in := range v.node.Inputs {
		value, err := m.compute(in.Value, m.names(v))
		if err != nil {
			return mappingFailed(v, in, err)
		}
		if !in.Optional || !isNull(value) {
			m.setLocal(local, in.Target, value)
		}
	}
	return nil
}

// mapOutputs sets variables around a node instance from what it sees.
func (m *machine) mapOutputs(v visit) error {
	for _, out := range v.node.Outputs {
		value, err := m.compute(out.Value, m.names(v))
		if err != nil {
			return mappingFailed(v, out, err)
		}
		if !out.Optional || !isNull(value) {
			m.set(v.scope, out.Target, value)
		}
	}
	return nil
}

func mappingFailed(v visit, mapping bpmn.Mapping, err error) error {
	return failure{kind: "mapping", err: fmt.Errorf("variable %q of %q: %w", mapping.Target, v.node.ID, err)}
}

// compute evaluates a value to JSON.
func (m *machine) compute(value bpmn.Value, scope expr.Scope) (json.RawMessage, error) {
	switch {
	case value.Text != nil:
		v, err := value.Text.Eval(scope, limits)
		if err != nil {
			return nil, err
		}
		return toJSON(v)
	case value.List != nil:
		list := make([]json.RawMessage, len(value.List))
		for i, item := range value.List {
			var err error
			if list[i], err = m.compute(item, scope); err != nil {
				return nil, err
			}
		}
		return json.Marshal(list)
	case value.Map != nil:
		entries, err := m.computeAll(value.Map, scope)
		if err != nil {
			return nil, err
		}
		return json.Marshal(entries)
	case value.Script != nil && value.Script.Expression != nil:
		return m.compute(bpmn.Value{Text: value.Script.Expression}, scope)
	}
	return json.RawMessage("null"), nil
}

func toJSON(v any) (json.RawMessage, error) {
	raw, err := expr.ToJSON(v)
	if err != nil {
		return nil, err
	}
	return canonical(raw), nil
}

// computeAll evaluates mappings to values by target.
func (m *machine) computeAll(mappings []bpmn.Mapping, scope expr.Scope) (variables, error) {
	if len(mappings) == 0 {
		return nil, nil
	}
	all := make(variables, len(mappings))
	for _, mapping := range mappings {
		value, err := m.compute(mapping.Value, scope)
		if err != nil {
			return nil, failure{kind: "mapping", err: fmt.Errorf("value of %q: %w", mapping.Target, err)}
		}
		all[mapping.Target] = value
	}
	return all, nil
}

func isNull(value json.RawMessage) bool { return string(value) == "null" }
