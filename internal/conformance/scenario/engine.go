package scenario

import (
	"encoding/json"
	"time"

	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// Engine is what scenarios are run against: the world in memory, or anything else that can do the same.
type Engine interface {
	Deploy(file string, source []byte) error
	Start(r world.Request) (instance string, err error)
	Message(name, instance, element string, vars map[string]json.RawMessage) error
	Signal(name, instance string, vars map[string]json.RawMessage) error
	Trigger(instance, element string, vars map[string]json.RawMessage) error
	Complete(task string, vars map[string]json.RawMessage) error
	Assign(task, user string) error
	SetVariables(instance, nodeInstance string, vars map[string]json.RawMessage) error
	Terminate(instance, reason string) error

	Now() time.Time
	AdvanceTo(to time.Time) error

	Definitions() []*world.Definition
	Instance(id string) (world.Instance, error)
	Instances() []world.Instance
	Tasks() []world.Task
}
