package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Defaults of a service activity, where the model does not say.
const (
	serviceAttempts = 3               // attempts, the first one included
	serviceTimeout  = 5 * time.Minute // of one attempt
	serviceInterval = time.Second     // before the second attempt; doubled for each further one
	serviceLongest  = time.Minute     // longest pause between two attempts
)

// OpenActivity is a service activity that has not answered yet.
type OpenActivity struct {
	Token   string    `json:"token"`
	Element string    `json:"element"`
	Type    string    `json:"type"`            // Temporal activity type
	Topic   string    `json:"topic,omitempty"` // task queue; "": the worker's own
	Since   time.Time `json:"since"`
}

// work is a service activity in flight within this run.
type work struct {
	token  string
	future workflow.Future
	cancel workflow.CancelFunc
}

// updateActivities starts and cancels service activities once their step is committed.
func (r *run) updateActivities(ctx workflow.Context, effects []engine.Effect) {
	for _, e := range effects {
		switch e.Kind {
		case engine.ActivityStarted:
			r.startActivity(ctx, e)
		case engine.ActivityCancelled:
			r.dropActivity(e.Instance)
		case engine.InstanceEnded:
			for len(r.work) > 0 {
				r.dropActivity(r.work[0].token)
			}
		default:
		}
	}
}

// startActivity asks for the work of a node instance. The activity id is that of the node instance; a retry within the
// same run adds its number, since an id is used once.
func (r *run) startActivity(ctx workflow.Context, e engine.Effect) {
	n := &r.program.Nodes[r.program.NodeIndex(e.Element)]
	name := activityType(e.Activity)
	id := e.Instance
	if r.starts == nil {
		r.starts = map[string]int{}
	}
	if r.starts[id]++; r.starts[id] > 1 {
		id = fmt.Sprintf("%s#%d", id, r.starts[e.Instance])
	}
	options := serviceOptions(n)
	options.ActivityID, options.TaskQueue = id, e.Activity.Topic
	options.Summary = short(fmt.Sprintf("%s %s", cell(n.Name), detailOf(e.Activity)))
	cancellable, cancel := workflow.WithCancel(workflow.WithActivityOptions(ctx, options))
	r.work = append(r.work, work{token: e.Instance, future: workflow.ExecuteActivity(cancellable, name, r.activityInput(n, e)), cancel: cancel})
	r.state.Activities = append(r.state.Activities, OpenActivity{
		Token: e.Instance, Element: e.Element, Type: name, Topic: e.Activity.Topic, Since: now(ctx),
	})
}

func activityType(a *engine.Activity) string {
	switch a.Kind {
	case engine.HTTPActivity:
		return casework.ActivityHTTPCall
	case engine.MailActivity:
		return casework.ActivitySendMail
	case engine.ScriptActivity:
		return casework.ActivityRunScript
	case engine.DecisionActivity:
		return casework.ActivityDecision
	case engine.DelegateActivity:
	}
	return a.Name
}

func detailOf(a *engine.Activity) string {
	if a.Topic != "" {
		return "on " + cell(a.Topic)
	}
	return "(" + string(a.Kind) + ")"
}

func serviceOptions(n *bpmn.Node) workflow.ActivityOptions {
	retry := temporal.RetryPolicy{
		InitialInterval: serviceInterval, BackoffCoefficient: 2, MaximumInterval: serviceLongest, MaximumAttempts: serviceAttempts,
		NonRetryableErrorTypes: []string{casework.BpmnErrorType},
	}
	options := workflow.ActivityOptions{StartToCloseTimeout: serviceTimeout, RetryPolicy: &retry}
	if n.Service == nil {
		return options
	}
	if n.Service.Retries >= 0 {
		retry.MaximumAttempts = int32(n.Service.Retries) + 1
	}
	if n.Service.RetryInterval > 0 { // given: the same pause before every attempt
		retry.InitialInterval, retry.BackoffCoefficient, retry.MaximumInterval = n.Service.RetryInterval, 1, n.Service.RetryInterval
	}
	if n.Service.Timeout > 0 {
		options.StartToCloseTimeout = n.Service.Timeout
	}
	return options
}

