package casework

import (
	"errors"
	"fmt"
)

// Code classifies an Error for people outside. The API maps each code to one HTTP status.
type Code string

// The codes, each with one meaning.
const (
	Malformed   Code = "malformed"   // the request could not be read
	Invalid     Code = "invalid"     // read, but its content breaks a rule
	NotFound    Code = "not-found"   // unknown, or not visible to the caller
	Forbidden   Code = "forbidden"   // visible, but the caller may not do this; Rule names the rule
	Conflict    Code = "conflict"    // the state does not allow it; Current carries that state
	TooLarge    Code = "too-large"   // over a limit; Message names the limit
	Unavailable Code = "unavailable" // a dependency is down; try again
	NoCaller    Code = "no-caller"   // the caller is not known
	Duplicate   Code = "key-reused"  // an Idempotency-Key was used with another request
	Internal    Code = "internal"    // anything else; never shown
)

// Error is a failure that a person outside may read. Anything that is not an *Error is internal.
type Error struct {
	Code    Code
	Message string
	Rule    string  // for Forbidden: the rule that refused; may be empty
	Fields  []Field // places in the request, for Malformed and Invalid
	Current any     // for Conflict: the state as it is now, JSON-able; may be nil
}

// Field points at one place of a request.
type Field struct {
	Message  string `json:"message"`
	Location string `json:"location"`        // "body.variables.amount", "query.limit", "header.X-User-Id"
	Value    any    `json:"value,omitempty"` // what was sent
}

// Error implements error.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf builds an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the first *Error in err's chain, Internal for any other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
