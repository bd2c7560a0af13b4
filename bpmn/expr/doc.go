// Package expr evaluates the expressions of process models: the unified expression language (JUEL) dialect of the
// Flowable family, in ${…} or #{…}. It is pure and bounded: an expression sees what its Scope gives it and nothing
// else, and stops at the limits on steps, depth and size (ADR 0005).
//
// Values are nil, bool, string, int64, *apd.Decimal, []any, map[string]any and Object. A name that is not defined is
// nil, and a path or an index into nil is nil; a method of nil is an error. Numbers are exact to 100 significant
// digits, quotients to 34.
package expr

import (
	"errors"
	"fmt"
)

// Limits bound one evaluation. A zero field has the default of its comment.
type Limits struct {
	Steps       int // operations; 10,000
	Depth       int // nesting; 64
	ResultBytes int // of any text made on the way; 64 KiB
}

// maxSourceBytes bounds an expression's text.
const maxSourceBytes = 8 << 10

// maxDepth bounds the nesting of an expression when it is parsed.
const maxDepth = 64

func (l Limits) withDefaults() Limits {
	if l.Steps == 0 {
		l.Steps = 10_000
	}
	if l.Depth == 0 {
		l.Depth = maxDepth
	}
	if l.ResultBytes == 0 {
		l.ResultBytes = 64 << 10
	}
	return l
}

// Scope resolves the names of an expression.
type Scope interface {
	// Lookup returns the value of a name, and whether the name is defined.
	Lookup(name string) (any, bool)
}

// MapScope is a Scope of fixed values.
type MapScope map[string]any

// Lookup implements Scope.
func (m MapScope) Lookup(name string) (any, bool) {
	v, ok := m[name]
	return v, ok
}

// Object is a value of the host with properties and methods. One that also has ExprText() string is that text wherever
// text or JSON is wanted, and is compared as it.
type Object interface {
	// Property returns the value of a property, and whether the object has it.
	Property(name string) (any, bool)
	// Call runs a method; an unknown one, or a wrong number of arguments, is an error that wraps ErrNoMethod.
	Call(c *Context, method string, args []any) (any, error)
}

type texter interface{ ExprText() string }

// ErrNoMethod means that a value has no such method with that number of arguments.
var ErrNoMethod = errors.New("no such method")

// SyntaxError is a mistake in an expression's text.
type SyntaxError struct {
	Offset       int // bytes from the start of the source
	Line, Column int // from 1, within the source; columns in bytes
	Message      string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

func syntaxError(source string, offset int, format string, args ...any) *SyntaxError {
	e := &SyntaxError{Offset: offset, Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)}
	for _, c := range []byte(source[:min(offset, len(source))]) {
		e.Column++
		if c == '\n' {
			e.Line, e.Column = e.Line+1, 1
		}
	}
	return e
}

// Code classifies an EvalError.
type Code string

// What can go wrong in an evaluation.
const (
	BadOperand Code = "operand"  // an operator or method got a value it has no meaning for
	BadMethod  Code = "method"   // no such method or property
	BadNumber  Code = "number"   // division by zero, or a result out of range
	OverLimit  Code = "limit"    // steps, depth or size
	HostFailed Code = "object"   // a method of an Object failed
	NotBoolean Code = "boolean"  // a condition was neither true, false nor null
	NotData    Code = "not-data" // an Object without text where data is wanted
)

// EvalError is a failed evaluation; Offset is the place in the source, in bytes.
type EvalError struct {
	Code    Code
	Offset  int
	Message string
	cause   error
}

// Error implements error.
func (e *EvalError) Error() string { return e.Message }

// Unwrap returns the host's error, if one is behind this.
func (e *EvalError) Unwrap() error { return e.cause }
