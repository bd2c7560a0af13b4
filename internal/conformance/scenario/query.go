package scenario

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// found is the snapshot that a query took, or what stands for one.
type found struct {
	entity     string
	items      []item
	one        bool  // one item was asked for
	unreadable error // the query cannot be understood
}

// query takes a snapshot. A query that cannot be understood gives one that says so.
func (r *run) query(s Step) (found, error) {
	f := found{entity: s.Entity, one: s.Get == "one"}
	items, err := r.find(s.Entity)
	if err != nil {
		f.unreadable = err
		return f, nil
	}
	match, sorts, err := r.filters(s.Entity, s.Filters)
	if err != nil {
		f.unreadable = err
		return f, nil
	}
	for _, it := range items {
		if match(it) {
			f.items = append(f.items, it)
		}
	}
	if s.Entity == "execution" && f.one {
		f.items = outermost(f.items)
	}
	for _, by := range sorts {
		by(f.items)
	}
	return f, nil
}

// outermost prefers the instance itself where places in it are found as well.
func outermost(items []item) []item {
	for _, it := range items {
		if it.nodeInstance == "" && len(items) > 1 {
			return []item{it}
		}
	}
	return items
}

// filter decides about an item.
type filter func(item) bool

// filters reads the filters of a query. Those between "or" and "endOr", which may be missing at the end, are alternatives.
func (r *run) filters(entity string, raw [][]json.RawMessage) (filter, []func([]item), error) {
	var all, alternatives []filter
	var sorts []func([]item)
	within := false
	names := modes(raw)
	for _, f := range raw {
		name, args, err := r.filterParts(f)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case name == "or":
			within, alternatives = true, nil
		case name == "endOr":
			within = false
			all = append(all, anyOf(alternatives))
		case strings.HasPrefix(name, "orderBy"):
			sorts = append(sorts, sorting(name, args))
		default:
			match, err := r.filter(entity, name, args, names)
			if err != nil {
				return nil, nil, err
			}
			if match != nil && within {
				alternatives = append(alternatives, match)
			} else if match != nil {
				all = append(all, match)
			}
		}
	}
	if within {
		all = append(all, anyOf(alternatives))
	}
	return func(it item) bool {
		return !slices.ContainsFunc(all, func(f filter) bool { return !f(it) })
	}, sorts, nil
}

// modes are the filters that change the meaning of others.
func modes(raw [][]json.RawMessage) map[string]bool {
	found := map[string]bool{}
	for _, f := range raw {
		if len(f) == 1 {
			found[strings.Trim(string(f[0]), `"`)] = true
		}
	}
	return found
}

func (r *run) filterParts(raw []json.RawMessage) (name string, args []any, err error) {
	if len(raw) == 0 {
		return "", nil, fmt.Errorf("a filter without name: %w", errUnreadable)
	}
	if err := json.Unmarshal(raw[0], &name); err != nil {
		return "", nil, fmt.Errorf("filter %s: %w", raw[0], errUnreadable)
	}
	for _, a := range raw[1:] {
		v, err := r.value(a)
		if err != nil && !strings.HasPrefix(name, "orderBy") {
			return "", nil, fmt.Errorf("filter %s: %w", name, err)
		}
		if v, err = r.known(name, v); err != nil {
			return "", nil, fmt.Errorf("filter %s: %w", name, err)
		}
		args = append(args, v)
	}
	return name, args, nil
}

// known is the id of what an earlier step found, where a filter by id has its name.
func (r *run) known(name string, v any) (any, error) {
	text, ok := v.(string)
	if !ok || !strings.Contains(name, "Id") {
		return v, nil
	}
	base, _, _ := strings.Cut(text, "[")
	if _, found := r.founds[base]; !found {
		return v, nil
	}
	return r.identity(text)
}

func anyOf(fs []filter) filter {
	return func(it item) bool {
		return len(fs) == 0 || slices.ContainsFunc(fs, func(f filter) bool { return f(it) })
	}
}

// sorting reads "orderByTaskName" with its direction and the like; the variable where there is one comes first.
func sorting(name string, args []any) func([]item) {
	descending := len(args) > 0 && args[len(args)-1] == "desc"
	what := strings.TrimPrefix(name, "orderBy")
	key := func(it item) any { return it.field(strings.ToLower(what[:1]) + what[1:]) }
	if strings.HasSuffix(what, "Variable") && len(args) > 0 {
		variable, _ := args[0].(string)
		key = func(it item) any {
			if what == "TaskVariable" {
				return it.local[variable]
			}
			return it.variables[variable]
		}
	}
	if what == "VariableType" {
		key = func(it item) any { return typeName(it.field("value")) }
	}
	return func(items []item) {
		slices.SortStableFunc(items, func(a, b item) int {
			o, _ := order(key(a), key(b))
			if descending {
				return -o
			}
			return o
		})
	}
}

// typeName is the vendors' name for the type of a value.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "integer"
	}
	return "object"
}
