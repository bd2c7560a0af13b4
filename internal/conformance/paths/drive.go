package paths

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// maxActs bounds what is done for one path.
const maxActs = 200

// driver leads one instance along a path.
type driver struct {
	world   Engine
	program *bpmn.Program
	id      string
	path    []string
	vars    map[string]json.RawMessage
}

func drive(w Engine, d *world.Definition, path []string) error {
	v := &driver{world: w, program: d.Program, path: path, vars: assignments(d.Program, slices.Concat(lead(d.Program, path), path))}
	if err := v.begin(d); err != nil {
		return err
	}
	for range maxActs {
		i, err := w.Instance(v.id)
		if err != nil {
			return err
		}
		next := progress(i, path)
		switch {
		case len(i.Incidents) > 0:
			return fmt.Errorf("incident at %s: %s", i.Incidents[0].Element, i.Incidents[0].Message)
		case next == len(path) && (i.Ended() || !v.toTheEnd()):
			return nil
		case i.Ended():
			return fmt.Errorf("the instance ended before it came to %v", path[next:])
		}
		if err := v.act(i, next); err != nil {
			return err
		}
	}
	return errors.New("the path does not come to its end")
}

// begin starts the instance the way that the first node of the path asks for.
func (v *driver) begin(d *world.Definition) error {
	start := v.node(0)
	if start == nil || start.Kind != bpmn.StartEvent || start.Parent >= 0 || len(start.Events) == 0 {
		var err error
		v.id, err = v.world.Start(world.Request{Key: d.Key, Variables: v.vars})
		return err
	}
	var err error
	switch e := start.Events[0]; e.Kind {
	case bpmn.MessageEvent:
		err = v.world.Message(e.Name.Source(), "", "", v.vars)
	case bpmn.SignalEvent:
		err = v.world.Signal(e.Name.Source(), "", v.vars)
	case bpmn.TimerEvent:
		err = v.world.AdvanceTo(v.world.NextDue())
	default:
		err = fmt.Errorf("a start by %s is not driven here", e.Kind)
	}
	if err != nil {
		return err
	}
	for _, i := range v.world.Instances() {
		if i.Definition == d {
			v.id = i.ID
			return nil
		}
	}
	return errors.New("nothing was started")
}

// node is the n-th node of the path; nil when there is none.
func (v *driver) node(n int) *bpmn.Node {
	if n < 0 || n >= len(v.path) {
		return nil
	}
	if i := v.program.NodeIndex(v.path[n]); i >= 0 {
		return &v.program.Nodes[i]
	}
	return nil
}

// toTheEnd reports whether the path leads to an end event of the process itself.
func (v *driver) toTheEnd() bool {
	last := v.node(len(v.path) - 1)
	return last != nil && last.Kind == bpmn.EndEvent && last.Parent < 0
}

// progress is how many nodes of the path the instance has entered, in their order.
func progress(i world.Instance, path []string) int {
	n := 0
	for _, a := range i.Activities {
		if n < len(path) && a.Element == path[n] {
			n++
		}
	}
	return n
}

// act lets something happen that leads to the next node of the path: what waits there, else what waits at the node before
// it, else anything.
func (v *driver) act(i world.Instance, next int) error {
	for _, at := range []int{next, next - 1} {
		if n := v.node(at); n != nil {
			if done, err := v.release(i, n.ID); done || err != nil {
				return err
			}
		}
	}
	for _, t := range i.State.Tokens {
		if done, err := v.release(i, t.Node); done || err != nil {
			return err
		}
	}
	if due := v.world.NextDue(); !due.IsZero() {
		return v.world.AdvanceTo(due)
	}
	return fmt.Errorf("the instance waits at %v and nothing leads to %v", i.State.Open(), v.path[min(next, len(v.path)):])
}

// release lets what waits at a node go on, if anything does.
func (v *driver) release(i world.Instance, element string) (bool, error) {
	for _, t := range v.world.Tasks() {
		if t.Instance == i.ID && t.Element == element && t.Open() {
			return true, v.world.Complete(t.ID, v.vars)
		}
	}
	for _, s := range i.State.Subscriptions {
		if s.Node == element {
			return true, v.fire(i, s)
		}
	}
	for _, t := range i.State.Timers {
		if t.Node == element {
			return true, v.world.AdvanceTo(t.Due)
		}
	}
	for _, t := range i.State.Tokens {
		if t.Node != element {
			continue
		}
		if err := v.world.Answer(i.ID, t.ID, world.Answer{Variables: v.vars}); !errors.Is(err, world.ErrUnknown) {
			return true, err
		}
	}
	return false, nil
}

func (v *driver) fire(i world.Instance, s engine.Subscription) error {
	switch bpmn.EventKind(s.Kind) {
	case bpmn.MessageEvent:
		return v.world.Message(s.Name, i.ID, s.Node, v.vars)
	case bpmn.SignalEvent:
		return v.world.Signal(s.Name, i.ID, v.vars)
	}
	n := v.program.Nodes[v.program.NodeIndex(s.Node)]
	if s.Event < len(n.Events) && n.Events[s.Event].Condition != nil {
		if vars, ok := solve([]demand{{condition: n.Events[s.Event].Condition, want: true}}); ok {
			return v.world.SetVariables(i.ID, "", vars)
		}
	}
	return fmt.Errorf("nothing lets %q go on", s.Node)
}
