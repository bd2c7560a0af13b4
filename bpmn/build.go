package bpmn

import (
	"cmp"
	"errors"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// modelBuilder turns the element tree to a model. It never refuses anything; what is wrong stays visible to the rules.
type modelBuilder struct {
	model *Model
}

func buildModel(root *Element, sha256 string) *Model {
	b := modelBuilder{model: &Model{Root: root, SHA256: sha256}}
	for _, e := range root.children("process") {
		b.model.Processes = append(b.model.Processes, b.process(e))
	}
	return b.model
}

func (b *modelBuilder) process(e *Element) *Process {
	p := &Process{
		Element: e, ID: e.attr("id"), Executable: isTrue(e.attr("isExecutable"), true),
		nodes: map[string]*FlowNode{}, flows: map[string]*SequenceFlow{},
	}
	p.Name = cmp.Or(e.attr("name"), p.ID)
	if !p.Executable {
		return p // only drawn
	}
	for _, c := range e.Children {
		switch {
		case c.is("sequenceFlow"):
			f := &SequenceFlow{Element: c, ID: c.attr("id"), Name: c.attr("name")}
			p.Flows = append(p.Flows, f)
			remember(p.flows, f.ID, f)
		case c.Space == nsBPMN && !ignoredInProcess[c.Local]:
			n := b.node(c)
			p.Nodes = append(p.Nodes, n)
			remember(p.nodes, n.ID, n)
		}
	}
	b.connect(p)
	b.lanes(p, e, 1)
	return p
}

// remember keeps the first value of each key.
func remember[T any](index map[string]T, key string, value T) {
	if _, known := index[key]; !known && key != "" {
		index[key] = value
	}
}

// connect resolves the references between nodes and flows.
func (b *modelBuilder) connect(p *Process) {
	for _, f := range p.Flows {
		f.Source, f.Target = p.nodes[f.Element.attr("sourceRef")], p.nodes[f.Element.attr("targetRef")]
		if f.Source != nil {
			f.Source.Out = append(f.Source.Out, f)
		}
		if f.Target != nil {
			f.Target.In = append(f.Target.In, f)
		}
		if conditions := f.Element.children("conditionExpression"); len(conditions) > 0 {
			f.Conditional = true
			f.condition = b.expression(conditions[0], "conditionExpression", conditions[0].Text)
			for _, second := range conditions[1:] {
				b.bad(second, "conditionExpression", second.Text, errors.New("the flow has a condition already"))
			}
		}
		f.take = b.listeners(f.Element, "take")
	}
	for _, n := range p.Nodes {
		n.Default = p.flows[n.Element.attr("default")]
		if n.Attached = p.nodes[n.Element.attr("attachedToRef")]; n.Attached != nil {
			n.Attached.Boundary = append(n.Attached.Boundary, n)
		}
	}
}

// lanes reads the lane sets inside e; a deeper lane wins over the one around it, the first over its siblings.
func (b *modelBuilder) lanes(p *Process, e *Element, depth int) {
	for _, set := range e.Children {
		if !set.is("laneSet") && !set.is("childLaneSet") {
			continue
		}
		for _, c := range set.children("lane") {
			lane := &Lane{Element: c, ID: c.attr("id"), Name: cmp.Or(c.attr("name"), c.attr("id")), Depth: depth}
			p.Lanes = append(p.Lanes, lane)
			for _, ref := range c.children("flowNodeRef") {
				if n := p.nodes[ref.Text]; n != nil && (n.Lane == nil || n.Lane.Depth < depth) {
					n.Lane = lane
				}
			}
			b.lanes(p, c, depth+1)
		}
	}
}

func (b *modelBuilder) node(e *Element) *FlowNode {
	n := &FlowNode{Element: e, ID: e.attr("id"), Kind: NodeKind(e.Local), Supported: supportedNodes[e.Local]}
	n.Name = cmp.Or(e.attr("name"), n.ID)
	if !n.Supported {
		return n
	}
	n.start, n.end = b.listeners(e, "start"), b.listeners(e, "end")
	switch n.Kind {
	case UserTask:
		n.human = b.human(e)
	case ServiceTask:
		n.service = &Service{Kind: ServiceExpression, Retries: -1, ResultVariable: e.vendor("resultVariable", "resultVariableName")}
		if source := e.vendor("expression"); source != "" {
			n.service.Expression = b.expression(e, "expression", source)
		}
	case BoundaryEvent:
		n.timer = b.timer(e)
	}
	return n
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
		Listeners:       b.taskListeners(e),
	}
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

func (b *modelBuilder) timer(e *Element) *Timer {
	for _, definition := range e.children("timerEventDefinition") {
		for _, c := range definition.Children {
			if c.is(string(TimerDuration)) || c.is(string(TimerDate)) {
				return &Timer{Kind: TimerKind(c.Local), Value: b.template(c, c.Local, c.Text)}
			}
		}
	}
	return nil
}

func (b *modelBuilder) listeners(e *Element, event string) []Listener {
	var found []Listener
	for _, l := range e.extensions("executionListener") {
		named := l.attr("event")
		if named == event || named == "" && e.is("sequenceFlow") {
			if source := l.attr("expression"); source != "" {
				found = append(found, Listener{Expr: b.expression(l, "expression", source)})
			}
		}
	}
	return found
}

// taskEvents are what "all" stands for.
var taskEvents = []TaskEvent{TaskCreate, TaskAssignment, TaskComplete, TaskDelete}

func (b *modelBuilder) taskListeners(e *Element) []TaskListener {
	var found []TaskListener
	for _, l := range e.extensions("taskListener") {
		source := l.attr("expression")
		if source == "" {
			continue
		}
		compiled := b.expression(l, "expression", source)
		for _, event := range taskEvents {
			if named := l.attr("event"); named == string(event) || named == "all" {
				found = append(found, TaskListener{Event: event, Expr: compiled})
			}
		}
	}
	return found
}

// expression parses a single expression; nil and a note for the rules when it does not parse.
func (b *modelBuilder) expression(e *Element, what, source string) *expr.Template {
	if source == "" {
		b.bad(e, what, source, errors.New("it is empty"))
		return nil
	}
	return b.parsed(e, what, source, expr.ParseExpression)
}

// template parses text with expressions in it; nil when it is empty.
func (b *modelBuilder) template(e *Element, what, source string) *expr.Template {
	if source == "" {
		return nil
	}
	return b.parsed(e, what, source, expr.Parse)
}

// templates parses the entries of a comma-separated list.
func (b *modelBuilder) templates(e *Element, what, source string) []*expr.Template {
	var found []*expr.Template
	for _, entry := range splitList(source) {
		if t := b.template(e, what, entry); t != nil {
			found = append(found, t)
		}
	}
	return found
}

func (b *modelBuilder) parsed(e *Element, what, source string, parse func(string) (*expr.Template, error)) *expr.Template {
	t, err := parse(source)
	if err != nil {
		b.bad(e, what, source, err)
		return nil
	}
	return t
}

func (b *modelBuilder) bad(e *Element, what, source string, err error) {
	b.model.badExpressions = append(b.model.badExpressions, badExpression{element: e, what: what, source: source, err: err})
}

// wrapped returns what is inside "kind( … )".
func wrapped(entry, kind string) (string, bool) {
	rest, found := strings.CutPrefix(entry, kind+"(")
	inner, closed := strings.CutSuffix(rest, ")")
	return strings.TrimSpace(inner), found && closed
}

// splitList splits at the commas outside of ${…}, #{…} and parentheses; blank entries are dropped.
func splitList(source string) []string {
	var entries []string
	add := func(entry string) {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	depth, start := 0, 0
	var quote byte // inside an expression: the quote that is open
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case depth > 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '{' || c == '(':
			depth++
		case (c == '}' || c == ')') && depth > 0:
			depth--
		case c == ',' && depth == 0:
			add(source[start:i])
			start = i + 1
		}
	}
	add(source[start:])
	return entries
}
