package casework

import (
	"encoding/json"
	"time"
)

// StepCommit is everything one engine burst does to the database, written in one transaction. Its idempotency key is
// (InstanceID, Step): committing it again returns the first result and changes nothing (ADR 0003).
type StepCommit struct {
	InstanceID  string      `json:"instanceId"`
	Step        int64       `json:"step"` // counts from 1 within the instance, across continue-as-new
	At          time.Time   `json:"at"`
	Fingerprint string      `json:"fingerprint"`         // SHA-256 hex of effect kinds, element ids and counters
	Cause       string      `json:"cause"`               // a command id, or the kind of event
	CommandID   string      `json:"commandId,omitempty"` // the accepted command that caused the burst
	CommandKind CommandKind `json:"commandKind,omitempty"`
	Actor       string      `json:"actor,omitempty"` // who caused it; empty means the system

	NewTasks    []NewTask         `json:"newTasks,omitempty"`
	CancelTasks []string          `json:"cancelTasks,omitempty"` // task ids
	Activities  []ActivityChange  `json:"activities,omitempty"`  // in order
	Variables   []VariableChange  `json:"variables,omitempty"`   // last write per name
	Incidents   []IncidentChange  `json:"incidents,omitempty"`
	Escalations []EscalationDue   `json:"escalations,omitempty"`
	Open        []string          `json:"open,omitempty"` // element ids with an active node instance after the burst, sorted
	End         *InstanceEnd      `json:"end,omitempty"`
	Events      *StepEvents       `json:"events,omitempty"`
	Values      map[string]string `json:"values,omitempty"` // contents of large values that the burst made, as JSON by their SHA-256
	Stale       bool              `json:"stale,omitempty"`  // the command concerned nothing that was waiting any more
	Answer      json.RawMessage   `json:"answer,omitempty"` // of a service activity that caused the burst, kept to do it again
}

// NewTask creates a user task. Its id is deterministic per activation.
type NewTask struct {
	TaskID            string     `json:"taskId"`
	ElementInstanceID string     `json:"elementInstanceId"`
	DefinitionKey     string     `json:"definitionKey"`
	Name              string     `json:"name"`
	Lane              string     `json:"lane,omitempty"`
	Assignee          string     `json:"assignee,omitempty"`
	CandidateGroups   []string   `json:"candidateGroups,omitempty"`
	CandidateUsers    []string   `json:"candidateUsers,omitempty"`
	FormKey           string     `json:"formKey,omitempty"`
	DueDate           *time.Time `json:"dueDate,omitempty"` // from the model; nil means the queue's SLA
	Priority          *int       `json:"priority,omitempty"`
	Queue             string     `json:"queue,omitempty"`           // named by the model
	Skills            []string   `json:"skills,omitempty"`          // that a SPECIALIZED queue asks for
	FourEyesOf        []string   `json:"fourEyesOf,omitempty"`      // definition keys of tasks that somebody else has to have done
	Calendar          string     `json:"calendar,omitempty"`        // of its clocks, in the place of its queue's
	ClaimSeconds      int64      `json:"claimSeconds,omitempty"`    // until somebody should have claimed it; 0: as the queue says
	CompleteSeconds   int64      `json:"completeSeconds,omitempty"` // until it should be done; 0: as the queue says

	// Locals are the variables that the task sees and the process does not have, for routing rules.
	Locals map[string]json.RawMessage `json:"locals,omitempty"`
}

// ActivityChange records that a flow node was entered or left.
type ActivityChange struct {
	ElementInstanceID string        `json:"elementInstanceId"` // "<element id>:<n>"
	ActivityID        string        `json:"activityId"`
	ActivityType      string        `json:"activityType,omitempty"` // set if it was entered in this step
	Name              string        `json:"name,omitempty"`
	State             ActivityState `json:"state"` // at the end of the step
}

// VariableChange sets a process variable to a JSON value.
type VariableChange struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

// IncidentChange opens or resolves an incident.
type IncidentChange struct {
	IncidentID string `json:"incidentId"`
	ActivityID string `json:"activityId"`
	Kind       string `json:"kind"`
	Message    string `json:"message"`
	Resolved   bool   `json:"resolved,omitempty"`
	Resolvable bool   `json:"resolvable,omitempty"` // as Incident.Resolvable
}

// EscalationDue asks to raise a task, or the process itself, whose next level is due. The row decides which levels are: what
// has ended, stands still or has reached them already is left alone.
type EscalationDue struct {
	TaskID string `json:"taskId"` // empty: the process
	Level  int    `json:"level"`  // that the workflow expects; 1 is the first
}

// InstanceEnd closes the instance and its case.
type InstanceEnd struct {
	Status     InstanceStatus `json:"status"`
	EndEventID string         `json:"endEventId,omitempty"` // the last end event reached
	Reason     string         `json:"reason,omitempty"`
	Code       string         `json:"code,omitempty"` // the BPMN error that nobody caught
}

// StepResult is what the workflow learns from a commit.
type StepResult struct {
	Fingerprint string       `json:"fingerprint"`         // as first committed for this step
	Refused     bool         `json:"refused,omitempty"`   // the command is not an accepted one: nothing was written
	Reason      string       `json:"reason,omitempty"`    // why it was refused
	Instead     *StepCause   `json:"instead,omitempty"`   // the step is on record with another cause, which comes first: nothing was written
	Tasks       []TaskPlaced `json:"tasks,omitempty"`     // one per new task, in order
	Escalated   []TaskPlaced `json:"escalated,omitempty"` // one per escalation asked for or task that the command is about, with the next level's time
	SLA         *SLAClock    `json:"sla,omitempty"`       // of the process, where it has one and it was started, is due or has changed
	Lost        []string     `json:"lost,omitempty"`      // tasks to cancel that a person had completed first: their completion follows as a command
	Taken       []string     `json:"taken,omitempty"`     // subscriptions to close that a message was accepted for first: it follows as a command
	Deliveries  []Delivery   `json:"-"`                   // what the step sent to other instances; to be delivered now, or by the relay later
}

// StepCause says what a step on record was caused by, and when.
type StepCause struct {
	Cause  string          `json:"cause"`
	At     time.Time       `json:"at"`
	Answer json.RawMessage `json:"answer,omitempty"` // as StepCommit.Answer
}

// TaskPlaced tells where a task went and when it is next due.
type TaskPlaced struct {
	TaskID     string     `json:"taskId"`
	QueueName  string     `json:"queueName"`
	Assignee   string     `json:"assignee,omitempty"`
	Status     TaskStatus `json:"status"`
	DueDate    *time.Time `json:"dueDate,omitempty"`
	Level      int        `json:"level"`                // escalation level reached
	EscalateAt *time.Time `json:"escalateAt,omitempty"` // when the next level is due; nil if there is none
	ClaimDue   *time.Time `json:"claimDue,omitempty"`   // by when somebody should claim it
	PausedAt   *time.Time `json:"pausedAt,omitempty"`   // since when its clocks stand still
}

// SLAClock is the deadline of a process instance.
type SLAClock struct {
	DueDate    time.Time  `json:"dueDate"`
	Level      int        `json:"level"`                // levels reached
	EscalateAt *time.Time `json:"escalateAt,omitempty"` // when the next level is due; nil if there is none, or the instance is suspended
}