func (r *run) activityInput(n *bpmn.Node, e engine.Effect) casework.ActivityInput {
	in := casework.ActivityInput{
		ProcessInstanceID: r.start.InstanceID, ProcessKey: r.start.ProcessKey, ElementID: e.Element, ElementInstanceID: e.Instance,
		CaseNumber: r.start.CaseNumber, BusinessKey: r.start.BusinessKey, Variables: e.Activity.Variables, Fields: e.Activity.Fields,
	}
	switch {
	case e.Activity.Kind == engine.ScriptActivity && n.Script != nil:
		in.Script = &casework.ScriptSource{Format: string(n.Script.Format), Source: n.Script.Source}
	case e.Activity.Kind == engine.DecisionActivity:
		in.Decision = e.Activity.Name
	}
	return in
}

// dropActivity forgets an activity; one that runs is asked to stop.
func (r *run) dropActivity(token string) {
	if i := slices.IndexFunc(r.work, func(w work) bool { return w.token == token }); i >= 0 {
		if !r.work[i].future.IsReady() {
			r.work[i].cancel()
		}
		r.work = slices.Delete(r.work, i, i+1)
	}
	r.state.Activities = slices.DeleteFunc(r.state.Activities, func(a OpenActivity) bool { return a.Token == token })
	if len(r.state.Activities) == 0 {
		r.state.Activities = nil
	}
}

// answered finds the first activity, in the order of their starts, that has answered; -1 if none has.
func (r *run) answered() int {
	return slices.IndexFunc(r.work, func(w work) bool { return w.future.IsReady() })
}

// applyAnswers hands the answers of service activities to the engine, one step each, in the order of their starts.
func (r *run) applyAnswers(ctx workflow.Context) (progress bool, err error) {
	for i := r.answered(); i >= 0 && r.free(); i = r.answered() {
		w := r.work[i]
		outcome, err := r.step(ctx, r.answerOf(ctx, w), casework.Command{})
		if err != nil {
			return progress, err
		}
		switch outcome {
		case overtaken:
			r.held = true
			return progress, nil
		case displaced:
			return true, nil
		case done, refused:
		}
		r.settleActivity(w)
		progress = true
	}
	return progress, nil
}

// settleActivity forgets an activity whose answer has been applied, but not one that the same step has started again.
func (r *run) settleActivity(w work) {
	i := slices.IndexFunc(r.work, func(o work) bool { return o.token == w.token && o.future == w.future })
	if i < 0 {
		return
	}
	r.work = slices.Delete(r.work, i, i+1)
	if i := slices.IndexFunc(r.state.Activities, func(a OpenActivity) bool { return a.Token == w.token }); i >= 0 {
		r.state.Activities = slices.Delete(r.state.Activities, i, i+1)
	}
	if len(r.state.Activities) == 0 {
		r.state.Activities = nil
	}
}

// answerOf translates what an activity answered.
func (r *run) answerOf(ctx workflow.Context, w work) engine.Event {
	var value json.RawMessage
	if err := w.future.Get(ctx, &value); err != nil {
		return failure(w.token, err)
	}
	ev := engine.Event{Kind: engine.ActivityDone, Token: w.token, Value: jsonOf(value)}
	i := slices.IndexFunc(r.state.Activities, func(a OpenActivity) bool { return a.Token == w.token })
	if i < 0 {
		return ev
	}
	n := &r.program.Nodes[r.program.NodeIndex(r.state.Activities[i].Element)]
	switch name := r.state.Activities[i].Type; {
	case n.Script != nil:
		return scriptAnswer(ev)
	case name == casework.ActivityHTTPCall, name == casework.ActivitySendMail: // their results are the variables to set
		_ = json.Unmarshal(ev.Value, &ev.Variables)
		ev.Value = nil
	case n.Service == nil || n.Service.ResultVariable == "":
		_ = json.Unmarshal(ev.Value, &ev.Variables) // any other value than an object brings no variables
	}
	return ev
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
	ev := engine.Event{Kind: engine.ActivityFailed, Token: token, Reason: short(err.Error())}
	var application *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	var panicked *temporal.PanicError
	switch {
	case errors.As(err, &application):
		ev.Type, ev.Reason = application.Type(), short(application.Message())
		if ev.Type == casework.BpmnErrorType {
			bpmnError(&ev, application)
		}
	case errors.As(err, &timeout):
		ev.Type, ev.Reason = "Timeout", short(timeout.Error())
	case errors.As(err, &panicked):
		ev.Type, ev.Reason = "Panic", short(panicked.Error())
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
	ev.Code, ev.Variables = code, variables
}

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
