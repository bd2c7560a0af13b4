package casework

import "encoding/json"

// CommandKind names what an accepted command asks of a running case. It is also the name of the Temporal signal.
type CommandKind string

// The commands.
const (
	CommandClaim          CommandKind = "claim"
	CommandUnclaim        CommandKind = "unclaim"
	CommandComplete       CommandKind = "complete"
	CommandTerminate      CommandKind = "terminate"
	CommandRetryIncident  CommandKind = "retry-incident"
	CommandMessage        CommandKind = "message"             // for the subscription SubscriptionID
	CommandSignal         CommandKind = "signal"              // for every subscription of Name
	CommandChildEnded     CommandKind = "child-ended"         // the instance ChildID, of the call activity ElementInstanceID
	CommandChildEscalated CommandKind = "child-escalated"     // the instance ChildID has thrown the escalation Code, which nothing in it catches
	CommandSetVariables   CommandKind = "set-variables"       // of the process
	CommandActivate       CommandKind = "activate-activities" // Elements of the ad-hoc sub-process ElementInstanceID
	CommandFinish         CommandKind = "complete-activities" // the ad-hoc sub-process ElementInstanceID
	CommandDelegate       CommandKind = "delegate"            // as Placed says, like the next four
	CommandResolve        CommandKind = "resolve"
	CommandReassign       CommandKind = "reassign"
	CommandEscalate       CommandKind = "escalate"
	CommandUpdateTask     CommandKind = "update-task" // its queue or its times
	CommandSuspend        CommandKind = "suspend"     // no timer fires and nothing moves the case until it is resumed
	CommandResume         CommandKind = "resume"      // with all its open tasks in Placed

	CommandEscalation      CommandKind = "throw-escalation" // the BPMN escalation Code, at TaskID or in the process itself
	CommandResolveIncident CommandKind = "resolve-incident" // what failed counts as done, with the answer Variables
)

// CommandKinds lists every kind, in a fixed order.
func CommandKinds() []CommandKind {
	return []CommandKind{
		CommandClaim, CommandUnclaim, CommandComplete, CommandTerminate, CommandRetryIncident, CommandMessage, CommandSignal,
		CommandChildEnded, CommandChildEscalated, CommandSetVariables, CommandActivate, CommandFinish,
		CommandDelegate, CommandResolve, CommandReassign, CommandEscalate, CommandUpdateTask, CommandSuspend, CommandResume,
		CommandResolveIncident, CommandEscalation,
	}
}

// Command is an act that PostgreSQL has accepted and the workflow has yet to apply. It is the payload of a Temporal
// signal; the row in flowable.task_commands is the authority.
type Command struct {
	CommandID  string          `json:"commandId"` // UUID
	Seq        int64           `json:"seq"`       // order of acceptance within the database
	Kind       CommandKind     `json:"kind"`
	InstanceID string          `json:"instanceId"`
	TaskID     string          `json:"taskId,omitempty"`
	IncidentID string          `json:"incidentId,omitempty"`
	ActorID    string          `json:"actorId"`
	Assignee   string          `json:"assignee,omitempty"`  // who holds the task at that moment
	Variables  json.RawMessage `json:"variables,omitempty"` // JSON object
	Outcome    string          `json:"outcome,omitempty"`
	Reason     string          `json:"reason,omitempty"`

	Name              string   `json:"name,omitempty"`              // of the message or signal
	SubscriptionID    string   `json:"subscriptionId,omitempty"`    // message: who receives it
	ElementInstanceID string   `json:"elementInstanceId,omitempty"` // of the call activity or ad-hoc sub-process
	ChildID           string   `json:"childId,omitempty"`           // child-ended
	Status            string   `json:"status,omitempty"`            // child-ended: an InstanceStatus, or ChildFailed
	Code              string   `json:"code,omitempty"`              // child-ended: the BPMN error that nobody caught
	Elements          []string `json:"elements,omitempty"`          // activate-activities

	Placed []TaskPlaced `json:"placed,omitempty"` // tasks as they are once the command is accepted
}

// Start is what the workflow of a new case begins with. It is stored with the case and sent by the outbox, so it
// carries all the workflow needs.
type Start struct {
	InstanceID        string          `json:"instanceId"`
	ProcessKey        string          `json:"processKey"`
	ProcessName       string          `json:"processName"`
	DefinitionVersion int             `json:"definitionVersion"`
	SHA256            string          `json:"sha256"`
	EngineRev         int             `json:"engineRev"`
	StartEventID      string          `json:"startEventId"`
	CaseID            int64           `json:"caseId"`
	CaseNumber        string          `json:"caseNumber"`
	BusinessKey       string          `json:"businessKey,omitempty"`
	Initiator         string          `json:"initiator"`
	InitiatorRoles    []string        `json:"initiatorRoles"` // valid role codes at the start, sorted
	Priority          int             `json:"priority"`
	Variables         json.RawMessage `json:"variables,omitempty"` // JSON object
	Trigger           string          `json:"trigger,omitempty"`   // name of the message or signal that it begins with
	ParentInstanceID  string          `json:"parentInstanceId,omitempty"`
}

// OutboxKind says what an outbox row delivers.
type OutboxKind string

// The two deliveries to Temporal.
const (
	OutboxStart  OutboxKind = "START"
	OutboxSignal OutboxKind = "SIGNAL"
)

// Delivery is one message on its way to Temporal. Exactly one of Start and Command is set.
type Delivery struct {
	OutboxID int64
	Attempts int
	Start    *Start
	Command  *Command
}

// Answer is the answer of a request that carried an Idempotency-Key.
type Answer struct {
	Status int
	Body   []byte
}
