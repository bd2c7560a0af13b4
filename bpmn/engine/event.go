package engine

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// EventKind says what happened to an instance.
type EventKind string

// The events an instance reacts to.
const (
	Start           EventKind = "start"
	TaskAssigned    EventKind = "task-assigned" // Assignee "" means released
	TaskCompleted   EventKind = "task-completed"
	TimersDue       EventKind = "timers-due" // every timer due at At or before fires
	RetryIncident   EventKind = "retry-incident"
	ResolveIncident EventKind = "resolve-incident" // one that is Resolvable: what failed counts as done
	Terminate       EventKind = "terminate"
	MessageReceived EventKind = "message-received" // for the subscription of Token; where that is empty, the oldest one of Name
	SignalReceived  EventKind = "signal-received"  // for every subscription of Name
	ActivityDone    EventKind = "activity-done"    // what ActivityStarted asked for; Value is its result
	ActivityFailed  EventKind = "activity-failed"  // with a Code: a BPMN error; without: an incident
	ChildEnded      EventKind = "child-ended"      // with a Code: by an error that nobody caught
	ChildEscalated  EventKind = "child-escalated"  // an escalation, Code, that nothing in the child of Token caught
	Escalated       EventKind = "escalated"        // an escalation, Code, is thrown at the open task Token; "": at the process itself
	VariablesSet    EventKind = "variables-set"    // from outside; Token "" means the process, else a node instance
	Activate        EventKind = "activate"         // ad-hoc sub-process Token: enters the elements of Elements
	Complete        EventKind = "complete"         // ad-hoc sub-process Token: no more activities
	Continue        EventKind = "continue"         // goes on with a burst that was cut off: State.Pending
)

// Event is one thing that happened, with the time at which it did. Fields that do not concern the kind are zero.
type Event struct {
	Kind       EventKind                  `json:"kind"`
	At         time.Time                  `json:"at"`
	StartEvent string                     `json:"startEvent,omitempty"` // Start: element id of a start event, plain or triggered
	Initiator  User                       `json:"initiator,omitzero"`   // Start
	Token      string                     `json:"token,omitempty"`      // id of the node instance or subscription that it is about
	Assignee   string                     `json:"assignee,omitempty"`   // TaskAssigned, TaskCompleted
	Variables  map[string]json.RawMessage `json:"variables,omitempty"`  // what it brings
	Reason     string                     `json:"reason,omitempty"`     // Terminate; ActivityFailed, ChildEnded: message
	Name       string                     `json:"name,omitempty"`       // MessageReceived, SignalReceived: its name
	Code       string                     `json:"code,omitempty"`       // ActivityFailed, ChildEnded: BPMN error code; ChildEscalated, Escalated
	Type       string                     `json:"type,omitempty"`       // ActivityFailed: type of the failure, for error mappings
	Value      json.RawMessage            `json:"value,omitempty"`      // ActivityDone: result
	Elements   []string                   `json:"elements,omitempty"`   // Activate
	Contents   values.Contents            `json:"-"`                    // of references in Variables and Value that are stored nowhere yet

	Rev         int    `json:"rev,omitempty"`         // Start: engine revision of the instance; 0: the latest
	InstanceID  string `json:"instanceId,omitempty"`  // Start
	BusinessKey string `json:"businessKey,omitempty"` // Start
}

// ErrStale means that the event concerns something that is no longer there: a task or incident that has ended, a start
// of a started instance. The state is unchanged.
var ErrStale = errors.New("event concerns nothing that is waiting")
