package engine

import (
	"encoding/json"
	"errors"
	"time"
)

// EventKind says what happened to an instance.
type EventKind string

// The events an instance reacts to.
const (
	Start         EventKind = "start"
	TaskAssigned  EventKind = "task-assigned" // Assignee "" means released
	TaskCompleted EventKind = "task-completed"
	TimersDue     EventKind = "timers-due" // every timer due at At or before fires
	RetryIncident EventKind = "retry-incident"
	Terminate     EventKind = "terminate"
)

// Event is one thing that happened, with the time at which it did. Fields that do not concern the kind are zero.
type Event struct {
	Kind       EventKind                  `json:"kind"`
	At         time.Time                  `json:"at"`
	StartEvent string                     `json:"startEvent,omitempty"` // Start: element id
	Initiator  User                       `json:"initiator,omitzero"`   // Start
	Token      string                     `json:"token,omitempty"`      // TaskAssigned, TaskCompleted, RetryIncident: token id
	Assignee   string                     `json:"assignee,omitempty"`   // TaskAssigned, TaskCompleted
	Variables  map[string]json.RawMessage `json:"variables,omitempty"`  // Start, TaskCompleted, RetryIncident
	Reason     string                     `json:"reason,omitempty"`     // Terminate
}

// ErrStale means that the event concerns something that is no longer there: a task or incident that has ended, a start
// of a started instance. The state is unchanged.
var ErrStale = errors.New("event concerns nothing that is waiting")
