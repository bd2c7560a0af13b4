package bpmn

// mappings reads the input and output mappings of a node: the vendors' inputOutput, and data associations that copy.
func (b *modelBuilder) mappings(p *Process, n *FlowNode) {
	for _, io := range n.Element.extensions("inputOutput") {
		for _, c := range io.Children {
			if !isVendor(c.Space) || c.Local != "inputParameter" && c.Local != "outputParameter" {
				continue
			}
			m := Mapping{Target: c.attr("name"), Value: b.value(c)}
			if m.Target == "" {
				b.problem("mapping", c, "%s of %s has no name", named(c), label(n.Element))
			}
			if c.Local == "inputParameter" {
				n.node.Inputs = append(n.node.Inputs, m)
			} else {
				n.node.Outputs = append(n.node.Outputs, m)
			}
		}
	}
	for _, a := range n.Element.children("dataInputAssociation") {
		n.node.Inputs = append(n.node.Inputs, b.dataAssociation(p, n, a)...)
	}
	for _, a := range n.Element.children("dataOutputAssociation") {
		n.node.Outputs = append(n.node.Outputs, b.dataAssociation(p, n, a)...)
	}
}

// value reads the content of a parameter, a list item or a map entry.
func (b *modelBuilder) value(e *Element) Value {
	for _, c := range e.Children {
		if !isVendor(c.Space) {
			continue
		}
		switch c.Local {
		case "script":
			if resource := c.attr("resource"); resource != "" {
				b.refused(c, "%s of %q is in the resource %q, which is not supported", named(c), shorten(c.owner()), shorten(resource))
				return Value{}
			}
			if c.attr("scriptFormat") == "" {
				b.problem("script", c, "%s of %q has no scriptFormat; the formats are juel and javascript", named(c), shorten(c.owner()))
				return Value{}
			}
			return Value{Script: b.script(c, c.attr("scriptFormat"), c.Text)}
		case "list":
			return Value{List: b.list(c)}
		case "map":
			return Value{Map: b.entries(c)}
		default:
			b.problem("mapping", c, "%s of %q is neither a script, a list nor a map", named(c), shorten(c.owner()))
			return Value{}
		}
	}
	return Value{Text: b.template(e, named(e), e.Text)}
}

// list reads the items of a list; it is never nil, so that an empty list is not null.
func (b *modelBuilder) list(e *Element) []Value {
	items := []Value{}
	for _, c := range e.Children {
		switch {
		case c.Local == "script" && isVendor(c.Space):
			items = append(items, b.value(e.only(c)))
		case c.Local == "value" && isVendor(c.Space):
			items = append(items, b.value(c))
		default:
			b.problem("mapping", c, "%s has %s; a list has values and scripts", named(e), named(c))
		}
	}
	return items
}

// only is the element with one of its children.
func (e *Element) only(c *Element) *Element {
	return &Element{Space: e.Space, Local: e.Local, Pos: c.Pos, Parent: e.Parent, Children: []*Element{c}}
}

// entries reads the entries of a map, in document order; it is never nil.
func (b *modelBuilder) entries(e *Element) []Mapping {
	entries := []Mapping{}
	for _, c := range e.Children {
		if c.Local != "entry" || !isVendor(c.Space) || c.attr("key") == "" {
			b.problem("mapping", c, "%s has %s; a map has entries with a key", named(e), named(c))
			continue
		}
		entries = append(entries, Mapping{Target: c.attr("key"), Value: b.value(c)})
	}
	return entries
}

// form refuses form properties that do more than describe a form: those that read or write variables by themselves.
func (b *modelBuilder) form(n *FlowNode) {
	fields := n.Element.extensions("formProperty")
	for _, data := range n.Element.extensions("formData") {
		fields = append(fields, data.Children...)
	}
	for _, f := range fields {
		for _, name := range []string{"expression", "variable", "default", "defaultValue"} {
			if value := f.attr(name); value != "" {
				b.refused(f, "%s of %s has the attribute %s=%q, which is not supported; forms only describe what people see", named(f), label(n.Element), name, shorten(value))
			}
		}
	}
}
