package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
)

// internal are the entities of other engines of which nothing is expected.
var internal = map[string]bool{
	"execution": true, "job": true, "timerJob": true, "eventSubscription": true, "activityInstance": true, "HistoricDetail": true,
}

// checkable reports whether an expectation is about behaviour: not about internals of another engine.
func (r *run) checkable(s Step) bool {
	if len(s.What) == 0 {
		return true
	}
	var name string
	if json.Unmarshal(s.What, &name) != nil {
		return true
	}
	base := strings.FieldsFunc(name, func(c rune) bool { return c == '[' || c == '.' })
	return len(base) > 0 && !internal[r.founds[base[0]].entity]
}

// aboutBehaviour reports whether any expectation is left when those on internals, and those that cannot be understood,
// are taken away. It looks at the steps only, not at what happens.
func aboutBehaviour(steps []Step) bool {
	r := &run{founds: map[string]found{}}
	return r.anyCheckable(steps)
}

func (r *run) anyCheckable(steps []Step) bool {
	for _, s := range steps {
		switch s.Op {
		case "start":
			r.founds[s.As] = found{entity: "processInstance"}
		case "query":
			r.founds[s.As] = found{entity: s.Entity}
			if r.unreadable(s) {
				r.founds[s.As] = found{entity: "execution"} // nothing can be expected of it either
			}
		case "forEach":
			r.founds[s.Var] = r.founds[s.In]
			if r.anyCheckable(s.Do) {
				return true
			}
		case "expect":
			if r.checkable(s) && !strings.Contains(string(s.Value), `"$opaque"`) {
				return true
			}
		}
	}
	return false
}

// unreadable reports whether a filter of a query has no meaning here, whatever there is.
func (r *run) unreadable(s Step) bool {
	for _, f := range s.Filters {
		name, args, err := (&run{founds: map[string]found{}}).plainFilter(f)
		if err != nil {
			return true
		}
		if name == "or" || name == "endOr" || strings.HasPrefix(name, "orderBy") || name == "subProcessInstanceId" || args {
			continue
		}
		if _, err := r.filter(s.Entity, name, []any{"", ""}[:min(2, len(f)-1)], nil); err != nil {
			return true
		}
	}
	return false
}

// plainFilter is the name of a filter, and whether its arguments have to be looked at to know more.
func (r *run) plainFilter(f []json.RawMessage) (name string, byArgs bool, err error) {
	if len(f) == 0 || json.Unmarshal(f[0], &name) != nil {
		return "", false, errUnreadable
	}
	for _, a := range f[1:] {
		if strings.Contains(string(a), `"$opaque"`) {
			return name, false, errUnreadable
		}
	}
	return name, strings.HasPrefix(name, "started"), nil
}

// String shows a step in a line, without what is not set.
func (s Step) String() string {
	raw, err := json.Marshal(s)
	if err != nil {
		return s.Op
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return s.Op
	}
	var b strings.Builder
	b.WriteString(s.Op)
	for _, key := range []string{
		"as", "key", "message", "name", "entity", "filters", "get", "what", "task", "to", "job", "in", "vars", "args", "attr", "attrs",
		"rel", "value", "values", "count", "count>", "exists", "ended", "notEnded", "waitingAt", "of", "ms_from_start", "user",
	} {
		switch v := fields[key].(type) {
		case nil:
		case string:
			if v != "" {
				fmt.Fprintf(&b, " %s=%s", key, v)
			}
		case float64:
			if v != 0 || key == "count" {
				fmt.Fprintf(&b, " %s=%g", key, v)
			}
		default:
			fmt.Fprintf(&b, " %s=%s", key, show(v))
		}
	}
	return b.String()
}
