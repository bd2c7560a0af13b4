package casework

import (
	"encoding/json"
	"slices"
	"time"
)

// TaskStatus is the state of a user task (docs/state-machines.md).
type TaskStatus string

// The task states of the database design.
const (
	TaskOpen      TaskStatus = "OPEN"
	TaskClaimed   TaskStatus = "CLAIMED"
	TaskCompleted TaskStatus = "COMPLETED"
	TaskCancelled TaskStatus = "CANCELLED"
	TaskDelegated TaskStatus = "DELEGATED"
	TaskEscalated TaskStatus = "ESCALATED" // open, past its deadline, still claimable
)

// TaskStatuses are all states of a task.
var TaskStatuses = []TaskStatus{TaskOpen, TaskEscalated, TaskClaimed, TaskDelegated, TaskCompleted, TaskCancelled}

// Claimable reports whether a task in this state may be claimed.
func (s TaskStatus) Claimable() bool { return s == TaskOpen || s == TaskEscalated }

// Ended reports whether the state is final.
func (s TaskStatus) Ended() bool { return s == TaskCompleted || s == TaskCancelled }

// Task is a piece of human work born from a BPMN user task. Zero times are "not set".
type Task struct {
	TaskID            string         `json:"taskId"`
	ProcessInstanceID string         `json:"processInstanceId"`
	CaseID            int64          `json:"caseId"`
	CaseNumber        string         `json:"caseNumber"`
	ProcessKey        string         `json:"processKey"`
	TaskDefinitionKey string         `json:"taskDefinitionKey"`
	TaskName          string         `json:"taskName"`
	QueueName         string         `json:"queueName"`
	Status            TaskStatus     `json:"status"`
	AssigneeID        *string        `json:"assigneeId"`
	CandidateGroups   []string       `json:"candidateGroups"`
	CandidateUsers    []string       `json:"candidateUsers"`
	Priority          int            `json:"priority"`
	FormKey           *string        `json:"formKey"`
	CreatedAt         time.Time      `json:"createdAt"`
	ClaimedAt         *time.Time     `json:"claimedAt"`
	CompletedAt       *time.Time     `json:"completedAt"`
	DueDate           *time.Time     `json:"dueDate"`
	FollowUpDate      *time.Time     `json:"followUpDate"`
	EscalationLevel   int            `json:"escalationLevel"`
	Outcome           *string        `json:"outcome"`
	OutcomeReason     *string        `json:"outcomeReason,omitempty"`
	OwnerID           *string        `json:"ownerId"`      // of a delegated task: who gets it back
	Suspended         bool           `json:"suspended"`    // with its process instance: nobody acts on it
	ClaimDueDate      *time.Time     `json:"claimDueDate"` // by when somebody should claim it
	PausedAt          *time.Time     `json:"pausedAt"`     // its clocks stand still since then
	Version           int64          `json:"version"`
	Variables         map[string]any `json:"variables,omitempty"` // only where one task is read
	SLA               *TaskSLA       `json:"sla,omitempty"`       // only where one task is read
	*TaskPlace                       // only where one task is read
}

// TaskPlace says by what a task has its place in its queue and who may hold it.
type TaskPlace struct {
	EffectivePriority *float64 `json:"effectivePriority,omitempty"` // now; nil unless the task may be claimed
	RequiredSkills    []string `json:"requiredSkills,omitempty"`
	FourEyesOf        []string `json:"fourEyesOf,omitempty"` // definition keys
	HomeQueue         string   `json:"homeQueue,omitempty"`  // where it belongs, while it is lent to another queue
}

// TaskFilter narrows a list of tasks. Zero fields do not filter.
type TaskFilter struct {
	Status            []TaskStatus
	QueueName         string
	Assignee          string
	Candidate         bool // only tasks the caller may claim
	ProcessInstanceID string
	CaseID            int64
	TaskDefinitionKey string
	MinPriority       *int
	Overdue           bool // open and past the due date, by the database's clock
	DueBefore         *time.Time
	FollowUpBefore    *time.Time
	Sort              TaskSort
	Page              Page
}

// TaskSort names an order of a task list. The zero value is SortPriority.
type TaskSort string

// The orders a task list has; ties are broken by task id.
const (
	SortPriority TaskSort = "priority" // highest first, then oldest
	SortCreated  TaskSort = "created"  // newest first
	SortDue      TaskSort = "due"      // earliest first, tasks without a due date last
)

// Page asks for one page by keyset. Cursor is opaque: it comes from the page before.
type Page struct {
	Limit  int // 1 to 200; 0 means 50
	Cursor string
}

// List is one page of items. NextCursor is empty on the last page.
type List[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// TaskAction is one entry of a task's history.
type TaskAction struct {
	HistoryID   int64      `json:"historyId"`
	TaskID      string     `json:"taskId"`
	ActionType  string     `json:"actionType"` // CREATE, CLAIM, UNCLAIM, COMPLETE, ESCALATE, CANCEL, …
	ActionBy    string     `json:"actionBy"`
	ActionAt    time.Time  `json:"actionAt"`
	OldStatus   TaskStatus `json:"oldStatus,omitempty"`
	NewStatus   TaskStatus `json:"newStatus,omitempty"`
	OldAssignee string     `json:"oldAssignee,omitempty"`
	NewAssignee string     `json:"newAssignee,omitempty"`
	DelegateTo  string     `json:"delegateTo,omitempty"`
	Comments    string     `json:"comments,omitempty"`
	// Data is a JSON object with what else the act changed, such as {"priority": {"from": 50, "to": 80}}; nil if it is nothing.
	Data json.RawMessage `json:"actionData,omitempty"`
}

// Comment is what somebody has to say about a task. It is never changed.
type Comment struct {
	CommentID int64     `json:"commentId"` // its entry in the history of the task
	TaskID    string    `json:"taskId"`
	Text      string    `json:"text"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

// Completion is what a person says when completing a task.
type Completion struct {
	Outcome       string         `json:"outcome,omitempty"`
	OutcomeReason string         `json:"outcomeReason,omitempty"`
	Variables     map[string]any `json:"variables,omitempty"` // exact numbers: json.Number
	FormData      map[string]any `json:"formData,omitempty"`
	Version       *int64         `json:"version,omitempty"` // as TaskAct.Version
}

// Limits of what people may send.
const (
	MaxVariablesBytes = 8 << 20   // JSON bytes of the variables of one request
	MaxInlineBytes    = 256 << 10 // of these, in names and in values too small to be kept apart
	MaxFormBytes      = 256 << 10 // JSON bytes of the form data of one completion
	MaxXMLBytes       = 5 << 20   // bytes of one BPMN file
)

// Valid reports whether the text is one of the task states.
func (s TaskStatus) Valid() bool { return slices.Contains(TaskStatuses, s) }
