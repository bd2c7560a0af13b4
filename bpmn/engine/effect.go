package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// EffectKind says what the shell is to do.
type EffectKind string

// The effects of a step.
const (
	NodeEntered        EffectKind = "node-entered"
	NodeLeft           EffectKind = "node-left"
	NodeCancelled      EffectKind = "node-cancelled"
	TaskCreated        EffectKind = "task-created"
	TaskCancelled      EffectKind = "task-cancelled"
	VariableSet        EffectKind = "variable-set" // a process variable; local ones stay in the state
	TimerArmed         EffectKind = "timer-armed"
	TimerCancelled     EffectKind = "timer-cancelled"
	TimerFired         EffectKind = "timer-fired"
	IncidentRaised     EffectKind = "incident-raised"
	IncidentResolved   EffectKind = "incident-resolved"
	InstanceEnded      EffectKind = "instance-ended"
	SubscriptionOpened EffectKind = "subscription-opened" // Instance waits for a message or signal
	SubscriptionClosed EffectKind = "subscription-closed" // by its event or with what it belonged to
	MessageThrown      EffectKind = "message-thrown"      // for one receiver, perhaps this instance itself
	SignalThrown       EffectKind = "signal-thrown"       // for all other instances; this one has heard it
	EscalationThrown   EffectKind = "escalation-thrown"   // Code; nothing in this instance catches it: its caller may
	ActivityStarted    EffectKind = "activity-started"    // ActivityDone or ActivityFailed answers
	ActivityCancelled  EffectKind = "activity-cancelled"  // its answer is no longer wanted
	ChildStarted       EffectKind = "child-started"       // ChildEnded answers
	ChildCancelled     EffectKind = "child-cancelled"
	ValueStored        EffectKind = "value-stored" // Value is the content whose SHA-256 is Name; to be kept as long as the instance
)

// Effect is one thing a step did, in order. Fields that do not concern the kind are zero.
type Effect struct {
	Kind         EffectKind      `json:"kind"`
	Element      string          `json:"element,omitempty"`  // element id
	Instance     string          `json:"instance,omitempty"` // node instance, timer or subscription id
	Name         string          `json:"name,omitempty"`     // variable name; incident kind
	Value        json.RawMessage `json:"value,omitempty"`    // variable value
	Due          time.Time       `json:"due,omitzero"`       // timer
	Task         *Task           `json:"task,omitempty"`
	Message      string          `json:"message,omitempty"` // incident; instance-ended: reason
	Status       EndStatus       `json:"status,omitempty"`  // instance-ended
	Code         string          `json:"code,omitempty"`    // instance-ended: the BPMN error that nobody caught
	Subscription *Subscription   `json:"subscription,omitempty"`
	Throw        *Throw          `json:"throw,omitempty"`
	Activity     *Activity       `json:"activity,omitempty"`
	Child        *Child          `json:"child,omitempty"`
}

// EndStatus says how an instance ended.
type EndStatus string

// Ways to end.
const (
	Completed  EndStatus = "COMPLETED"
	Terminated EndStatus = "TERMINATED" // by a person, or by an error that nobody caught
)

// Task is a user task with its attributes evaluated.
type Task struct {
	Name            string     `json:"name"`
	Lane            string     `json:"lane,omitempty"`
	Assignee        string     `json:"assignee,omitempty"`
	CandidateUsers  []string   `json:"candidateUsers,omitempty"`
	CandidateGroups []string   `json:"candidateGroups,omitempty"`
	FormKey         string     `json:"formKey,omitempty"`
	DueDate         *time.Time `json:"dueDate,omitempty"`
	Priority        *int       `json:"priority,omitempty"`
	Queue           string     `json:"queue,omitempty"`
	Skills          []string   `json:"skills,omitempty"`
	FourEyesOf      []string   `json:"fourEyesOf,omitempty"` // element ids
	Calendar        string     `json:"calendar,omitempty"`
	ClaimSeconds    int64      `json:"claimSeconds,omitempty"`    // from creation; 0: not given
	CompleteSeconds int64      `json:"completeSeconds,omitempty"` // from creation; 0: not given
	// Locals are the small scalar variables that the task sees and the process does not have, for routing rules.
	Locals map[string]json.RawMessage `json:"locals,omitempty"`
	// Variables are those that only this task has: input mappings, the item of a multi-instance activity.
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
}

// Throw is a message or signal on its way out.
type Throw struct {
	Name      string                     `json:"name"`
	Key       string                     `json:"key,omitempty"` // message: correlation key
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
}

// ActivityKind says who does an activity.
type ActivityKind string

// What is done outside of the engine.
const (
	DelegateActivity ActivityKind = "delegate" // the Temporal activity Name on the task queue Topic
	HTTPActivity     ActivityKind = "http"     // built in
	MailActivity     ActivityKind = "mail"     // built in
	DecisionActivity ActivityKind = "decision" // the decision Name
	ScriptActivity   ActivityKind = "script"   // the script of the element, in the format Name
)

// Activity is work outside of the engine.
type Activity struct {
	Kind      ActivityKind               `json:"kind"`
	Name      string                     `json:"name,omitempty"`
	Topic     string                     `json:"topic,omitempty"`     // delegate: task queue; "": the worker's own
	Variables map[string]json.RawMessage `json:"variables,omitempty"` // all that are visible where it runs
	Fields    map[string]json.RawMessage `json:"fields,omitempty"`    // by name
	Stored    []string                   `json:"stored,omitempty"`    // names of the fields that are references, sorted
	Listener  *ListenerCall              `json:"listener,omitempty"`  // nil: it is the work of the node itself
}

// ListenerCall says for what a listener calls a delegate. Instance of the effect names this piece of work, not the node
// instance.
type ListenerCall struct {
	Event    string `json:"event"`              // start, end, take, create, assignment, complete, delete
	Flow     string `json:"flow,omitempty"`     // take: the sequence flow
	Assignee string `json:"assignee,omitempty"` // of a task: who holds it
}

// Child is an instance that a call activity starts.
type Child struct {
	ProcessKey  string                     `json:"processKey"`
	Binding     string                     `json:"binding"` // bpmn.CallBinding
	Version     int                        `json:"version,omitempty"`
	BusinessKey string                     `json:"businessKey,omitempty"`
	InheritKey  bool                       `json:"inheritKey,omitempty"` // the business key of this instance
	Variables   map[string]json.RawMessage `json:"variables,omitempty"`
}

// Fingerprint is the SHA-256 (hex) of the kinds, elements and instances of the effects. It leaves values out, so that
// a harmless change of a text does not break replay; another path through the model changes it.
func Fingerprint(effects []Effect) string {
	h := sha256.New()
	for _, e := range effects {
		if e.Kind == ValueStored {
			continue
		}
		fmt.Fprintf(h, "%s|%s|%s|%s|%s\n", e.Kind, e.Element, e.Instance, e.Name, e.Status)
	}
	return hex.EncodeToString(h.Sum(nil))
}
