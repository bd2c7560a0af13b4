package world

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// Instance is a process instance as the outside sees it. It is a copy: it does not change any more.
type Instance struct {
	ID          string
	Definition  *Definition
	BusinessKey string
	Parent      string // the instance that called it; "": none
	Root        string // the outermost caller; its own id where nobody called it
	Starter     string // user id
	Started     time.Time
	Finished    time.Time // zero while it runs
	Outcome     engine.EndStatus
	Reason      string // why it was terminated
	Code        string // the BPMN error that ended it
	EndEvent    string
	State       engine.State
	Incidents   []Incident // open ones
	Activities  []Activity // its history, in order of entering
	Variables   []Variable // all it ever had, with their last values, in order of their first setting
}

// Ended reports whether it has ended.
func (i *Instance) Ended() bool { return i.State.Ended }

// Incident is a place at which an instance waits for a person to mend it.
type Incident struct {
	Element, NodeInstance string
	Kind, Message         string
}

// Activity is one visit of a flow node.
type Activity struct {
	Element, NodeInstance string
	Type                  string // BPMN element name
	Entered, Left         time.Time
	Cancelled             bool
	Child                 string // call activity: the instance it called
}

// Variable is a variable with its last value. Scope is "" for one of the process, else the id of a scope of the state.
type Variable struct {
	Name, Scope string
	Value       json.RawMessage
}

// instance is a process instance as the world keeps it.
type instance struct {
	Instance
	token string // the call activity's node instance in the parent
}

func (w *World) add(d *Definition) *instance {
	w.numbered++
	i := &instance{Instance: Instance{ID: fmt.Sprintf("i%d", w.numbered), Definition: d, Started: w.now}}
	i.Root = i.ID
	w.cases = append(w.cases, i)
	return i
}

// Instances are copies of all instances, running or not, in order of their start.
func (w *World) Instances() []Instance {
	found := make([]Instance, 0, len(w.cases))
	for _, i := range w.cases {
		found = append(found, i.copy())
	}
	return found
}

// Instance is a copy of one instance.
func (w *World) Instance(id string) (Instance, error) {
	i, err := w.find(id)
	if err != nil {
		return Instance{}, err
	}
	return i.copy(), nil
}

func (i *instance) copy() Instance {
	c := i.Instance
	c.Incidents = append([]Incident(nil), i.Incidents...)
	c.Activities = append([]Activity(nil), i.Activities...)
	c.Variables = append([]Variable(nil), i.Variables...)
	return c
}

func (w *World) find(id string) (*instance, error) {
	for _, i := range w.cases {
		if i.ID == id {
			return i, nil
		}
	}
	return nil, fmt.Errorf("process instance %q: %w", id, ErrUnknown)
}

// live are the instances that have not ended, in order of their start.
func (w *World) live() []*instance {
	var found []*instance
	for _, i := range w.cases {
		if !i.State.Ended {
			found = append(found, i)
		}
	}
	return found
}

// remember keeps the last value of a variable.
func (i *instance) remember(scope, name string, value json.RawMessage) {
	for n := range i.Variables {
		if v := &i.Variables[n]; v.Name == name && v.Scope == scope {
			v.Value = value
			return
		}
	}
	i.Variables = append(i.Variables, Variable{Name: name, Scope: scope, Value: value})
}
