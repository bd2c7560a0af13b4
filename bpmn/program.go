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
	CatchEvent       NodeKind = "intermediateCatchEvent"
	ThrowEvent       NodeKind = "intermediateThrowEvent"
	BoundaryEvent    NodeKind = "boundaryEvent"
	Task             NodeKind = "task"
	ManualTask       NodeKind = "manualTask"
	UserTask         NodeKind = "userTask"
	ServiceTask      NodeKind = "serviceTask"
	SendTask         NodeKind = "sendTask"
	ReceiveTask      NodeKind = "receiveTask"
	ScriptTask       NodeKind = "scriptTask"
	BusinessRuleTask NodeKind = "businessRuleTask"
	CallActivity     NodeKind = "callActivity"
	SubProcess       NodeKind = "subProcess" // an event sub-process has Event set
	Transaction      NodeKind = "transaction"
	AdHocSubProcess  NodeKind = "adHocSubProcess"
	ExclusiveGateway NodeKind = "exclusiveGateway"
	ParallelGateway  NodeKind = "parallelGateway"
	InclusiveGateway NodeKind = "inclusiveGateway"
	EventGateway     NodeKind = "eventBasedGateway"
	ComplexGateway   NodeKind = "complexGateway"
)

// Program is a compiled process. It is immutable and safe for concurrent use. Nodes and Flows refer to each other by
// index; every slice is in document order, so that nothing depends on the order of a map. The nodes of sub-processes are
// in Nodes as well: Node.Parent says where they belong.
type Program struct {
	Key           string // BPMN process id
	Name          string // the key where the model has none
	Documentation string
	SHA256        string // of the source file, lower-case hex
	Nodes         []Node
	Flows         []Flow
	Starts        []int      // plain start events of the process
	Root          Container  // the process itself
	Start         []Listener // execution listeners of the process, event "start"
	End           []Listener // execution listeners of the process, event "end"

	byID map[string]int
}

// NodeIndex finds a node by element id; -1 when there is none.
func (p *Program) NodeIndex(id string) int {
	if i, ok := p.byID[id]; ok {
		return i
	}
	return -1
}

// Container is what a process or a sub-process holds. The slices are nodes, in document order.
type Container struct {
	Starts    []int // plain start events
	Triggered []int // process: what else begins an instance: start events with a trigger, instantiating gateways and receive tasks; event sub-process: its start event
	EventSubs []int // event sub-processes
	Sources   []int // ad-hoc sub-process, or one without a start event: its nodes without incoming flow
	Objects   []DataObject
}

// DataObject is a variable that its scope begins with.
type DataObject struct {
	ID    string
	Name  string // of the variable
	Type  string // xsd type as written, without prefix: "string", "int", …; may be empty
	Value *Value // initial value; nil: none
}

// Node is a compiled flow node. Fields that do not concern its kind are zero; Default, AttachedTo, Parent and Handler are
// -1 when absent.
type Node struct {
	ID            string
	Name          string // the id where the model has none
	Kind          NodeKind
	Documentation string
	Lane          string // id of the innermost lane, may be empty
	LaneName      string
	Pos           Pos
	Parent        int // sub-process that contains it; -1: the process

	In, Out []int // flows
	Default int   // flow taken when no other condition is true; -1 if none

	Initiator string // start event: variable that receives the starter

	// Events are the event definitions of an event node: none for a plain one, several for a multiple one.
	Events       []EventDefinition
	AllEvents    bool // parallelMultiple: every definition must have occurred
	Interrupting bool // boundary event: cancelActivity; start event of an event sub-process: isInterrupting
	AttachedTo   int  // boundary event: the activity it is attached to; -1 otherwise

	Boundary     []int      // activity: its boundary events, but for compensation
	Handler      int        // activity: what compensates it (through a compensation boundary event); -1: nothing
	Compensation bool       // activity: isForCompensation; only a compensation enters it
	Loop         *Loop      // activity: multi-instance or standard loop
	Inputs       []Mapping  // activity and throw event: local variables on entering
	Outputs      []Mapping  // activity and event: variables of the scope around it on leaving
	Human        *Human     // user task
	Service      *Service   // service, send, business rule task; message throw and end event with an implementation
	Script       *Script    // script task
	Message      *Template  // send and receive task: name of the message; nil: none
	MessageKey   *Template  // receive task: correlation key, nil: any; send task: that of its message, nil: none
	Call         *Call      // call activity
	Container    *Container // sub-processes
	Event        bool       // sub-process: triggered by an event
	AdHoc        *AdHoc     // ad-hoc sub-process
	Instantiate  bool       // receive task, event-based gateway: begins an instance
	Exclusive    bool       // event-based gateway: false when it is a parallel instantiating one
	Activation   *Template  // complex gateway: activationCondition

	// AsyncBefore and AsyncAfter end the step before the node is entered, and after it is left: what has happened until then
	// is on record before anything else is tried.
	AsyncBefore, AsyncAfter bool

	Start []Listener // execution listeners, event "start"
	End   []Listener // execution listeners, event "end"
}

// Template is a text with expressions.
type Template = expr.Template

// Flow is a compiled sequence flow.
type Flow struct {
	ID             string
	Name           string
	Source, Target int
	Condition      *expr.Template // nil: always
	Skip           *expr.Template // skipExpression: stands for the condition where skipping is switched on
	Take           []Listener     // execution listeners, event "take"
	Pos            Pos
}

// Pos is a place in a source file; Line and Column count from 1, in bytes.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}
