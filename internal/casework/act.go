package casework

import "time"

// ActKind names something that a person does to a task.
type ActKind string

// The acts.
const (
	ActClaim    ActKind = "claim"
	ActUnclaim  ActKind = "unclaim"
	ActComplete ActKind = "complete"
	ActDelegate ActKind = "delegate" // to To, who has the task until they complete or resolve it
	ActResolve  ActKind = "resolve"  // gives a delegated task back to its owner
	ActReassign ActKind = "reassign" // gives the task to To for good
	ActEscalate ActKind = "escalate" // raises the task by one level, for Reason
	ActMove     ActKind = "move"     // to the queue QueueName, where nobody holds it
	ActUpdate   ActKind = "update"   // sets Priority, DueDate and FollowUpDate, those that are not nil
	ActComment  ActKind = "comment"  // puts Text on record
	ActPause    ActKind = "pause"    // its clocks stand still, for Reason
	ActResume   ActKind = "resume"   // its clocks go on; its deadlines have moved
)

// ActKinds lists every kind, in a fixed order.
func ActKinds() []ActKind {
	return []ActKind{
		ActClaim, ActUnclaim, ActComplete, ActDelegate, ActResolve, ActReassign, ActEscalate, ActMove, ActUpdate, ActComment,
		ActPause, ActResume,
	}
}

// TaskAct is one thing that a person does to a task. What does not concern its kind is zero.
type TaskAct struct {
	Kind         ActKind
	Version      *int64 // the version that the person has seen: Conflict if the task has another one; nil: any
	To           string
	Reason       string
	Text         string
	QueueName    string
	Priority     *int
	DueDate      *DateChange
	FollowUpDate *DateChange
	Completion   Completion
}

// DateChange sets a date. The zero value takes it away.
type DateChange struct{ At *time.Time }
