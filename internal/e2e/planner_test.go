package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// way is a way through a model: what to say at each task, and where the case ends.
type way struct {
	start     string
	initiator engine.User
	vars      map[string]string // of the start
	steps     []decision
	end       string
}

// decision completes the first open task of an element.
type decision struct {
	element string
	vars    map[string]string
}

func (w way) String() string {
	names := make([]string, 0, len(w.steps))
	for _, s := range w.steps {
		names = append(names, fmt.Sprintf("%s%v", s.element, s.vars))
	}
	return w.start + " → " + strings.Join(names, " → ") + " → " + w.end
}

var comparison = regexp.MustCompile(`^\$\{(\w+) == '([^']*)'\}$`)

// choices lists what can be said when a node is left: for every variable that a condition compares with a text before
// the next user task, each of the texts.
func choices(p *bpmn.Program, from int) []map[string]string {
	values := map[string][]string{}
	seen := map[int]bool{}
	var walk func(node int)
	walk = func(node int) {
		if seen[node] {
			return
		}
		seen[node] = true
		for _, f := range p.Nodes[node].Out {
			flow := p.Flows[f]
			if flow.Condition != nil {
				if m := comparison.FindStringSubmatch(flow.Condition.Source()); m != nil && !slices.Contains(values[m[1]], m[2]) {
					values[m[1]] = append(values[m[1]], m[2])
				}
			}
			if p.Nodes[flow.Target].Kind != bpmn.UserTask {
				walk(flow.Target)
			}
		}
	}
	walk(from)
	all := []map[string]string{{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		var next []map[string]string
		for _, chosen := range all {
			for _, v := range values[name] {
				more := maps.Clone(chosen)
				more[name] = v
				next = append(next, more)
			}
		}
		all = next
	}
	return all
}

// plan finds a shortest way to every end event of a program, breadth first.
func plan(p *bpmn.Program, initiators []engine.User) map[string]way {
	type position struct {
		state engine.State
		way   way
	}
	var queue []position
	seen := map[string]bool{}
	found := map[string]way{}
	visit := func(s engine.State, ev engine.Event, w way) {
		next, effects, err := engine.Step(p, s, ev)
		if err != nil || next.HasIncident() {
			return
		}
		for _, e := range effects {
			if e.Kind == engine.NodeEntered && p.Nodes[p.NodeIndex(e.Element)].Kind == bpmn.EndEvent && next.Ended {
				if _, known := found[e.Element]; !known {
					w.end = e.Element
					found[e.Element] = w
				}
			}
		}
		key := fmt.Sprint(next.Open())
		if !next.Ended && !seen[key] {
			seen[key] = true
			queue = append(queue, position{next, w})
		}
	}
	at := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)
	for _, s := range p.Starts {
		for _, initiator := range initiators {
			for _, vars := range choices(p, s) {
				visit(engine.State{}, engine.Event{Kind: engine.Start, StartEvent: p.Nodes[s].ID, Initiator: initiator, Variables: raw(vars), At: at},
					way{start: p.Nodes[s].ID, initiator: initiator, vars: vars})
			}
		}
	}
	for len(queue) > 0 {
		here := queue[0]
		queue = queue[1:]
		for _, token := range here.state.Tokens {
			if token.State != engine.Waiting {
				continue
			}
			for _, vars := range choices(p, p.NodeIndex(token.Node)) {
				w := here.way
				w.steps = append(slices.Clone(w.steps), decision{token.Node, vars})
				visit(here.state, engine.Event{Kind: engine.TaskCompleted, Token: token.ID, Assignee: "x", Variables: raw(vars), At: at}, w)
			}
		}
	}
	return found
}

// behindTimer reports whether an end event is only reached by way of a boundary timer.
func behindTimer(p *bpmn.Program, end string) bool {
	seen := map[int]bool{}
	todo := slices.Clone(p.Starts)
	for len(todo) > 0 {
		n := todo[0]
		todo = todo[1:]
		if seen[n] {
			continue
		}
		seen[n] = true
		for _, f := range p.Nodes[n].Out {
			todo = append(todo, p.Flows[f].Target)
		}
	}
	return !seen[p.NodeIndex(end)]
}

func raw(vars map[string]string) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for k, v := range vars {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		out[k] = b
	}
	return out
}
