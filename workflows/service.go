package workflows

import (
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

// OpenActivity is a service activity, or the delegate of a listener, that has not answered yet: in flight, or waiting for its turn.
type OpenActivity struct {
	Token   string    `json:"token"` // node instance, or the work of a listener
	Element string    `json:"element"`
	Type    string    `json:"type"`            // Temporal activity type
	Topic   string    `json:"topic,omitempty"` // task queue; "": the worker's own
	Since   time.Time `json:"since"`
	Event   string    `json:"event,omitempty"` // of the listener that calls; "": the work of the element
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
			r.askActivity(ctx, e)
		case engine.ActivityCancelled:
			r.dropActivity(e.Instance)
		case engine.InstanceEnded:
			r.dropActivities()
		default:
		}
	}
}

// dropActivities forgets the activities of an instance that has ended, but for those of delete listeners, which outlive it.
func (r *run) dropActivities() {
	for _, a := range slices.Clone(r.state.Activities) {
		if a.Event != string(bpmn.TaskDelete) {
			r.dropActivity(a.Token)
		}
	}
}

// startActivity asks Temporal for the work of a node instance or listener. The activity id is that of the work; a retry within
// the same run adds its number, since an id is used once.
func (r *run) startActivity(ctx workflow.Context, token, element string, a *engine.Activity) {
	id := token
	if r.starts == nil {
		r.starts = map[string]int{}
	}
	if r.starts[token]++; r.starts[token] > 1 {
		id = fmt.Sprintf("%s#%d", token, r.starts[token])
	}
	var n *bpmn.Node // nil: not the work of an element
	if a.Listener == nil {
		n = r.node(element)
	}
	options := serviceOptions(n)
	options.ActivityID, options.TaskQueue = id, a.Topic
	options.Summary = short(fmt.Sprintf("%s %s", r.nodeName(element), detailOf(a)))
	cancellable, cancel := workflow.WithCancel(workflow.WithActivityOptions(ctx, options))
	w := work{token: token, cancel: cancel}
	input := r.activityInput(token, element, a)
	if n != nil && n.Script != nil {
		input.Script = &casework.ScriptSource{Format: string(n.Script.Format), Source: n.Script.Source}
	}
	err, size := r.hand(&input, n, a), 0
	if err == nil {
		size, err = sizeOf(input)
	}
	if err == nil {
		err = checkRequest(activityType(a), a.Topic, size)
	}
	if err != nil { // the server would refuse the workflow task, again and again
		w.future = failedFuture(ctx, err)
	} else {
		w.future = workflow.ExecuteActivity(cancellable, activityType(a), input)
		r.asked += size
	}
	r.work = append(r.work, w)
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
	switch {
	case a.Listener != nil:
		return "(" + a.Listener.Event + " listener)"
	case a.Topic != "":
		return "on " + cell(a.Topic)
	}
	return "(" + string(a.Kind) + ")"
}

// serviceOptions are those of the work of an element; nil: of a listener, whose model has no say in them.
func serviceOptions(n *bpmn.Node) workflow.ActivityOptions {
	retry := temporal.RetryPolicy{
		InitialInterval: serviceInterval, BackoffCoefficient: 2, MaximumInterval: serviceLongest, MaximumAttempts: serviceAttempts,
		NonRetryableErrorTypes: []string{casework.BpmnErrorType},
	}
	options := workflow.ActivityOptions{StartToCloseTimeout: serviceTimeout, RetryPolicy: &retry}
	if n == nil || n.Service == nil {
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

func (r *run) activityInput(token, element string, a *engine.Activity) casework.ActivityInput {
	in := casework.ActivityInput{
		ProcessInstanceID: r.start.InstanceID, ProcessKey: r.start.ProcessKey, ElementID: element, ElementInstanceID: token,
		CaseNumber: r.start.CaseNumber, BusinessKey: r.start.BusinessKey,
	}
	if a.Kind == engine.DecisionActivity {
		in.Decision = a.Name
	}
	if l := a.Listener; l != nil {
		in.Listener = &casework.ListenerCall{Event: l.Event, FlowID: l.Flow, Assignee: l.Assignee}
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
