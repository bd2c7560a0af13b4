package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// answerOf translates what an activity answered. What is large in it goes on by reference.
func (r *run) answerOf(ctx workflow.Context, w work) engine.Event {
	ev, packed := r.readAnswer(ctx, w)
	if !packed {
		r.pack(&ev)
	}
	return ev
}

// readAnswer reports of an answer whether the activity has seen to its large values.
func (r *run) readAnswer(ctx workflow.Context, w work) (ev engine.Event, packed bool) {
	var a OpenActivity
	if i := slices.IndexFunc(r.state.Activities, func(a OpenActivity) bool { return a.Token == w.token }); i >= 0 {
		a = r.state.Activities[i]
	}
	n := r.node(a.Element)
	packed = a.Event == "" && r.byReference(n, a.Type)
	var value json.RawMessage
	if err := w.future.Get(ctx, &value); err != nil {
		return failure(w.token, err), packed
	}
	value, err := values.Storable(jsonOf(value))
	if err != nil {
		return unusable(w.token, err), packed
	}
	ev = engine.Event{Kind: engine.ActivityDone, Token: w.token, Value: value}
	switch {
	case a.Token == "": // nobody waits for it any more
	case a.Event != "": // any other value than an object brings no variables
		r.onlyVariables(&ev)
	case n.Script != nil:
		ev = scriptAnswer(ev)
	case a.Type == casework.ActivityHTTPCall, a.Type == casework.ActivitySendMail: // their results are the variables to set
		_ = json.Unmarshal(ev.Value, &ev.Variables)
		ev.Value = nil
	case n.Service == nil || n.Service.ResultVariable == "":
		r.onlyVariables(&ev)
	}
	if err := values.CheckNames(ev.Variables); err != nil {
		return unusable(w.token, err), packed
	}
	return ev, packed
}

// onlyVariables takes the variables out of an answer that is nothing else; any other value than an object brings none.
func (r *run) onlyVariables(ev *engine.Event) {
	_ = json.Unmarshal(ev.Value, &ev.Variables)
	if r.state.Engine.Rev > inlineRev {
		ev.Value = nil // it has no other use, and need not be kept
	}
}

// unusable is the failure of an activity that did its work and whose answer cannot be kept.
func unusable(token string, why error) engine.Event {
	return engine.Event{Kind: engine.ActivityFailed, Token: token, Type: "BadAnswer", Reason: "the answer cannot be kept: " + why.Error()}
}

func scriptAnswer(ev engine.Event) engine.Event {
	var result casework.ScriptResult
	if json.Unmarshal(ev.Value, &result) == nil {
		ev.Value, ev.Variables = jsonOf(result.Result), result.Variables
	}
	return ev
}

// jsonOf is a value as JSON: no value is null, and what is no JSON is text.
func jsonOf(value json.RawMessage) json.RawMessage {
	if len(value) == 0 {
		return json.RawMessage("null")
	}
	if json.Valid(value) {
		return value
	}
	text, err := json.Marshal(string(value))
	if err != nil {
		return json.RawMessage("null")
	}
	return text
}

// failure translates a failed activity: a BPMN error, or a reason for an incident.
func failure(token string, err error) engine.Event {
	ev := engine.Event{Kind: engine.ActivityFailed, Token: token, Reason: reason(err.Error())}
	var application *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	var panicked *temporal.PanicError
	switch {
	case errors.As(err, &application):
		ev.Type, ev.Reason = values.Clean(application.Type()), reason(application.Message())
		if ev.Type == casework.BpmnErrorType {
			bpmnError(&ev, application)
		}
	case errors.As(err, &timeout):
		ev.Type, ev.Reason = "Timeout", reason(timeout.Error())
	case errors.As(err, &panicked):
		ev.Type, ev.Reason = "Panic", reason(panicked.Error())
	}
	return ev
}

// bpmnError reads the details of a BPMN error: its code, and variables that travel with it.
func bpmnError(ev *engine.Event, e *temporal.ApplicationError) {
	var code string
	var variables map[string]json.RawMessage
	if e.Details(&code, &variables) != nil {
		variables = nil
		if e.Details(&code) != nil {
			code = ""
		}
	}
	if code == "" {
		ev.Reason = "the activity threw a BPMN error without a code: " + ev.Reason
		return
	}
	raw, err := json.Marshal(variables)
	if err == nil {
		raw, err = values.Storable(raw)
	}
	if err == nil {
		variables = nil
		err = json.Unmarshal(raw, &variables)
	}
	if err == nil {
		err = values.CheckNames(variables)
	}
	if err != nil {
		*ev = unusable(ev.Token, err)
		return
	}
	ev.Code, ev.Variables = values.Clean(code), variables
}

// reason is what somebody else said of a failure, as an incident can hold it.
func reason(s string) string { return short(values.Clean(s)) }

// answerCause names the answer of an activity as the cause of a step. What it holds is part of the name: done again, as
// after a reset, an activity may answer something else, and then the answer on record comes first.
func answerCause(ev engine.Event) (cause string, answer json.RawMessage) {
	ev.At = time.Time{}
	answer, err := json.Marshal(ev)
	if err != nil {
		panic(err) // its values are JSON
	}
	sum := sha256.Sum256(answer)
	return string(ev.Kind) + ":" + ev.Token + ":" + hex.EncodeToString(sum[:6]), answer
}

// isAnswer reports whether an event is the answer of a service activity, not of a child, which comes as a command.
func isAnswer(ev engine.Event, c casework.Command) bool {
	return c.CommandID == "" && (ev.Kind == engine.ActivityDone || ev.Kind == engine.ActivityFailed)
}
