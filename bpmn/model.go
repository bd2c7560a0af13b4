package bpmn

import "github.com/onecms/nextgen-workflow/bpmn/expr"

// Model is a source file as it was written, right or wrong; the rules judge it and Compile turns it to programs.
type Model struct {
	Root      *Element
	Processes []*Process // in document order
	SHA256    string     // of the source, lower-case hex

	badExpressions []badExpression
	problems       []problem
	roots          map[string]*Element // children of the root element by id, the first of each
}

// Process is one process element.
type Process struct {
	Element    *Element
	ID, Name   string
	Executable bool // isExecutable; true where the attribute is missing
	Nodes      []*FlowNode
	Flows      []*SequenceFlow
	Lanes      []*Lane
	Levels     []*Level // the process itself, then its sub-processes in document order

	nodes        map[string]*FlowNode // the first of each id
	flows        map[string]*SequenceFlow
	data         map[string]dataItem // what data associations may refer to, by id
	associations []*Element
	start, end   []Listener
}

// Level is what lies directly in a process or a sub-process.
type Level struct {
	Element *Element
	Node    *FlowNode // the sub-process; nil for the process itself
	Depth   int       // 0 for the process
	Nodes   []*FlowNode
	Flows   []*SequenceFlow

	objects []DataObject
	started bool // it has a start event
}

// FlowNode is an element that tokens pass, of a supported kind or not.
type FlowNode struct {
	Element     *Element
	ID, Name    string
	Kind        NodeKind // the element name, also of kinds that cannot be executed
	Supported   bool
	Level       *Level // where it lies
	Inner       *Level // sub-process: what lies in it; nil otherwise
	In, Out     []*SequenceFlow
	Default     *SequenceFlow // nil when not given or unknown
	Attached    *FlowNode     // boundary event: the node it is attached to; nil when not given or unknown
	Boundary    []*FlowNode
	Handler     *FlowNode // what compensates it
	Lane        *Lane     // the innermost one that lists the node, or the sub-process around it
	Definitions []*Definition

	node Node // compiled, but for what refers to other nodes and flows
}

// Definition is an event definition of an event.
type Definition struct {
	Element  *Element // the definition, which may stand at the root of the file
	At       *Element // what the event holds: the definition or a reference to it
	Kind     EventKind
	Activity *FlowNode // throwing compensation: the activity to compensate
	Target   *FlowNode // throwing link: the catching event

	event EventDefinition // compiled, but for what refers to nodes
}

// SequenceFlow connects two nodes; Source and Target are nil when the reference is missing or unknown.
type SequenceFlow struct {
	Element        *Element
	ID, Name       string
	Level          *Level
	Source, Target *FlowNode
	Conditional    bool // has a conditionExpression

	condition *expr.Template
	skip      *expr.Template
	take      []Listener
}

// Lane is a lane of a process, at any depth.
type Lane struct {
	Element  *Element
	ID, Name string
	Depth    int // deeper lanes have larger numbers; 1 for the outermost of the process
}

// badExpression is an expression or template that does not parse.
type badExpression struct {
	element *Element
	what    string // "conditionExpression", "assignee", …
	source  string
	err     error
}

// problem is a mistake that was met while the model was built; the rule of its code reports it.
type problem struct {
	code    string
	element *Element
	message string
}

// isActivity reports whether boundary events may be attached.
func (n *FlowNode) isActivity() bool { return activities[string(n.Kind)] }

// isEvent reports whether the node is an event.
func (n *FlowNode) isEvent() bool { return events[string(n.Kind)] }

// isGateway reports whether the node is a gateway.
func (n *FlowNode) isGateway() bool { return gateways[string(n.Kind)] }

// isAutomatic reports whether the node passes its token on without waiting for anything outside the process.
func (n *FlowNode) isAutomatic() bool {
	if CallsDelegate(n.node.Start) || CallsDelegate(n.node.End) {
		return false
	}
	switch n.Kind {
	case ServiceTask:
		return n.node.Loop == nil && (n.node.Service == nil || n.node.Service.Kind == ServiceExpression)
	case Task, ManualTask:
		return n.node.Loop == nil
	case ExclusiveGateway, ParallelGateway, InclusiveGateway:
		return true
	}
	return false
}

// definition returns the definition of a kind; nil when the event has none.
func (n *FlowNode) definition(kind EventKind) *Definition {
	for _, d := range n.Definitions {
		if d.Kind == kind {
			return d
		}
	}
	return nil
}

// inEventSub reports whether the node lies directly in an event sub-process.
func (n *FlowNode) inEventSub() bool { return n.Level.Node != nil && n.Level.Node.node.Event }

// executable returns the processes that will be deployed.
func (m *Model) executable() []*Process {
	var found []*Process
	for _, p := range m.Processes {
		if p.Executable {
			found = append(found, p)
		}
	}
	return found
}

// root finds a child of the root element by a reference, which may have a prefix; nil when there is none of the name.
func (m *Model) root(ref, local string) *Element {
	for _, id := range []string{ref, withoutPrefix(ref)} {
		if e := m.roots[id]; e != nil && e.is(local) {
			return e
		}
	}
	return nil
}
