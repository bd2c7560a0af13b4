// Package service holds what the built-in service activities share: how they read the fields of an element, and the
// errors that they end with. Messages become incidents, so they are written for people and hold no secret.
package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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
	return temporal.NewNonRetryableApplicationError(Clean(fmt.Sprintf(format, args...)), kind, nil)
}

// Passing is a failure that may be gone at the next attempt.
func Passing(kind, format string, args ...any) error {
	return temporal.NewApplicationError(Clean(fmt.Sprintf(format, args...)), kind)
}

// PassingAfter is a failure that asks for a pause before the next attempt; 0 leaves it to the retry policy.
func PassingAfter(pause time.Duration, kind, format string, args ...any) error {
	return temporal.NewApplicationErrorWithOptions(Clean(fmt.Sprintf(format, args...)), kind, temporal.ApplicationErrorOptions{NextRetryDelay: pause})
}

// BpmnError is an error of the model: a boundary event or an event sub-process may catch it by its code. variables travel
// with it; nil if there are none.
func BpmnError(code, message string, variables map[string]json.RawMessage) error {
	if variables == nil {
		return temporal.NewNonRetryableApplicationError(Clean(message), casework.BpmnErrorType, nil, Clean(code))
	}
	return temporal.NewNonRetryableApplicationError(Clean(message), casework.BpmnErrorType, nil, Clean(code), variables)
}

// maxMessage bounds a message, in characters.
const maxMessage = 2000

// Clean makes a text from outside one that can be kept and shown: it may come from a server that means no good.
func Clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
	if r := []rune(s); len(r) > maxMessage {
		return string(r[:maxMessage]) + "…"
	}
	return s
}

// Message is the text of a failure without its type.
func Message(err error) string {
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) {
		return failed.Message()
	}
	return err.Error()
}
