package casework

import (
	"encoding/json"
	"time"
)

// InstanceStatus is the state of a process instance.
type InstanceStatus string

// The process instance states of the database design.
const (
	InstanceActive     InstanceStatus = "ACTIVE"
	InstanceCompleted  InstanceStatus = "COMPLETED"
	InstanceSuspended  InstanceStatus = "SUSPENDED"
	InstanceTerminated InstanceStatus = "TERMINATED"
	InstanceError      InstanceStatus = "ERROR" // an incident is open
)

// Definition is one deployed, immutable version of a process.
type Definition struct {
	WorkflowID  int64           `json:"workflowId"`
	ProcessKey  string          `json:"processKey"`
	ProcessName string          `json:"processName"`
	Version     int             `json:"version"`
	BusinessApp string          `json:"businessApp"`
	SHA256      string          `json:"sha256"` // of the XML, lower-case hex
	Active      bool            `json:"active"`
	StartEvents []StartEvent    `json:"startEvents"`
	Warnings    json.RawMessage `json:"warnings"` // JSON array of diagnostics
	DeployedBy  string          `json:"deployedBy"`
	DeployedAt  time.Time       `json:"deployedAt"`
	DefinitionSettings
}

// DefinitionSettings are the part of a definition that can be changed after its deployment. The next version begins with
// those of the one before.
type DefinitionSettings struct {
	RoutingRules json.RawMessage `json:"routingRules"` // of its tasks to queues; {}: none
	SLAConfig    json.RawMessage `json:"slaConfig"`    // clocks of its instances; {}: none
}

// Mistakes says what is wrong with the settings by themselves, and answers what they name.
func (s DefinitionSettings) Mistakes() (names EscalationNames, m Mistakes) {
	_, names, inner := ParseProcessSLA(s.SLAConfig)
	m.Under("body.slaConfig", inner)
	names = names.under("body.slaConfig")
	names.Queues = append(names.Queues, checkRules(&m, s.RoutingRules)...)
	return names, m
}

// StartEvent is where an instance may begin. A multiple start event has one entry for each of its triggers.
type StartEvent struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Type    StartType `json:"type"`
	Trigger string    `json:"trigger,omitempty"` // name of the message or signal; text of the timer; condition
	Timer   string    `json:"timer,omitempty"`   // timer: timeDate, timeDuration or timeCycle
}

// StartType says what begins an instance.
type StartType string

// The types of start events.
const (
	StartNone        StartType = "none" // a caller, or a call activity
	StartMessage     StartType = "message"
	StartSignal      StartType = "signal"
	StartTimer       StartType = "timer"
	StartConditional StartType = "conditional"
)

// Deployment is what a caller asks to store: one process of one file.
type Deployment struct {
	ProcessKey  string
	ProcessName string
	BusinessApp string
	XML         []byte
	SHA256      string
	StartEvents []StartEvent
	Warnings    json.RawMessage
}

// CaseStart asks for a new case. Version 0 is the active one.
type CaseStart struct {
	ProcessKey   string         `json:"processKey"`
	Version      int            `json:"version,omitempty"`
	StartEventID string         `json:"startEventId,omitempty"`
	BusinessKey  string         `json:"businessKey,omitempty"`
	Title        string         `json:"title,omitempty"`
	CaseType     string         `json:"caseType,omitempty"`
	Severity     string         `json:"severity,omitempty"`
	Priority     *int           `json:"priority,omitempty"` // 0 to 100; default 50
	Variables    map[string]any `json:"variables,omitempty"`
}

// TriggeredStart is a start event of an active definition that something other than a caller triggers.
type TriggeredStart struct {
	Definition Definition
	Event      StartEvent
	ActiveFrom time.Time // since when the version is the active one
}

// StartedCase is the answer to a CaseStart.
type StartedCase struct {
	CaseID            int64  `json:"caseId"`
	CaseNumber        string `json:"caseNumber"`
	ProcessInstanceID string `json:"processInstanceId"`
	Status            string `json:"status"`
	Tasks             []Task `json:"tasks"`
}

