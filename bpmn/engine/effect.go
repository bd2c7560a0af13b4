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
	NodeEntered      EffectKind = "node-entered"
	NodeLeft         EffectKind = "node-left"
	NodeCancelled    EffectKind = "node-cancelled"
	TaskCreated      EffectKind = "task-created"
	TaskCancelled    EffectKind = "task-cancelled"
	VariableSet      EffectKind = "variable-set"
	TimerArmed       EffectKind = "timer-armed"
	TimerCancelled   EffectKind = "timer-cancelled"
	TimerFired       EffectKind = "timer-fired"
	IncidentRaised   EffectKind = "incident-raised"
	IncidentResolved EffectKind = "incident-resolved"
	InstanceEnded    EffectKind = "instance-ended"
)

// Effect is one thing a step did, in order. Fields that do not concern the kind are zero.
type Effect struct {
	Kind     EffectKind      `json:"kind"`
	Element  string          `json:"element,omitempty"`  // element id
	Instance string          `json:"instance,omitempty"` // node instance or timer id
	Name     string          `json:"name,omitempty"`     // variable name; incident kind
	Value    json.RawMessage `json:"value,omitempty"`    // variable value
	Due      time.Time       `json:"due,omitzero"`       // timer
	Task     *Task           `json:"task,omitempty"`
	Message  string          `json:"message,omitempty"` // incident
	Status   EndStatus       `json:"status,omitempty"`  // instance-ended
}

// EndStatus says how an instance ended.
type EndStatus string

// Ways to end.
const (
	Completed  EndStatus = "COMPLETED"
	Terminated EndStatus = "TERMINATED"
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
}

// Fingerprint is the SHA-256 (hex) of the kinds, elements and instances of the effects. It leaves values out, so that
// a harmless change of a text does not break replay; another path through the model changes it.
func Fingerprint(effects []Effect) string {
	h := sha256.New()
	for _, e := range effects {
		fmt.Fprintf(h, "%s|%s|%s|%s|%s\n", e.Kind, e.Element, e.Instance, e.Name, e.Status)
	}
	return hex.EncodeToString(h.Sum(nil))
}
