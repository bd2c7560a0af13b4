package engine

import (
	"encoding/json"
	"maps"
	"slices"
)

// variables are values by name.
type variables = map[string]json.RawMessage

// written is a variable as it was before it was set, so that a failed visit can be taken back.
type written struct {
	scope, name string
	value       json.RawMessage
	had         bool
}

// change is a variable that was set.
type change struct {
	name string
	kind string // "create", "update" or "delete", as models say it
}

func changeKind(had bool, value json.RawMessage) string {
	switch {
	case isNull(value):
		return "delete"
	case had:
		return "update"
	}
	return "create"
}

// variable finds a variable as a scope sees it: in the scope itself or in the nearest one around it that has it.
func (m *machine) variable(scope, name string) (json.RawMessage, bool) {
	for s := m.state.scope(scope); s != nil; s = m.state.scope(s.Parent) {
		if value, ok := s.Variables[name]; ok {
			return value, true
		}
	}
	value, ok := m.state.Variables[name]
	return value, ok
}

// visible gathers all variables that a scope sees.
func (m *machine) visible(scope string) map[string]json.RawMessage {
	all := maps.Clone(m.state.Variables)
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	var chain []*Scope
	for s := m.state.scope(scope); s != nil; s = m.state.scope(s.Parent) {
		chain = append(chain, s)
	}
	for _, s := range slices.Backward(chain) {
		maps.Copy(all, s.Variables)
	}
	return all
}

// set writes a variable where it is defined, as seen from a scope; a new one becomes a variable of the process.
func (m *machine) set(scope, name string, value json.RawMessage) {
	for s := m.state.scope(scope); s != nil; s = m.state.scope(s.Parent) {
		if _, ok := s.Variables[name]; ok {
			m.setLocal(s.ID, name, value)
			return
		}
	}
	m.setLocal("", name, value)
}

// setAll writes variables in the order of their names.
func (m *machine) setAll(scope string, vars map[string]json.RawMessage) {
	for _, name := range sortedNames(vars) {
		m.set(scope, name, vars[name])
	}
}

func sortedNames[T any](vars map[string]T) []string { return slices.Sorted(maps.Keys(vars)) }

// setLocal writes a variable of exactly one scope, "" being the process.
func (m *machine) setLocal(scope, name string, value json.RawMessage) {
	value = m.keep(value)
	vars := m.own(scope)
	old, had := vars[name]
	m.journal = append(m.journal, written{scope: scope, name: name, value: old, had: had})
	vars[name] = value
	m.changed = append(m.changed, change{name: name, kind: changeKind(had, value)})
	if scope == "" {
		m.emit(Effect{Kind: VariableSet, Name: name, Value: value})
	}
}

// own gives the variables of a scope for writing; they are copied the first time.
func (m *machine) own(scope string) map[string]json.RawMessage {
	at := &m.state.Variables
	if s := m.state.scope(scope); s != nil {
		at = &s.Variables
	}
	if !m.owned[scope] {
		if *at = maps.Clone(*at); *at == nil {
			*at = map[string]json.RawMessage{}
		}
		if m.owned == nil {
			m.owned = map[string]bool{}
		}
		m.owned[scope] = true
	}
	return *at
}

// takeBack undoes the writes after a point, the last one first.
func (m *machine) takeBack(point int) {
	for _, w := range slices.Backward(m.journal[point:]) {
		if w.scope != "" && m.state.scope(w.scope) == nil {
			continue // the scope is gone as well
		}
		if vars := m.own(w.scope); w.had {
			vars[w.name] = w.value
		} else {
			delete(vars, w.name)
		}
	}
	m.journal = m.journal[:point]
}
