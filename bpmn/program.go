// Package bpmn reads BPMN 2.0 process models: it parses them with source positions, checks them by rules, and compiles
// them to immutable programs that bpmn/engine executes.
package bpmn

import "github.com/onecms/nextgen-workflow/bpmn/expr"

// NodeKind is the kind of a flow node. Its text is the BPMN element name.
type NodeKind string

// The flow nodes that can be executed.
const (
	StartEvent       NodeKind = "startEvent"
	EndEvent         NodeKind = "endEvent"
	UserTask         NodeKind = "userTask"
	ServiceTask      NodeKind = "serviceTask"
	ExclusiveGateway NodeKind = "exclusiveGateway"
	ParallelGateway  NodeKind = "parallelGateway"
	BoundaryEvent    NodeKind = "boundaryEvent"
)

// Program is a compiled process. It is immutable and safe for concurrent use. Nodes and Flows refer to each other by
// index; every slice is in document order, so that nothing depends on the order of a map.
type Program struct {
	Key           string // BPMN process id
	Name          string // the key where the model has none
	Documentation string
	SHA256        string // of the source file, lower-case hex
	Nodes         []Node
	Flows         []Flow
	Starts        []int // plain start events

	byID map[string]int
}

// NodeIndex finds a node by element id; -1 when there is none.
func (p *Program) NodeIndex(id string) int {
	if i, ok := p.byID[id]; ok {
		return i
	}
	return -1
}

// Node is a compiled flow node. Fields that do not concern its kind are zero; Default, AttachedTo are -1 when absent.
type Node struct {
	ID            string
	Name          string // the id where the model has none
	Kind          NodeKind
	Documentation string
	Lane          string // id of the innermost lane, may be empty
	LaneName      string
	Pos           Pos

	In, Out []int // flows
	Default int   // flow taken when no other condition is true; -1 if none

	Initiator string // start event: variable that receives the starter

	AttachedTo   int   // boundary event: the activity it is attached to; -1 otherwise
	Boundary     []int // activity: its boundary events
	Interrupting bool  // boundary event: cancelActivity
	Timer        *Timer

	Human   *Human   // user task
	Service *Service // service task

	Start []Listener // execution listeners, event "start"
	End   []Listener // execution listeners, event "end"
}

// Flow is a compiled sequence flow.
type Flow struct {
	ID             string
	Name           string
	Source, Target int
	Condition      *expr.Template // nil: always
	Take           []Listener     // execution listeners, event "take"
	Pos            Pos
}

// TimerKind says how a timer's value is read.
type TimerKind string

// Timer kinds, BPMN 2.0 section 10.4.5.
const (
	TimerDuration TimerKind = "timeDuration" // ISO 8601 duration from the moment of arming
	TimerDate     TimerKind = "timeDate"     // ISO 8601 date-time
)

// Timer is a timer event definition; its value is evaluated when the timer is armed.
type Timer struct {
	Kind  TimerKind
	Value *expr.Template
}

// Human holds a user task's attributes; nil templates and empty slices mean "not given".
type Human struct {
	Name            *expr.Template
	Assignee        *expr.Template
	CandidateUsers  []*expr.Template // one per comma-separated entry; an entry may evaluate to a list or to a comma-separated text
	CandidateGroups []*expr.Template
	FormKey         *expr.Template
	DueDate         *expr.Template // date-time, or a duration from creation
	Priority        *expr.Template
	Listeners       []TaskListener
}

// TaskEvent is a moment in the life of a user task.
type TaskEvent string

// Task listener events of the vendors' vocabulary.
const (
	TaskCreate     TaskEvent = "create"
	TaskAssignment TaskEvent = "assignment"
	TaskComplete   TaskEvent = "complete"
	TaskDelete     TaskEvent = "delete"
)

// TaskListener is an expression run at a moment of a user task.
type TaskListener struct {
	Event TaskEvent // "all" is expanded to each event by the compiler
	Expr  *expr.Template
}

// Listener is an expression run when a node is entered or left, or a flow is taken.
type Listener struct {
	Expr *expr.Template
}

// Service is a service task whose work is an expression.
type Service struct {
	Expression     *expr.Template
	ResultVariable string // empty: the result is dropped
}

// Pos is a place in a source file; Line and Column count from 1, in bytes.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}
