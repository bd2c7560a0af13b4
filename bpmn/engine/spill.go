package engine

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// inline is a value that is in the state itself.
type inline struct {
	holder int // of the maps that hold variables
	name   string
	value  json.RawMessage
}

// spill keeps the state small however many variables it has: where those in it have more than values.InlineBytes, the
// largest become references.
func (m *machine) spill() {
	if m.large == nil || m.state.Rev <= 2 {
		return
	}
	holders, size := m.holders(), 0
	for _, vars := range holders {
		for _, value := range *vars {
			size += len(value)
		}
	}
	if size <= values.InlineBytes {
		return
	}
	copied := map[int]bool{}
	for _, v := range m.spillable(holders) {
		if size <= values.InlineBytes {
			break
		}
		if !copied[v.holder] {
			*holders[v.holder] = maps.Clone(*holders[v.holder])
			copied[v.holder] = true
		}
		reference := m.store(v.value, 0)
		(*holders[v.holder])[v.name] = reference
		size -= len(v.value) - len(reference)
	}
}

// holders are the maps of variables in the state.
func (m *machine) holders() []*variables {
	all := []*variables{&m.state.Variables}
	for i := range m.state.Scopes {
		all = append(all, &m.state.Scopes[i].Variables)
	}
	for i := range m.state.Tokens {
		all = append(all, &m.state.Tokens[i].Result)
	}
	for i := range m.state.Done {
		all = append(all, &m.state.Done[i].Variables)
	}
	for i := range m.state.Deleted {
		all = append(all, &m.state.Deleted[i].Variables)
	}
	return all
}

// spillable are the values that are smaller by reference, the largest first.
func (m *machine) spillable(holders []*variables) []inline {
	var found []inline
	for i, vars := range holders {
		for name, value := range *vars {
			if _, ok := m.reference(value); !ok && len(value) > values.SmallBytes {
				found = append(found, inline{holder: i, name: name, value: value})
			}
		}
	}
	slices.SortFunc(found, func(a, b inline) int {
		return cmp.Or(cmp.Compare(len(b.value), len(a.value)), cmp.Compare(a.holder, b.holder), cmp.Compare(a.name, b.name))
	})
	return found
}