// Case is a case with its present place.
type Case struct {
	CaseID            int64        `json:"caseId"`
	CaseNumber        string       `json:"caseNumber"`
	Title             string       `json:"title"`
	CaseType          string       `json:"caseType"`
	Severity          string       `json:"severity"`
	Priority          int          `json:"priority"`
	Status            string       `json:"status"` // OPEN, CLOSED, CANCELLED
	CreatedBy         string       `json:"createdBy"`
	CreatedAt         time.Time    `json:"createdAt"`
	ClosedAt          *time.Time   `json:"closedAt"`
	ProcessInstanceID string       `json:"processInstanceId"`
	ProcessKey        string       `json:"processKey"`
	BusinessKey       string       `json:"businessKey"`
	CurrentDepartment string       `json:"currentDepartment"`
	CurrentPhase      string       `json:"currentPhase"`
	RoutingHistory    []RoutingHop `json:"routingHistory,omitempty"` // only where one case is read
	Tasks             []Task       `json:"tasks,omitempty"`          // open tasks the caller may see; only where one case is read
}

// RoutingHop is one move of a case between departments or phases.
type RoutingHop struct {
	Department string    `json:"department"`
	Phase      string    `json:"phase"`
	TaskID     string    `json:"taskId,omitempty"`
	At         time.Time `json:"at"`
}

// CaseFilter narrows a list of cases. Zero fields do not filter.
type CaseFilter struct {
	Status     string
	ProcessKey string
	CreatedBy  string
	Page       Page
}

// Instance is a process instance as people see it.
type Instance struct {
	ProcessInstanceID string         `json:"processInstanceId"`
	ProcessKey        string         `json:"processKey"`
	Version           int            `json:"version"`
	CaseID            int64          `json:"caseId"`
	BusinessKey       string         `json:"businessKey"`
	ParentInstanceID  string         `json:"parentInstanceId,omitempty"` // of a called process: the instance that calls it
	Status            InstanceStatus `json:"status"`
	CurrentActivities []string       `json:"currentActivities"`
	Variables         map[string]any `json:"variables"`
	StartedBy         string         `json:"startedBy"`
	StartedAt         time.Time      `json:"startedAt"`
	CompletedAt       *time.Time     `json:"completedAt"`
	EndEventID        string         `json:"endEventId,omitempty"`
	SLADueDate        *time.Time     `json:"slaDueDate"`
	Incidents         []Incident     `json:"incidents"`
	TemporalURL       string         `json:"temporalUrl"`
}

// ActivityState is the state of one activation of a flow node.
type ActivityState string

// States of a flow node instance.
const (
	ActivityActive    ActivityState = "ACTIVE"
	ActivityCompleted ActivityState = "COMPLETED"
	ActivityCancelled ActivityState = "CANCELLED"
)

// Activity is one visit of a flow node.
type Activity struct {
	ElementInstanceID string        `json:"elementInstanceId"` // "<element id>:<n>", unique within the instance
	ActivityID        string        `json:"activityId"`
	ActivityType      string        `json:"activityType"`
	Name              string        `json:"name"`
	State             ActivityState `json:"state"`
	StartedAt         time.Time     `json:"startedAt"`
	EndedAt           *time.Time    `json:"endedAt"`
}

// Incident is an unresolved failure that needs a person.
type Incident struct {
	IncidentID string     `json:"incidentId"`
	ActivityID string     `json:"activityId"`
	Kind       string     `json:"kind"` // condition, expression, service, no-flow, …
	Message    string     `json:"message"`
	State      string     `json:"state"`      // OPEN, RESOLVED
	Resolvable bool       `json:"resolvable"` // without trying again: what failed can have been done by other means
	CreatedAt  time.Time  `json:"createdAt"`
	ResolvedAt *time.Time `json:"resolvedAt"`
}
