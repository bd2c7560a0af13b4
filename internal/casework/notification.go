package casework

import "time"

// Notification tells a person of something that concerns them.
type Notification struct {
	NotificationID    int64            `json:"notificationId"`
	Kind              NotificationKind `json:"kind"`
	TaskID            *string          `json:"taskId"` // nil: about the process itself
	ProcessInstanceID string           `json:"processInstanceId"`
	Subject           string           `json:"subject"`
	Body              string           `json:"body"`
	CreatedAt         time.Time        `json:"createdAt"`
	ReadAt            *time.Time       `json:"readAt"`
}

// NotificationKind says what a notification is about.
type NotificationKind string

// The kinds.
const (
	NotifyWarning        NotificationKind = "WARNING"       // a task is due soon
	NotifyBreach         NotificationKind = "BREACH"        // a task is past its due date
	NotifyClaimWarning   NotificationKind = "CLAIM_WARNING" // a task is to be claimed soon
	NotifyClaimBreach    NotificationKind = "CLAIM_BREACH"  // nobody has claimed a task in time
	NotifyProcessWarning NotificationKind = "PROCESS_WARNING"
	NotifyProcessBreach  NotificationKind = "PROCESS_BREACH"
	NotifyEscalated      NotificationKind = "ESCALATED" // somebody has raised a task by hand
)

// NotificationMail is a notification on its way out by mail.
type NotificationMail struct {
	NotificationID int64
	To             string // address
	Subject, Body  string
	Attempts       int // this one included
}

// TaskSLA are the clocks of a task.
type TaskSLA struct {
	State            SLAState   `json:"state"`
	CalendarName     *string    `json:"calendarName"` // nil: all time counts
	DueDate          *time.Time `json:"dueDate"`
	ClaimDueDate     *time.Time `json:"claimDueDate"`
	PausedAt         *time.Time `json:"pausedAt"`
	Level            int        `json:"level"`            // levels of the due date that were reached
	ClaimLevel       int        `json:"claimLevel"`       // levels of the date to claim it by that were reached since it was offered
	RemainingSeconds *int64     `json:"remainingSeconds"` // of working time until the due date; negative after it
	Next             *NextLevel `json:"next"`             // nil: none, or the clocks stand still
}

// NextLevel is a level of an escalation that is still to come.
type NextLevel struct {
	Clock string    `json:"clock"` // DUE or CLAIM
	Level int       `json:"level"`
	At    time.Time `json:"at"`
}

// SLAState says how a task is with its deadlines.
type SLAState string

// The states.
const (
	SLARunning  SLAState = "RUNNING"
	SLAWarned   SLAState = "WARNED" // a level has been reached, and no deadline has passed
	SLABreached SLAState = "BREACHED"
	SLAPaused   SLAState = "PAUSED"
	SLAMet      SLAState = "MET" // ended, and completed in time if it was completed
)
