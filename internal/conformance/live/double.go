package live

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// double plays one case on the product, and the same in memory. Names of instances and tasks are those of the memory;
// what they are like is read from the product. It is not safe for concurrent use, and one case is played at a time.
type double struct {
	*window
	ctx      context.Context // of the case
	product  *Product
	begun    string            // when, by the clock of the database
	real     map[string]string // instance ids of the product by those of the memory
	ended    map[string]bool   // instances that have ended in both, by id of the memory
	deployed []casework.Definition
}

// Now implements scenario.Engine: the product's time is the time of day.
func (e *double) Now() time.Time { return time.Now() }

// AdvanceTo implements scenario.Engine: time is not skipped.
func (e *double) AdvanceTo(to time.Time) error {
	if to.After(time.Now()) {
		return &leftOutError{"time has to be skipped"}
	}
	return nil
}

func (e *double) as(user string) *stack.Client { return e.product.stack.As(user) }

func (e *double) send(user, method, path string, body, into any) error {
	_, err := e.as(user).Do(e.ctx, method, "/api/workflow/"+path, body, into, "Prefer", "wait=20")
	return err
}

// Deploy implements scenario.Engine.
func (e *double) Deploy(file string, source []byte) error {
	if err := e.window.Deploy(file, source); err != nil {
		return err
	}
	all, err := e.as(player).DeployModel(e.ctx, source)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", file, err)
	}
	e.deployed = append(e.deployed, all...)
	for _, d := range all {
		if !d.Active { // the same file was deployed for an earlier case
			if err := e.activate(d, "activate"); err != nil {
				return err
			}
		}
	}
	return e.settle()
}

func (e *double) activate(d casework.Definition, how string) error {
	return e.send(player, http.MethodPost, fmt.Sprintf("definitions/%s/versions/%d/%s", d.ProcessKey, d.Version, how), nil, nil)
}

// Start implements scenario.Engine.
func (e *double) Start(r world.Request) (string, error) {
	id, err := e.window.Start(r)
	if err != nil {
		return id, err
	}
	vars, user := anyOf(r.Variables), cmp.Or(r.User, player)
	if r.Message != "" {
		body := map[string]any{"messageName": r.Message, "businessKey": r.BusinessKey, "variables": vars}
		err = e.send(user, http.MethodPost, "messages", body, nil)
	} else {
		d := latest(e.Definitions(), r.Key)
		start := casework.CaseStart{
			ProcessKey: r.Key, BusinessKey: r.BusinessKey, Variables: vars, StartEventID: d.Program.Nodes[d.Program.Root.Starts[0]].ID,
		}
		var started casework.StartedCase
		started, err = e.as(user).StartCase(e.ctx, start)
		e.real[id] = started.ProcessInstanceID
	}
	if err != nil {
		return id, fmt.Errorf("start: %w", err)
	}
	return id, e.settle()
}

// Message implements scenario.Engine.
func (e *double) Message(name, instance, element string, vars map[string]json.RawMessage) error {
	correlation := e.correlation(name, instance, element)
	if err := e.window.Message(name, instance, element, vars); err != nil {
		return err
	}
	body := map[string]any{"messageName": name, "variables": anyOf(vars)}
	if instance != "" {
		body["processInstanceId"] = e.real[instance]
	}
	if correlation != "" {
		body["correlation"] = correlation
	}
	if err := e.send(player, http.MethodPost, "messages", body, nil); err != nil {
		return fmt.Errorf("message %s: %w", name, err)
	}
	return e.settle()
}

// correlation is the key that an instance asks for in a message, which whoever sends it knows; empty if it asks for none.
func (e *double) correlation(message, instance, element string) string {
	i, err := e.World.Instance(instance)
	if err != nil {
		return ""
	}
	for _, s := range i.State.Subscriptions {
		if s.Name == message && (element == "" || s.Node == element) {
			return s.Key
		}
	}
	return ""
}

// Signal implements scenario.Engine.
func (e *double) Signal(name, instance string, vars map[string]json.RawMessage) error {
	if err := e.window.Signal(name, instance, vars); err != nil {
		return err
	}
	body := casework.Signal{Name: name, Variables: anyOf(vars)}
	if err := e.send(player, http.MethodPost, "signals", body, nil); err != nil {
		return fmt.Errorf("signal %s: %w", name, err)
	}
	return e.settle()
}

// Complete implements scenario.Engine.
func (e *double) Complete(task string, vars map[string]json.RawMessage) error {
	t, err := e.open(task)
	if err != nil {
		return err
	}
	holder := player
	if t.AssigneeID != nil {
		holder = *t.AssigneeID
	} else if _, err := e.as(holder).Claim(e.ctx, t.TaskID); err != nil {
		return fmt.Errorf("claim %s: %w", t.TaskDefinitionKey, err)
	}
	if err := e.window.Complete(task, vars); err != nil {
		return err
	}
	if _, err := e.as(holder).Complete(e.ctx, t.TaskID, casework.Completion{Variables: anyOf(vars)}); err != nil {
		return fmt.Errorf("complete %s: %w", t.TaskDefinitionKey, err)
	}
	return e.settle()
}

// Assign implements scenario.Engine.
func (e *double) Assign(task, user string) error {
	t, err := e.open(task)
	if err != nil {
		return err
	}
	if err := e.window.Assign(task, user); err != nil {
		return err
	}
	switch {
	case user != "":
		_, err = e.as(user).Claim(e.ctx, t.TaskID)
	case t.AssigneeID != nil:
		err = e.send(*t.AssigneeID, http.MethodPost, "tasks/"+t.TaskID+"/unclaim", nil, nil)
	}
	if err != nil {
		return fmt.Errorf("assign %s: %w", t.TaskDefinitionKey, err)
	}
	return e.settle()
}

// SetVariables implements scenario.Engine.
func (e *double) SetVariables(instance, nodeInstance string, vars map[string]json.RawMessage) error {
	if err := e.window.SetVariables(instance, nodeInstance, vars); err != nil {
		return err
	}
	body := map[string]any{"variables": anyOf(vars)}
	if err := e.send(player, http.MethodPatch, "process-instances/"+e.real[instance]+"/variables", body, nil); err != nil {
		return fmt.Errorf("set variables: %w", err)
	}
	return e.settle()
}

// Terminate implements scenario.Engine.
func (e *double) Terminate(instance, reason string) error {
	if err := e.window.Terminate(instance, reason); err != nil {
		return err
	}
	if err := e.terminate(e.real[instance], reason); err != nil {
		return fmt.Errorf("terminate: %w", err)
	}
	return e.settle()
}

func (e *double) terminate(id, reason string) error {
	return e.send(player, http.MethodPost, "process-instances/"+id+"/terminate", map[string]any{"reason": reason}, nil)
}

// anyOf are variables as the API takes them; every digit of a number stays.
func anyOf(vars map[string]json.RawMessage) map[string]any {
	if len(vars) == 0 {
		return nil
	}
	out := make(map[string]any, len(vars))
	for name, raw := range vars {
		out[name] = raw
	}
	return out
}
