// Package live plays conformance cases on the running product: over HTTP, through PostgreSQL and Temporal. Beside it the
// same case is played in memory, through a window that shows no more than the HTTP API does. That decides which cases can
// be played at all, and tells when the product has come to rest: when both have visited the same elements.
package live

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// player is who acts where a case does not say who does.
const player = "conformance.player"

// soon is how far away a timer has to be at least: time is not skipped here, and no timer may fire by itself.
const soon = 15 * time.Minute

// leftOutError says why a case cannot be played on the product.
type leftOutError struct{ why string }

// Error implements error.
func (l *leftOutError) Error() string { return l.why }

// window is a world seen and worked on as the HTTP API lets people see and work on the product.
type window struct {
	*world.World
	left  error // the first thing that there is no way to do
	users map[string]bool
}

func newWindow(trace func(string)) *window {
	w := &window{users: map[string]bool{player: true}}
	w.World = world.New(world.Config{Trace: trace, Handler: func(world.Work) world.Answer {
		w.leave("it needs work outside of the product")
		return world.Answer{Never: true}
	}})
	return w
}

func (w *window) leave(why string) {
	if w.left == nil {
		w.left = &leftOutError{why}
	}
}

// did is the outcome of an operation: that something in it cannot be done here comes before its own error.
func (w *window) did(err error) error {
	if due := w.NextDue(); !due.IsZero() && due.Before(w.Now().Add(soon)) {
		w.leave("a timer would fire by itself, or time has to be skipped")
	}
	if w.left != nil {
		return w.left
	}
	return err
}

// Deploy implements scenario.Engine.
func (w *window) Deploy(file string, source []byte) error { return w.did(w.World.Deploy(file, source)) }

// Start implements scenario.Engine. A process without a plain start event is not started by its key here.
func (w *window) Start(r world.Request) (string, error) {
	if d := latest(w.Definitions(), r.Key); d != nil && r.Message == "" && len(d.Program.Root.Starts) == 0 {
		w.leave("it starts a process by hand that begins by an event")
		return "", w.left
	}
	r.User = cmp.Or(r.User, player)
	w.users[r.User] = true
	id, err := w.World.Start(r)
	return id, w.did(err)
}

func latest(all []*world.Definition, key string) *world.Definition {
	for _, d := range slices.Backward(all) {
		if d.Key == key {
			return d
		}
	}
	return nil
}

// Message implements scenario.Engine.
func (w *window) Message(name, instance, element string, vars map[string]json.RawMessage) error {
	return w.did(w.World.Message(name, instance, element, vars))
}

// Signal implements scenario.Engine.
func (w *window) Signal(name, instance string, vars map[string]json.RawMessage) error {
	if instance != "" {
		w.leave("it sends a signal to one instance")
		return w.left
	}
	return w.did(w.World.Signal(name, "", vars))
}

// Trigger implements scenario.Engine.
func (w *window) Trigger(string, string, map[string]json.RawMessage) error {
	w.leave("it triggers what waits by an internal name")
	return w.left
}

// Complete implements scenario.Engine: a task that nobody holds is claimed first.
func (w *window) Complete(task string, vars map[string]json.RawMessage) error {
	t := w.task(task)
	if t != nil && t.Assignee == "" {
		if err := w.Assign(task, player); err != nil {
			return err
		}
	}
	return w.did(w.World.Complete(task, vars))
}

// task is an open task of the world; nil where there is none.
func (w *window) task(id string) *world.Task {
	for _, t := range w.World.Tasks() {
		if t.ID == id && t.Open() {
			return &t
		}
	}
	return nil
}

// Assign implements scenario.Engine. Nobody takes a task from somebody else here.
func (w *window) Assign(task, user string) error {
	if t := w.task(task); t != nil && t.Assignee != "" && user != "" && t.Assignee != user {
		w.leave("it takes a task from its holder")
		return w.left
	}
	if user != "" {
		w.users[user] = true
	}
	return w.did(w.World.Assign(task, user))
}

// SetVariables implements scenario.Engine.
func (w *window) SetVariables(instance, nodeInstance string, vars map[string]json.RawMessage) error {
	if nodeInstance != "" {
		w.leave("it sets local variables from outside")
		return w.left
	}
	return w.did(w.World.SetVariables(instance, "", vars))
}

// Terminate implements scenario.Engine.
func (w *window) Terminate(instance, reason string) error {
	return w.did(w.World.Terminate(instance, reason))
}

// AdvanceTo implements scenario.Engine: time is not skipped.
func (w *window) AdvanceTo(to time.Time) error {
	if to.After(w.Now()) {
		w.leave("a timer would fire by itself, or time has to be skipped")
	}
	return w.did(nil)
}

// Instance implements scenario.Engine.
func (w *window) Instance(id string) (world.Instance, error) {
	i, err := w.World.Instance(id)
	return view(i), err
}

// Instances implements scenario.Engine.
func (w *window) Instances() []world.Instance {
	all := w.World.Instances()
	for n := range all {
		all[n] = view(all[n])
	}
	return all
}

// Tasks implements scenario.Engine.
func (w *window) Tasks() []world.Task {
	all := w.World.Tasks()
	for n := range all {
		all[n].Documentation = ""
	}
	return all
}

// view is what the API tells of an instance: no scopes, no subscriptions, no timers, and only variables of the process.
func view(i world.Instance) world.Instance {
	i.State = engine.State{Started: true, Ended: i.State.Ended, EndEvent: i.State.EndEvent, Variables: i.State.Variables}
	i.Variables = slices.DeleteFunc(i.Variables, func(v world.Variable) bool { return v.Scope != "" })
	slices.SortFunc(i.Variables, func(a, b world.Variable) int { return strings.Compare(a.Name, b.Name) })
	for n := range i.Activities {
		i.Activities[n].Child = ""
	}
	i.State.Tokens = tokens(i)
	return i
}

// tokens are those that the visits under way stand for.
func tokens(i world.Instance) []engine.Token {
	var found []engine.Token
	for _, a := range i.Activities {
		if a.Left.IsZero() && !i.State.Ended {
			found = append(found, engine.Token{ID: a.NodeInstance, Node: a.Element, State: engine.Waiting})
		}
	}
	return found
}

// sighted is a window for who knows the inside: paths are driven by what an instance waits for.
type sighted struct{ *window }

// Instance implements paths.Engine.
func (s sighted) Instance(id string) (world.Instance, error) { return s.World.Instance(id) }

// Instances implements paths.Engine.
func (s sighted) Instances() []world.Instance { return s.World.Instances() }
