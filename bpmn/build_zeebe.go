package bpmn

import (
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// zeebe returns the first extension element of the name in the vocabulary of Camunda 8; nil when there is none.
func (e *Element) zeebe(local string) *Element {
	for _, extensions := range e.children("extensionElements") {
		for _, c := range extensions.Children {
			if c.Space == nsZeebe && c.Local == local {
				return c
			}
		}
	}
	return nil
}

// zeebeService reads a job type or a decision; nil when there is none. Workers of the type do the job: it is the
// activity and the task queue.
func (b *modelBuilder) zeebeService(e *Element) *Service {
	s := &Service{Retries: -1}
	if d := e.zeebe("calledDecision"); d != nil {
		s.Kind, s.ResultVariable = ServiceDecision, d.attr("resultVariable")
		s.Decision = b.feel(d, "decisionId", d.attr("decisionId"))
		if s.Decision == nil {
			b.problem("service", d, "%s of %s has no decisionId", d.Local, label(e))
		}
		return s
	}
	d := e.zeebe("taskDefinition")
	if d == nil {
		return nil
	}
	s.Kind, s.Activity = ServiceDelegate, b.feelText(d, "type", d.attr("type"))
	if s.Topic = b.literal(d, s.Activity); s.Activity == "" {
		b.problem("service", d, "%s of %s has no type", d.Local, label(e))
	}
	if source := strings.TrimPrefix(d.attr("retries"), "="); source != "" {
		n, err := strconv.Atoi(source)
		if err != nil || n < 0 || n > maxRetries {
			b.problem("service", d, "%s of %s has the retries %q; it is a whole number", d.Local, label(e), shorten(source))
		}
		s.Retries = n
	}
	if headers := e.zeebe("taskHeaders"); headers != nil {
		for _, h := range headers.Children {
			s.Fields = append(s.Fields, Mapping{Target: h.attr("key"), Value: Value{Text: b.literal(h, h.attr("value"))}})
		}
	}
	return s
}

// zeebeMappings reads the inputs and outputs of the vocabulary of Camunda 8.
func (b *modelBuilder) zeebeMappings(n *FlowNode) {
	mapping := n.Element.zeebe("ioMapping")
	if mapping == nil {
		return
	}
	for _, c := range mapping.Children {
		m := Mapping{Target: c.attr("target"), Value: Value{Text: b.feel(c, "source", c.attr("source"))}}
		switch {
		case !isIdentifier(m.Target):
			b.problem("mapping", c, "%s of %s has the target %q, which is not the name of a variable", c.Local, label(n.Element), shorten(m.Target))
		case c.Local == "input":
			n.node.Inputs = append(n.node.Inputs, m)
		case c.Local == "output":
			n.node.Outputs = append(n.node.Outputs, m)
		}
	}
}

// zeebeHuman reads who does a user task.
func (b *modelBuilder) zeebeHuman(e *Element, h *Human) {
	if a := e.zeebe("assignmentDefinition"); a != nil {
		h.Assignee = b.feel(a, "assignee", a.attr("assignee"))
		h.CandidateUsers = b.feelList(a, "candidateUsers")
		h.CandidateGroups = b.feelList(a, "candidateGroups")
	}
	if f := e.zeebe("formDefinition"); f != nil {
		for _, name := range []string{"formKey", "formId", "externalReference"} {
			if h.FormKey == nil {
				h.FormKey = b.feel(f, name, f.attr(name))
			}
		}
	}
	if s := e.zeebe("taskSchedule"); s != nil {
		h.DueDate = b.feel(s, "dueDate", s.attr("dueDate"))
	}
	if p := e.zeebe("priorityDefinition"); p != nil {
		h.Priority = b.feel(p, "priority", p.attr("priority"))
	}
}

// feelList reads candidates: FEEL for a list, or names between commas.
func (b *modelBuilder) feelList(e *Element, name string) []*expr.Template {
	source := e.attr(name)
	if isFEEL(source) {
		if t := b.feel(e, name, source); t != nil {
			return []*expr.Template{t}
		}
		return nil
	}
	var found []*expr.Template
	for _, entry := range splitList(source) {
		found = append(found, b.literal(e, entry))
	}
	return found
}

// zeebeCall reads the called process of a call activity. Variables go in and come out unless it is said otherwise.
func (b *modelBuilder) zeebeCall(e *Element, c *Call) {
	called := e.zeebe("calledElement")
	if called == nil {
		return
	}
	c.Element = b.feel(called, "processId", called.attr("processId"))
	c.AllIn = isTrue(called.attr("propagateAllParentVariables"), true)
	c.AllOut = isTrue(called.attr("propagateAllChildVariables"), true)
	switch binding := called.attr("bindingType"); binding {
	case "", "latest":
	case "deployment":
		c.Binding = BindDeployment
	default:
		b.problem("call", called, "%s has the bindingType %q; it is latest or deployment", label(e), shorten(binding))
	}
}

// zeebeLoop reads the collections of a multi-instance activity.
func (b *modelBuilder) zeebeLoop(e *Element, loop *Loop) {
	l := e.zeebe("loopCharacteristics")
	if l == nil {
		return
	}
	loop.Collection = b.feel(l, "inputCollection", l.attr("inputCollection"))
	loop.ElementVariable = l.attr("inputElement")
	loop.OutputCollection = l.attr("outputCollection")
	loop.OutputElement = b.feel(l, "outputElement", l.attr("outputElement"))
}
