// Package delegate is for workers of one's own: it has the types that a service task speaks with the Temporal activity
// that does its work. A worker in another language uses the same JSON; docs/service-tasks.md describes it.
package delegate

import (
	"encoding/json"
	"fmt"

	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Input is what an activity is called with. Every attempt of the same piece of work has the same IdempotencyKey.
type Input = casework.ActivityInput

// Variable decodes a variable that is visible at the element. One that is not there leaves into as it is.
func Variable(in Input, name string, into any) error {
	return decode("variable", in.Variables, name, into)
}

// Field decodes a field of the element. One that is not there leaves into as it is.
func Field(in Input, name string, into any) error { return decode("field", in.Fields, name, into) }

func decode(kind string, from map[string]json.RawMessage, name string, into any) error {
	raw, there := from[name]
	if !there {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return temporal.NewNonRetryableApplicationError(fmt.Sprintf("the %s %s is not what is expected", kind, name), "BadVariable", err)
	}
	return nil
}

// BpmnError is an error of the model: a boundary event or an event sub-process may catch it by its code. variables travel
// with it, each encoded as JSON; nil if there are none. It is not tried again.
func BpmnError(code, message string, variables map[string]any) error {
	if variables == nil {
		return temporal.NewNonRetryableApplicationError(message, casework.BpmnErrorType, nil, code)
	}
	return temporal.NewNonRetryableApplicationError(message, casework.BpmnErrorType, nil, code, variables)
}
