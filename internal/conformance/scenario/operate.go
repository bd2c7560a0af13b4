package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// operate does one operation.
func (r *run) operate(s Step) error {
	switch s.Op {
	case "start":
		return r.start(s)
	case "complete", "claim", "setAssignee", "setOwner":
		return r.task(s)
	case "setVariable", "setVariableLocal", "setVariablesLocal":
		return r.setVariable(s)
	case "message", "signal", "trigger":
		return r.event(s)
	case "cancel":
		at, err := r.place(s.To)
		if err != nil {
			return err
		}
		return r.engine.Terminate(at.instance, "cancelled by the scenario")
	case "actAs":
		r.user = s.User
		return nil
	case "fireTimer", "executeJob":
		return r.fire(s)
	case "runDueJobs":
		return r.engine.AdvanceTo(r.engine.Now())
	case "advanceClockTo":
		return r.engine.AdvanceTo(r.begin.Add(time.Duration(s.Instant) * time.Millisecond))
	}
	return fmt.Errorf("the operation %s: %w", s.Op, report.ErrGap)
}

func (r *run) start(s Step) error {
	vars, err := r.variables(s.Vars)
	if err != nil {
		return err
	}
	key := s.Key
	if key == "(only definition)" {
		if len(r.engine.Definitions()) == 0 {
			return errors.New("nothing is deployed")
		}
		key = r.engine.Definitions()[0].Key
	}
	id, err := r.engine.Start(world.Request{Key: key, Message: s.Message, BusinessKey: s.BusinessKey, User: r.user, Variables: vars})
	if err != nil {
		return err
	}
	i, err := r.engine.Instance(id)
	r.founds[s.As] = found{entity: "processInstance", items: []item{r.instanceItem("processInstance", i)}, one: true}
	return err
}

func (r *run) task(s Step) error {
	it, err := r.single(s.Task)
	if err != nil {
		return err
	}
	switch s.Op {
	case "complete":
		vars, err := r.variables(s.Vars)
		if err != nil {
			return err
		}
		return r.engine.Complete(it.id, vars)
	case "setOwner":
		return fmt.Errorf("the owner of a task: %w", report.ErrGap)
	}
	if len(s.Args) != 1 {
		return fmt.Errorf("%s with %d values: %w", s.Op, len(s.Args), errUnreadable)
	}
	user, err := r.value(s.Args[0])
	if err != nil {
		return err
	}
	name, _ := user.(string)
	return r.engine.Assign(it.id, name)
}

// setVariable sets a variable where a scope around the place has one of that name, else of the process; the local forms
// set it at the place itself.
func (r *run) setVariable(s Step) error {
	at, vars, err := r.assignment(s)
	if err != nil {
		return err
	}
	if s.Op != "setVariable" {
		return r.engine.SetVariables(at.instance, at.nodeInstance, vars)
	}
	i, err := r.engine.Instance(at.instance)
	if err != nil {
		return err
	}
	for name := range vars { // one
		for _, scope := range chain(i, at.nodeInstance) {
			for _, open := range i.State.Scopes {
				if _, has := open.Variables[name]; has && open.ID == scope {
					return r.engine.SetVariables(at.instance, scope, vars)
				}
			}
		}
	}
	return r.engine.SetVariables(at.instance, "", vars)
}

func (r *run) assignment(s Step) (place, map[string]json.RawMessage, error) {
	target := s.To
	if len(s.Task) > 0 {
		target = s.Task
	}
	at, err := r.place(target)
	if err != nil {
		return place{}, nil, err
	}
	raw := map[string]json.RawMessage{}
	if len(s.Args) == 2 {
		var name string
		if err := json.Unmarshal(s.Args[0], &name); err != nil {
			return place{}, nil, fmt.Errorf("the name of a variable: %w", err)
		}
		raw[name] = s.Args[1]
	} else if len(s.Args) == 1 {
		if err := json.Unmarshal(s.Args[0], &raw); err != nil {
			return place{}, nil, fmt.Errorf("variables: %w", err)
		}
	}
	vars, err := r.variables(raw)
	return at, vars, err
}

// fire lets the time come at which a timer is due. A job that is not a timer, or that has fired, needs nothing: work is
// done at once here.
func (r *run) fire(s Step) error {
	v, err := decode(s.Job)
	if err != nil {
		return err
	}
	name, _ := v.(string)
	f, err := r.lookup(name)
	if err != nil || len(f.items) == 0 {
		return r.engine.AdvanceTo(r.engine.Now())
	}
	due := f.items[0].due
	for _, i := range r.engine.Instances() {
		for _, t := range i.State.Timers {
			if i.ID == f.items[0].instance && t.ID == f.items[0].nodeInstance && t.Due.Equal(due) {
				return r.engine.AdvanceTo(due)
			}
		}
	}
	return r.engine.AdvanceTo(r.engine.Now())
}
