package engine

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/bpmn/values"
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

// compute evaluates a value to what a variable is: JSON, or a reference to it.
func (m *machine) compute(value bpmn.Value, scope expr.Scope) (json.RawMessage, error) {
	if reference, ok := m.referenceOf(value, scope); ok {
		return reference, nil
	}
	data, err := m.evaluate(value, scope)
	if err != nil {
		return nil, err
	}
	return m.pack(data), nil
}

// evaluate evaluates a value to JSON.
func (m *machine) evaluate(value bpmn.Value, scope expr.Scope) (json.RawMessage, error) {
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
			if list[i], err = m.evaluate(item, scope); err != nil {
				return nil, err
			}
		}
		return json.Marshal(list)
	case value.Map != nil:
		entries, err := m.evaluateAll(value.Map, scope)
		if err != nil {
			return nil, err
		}
		return json.Marshal(entries)
	case value.Script != nil && value.Script.Expression != nil:
		return m.evaluate(bpmn.Value{Text: value.Script.Expression}, scope)
	}
	return json.RawMessage("null"), nil
}

func toJSON(v any) (json.RawMessage, error) {
	raw, err := expr.ToJSON(v)
	if err != nil {
		return nil, err
	}
	return values.Canonical(raw), nil
}

// computeAll computes mappings to values by target.
func (m *machine) computeAll(mappings []bpmn.Mapping, scope expr.Scope) (variables, error) {
	return byTarget(mappings, func(v bpmn.Value) (json.RawMessage, error) { return m.compute(v, scope) })
}

// evaluateAll evaluates mappings to JSON by target.
func (m *machine) evaluateAll(mappings []bpmn.Mapping, scope expr.Scope) (variables, error) {
	return byTarget(mappings, func(v bpmn.Value) (json.RawMessage, error) { return m.evaluate(v, scope) })
}

// computeFields computes the fields of work outside, and says which are references. Nothing is stored for them: only what is
// a large variable, as it is, goes by reference.
func (m *machine) computeFields(fields []bpmn.Mapping, scope expr.Scope) (all variables, stored []string, err error) {
	all, err = byTarget(fields, func(v bpmn.Value) (json.RawMessage, error) {
		if reference, ok := m.referenceOf(v, scope); ok {
			return reference, nil
		}
		return m.evaluate(v, scope)
	})
	for _, field := range fields {
		if _, ok := m.referenceOf(field.Value, scope); ok {
			stored = append(stored, field.Target)
		}
	}
	slices.Sort(stored)
	return all, stored, err
}

func byTarget(mappings []bpmn.Mapping, of func(bpmn.Value) (json.RawMessage, error)) (variables, error) {
	if len(mappings) == 0 {
		return nil, nil
	}
	all := make(variables, len(mappings))
	for _, mapping := range mappings {
		value, err := of(mapping.Value)
		if err != nil {
			return nil, failure{kind: "mapping", err: fmt.Errorf("value of %q: %w", mapping.Target, err)}
		}
		all[mapping.Target] = value
	}
	return all, nil
}

func isNull(value json.RawMessage) bool { return string(value) == "null" }
