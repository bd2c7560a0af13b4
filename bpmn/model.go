package bpmn

import "github.com/onecms/nextgen-workflow/bpmn/expr"

// Model is a source file as it was written, right or wrong; the rules judge it and Compile turns it to programs.
type Model struct {
	Root      *Element
	Processes []*Process // in document order
	SHA256    string     // of the source, lower-case hex

	badExpressions []badExpression
}

// Process is one process element.
type Process struct {
	Element    *Element
	ID, Name   string
	Executable bool // isExecutable; true where the attribute is missing
	Nodes      []*FlowNode
	Flows      []*SequenceFlow
	Lanes      []*Lane

	nodes map[string]*FlowNode // the first of each id
	flows map[string]*SequenceFlow
}

// FlowNode is an element that tokens pass, of a supported kind or not.
type FlowNode struct {
	Element   *Element
	ID, Name  string
	Kind      NodeKind // the element name, also of kinds that cannot be executed
	Supported bool
	In, Out   []*SequenceFlow
	Default   *SequenceFlow // nil when not given or unknown
	Attached  *FlowNode     // boundary event: the node it is attached to; nil when not given or unknown
	Boundary  []*FlowNode
	Lane      *Lane // the innermost one that lists the node

	timer   *Timer
	human   *Human
	service *Service
	start   []Listener
	end     []Listener
}

// SequenceFlow connects two nodes; Source and Target are nil when the reference is missing or unknown.
type SequenceFlow struct {
	Element        *Element
	ID, Name       string
	Source, Target *FlowNode
	Conditional    bool // has a conditionExpression

	condition *expr.Template
	take      []Listener
}

// Lane is a lane of a process, at any depth.
type Lane struct {
	Element  *Element
	ID, Name string
	Depth    int // 1 for the outermost lanes
}

// badExpression is an expression or template that does not parse.
type badExpression struct {
	element *Element
	what    string // "conditionExpression", "assignee", …
	source  string
	err     error
}

// isActivity reports whether boundary events may be attached.
func (n *FlowNode) isActivity() bool {
	switch n.Kind {
	case UserTask, ServiceTask:
		return true
	case StartEvent, EndEvent, BoundaryEvent, ExclusiveGateway, ParallelGateway:
		return false
	}
	return unsupportedActivities[string(n.Kind)]
}

// isAutomatic reports whether the node passes its token on without waiting for anything outside the process.
func (n *FlowNode) isAutomatic() bool {
	return n.Kind == ServiceTask || n.Kind == ExclusiveGateway || n.Kind == ParallelGateway
}

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
