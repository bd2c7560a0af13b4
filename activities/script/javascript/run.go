// Package javascript runs the scripts of script tasks. A script sees the variables of its case, the object execution and
// the language itself, and nothing else of the machine.
//
// Run bounds time, depth of calls and size of results. It cannot bound the memory and time that one built-in function
// takes, such as sorting or a regular expression that looks back: the script package runs it in a process of its own,
// which can be ended.
package javascript

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Limits bound one script. All fields must be set.
type Limits struct {
	Time        time.Duration // until it is interrupted
	Calls       int           // nested function calls
	SourceBytes int           // of the script
	ResultBytes int           // of its result and each variable that it sets, as JSON
}

// Kind says what a script failed of.
type Kind string

// The kinds of failures.
const (
	Failed    Kind = "ScriptError" // a mistake in the script, or an exception that it threw
	OverLimit Kind = "ScriptLimit" // it took too long, or too much
	Thrown    Kind = "BpmnError"   // it threw a BpmnError
)

// Failure is why a script did not end as it should. It is an error and can be sent to another process.
type Failure struct {
	Kind      Kind                       `json:"kind"`
	Message   string                     `json:"message"`
	Code      string                     `json:"code,omitempty"`      // Thrown: of the BPMN error
	Variables map[string]json.RawMessage `json:"variables,omitempty"` // Thrown: those that it had set
}

// Error implements error.
func (f *Failure) Error() string { return f.Message }

func failf(kind Kind, format string, args ...any) *Failure {
	return &Failure{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Script is a script that is about to run. Its Run may be called once.
type Script struct {
	in      casework.ActivityInput
	limits  Limits
	runtime *goja.Runtime
	program *goja.Program
	bpmn    *goja.Object // the class BpmnError
	values  map[string]goja.Value
	changed map[string]json.RawMessage
	globals map[string]bool // variables that are globals
}

// prelude is what a script finds beside the language.
const prelude = `class BpmnError extends Error {
	constructor(code, message) {
		super(message === undefined ? "BPMN error " + code : String(message));
		this.name = "BpmnError";
		this.code = code === undefined || code === null ? "" : String(code);
	}
	getErrorCode() { return this.code; }
}
globalThis.BpmnError = BpmnError;
globalThis.org = { flowable: { engine: { delegate: { BpmnError } } }, activiti: { engine: { delegate: { BpmnError } } },
	camunda: { bpm: { engine: { delegate: { BpmnError } } } }, operaton: { bpm: { engine: { delegate: { BpmnError } } } } };
globalThis.console = Object.fromEntries(["log", "info", "warn", "error", "debug"].map((name) => [name, () => {}]));
BpmnError`

// New compiles the script of an input and prepares what it will see. The error is a *Failure.
func New(in casework.ActivityInput, limits Limits) (*Script, error) {
	source := ""
	if in.Script != nil {
		source = in.Script.Source
	}
	if strings.TrimSpace(source) == "" {
		return nil, failf(Failed, "the script is empty")
	}
	if len(source) > limits.SourceBytes {
		return nil, failf(OverLimit, "the script is longer than %d bytes", limits.SourceBytes)
	}
	tree, err := goja.Parse(in.ElementID, source, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, failf(Failed, "the script cannot be read: %s", syntaxMessage(err))
	}
	program, err := goja.CompileAST(tree, false)
	if err != nil {
		return nil, failf(Failed, "the script cannot be read: %s", syntaxMessage(err))
	}
	s := &Script{in: in, limits: limits, program: program, runtime: goja.New(),
		values: map[string]goja.Value{}, changed: map[string]json.RawMessage{}, globals: map[string]bool{}}
	s.runtime.SetMaxCallStackSize(limits.Calls)
	s.runtime.SetParserOptions(parser.WithDisableSourceMaps)
	return s, s.prepare()
}

// prepare makes the globals. A variable that is called like a part of the language is only reached by execution.
func (s *Script) prepare() error {
	class, err := s.runtime.RunString(prelude)
	if err != nil {
		return failf(Failed, "the script cannot be prepared: %v", err)
	}
	s.bpmn = class.ToObject(s.runtime)
	if err := s.runtime.Set("execution", s.execution()); err != nil {
		return failf(Failed, "the script cannot be prepared: %v", err)
	}
	for name, raw := range s.in.Variables {
		value, err := s.fromJSON(raw)
		if err != nil {
			return failf(Failed, "the variable %q cannot be read", name)
		}
		s.values[name] = value
		s.refresh(name, value)
	}
	return nil
}

// Interrupt ends the script soon, as one that is over a limit; the message says which. It may be called at any time.
func (s *Script) Interrupt(message string) { s.runtime.Interrupt(message) }

// Run runs the script. The error is a *Failure.
func (s *Script) Run() (casework.ScriptResult, error) {
	limit := time.AfterFunc(s.limits.Time, func() { s.Interrupt(fmt.Sprintf("it took longer than %s", s.limits.Time)) })
	defer limit.Stop()
	var result json.RawMessage
	err := guarded(func() error {
		value, err := s.runtime.RunProgram(s.program)
		if err == nil {
			value, err = s.settled(value)
		}
		if err != nil {
			return err
		}
		return s.try(func() { result = s.mustExport("the result of the script", value) })
	})
	if err != nil {
		return casework.ScriptResult{}, s.failure(err)
	}
	return casework.ScriptResult{Result: result, Variables: s.changed}, nil
}

// guarded returns what the engine panics with when it is interrupted outside of a script.
func guarded(run func() error) (err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case error:
			err = x
		default:
			err = failf(Failed, "the script failed: %s", cut(fmt.Sprint(x)))
		}
	}()
	return run()
}

