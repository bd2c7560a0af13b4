package world

import (
	"encoding/json"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// SetVariables sets variables of an instance from outside: of a node instance where one is named, else of the process.
func (w *World) SetVariables(instance, nodeInstance string, vars map[string]json.RawMessage) error {
	i, err := w.find(instance)
	if err != nil {
		return err
	}
	if err := w.step(i, engine.Event{Kind: engine.VariablesSet, Token: nodeInstance, Variables: vars}); err != nil {
		return err
	}
	return w.settle()
}

// Retry tries again where an instance has stopped with an incident, with variables set before.
func (w *World) Retry(instance, nodeInstance string, vars map[string]json.RawMessage) error {
	i, err := w.find(instance)
	if err != nil {
		return err
	}
	if err := w.step(i, engine.Event{Kind: engine.RetryIncident, Token: nodeInstance, Variables: vars}); err != nil {
		return err
	}
	return w.settle()
}
