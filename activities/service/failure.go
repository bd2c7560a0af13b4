// Package service holds what the built-in service activities share: how they read the fields of an element, and the
// errors that they end with. Messages become incidents, so they are written for people and hold no secret.
package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// The types of failures that every built-in activity knows.
const (
	NotConfigured = "NotConfigured" // the installation lacks a setting, which the message names
	BadField      = "BadField"      // a field of the element is missing or cannot be used
	Refused       = "Refused"       // the installation does not allow it
)

// Permanent is a failure that trying again cannot mend.
func Permanent(kind, format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), kind, nil)
}

// Passing is a failure that may be gone at the next attempt.
func Passing(kind, format string, args ...any) error {
	return temporal.NewApplicationError(fmt.Sprintf(format, args...), kind)
}

// PassingAfter is a failure that asks for a pause before the next attempt; 0 leaves it to the retry policy.
func PassingAfter(pause time.Duration, kind, format string, args ...any) error {
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf(format, args...), kind, temporal.ApplicationErrorOptions{NextRetryDelay: pause})
}

// BpmnError is an error of the model: a boundary event or an event sub-process may catch it by its code. variables travel
// with it; nil if there are none.
func BpmnError(code, message string, variables map[string]json.RawMessage) error {
	if variables == nil {
		return temporal.NewNonRetryableApplicationError(message, casework.BpmnErrorType, nil, code)
	}
	return temporal.NewNonRetryableApplicationError(message, casework.BpmnErrorType, nil, code, variables)
}

// Message is the text of a failure without its type.
func Message(err error) string {
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) {
		return failed.Message()
	}
	return err.Error()
}