// try returns the exception that something throws.
func (s *Script) try(run func()) error {
	if exception := s.runtime.Try(run); exception != nil {
		return exception
	}
	return nil
}

// settled is what a promise has become; every other value is itself.
func (s *Script) settled(v goja.Value) (goja.Value, error) {
	object, isObject := v.(*goja.Object)
	if !isObject || object.ExportType() != reflect.TypeFor[*goja.Promise]() {
		return v, nil
	}
	promise, _ := object.Export().(*goja.Promise)
	switch promise.State() {
	case goja.PromiseStateFulfilled:
		return promise.Result(), nil
	case goja.PromiseStateRejected:
		return nil, s.try(func() { panic(promise.Result()) })
	}
	return nil, failf(Failed, "the script ends with a promise that nothing will keep")
}

// failure says in words for people why a script ended.
func (s *Script) failure(err error) *Failure {
	var known *Failure
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var exception *goja.Exception
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &interrupted):
		return failf(OverLimit, "the script was stopped: %v", interrupted.Value())
	case errors.As(err, &overflow):
		return failf(OverLimit, "the script was stopped: more than %d nested calls", s.limits.Calls)
	case errors.As(err, &exception):
		return s.thrown(exception)
	}
	return failf(Failed, "the script failed: %s", cut(err.Error()))
}

func (s *Script) thrown(e *goja.Exception) *Failure {
	var code, message string
	err := guarded(func() error {
		return s.try(func() {
			object, isObject := e.Value().(*goja.Object)
			if isObject && s.runtime.InstanceOf(object, s.bpmn) {
				code, message = strings.TrimSpace(object.Get("code").String()), object.Get("message").String()
				return
			}
			message = "the script threw " + cut(e.Value().String()) + place(e)
		})
	})
	switch {
	case err != nil:
		return failf(Failed, "the script threw something that cannot be told%s", place(e))
	case code != "":
		return &Failure{Kind: Thrown, Code: cut(code), Message: cut(message), Variables: s.changed}
	}
	return failf(Failed, "%s", cut(message))
}

// place is where in the script an exception was thrown.
func place(e *goja.Exception) string {
	for _, frame := range e.Stack() {
		if at := frame.Position(); at.Line > 0 {
			return fmt.Sprintf(" (line %d, column %d)", at.Line, at.Column)
		}
	}
	return ""
}

// syntaxMessage holds the name of the element, the line and the column.
func syntaxMessage(err error) string { return cut(strings.TrimPrefix(err.Error(), "SyntaxError: ")) }

// cut shortens what a script says.
func cut(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "\ufffd")); len(r) > 500 {
		return string(r[:500]) + "…"
	}
	return strings.ReplaceAll(s, "\x00", "\ufffd")
}
