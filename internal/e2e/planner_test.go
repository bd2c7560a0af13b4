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
	last      bool // the case ends there; otherwise other branches are still open
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

// open finds the first variable that a condition of an entered node compares with a text and that was not said, with
// the texts it is compared with.
func open(p *bpmn.Program, effects []engine.Effect, said map[string]string) (name string, texts []string) {
	for _, e := range effects {
		if e.Kind != engine.NodeEntered {
			continue
		}
		for _, f := range p.Nodes[p.NodeIndex(e.Element)].Out {
			condition := p.Flows[f].Condition
			if condition == nil {
				continue
			}
			m := comparison.FindStringSubmatch(condition.Source())
			if m == nil || said[m[1]] != "" || (name != "" && m[1] != name) {
				continue
			}
			name, texts = m[1], append(texts, m[2])
		}
		if name != "" {
			return name, texts
		}
	}
	return "", nil
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
	// visit tries an event with what is said, and with everything that its gateways then ask for.
	var visit func(s engine.State, ev engine.Event, said map[string]string, w func(map[string]string) way)
	visit = func(s engine.State, ev engine.Event, said map[string]string, w func(map[string]string) way) {
		ev.Variables = raw(said)
		next, effects, err := engine.Step(p, s, ev)
		if err != nil {
			return
		}
		name, texts := open(p, effects, said)
		for _, text := range texts {
			more := maps.Clone(said)
			more[name] = text
			visit(s, ev, more, w)
		}
		if next.HasIncident() {
			return
		}
		for _, e := range effects {
			if e.Kind == engine.NodeEntered && p.Nodes[p.NodeIndex(e.Element)].Kind == bpmn.EndEvent {
				if _, known := found[e.Element]; !known {
					done := w(said)
					done.end, done.last = e.Element, next.Ended
					found[e.Element] = done
				}
			}
		}
		key := fmt.Sprint(next.Open())
		if !next.Ended && !seen[key] {
			seen[key] = true
			queue = append(queue, position{next, w(said)})
		}
	}
	at := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)
	for _, s := range p.Starts {
		for _, initiator := range initiators {
			visit(engine.State{}, engine.Event{Kind: engine.Start, StartEvent: p.Nodes[s].ID, Initiator: initiator, At: at}, map[string]string{},
				func(said map[string]string) way { return way{start: p.Nodes[s].ID, initiator: initiator, vars: said} })
		}
	}
	ends := 0
	for _, n := range p.Nodes {
		if n.Kind == bpmn.EndEvent && !behindTimer(p, n.ID) {
			ends++
		}
	}
	for len(queue) > 0 && len(found) < ends {
		here := queue[0]
		queue = queue[1:]
		for _, token := range here.state.Tokens {
			if token.State != engine.Waiting {
				continue
			}
			visit(here.state, engine.Event{Kind: engine.TaskCompleted, Token: token.ID, Assignee: "x", At: at}, map[string]string{},
				func(said map[string]string) way {
					w := here.way
					w.steps = append(slices.Clone(w.steps), decision{token.Node, said})
					return w
				})
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
