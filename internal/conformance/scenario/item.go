package scenario

import (
	"encoding/json"
	"time"

	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// item is one thing that a query found, as it was then.
type item struct {
	entity       string
	id           string
	instance     string // process instance
	element      string
	nodeInstance string
	open         bool
	due          time.Time // job
	fields       map[string]any
	variables    map[string]any // those it sees from where it is, by name
	local        map[string]any // those of its own
}

func (i item) field(name string) any { return i.fields[name] }

// visible are the variables that a node instance sees; "" means the process.
func visible(i world.Instance, nodeInstance string) map[string]any {
	out := map[string]any{}
	put := func(vars map[string]json.RawMessage) {
		for name, raw := range vars {
			out[name], _ = decode(raw)
		}
	}
	put(i.State.Variables)
	for _, id := range chain(i, nodeInstance) {
		for _, s := range i.State.Scopes {
			if s.ID == id {
				put(s.Variables)
			}
		}
	}
	return out
}

// chain are the scopes around a node instance, outermost first, with its own at the end.
func chain(i world.Instance, nodeInstance string) []string {
	if nodeInstance == "" {
		return nil
	}
	parents := map[string]string{}
	for _, s := range i.State.Scopes {
		parents[s.ID] = s.Parent
	}
	at := nodeInstance // a scope of its own, where it has one
	if _, own := parents[at]; !own {
		at = ""
		for _, t := range i.State.Tokens {
			if t.ID == nodeInstance {
				at = t.Scope
			}
		}
	}
	var ids []string
	for n := 0; at != "" && n <= len(i.State.Scopes); n++ {
		ids = append([]string{at}, ids...)
		at = parents[at]
	}
	return ids
}

// own are the variables of a node instance itself.
func own(i world.Instance, nodeInstance string) map[string]any {
	out := map[string]any{}
	for _, s := range i.State.Scopes {
		if s.ID == nodeInstance {
			for name, raw := range s.Variables {
				out[name], _ = decode(raw)
			}
		}
	}
	return out
}

func decoded(vars []world.Variable) map[string]any {
	out := map[string]any{}
	for _, v := range vars {
		if v.Scope == "" {
			out[v.Name], _ = decode(v.Value)
		}
	}
	return out
}
