package bpmn

import (
	"cmp"
	"strings"
)

// node reads a flow node, of a supported kind or not.
func (b *modelBuilder) node(p *Process, e *Element, level *Level) *FlowNode {
	n := &FlowNode{Element: e, ID: e.attr("id"), Kind: NodeKind(e.Local), Supported: supportedNodes[e.Local], Level: level}
	n.Name = cmp.Or(e.attr("name"), n.ID)
	n.node = Node{
		ID: n.ID, Name: n.Name, Kind: n.Kind, Documentation: e.documentation(), Pos: e.Pos,
		Default: -1, AttachedTo: -1, Parent: -1, Handler: -1,
	}
	if !n.Supported {
		return n
	}
	n.node.Start, n.node.End = b.listeners(e, "start"), b.listeners(e, "end")
	n.node.AsyncBefore = isTrue(e.vendor("async", "asyncBefore"), false)
	n.node.AsyncAfter = isTrue(e.vendor("asyncLeave", "asyncAfter"), false)
	b.mappings(p, n)
	b.zeebeMappings(n)
	b.form(n)
	switch {
	case n.isActivity():
		n.node.Compensation = isTrue(e.attr("isForCompensation"), false)
		n.node.Loop = b.loop(p, n)
		b.activity(n)
	case n.isEvent():
		b.eventNode(n)
	default:
		b.gateway(n)
	}
	return n
}

// activity reads what is particular to the kind of an activity.
func (b *modelBuilder) activity(n *FlowNode) {
	e := n.Element
	switch n.Kind {
	case UserTask:
		n.node.Human = b.human(e)
	case ServiceTask, BusinessRuleTask:
		n.node.Service = b.service(e)
	case SendTask:
		if n.node.Service = b.service(e); n.node.Service == nil {
			n.node.Message, n.node.MessageKey = b.messageName(e), b.messageKey(e)
		}
	case ReceiveTask:
		n.node.Message = b.messageName(e)
		n.node.MessageKey = b.messageKey(e)
		n.node.Instantiate = isTrue(e.attr("instantiate"), false)
	case ScriptTask:
		n.node.Script = b.scriptTask(e)
	case CallActivity:
		n.node.Call = b.call(e)
	case SubProcess:
		n.node.Event = isTrue(e.attr("triggeredByEvent"), false)
	case AdHocSubProcess:
		n.node.AdHoc = &AdHoc{
			Sequential: e.attr("ordering") == "Sequential", Completion: b.condition(e.child("completionCondition")),
			CancelRemaining: isTrue(e.attr("cancelRemainingInstances"), true),
		}
	}
}

func (b *modelBuilder) gateway(n *FlowNode) {
	switch n.Kind {
	case EventGateway:
		n.node.Instantiate = isTrue(n.Element.attr("instantiate"), false)
		n.node.Exclusive = n.Element.attr("eventGatewayType") != "Parallel"
	case ComplexGateway:
		n.node.Activation = b.condition(n.Element.child("activationCondition"))
	}
}

// eventNode reads an event and its definitions.
func (b *modelBuilder) eventNode(n *FlowNode) {
	e := n.Element
	n.node.AllEvents = isTrue(e.attr("parallelMultiple"), false)
	switch {
	case n.Kind == BoundaryEvent:
		n.node.Interrupting = isTrue(e.attr("cancelActivity"), true)
	case n.Kind == StartEvent && n.inEventSub():
		n.node.Interrupting = isTrue(e.attr("isInterrupting"), true)
	}
	if n.Kind == StartEvent {
		n.node.Initiator = e.vendor("initiator")
	}
	n.Definitions = b.definitions(n)
	if n.Kind == ThrowEvent || n.Kind == EndEvent {
		for _, d := range n.Definitions {
			if d.Kind == MessageEvent {
				n.node.Service = b.service(d.Element)
			}
			if n.node.Service == nil && d.Kind == MessageEvent {
				n.node.Service = b.zeebeService(e)
			}
		}
	}
}

// child is the first BPMN child of the name; nil when there is none.
func (e *Element) child(local string) *Element {
	for _, c := range e.Children {
		if c.is(local) {
			return c
		}
	}
	return nil
}

func (b *modelBuilder) human(e *Element) *Human {
	h := &Human{
		Name:            b.template(e, "name", e.attr("name")),
		Assignee:        b.template(e, "assignee", e.vendor("assignee")),
		CandidateUsers:  b.templates(e, "candidateUsers", e.vendor("candidateUsers")),
		CandidateGroups: b.templates(e, "candidateGroups", e.vendor("candidateGroups")),
		FormKey:         b.template(e, "formKey", e.vendor("formKey")),
		DueDate:         b.template(e, "dueDate", e.vendor("dueDate")),
		Priority:        b.template(e, "priority", e.vendor("priority")),
		Completer:       e.vendor("taskCompleterVariableName"),
		Skip:            b.skip(e),
		Listeners:       b.taskListeners(e),
		Work:            b.work(e),
	}
	b.zeebeHuman(e, h)
	for _, formal := range resourceExpressions(e, "humanPerformer") {
		if h.Assignee == nil {
			h.Assignee = b.template(formal, "humanPerformer", formal.Text)
		}
	}
	for _, formal := range resourceExpressions(e, "potentialOwner") {
		for _, entry := range splitList(formal.Text) {
			if user, ok := wrapped(entry, "user"); ok {
				h.CandidateUsers = append(h.CandidateUsers, b.templates(formal, "potentialOwner", user)...)
				continue
			}
			if group, ok := wrapped(entry, "group"); ok {
				entry = group
			}
			h.CandidateGroups = append(h.CandidateGroups, b.templates(formal, "potentialOwner", entry)...)
		}
	}
	return h
}

// resourceExpressions returns the formal expressions that assign people: humanPerformer and potentialOwner hold them.
func resourceExpressions(e *Element, role string) []*Element {
	var found []*Element
	for _, r := range e.children(role) {
		for _, assignment := range r.children("resourceAssignmentExpression") {
			for _, c := range assignment.Children {
				if c.is("formalExpression") || c.is("expression") {
					found = append(found, c)
				}
			}
		}
	}
	return found
}

// scriptTask reads the script of a script task.
func (b *modelBuilder) scriptTask(e *Element) *Script {
	source := ""
	if s := e.child("script"); s != nil {
		source = s.Text
	}
	script := b.script(e, e.attr("scriptFormat"), source)
	if script != nil {
		script.ResultVariable = e.vendor("resultVariable", "resultVariableName")
	}
	return script
}

// script compiles a script of a format; nil and a note for the rules when it cannot be run.
func (b *modelBuilder) script(e *Element, format, source string) *Script {
	switch strings.ToLower(format) {
	case "juel":
		return &Script{Format: ScriptJUEL, Source: source, Expression: b.expression(e, "script", source)}
	case "javascript", "js", "ecmascript", "text/javascript", "application/javascript":
		if source == "" {
			b.problem("script", e, "%s has no script", label(e))
		}
		return &Script{Format: ScriptJavaScript, Source: source}
	case "":
		if b.options.BareScripts {
			return &Script{Format: ScriptBare, Source: source}
		}
		b.problem("script", e, "%s has a script without scriptFormat; the formats are juel and javascript", label(e))
	default:
		b.problem("script", e, "%s has a script in the format %q; the formats are juel and javascript", label(e), shorten(format))
	}
	return nil
}
