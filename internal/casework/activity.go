package casework

import "encoding/json"

// The built-in service activities, by their Temporal activity names.
const (
	ActivityHTTPCall  = "HttpCall"
	ActivitySendMail  = "SendMail"
	ActivityRunScript = "RunScript"
	ActivityDecision  = "EvaluateDecision"
)

// BpmnErrorType is the type of a Temporal application error that is a BPMN error. Its details are the error code and,
// optionally, an object of variables that travel with it. It must not be retried.
const BpmnErrorType = "BpmnError"

// ActivityInput is what a service or script task hands to the Temporal activity that does its work, in any language.
type ActivityInput struct {
	ProcessInstanceID string                     `json:"processInstanceId"`
	ProcessKey        string                     `json:"processKey"`
	ElementID         string                     `json:"elementId"`
	ElementInstanceID string                     `json:"elementInstanceId"` // the same for every attempt; of a listener, its own
	CaseNumber        string                     `json:"caseNumber,omitempty"`
	BusinessKey       string                     `json:"businessKey,omitempty"`
	Variables         map[string]json.RawMessage `json:"variables,omitempty"`  // visible where the element runs
	Fields            map[string]json.RawMessage `json:"fields,omitempty"`     // of the element, evaluated, by name
	References        *References                `json:"references,omitempty"` // only for our own activities, which may answer with them as well
	Script            *ScriptSource              `json:"script,omitempty"`     // script task
	Decision          string                     `json:"decision,omitempty"`   // business rule task: key of the decision
	Listener          *ListenerCall              `json:"listener,omitempty"`   // a listener calls; nil: it is the work of the element
}

// References name what in an ActivityInput is a reference to a large value (ADR 0014).
type References struct {
	Variables []string `json:"variables,omitempty"`
	Fields    []string `json:"fields,omitempty"`
}

// ListenerCall says for what a listener calls a delegate.
type ListenerCall struct {
	Event    string `json:"event"`              // start, end, take; of a task: create, assignment, complete, delete
	FlowID   string `json:"flowId,omitempty"`   // take: the sequence flow
	Assignee string `json:"assignee,omitempty"` // of a task: user id of who holds it
}

// IdempotencyKey is the same for every attempt of the same piece of work and differs from that of any other.
func (in ActivityInput) IdempotencyKey() string {
	return in.ProcessInstanceID + ":" + in.ElementInstanceID
}

// ScriptSource is a script to run.
type ScriptSource struct {
	Format string `json:"format"` // "javascript"
	Source string `json:"source"`
}

// ScriptResult is what a script did.
type ScriptResult struct {
	Result    json.RawMessage            `json:"result"`              // value of the last expression; null if it had none
	Variables map[string]json.RawMessage `json:"variables,omitempty"` // those that it set or changed; null for one that it removed
}
