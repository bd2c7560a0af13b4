package bpmn

import (
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// Human holds a user task's attributes; nil templates and empty slices mean "not given".
type Human struct {
	Name            *expr.Template
	Assignee        *expr.Template
	CandidateUsers  []*expr.Template // one per comma-separated entry; an entry may evaluate to a list or to a comma-separated text
	CandidateGroups []*expr.Template
	FormKey         *expr.Template
	DueDate         *expr.Template // date-time, or a duration from creation
	Priority        *expr.Template
	Skip            *expr.Template // skipExpression: true leaves the task out where skipping is switched on
	Completer       string         // variable that receives who completed it (taskCompleterVariableName)
	Listeners       []TaskListener
	Work            Work
}

// Work says where a user task is worked on, by whom not, and how soon. nil templates and empty slices mean "not given".
type Work struct {
	Queue          *expr.Template   // name of the queue; before every other way to find one
	Skills         []*expr.Template // as CandidateGroups; a SPECIALIZED queue asks for them
	FourEyesOf     []*expr.Template // ids of user tasks of the case: who completed one may not do this one
	Calendar       *expr.Template   // working time in which its clocks run, in the place of its queue's
	ClaimWithin    *expr.Template   // duration of fixed length, from creation
	CompleteWithin *expr.Template   // as ClaimWithin; a DueDate comes before it
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

// TaskListener is a listener for a moment of a user task.
type TaskListener struct {
	Event TaskEvent // "all" is expanded to each event by the compiler
	Listener
}

// Listener is what happens when a node is entered or left, or a flow is taken. Exactly one field is set.
type Listener struct {
	Expr     *expr.Template // evaluated in place
	Delegate *Service       // done outside; its kind is ServiceDelegate
}

// CallsDelegate reports whether one of the listeners is done outside, so that something has to wait for it.
func CallsDelegate(listeners []Listener) bool {
	return slices.ContainsFunc(listeners, func(l Listener) bool { return l.Delegate != nil })
}

// ServiceKind says what a service does.
type ServiceKind string

// What a service task can be.
const (
	ServiceExpression ServiceKind = "expression" // evaluated in place
	ServiceDelegate   ServiceKind = "delegate"   // a Temporal activity by name, on the task queue of its topic
	ServiceHTTP       ServiceKind = "http"       // the built-in HTTP call
	ServiceMail       ServiceKind = "mail"       // the built-in mail
	ServiceDecision   ServiceKind = "decision"   // a decision table
)

// Service is the work of a service, send or business rule task.
type Service struct {
	Kind           ServiceKind
	Expression     *expr.Template // expression
	Activity       string         // delegate: Temporal activity type: the class name, the name of the delegate, or the topic; "": what Topic evaluates to
	Topic          *expr.Template // delegate: task queue; nil: the worker's own
	Decision       *expr.Template // decision: key of the decision
	ResultVariable string         // empty: the result is dropped
	ResultLocal    bool           // the result is a local variable of the task
	Fields         []Mapping      // flowable:field and the like, by name
	Skip           *expr.Template // skipExpression: true leaves the task out where skipping is switched on
	Retries        int            // attempts after the first; -1: not given
	RetryInterval  time.Duration  // between attempts; 0: not given
	Timeout        time.Duration  // of one attempt; 0: not given
	Errors         []ErrorMapping // failures that become BPMN errors
}

// ErrorMapping turns a failure of a delegate into a BPMN error (mapException).
type ErrorMapping struct {
	Type string // application error type or Java class name; "": any
	Code string // BPMN error code
}

// ScriptFormat names a script language.
type ScriptFormat string

// The script languages. A script without a format compiles only where Options allow it.
const (
	ScriptJUEL       ScriptFormat = "juel"
	ScriptJavaScript ScriptFormat = "javascript"
	ScriptBare       ScriptFormat = ""
)

// Script is the work of a script task.
type Script struct {
	Format         ScriptFormat
	Source         string
	Expression     *expr.Template // JUEL, compiled
	ResultVariable string
}

// Call is what a call activity calls.
type Call struct {
	Element     *expr.Template // process key
	Version     *expr.Template // a number, with binding "version"
	Binding     CallBinding
	BusinessKey *expr.Template // nil: none
	InheritKey  bool           // inheritBusinessKey
	In, Out     []Mapping
	AllIn       bool // every variable goes in
	AllOut      bool // every variable comes out
	LocalIn     bool // with AllIn: only variables of the call activity itself
	LocalOut    bool // what comes out stays in the call activity
}

// CallBinding says which version of a called process runs.
type CallBinding string

// Bindings of a call activity.
const (
	BindLatest     CallBinding = "latest"     // the active version
	BindDeployment CallBinding = "deployment" // of the same file, else the active version
	BindVersion    CallBinding = "version"
)

// AdHoc is what an ad-hoc sub-process adds to a sub-process.
type AdHoc struct {
	Sequential      bool
	Completion      *expr.Template // nil: when nothing is active any more
	CancelRemaining bool
}

// LoopKind says how an activity is repeated.
type LoopKind string

// Kinds of repetition, BPMN 2.0 section 10.3.8.
const (
	LoopStandard   LoopKind = "standard"
	LoopSequential LoopKind = "sequential"
	LoopParallel   LoopKind = "parallel"
)

// Loop repeats an activity.
type Loop struct {
	Kind            LoopKind
	Cardinality     *expr.Template // multi-instance: a whole number
	Collection      *expr.Template // multi-instance: a list
	ElementVariable string
	IndexVariable   string         // beside loopCounter
	Completion      *expr.Template // multi-instance: true ends it
	Condition       *expr.Template // standard: goes on while true; nil: always
	TestBefore      bool           // standard
	Maximum         int            // standard; 0: none

	OutputCollection string         // variable that receives the results, in the order of the items
	OutputElement    *expr.Template // result of one instance
	Aggregations     []Aggregation  // flowable:variableAggregation
}

// Aggregation gathers variables of the instances of a multi-instance activity in a list of objects.
type Aggregation struct {
	Target string
	Fields []Mapping
}

// Mapping computes one variable.
type Mapping struct {
	Target   string
	Value    Value
	Optional bool // left out where the value is null: a data association whose source has none (BPMN 2.0 section 10.4.2)
}

// Value is something to compute: exactly one field is set; none is null.
type Value struct {
	Text   *expr.Template
	List   []Value
	Map    []Mapping // in document order
	Script *Script
}
