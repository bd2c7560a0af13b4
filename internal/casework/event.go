package casework

import (
	"encoding/json"
	"time"
)

// StepEvents is what a burst does beyond its own instance: what it waits for, throws, calls and cancels.
type StepEvents struct {
	Subscribed     []Subscription `json:"subscribed,omitempty"`
	Unsubscribed   []string       `json:"unsubscribed,omitempty"` // subscription ids
	Messages       []Throw        `json:"messages,omitempty"`     // each for one receiver, perhaps this instance itself
	Signals        []Throw        `json:"signals,omitempty"`      // for all other instances
	Escalations    []string       `json:"escalations,omitempty"`  // codes that nothing in this instance catches: its caller is told
	Children       []ChildStart   `json:"children,omitempty"`
	CancelChildren []string       `json:"cancelChildren,omitempty"` // instance ids
	TaskVariables  []TaskVariable `json:"taskVariables,omitempty"`
	EngineRev      int            `json:"engineRev,omitempty"` // that new instances get
}

// Subscription waits for a message or a signal.
type Subscription struct {
	SubscriptionID string `json:"subscriptionId"` // "<event id>:<n>", unique within the instance
	Kind           string `json:"kind"`           // message, signal
	Name           string `json:"name"`
	Key            string `json:"key,omitempty"` // message: only with this correlation key; "": any
	ElementID      string `json:"elementId"`
	Repeats        bool   `json:"repeats,omitempty"` // stays open after its event: one that does not interrupt
}

// Throw is a message or signal on its way out of an instance.
type Throw struct {
	Name      string                     `json:"name"`
	Key       string                     `json:"key,omitempty"` // message: correlation key
	ElementID string                     `json:"elementId"`
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
}

// ChildStart starts an instance for a call activity.
type ChildStart struct {
	ElementInstanceID string                     `json:"elementInstanceId"` // of the call activity
	InstanceID        string                     `json:"instanceId"`        // of the child
	ProcessKey        string                     `json:"processKey"`
	Binding           string                     `json:"binding"` // latest, deployment, version
	Version           int                        `json:"version,omitempty"`
	BusinessKey       string                     `json:"businessKey,omitempty"`
	InheritKey        bool                       `json:"inheritKey,omitempty"`
	Variables         map[string]json.RawMessage `json:"variables,omitempty"`
}

// TaskVariable is a variable that only one task has.
type TaskVariable struct {
	TaskID string          `json:"taskId"`
	Name   string          `json:"name"`
	Value  json.RawMessage `json:"value"`
}

// ChildFailed is the status in a child-ended command of an instance that could not be started.
const ChildFailed = "FAILED"

// Message asks to give a BPMN message to one receiver.
type Message struct {
	Name              string         `json:"messageName"`
	ProcessInstanceID string         `json:"processInstanceId,omitempty"` // only a subscription of this instance
	BusinessKey       string         `json:"businessKey,omitempty"`       // only of instances with this key; a case that is started gets it
	Correlation       string         `json:"correlation,omitempty"`       // the key that a subscription may ask for
	Variables         map[string]any `json:"variables,omitempty"`
}

// MessageOutcome says what became of a message.
type MessageOutcome string

// What can become of a message.
const (
	MessageDelivered MessageOutcome = "DELIVERED" // to an instance that waited for it
	MessageStarted   MessageOutcome = "STARTED"   // it has started a case
)

// MessageAnswer tells who received a message.
type MessageAnswer struct {
	MessageName       string         `json:"messageName"`
	Outcome           MessageOutcome `json:"outcome"`
	ProcessInstanceID string         `json:"processInstanceId"`
	CaseID            int64          `json:"caseId,omitempty"` // of the case that was started
	CaseNumber        string         `json:"caseNumber,omitempty"`
}

// Signal asks to tell a BPMN signal to all who wait for it.
type Signal struct {
	Name      string         `json:"signalName"`
	Variables map[string]any `json:"variables,omitempty"`
}

// SignalAnswer tells whom a signal reached.
type SignalAnswer struct {
	SignalName string        `json:"signalName"`
	Receivers  int           `json:"receivers"` // instances that waited for it
	Started    []StartedCase `json:"started"`
}

// ConditionAnswer tells which cases began because their condition holds.
type ConditionAnswer struct {
	Started []StartedCase   `json:"started"`
	Failed  []ConditionFail `json:"failed"` // conditions that could not be evaluated
}

// ConditionFail is a start condition that could not be evaluated.
type ConditionFail struct {
	ProcessKey   string `json:"processKey"`
	StartEventID string `json:"startEventId"`
	Message      string `json:"message"`
}

// TimerStart asks for a case of the active version of a process, at a timer start event of a version. The same RequestID
// again starts nothing.
type TimerStart struct {
	ProcessKey   string    `json:"processKey"`
	Version      int       `json:"version"` // whose timer it is
	StartEventID string    `json:"startEventId"`
	At           time.Time `json:"at,omitzero"` // when it was due
	RequestID    string    `json:"requestId,omitempty"`
	EngineRev    int       `json:"engineRev,omitempty"`
}
