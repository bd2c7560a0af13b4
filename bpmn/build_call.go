package bpmn

import "cmp"

// call reads what a call activity calls.
func (b *modelBuilder) call(e *Element) *Call {
	c := &Call{
		Element: b.template(e, "calledElement", e.attr("calledElement")),
		Binding: BindLatest, InheritKey: isTrue(e.vendor("inheritBusinessKey"), false),
		BusinessKey: b.template(e, "businessKey", e.vendor("businessKey")),
		AllIn:       isTrue(e.vendor("inheritVariables"), false),
	}
	b.binding(e, c)
	b.zeebeCall(e, c)
	for _, in := range e.extensions("in") {
		switch {
		case in.attr("businessKey") != "":
			c.BusinessKey = b.template(in, "businessKey", in.attr("businessKey"))
		case in.attr("variables") == "all":
			c.AllIn, c.LocalIn = true, isTrue(in.attr("local"), false)
		default:
			if m, ok := b.transfer(in); ok {
				c.In = append(c.In, m)
			}
		}
	}
	for _, out := range e.extensions("out") {
		if out.attr("variables") == "all" {
			c.AllOut, c.LocalOut = true, isTrue(out.attr("local"), false)
			continue
		}
		if m, ok := b.transfer(out); ok {
			c.Out = append(c.Out, m)
		}
	}
	return c
}

// binding reads which version of the process is called.
func (b *modelBuilder) binding(e *Element, c *Call) {
	if isTrue(e.vendor("sameDeployment"), false) {
		c.Binding = BindDeployment
	}
	version := e.vendor("calledElementVersion")
	switch kind := e.vendor("calledElementBinding"); kind {
	case "", "latest":
	case "deployment":
		c.Binding = BindDeployment
	case "version":
		c.Binding, c.Version = BindVersion, b.template(e, "calledElementVersion", version)
		if version == "" {
			b.problem("call", e, "%s is bound to a version and has no calledElementVersion", label(e))
		}
	default:
		b.problem("call", e, "%s has the calledElementBinding %q; it is latest, deployment or version", label(e), shorten(kind))
	}
	if kind := e.vendor("calledElementType"); kind != "" && kind != "key" {
		b.problem("call", e, "%s has the calledElementType %q; processes are called by key", label(e), shorten(kind))
	}
	if e.attr("calledElement") == "" && e.vendor("caseRef") == "" && e.zeebe("calledElement") == nil {
		b.problem("call", e, "%s has no calledElement", label(e))
	}
}

// transfer reads an "in" or "out" element that carries one variable.
func (b *modelBuilder) transfer(e *Element) (Mapping, bool) {
	m := Mapping{Target: cmp.Or(e.attr("target"), e.attr("source"))}
	switch source, expression := e.attr("source"), e.attr("sourceExpression"); {
	case isTrue(e.attr("local"), false):
		b.refused(e, "%s of %s is local, which is not supported", named(e), label(e.Parent.Parent))
		return m, false
	case e.attr("targetExpression") != "":
		b.refused(e, "%s of %s has a targetExpression, which is not supported", named(e), label(e.Parent.Parent))
		return m, false
	case m.Target == "":
		b.problem("mapping", e, "%s of %s has no target", named(e), label(e.Parent.Parent))
		return m, false
	case expression != "":
		m.Value.Text = b.template(e, "sourceExpression", expression)
	case source != "":
		m.Value.Text = b.variable(e, "source", source)
	default:
		b.problem("mapping", e, "%s of %s has no source", named(e), label(e.Parent.Parent))
		return m, false
	}
	return m, true
}
