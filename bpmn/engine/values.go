package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// largest is the most bytes of a value that stays in the state by itself. Older revisions keep every size there.
func (m *machine) largest() int {
	if m.state.Rev <= 2 {
		return math.MaxInt
	}
	return values.LargeBytes
}

// pack gives data, canonical JSON, the form of a variable's value: itself, or a reference to it.
func (m *machine) pack(data json.RawMessage) json.RawMessage {
	if m.large == nil {
		return data
	}
	return m.store(data, m.largest())
}

func (m *machine) store(data json.RawMessage, most int) json.RawMessage {
	made := values.Contents{}
	value := made.Pack(data, most)
	m.bring(made)
	return value
}

// keep is pack for a value that may be a reference already: one from outside, or from the state.
func (m *machine) keep(value json.RawMessage) json.RawMessage {
	value = values.Canonical(value)
	if _, ok := m.reference(value); ok {
		return value
	}
	return m.pack(value)
}

// keepAll is keep for every variable; nil: there are none.
func (m *machine) keepAll(vars variables) variables {
	if len(vars) == 0 {
		return nil
	}
	all := make(variables, len(vars))
	for _, name := range sortedNames(vars) {
		all[name] = m.keep(vars[name])
	}
	return all
}

// bring takes contents over that are stored nowhere yet.
func (m *machine) bring(contents values.Contents) {
	if len(contents) == 0 {
		return
	}
	if m.fresh == nil {
		m.fresh = values.Contents{}
	}
	for _, sha := range sortedNames(contents) {
		m.fresh[sha] = contents[sha]
		m.emit(Effect{Kind: ValueStored, Name: sha, Value: json.RawMessage(contents[sha])})
	}
}

// reference reads a reference. Where large values are not kept outside there is none.
func (m *machine) reference(value json.RawMessage) (values.Reference, bool) {
	if m.large == nil {
		return values.Reference{}, false
	}
	return values.Read(value)
}

// content is a value itself.
func (m *machine) content(value json.RawMessage) json.RawMessage {
	r, ok := m.reference(value)
	if !ok {
		return value
	}
	if content, ok := m.fresh[r.SHA256]; ok {
		return json.RawMessage(content)
	}
	content, err := m.large.Value(r.SHA256)
	if err != nil {
		panic(fmt.Sprintf("large value %s: %v", r.SHA256, err)) // nothing is wrong with the case: whoever runs the step tries again
	}
	return content
}

// read decodes a value for an expression. Expressions change nothing in place, so that a large one is decoded once a step.
func (m *machine) read(value json.RawMessage) (any, error) {
	r, ok := m.reference(value)
	if !ok {
		return expr.FromJSON(value)
	}
	if v, ok := m.decoded[r.SHA256]; ok {
		return v, nil
	}
	v, err := expr.FromJSON(m.content(value))
	if err != nil {
		return nil, err
	}
	if m.decoded == nil {
		m.decoded = map[string]any{}
	}
	m.decoded[r.SHA256] = v
	return v, nil
}

// packFields packs the fields of an activity that stay in the state, and says which are references.
func (m *machine) packFields(a *Activity) (fields variables, stored []string) {
	if len(a.Fields) == 0 {
		return nil, nil
	}
	fields = make(variables, len(a.Fields))
	for _, name := range sortedNames(a.Fields) {
		fields[name] = a.Fields[name]
		if !slices.Contains(a.Stored, name) {
			fields[name] = m.pack(a.Fields[name])
		}
		if _, ok := m.reference(fields[name]); ok {
			stored = append(stored, name)
		}
	}
	return fields, stored
}

// toData encodes what an expression came to for a variable that is to be set.
func (m *machine) toData(v any) (json.RawMessage, error) {
	raw, err := expr.ToJSON(v)
	if err != nil || len(raw) <= m.largest() && !values.Resembles(raw) { // setLocal does the rest
		return raw, err
	}
	return m.pack(values.Canonical(raw)), nil
}

// storedScope gives variables as they are in the state.
type storedScope interface {
	stored(name string) (json.RawMessage, bool)
}

// referenceOf is the reference that a value is where it is nothing but the name of a large variable: it is passed on and its
// content is not read.
func (m *machine) referenceOf(value bpmn.Value, scope expr.Scope) (json.RawMessage, bool) {
	text := value.Text
	if value.Script != nil {
		text = cmp.Or(text, value.Script.Expression)
	}
	from, ok := scope.(storedScope)
	if text == nil || !ok {
		return nil, false
	}
	name, ok := text.Name()
	if !ok {
		return nil, false
	}
	raw, ok := from.stored(name)
	if !ok {
		return nil, false
	}
	_, ok = m.reference(raw)
	return raw, ok
}

// chunkBytes is about how much of a collection is kept together.
const chunkBytes = 128 << 10

// loopOver is the loop over items.
func (m *machine) loopOver(items []json.RawMessage) LoopState {
	loop, size := LoopState{Total: len(items)}, 0
	for _, item := range items {
		size += len(item)
	}
	if m.large == nil || size <= m.largest() {
		loop.Items = none(items)
		return loop
	}
	first, size := 0, 0
	for i, item := range items {
		if size += len(item); size < chunkBytes && i < len(items)-1 {
			continue
		}
		list, _ := json.Marshal(items[first : i+1]) // they are JSON
		loop.Stored = append(loop.Stored, StoredItems{First: first, List: m.store(list, 0)})
		first, size = i+1, 0
	}
	return loop
}

// itemOf is an item of a loop's collection.
func (m *machine) itemOf(l *LoopState, i int) (json.RawMessage, bool) {
	if i < len(l.Items) {
		return l.Items[i], true
	}
	for _, s := range slices.Backward(l.Stored) {
		if s.First > i {
			continue
		}
		list := m.itemsOf(s)
		if i -= s.First; i < len(list) {
			return list[i], true
		}
		break
	}
	return nil, false
}

func (m *machine) itemsOf(s StoredItems) []json.RawMessage {
	r, _ := m.reference(s.List)
	if list, ok := m.chunks[r.SHA256]; ok {
		return list
	}
	var list []json.RawMessage
	if err := json.Unmarshal(m.content(s.List), &list); err != nil {
		panic(fmt.Sprintf("items %s: %v", r.SHA256, err)) // it was written by loopOver
	}
	m.chunks = map[string][]json.RawMessage{r.SHA256: list} // the next one is mostly in the same chunk
	return list
}

// fold keeps the results of a loop outside once there are many bytes of them.
func (m *machine) fold(l *LoopState) {
	size := 0
	for _, result := range l.Results {
		size += len(result)
	}
	if m.large == nil || m.state.Rev <= 2 || size <= values.InlineBytes {
		return
	}
	raw, _ := json.Marshal(l.Results) // they are JSON
	l.Folded = append(slices.Clone(l.Folded), m.store(raw, 0))
	l.Results = nil
}

// unfold gives all results of a loop, those left out that no instance can have.
func (m *machine) unfold(l *LoopState) (map[int]json.RawMessage, error) {
	all := map[int]json.RawMessage{}
	for _, folded := range l.Folded {
		if err := json.Unmarshal(m.content(folded), &all); err != nil {
			return nil, fmt.Errorf("results: %w", err)
		}
	}
	maps.Copy(all, l.Results)
	maps.DeleteFunc(all, func(i int, _ json.RawMessage) bool { return i < 0 || i >= l.Started })
	return all, nil
}
