package bpmn

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// dataItem is something that data associations may refer to: it stands for a variable.
type dataItem struct {
	element  *Element
	variable string // "": it cannot be read or written
}

// collectData finds the data of a process at every depth: data objects, references to them, inputs and outputs, properties.
func (b *modelBuilder) collectData(p *Process, e *Element) {
	for _, c := range e.Children {
		if c.Space != nsBPMN {
			continue
		}
		switch c.Local {
		case "dataObject", "dataInput", "dataOutput", "property":
			remember(p.data, c.attr("id"), dataItem{element: c, variable: variableName(c)})
		case "dataObjectReference", "dataStoreReference":
			remember(p.data, c.attr("id"), dataItem{element: c})
		}
		b.collectData(p, c)
	}
}

// variableName is the name of the variable that an element stands for: its name where that can be one, else its id.
func variableName(e *Element) string {
	if name := e.attr("name"); isIdentifier(name) || e.is("dataObject") && name != "" {
		return name
	}
	return e.attr("id")
}

// dataVariable is the variable that an id stands for; "" when it is not known or cannot be read.
func dataVariable(p *Process, id string) string {
	item := p.data[id]
	if item.element != nil && item.element.is("dataObjectReference") {
		return p.data[item.element.attr("dataObjectRef")].variable
	}
	return item.variable
}

// dataObject reads a data object with its type and initial value.
func (b *modelBuilder) dataObject(e *Element) DataObject {
	object := DataObject{ID: e.attr("id"), Name: variableName(e), Type: withoutPrefix(e.attr("itemSubjectRef"))}
	if item := b.model.root(e.attr("itemSubjectRef"), "itemDefinition"); item != nil {
		object.Type = withoutPrefix(item.attr("structureRef"))
	}
	for _, v := range e.extensions("value") {
		object.Value = &Value{Text: b.typed(v, object.Type)}
	}
	return object
}

// typed turns the text of an initial value to a value of its type.
func (b *modelBuilder) typed(e *Element, xsdType string) *expr.Template {
	text, ok := e.Text, false
	switch strings.ToLower(xsdType) {
	case "int", "integer", "long", "short":
		_, err := strconv.ParseInt(text, 10, 64)
		ok = err == nil
	case "double", "float", "decimal":
		_, err := strconv.ParseFloat(text, 64)
		ok = err == nil && strings.Trim(text, "+-.0123456789eE") == ""
	case "boolean":
		ok = text == "true" || text == "false"
	case "datetime", "date":
		_, err := ParseDateTime(text)
		if err != nil {
			b.problem("data-object", e, "the value of %s is %q, which is not a %s", label(e.Parent.Parent), shorten(text), xsdType)
		}
		return b.literal(e, text)
	case "json":
		return b.jsonValue(e)
	default:
		return b.literal(e, text)
	}
	if !ok {
		b.problem("data-object", e, "the value of %s is %q, which is not a %s", label(e.Parent.Parent), shorten(text), xsdType)
		return nil
	}
	return b.expression(e, "value", "${"+strings.TrimPrefix(text, "+")+"}")
}

// jsonValue reads a JSON value that an expression can hold: a number, a text, true, false or null.
func (b *modelBuilder) jsonValue(e *Element) *expr.Template {
	var value any
	if err := json.Unmarshal([]byte(e.Text), &value); err != nil {
		b.problem("data-object", e, "the value of %s is not JSON", label(e.Parent.Parent))
		return nil
	}
	switch v := value.(type) {
	case string:
		return b.literal(e, v)
	case []any, map[string]any:
		b.problem("data-object", e, "the value of %s is a JSON list or object, which is not supported", label(e.Parent.Parent))
		return nil
	}
	return b.expression(e, "value", "${"+e.Text+"}")
}

// dataAssociation turns an association that copies to mappings. One without source or target, as editors leave them,
// does nothing.
func (b *modelBuilder) dataAssociation(p *Process, n *FlowNode, a *Element) []Mapping {
	if assignments := a.children("assignment"); len(assignments) > 0 {
		return b.assignments(p, n, assignments)
	}
	sources, target := a.children("sourceRef"), a.child("targetRef")
	transformation := a.child("transformation")
	switch {
	case len(sources) == 0 && transformation == nil || target == nil:
		return nil
	case len(sources) > 1 && transformation == nil:
		b.problem("data-association", a, "%s of %s has more than one source and no transformation", a.Local, label(n.Element))
		return nil
	}
	to := b.dataRef(p, n, target)
	var from *expr.Template
	copies := transformation == nil
	if transformation != nil {
		from = b.condition(transformation)
	} else if source := b.dataRef(p, n, sources[0]); source != "" {
		from = b.variable(sources[0], "sourceRef", source)
	}
	if to == "" || from == nil {
		return nil
	}
	return []Mapping{{Target: to, Value: Value{Text: from}, Optional: copies}}
}

// dataRef is the variable that a reference stands for; "" and a note for the rules when there is none.
func (b *modelBuilder) dataRef(p *Process, n *FlowNode, ref *Element) string {
	name := dataVariable(p, ref.Text)
	switch item := p.data[ref.Text]; {
	case name != "":
	case item.element != nil && item.element.is("dataStoreReference"):
		b.problem("data-association", ref, "%s of %s refers to the data store %q, which is not supported", ref.Parent.Local, label(n.Element), shorten(ref.Text))
	default:
		b.problem("data-association", ref, "%s of %s has the %s %q, which is no data of the process", ref.Parent.Local, label(n.Element), ref.Local, shorten(ref.Text))
	}
	return name
}

// assignments turns "from, to" pairs to mappings.
func (b *modelBuilder) assignments(p *Process, n *FlowNode, assignments []*Element) []Mapping {
	var found []Mapping
	for _, a := range assignments {
		from, to := a.child("from"), a.child("to")
		if from == nil || to == nil {
			b.problem("data-association", a, "an assignment of %s has no from or no to", label(n.Element))
			continue
		}
		name := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.Replace(to.Text, "#{", "${", 1), "${"), "}"))
		name = cmp.Or(dataVariable(p, name), name)
		if !isIdentifier(name) {
			b.problem("data-association", to, "an assignment of %s has the target %q, which is not the name of a variable", label(n.Element), shorten(to.Text))
			continue
		}
		found = append(found, Mapping{Target: name, Value: Value{Text: b.condition(from)}})
	}
	return found
}
