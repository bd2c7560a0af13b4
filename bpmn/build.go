package bpmn

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// modelBuilder turns the element tree to a model. It never refuses anything; what is wrong stays visible to the rules.
type modelBuilder struct {
	model   *Model
	options Options
	drawn   bool // the process at hand is only drawn: what is wrong in it does not matter
}

func buildModel(root *Element, sha256 string, o Options) *Model {
	b := modelBuilder{model: &Model{Root: root, SHA256: sha256, roots: map[string]*Element{}}, options: o}
	for _, e := range root.Children {
		remember(b.model.roots, e.attr("id"), e)
	}
	for _, e := range root.children("process") {
		b.model.Processes = append(b.model.Processes, b.process(e))
	}
	return b.model
}

func (b *modelBuilder) process(e *Element) *Process {
	p := &Process{
		Element: e, ID: e.attr("id"), Executable: isTrue(e.attr("isExecutable"), true),
		nodes: map[string]*FlowNode{}, flows: map[string]*SequenceFlow{}, data: map[string]dataItem{},
	}
	p.Name = cmp.Or(e.attr("name"), p.ID)
	b.drawn = !p.Executable
	p.start, p.end = b.listeners(e, "start"), b.listeners(e, "end")
	b.collectData(p, e)
	b.level(p, &Level{Element: e})
	b.connect(p)
	b.resolveEvents(p)
	for _, level := range p.Levels {
		b.lanes(p, level.Element, 1+level.Depth*maxDepth)
	}
	for _, n := range p.Nodes {
		if n.Lane == nil && n.Level.Node != nil {
			n.Lane = n.Level.Node.Lane
		}
	}
	return p
}

// level reads what lies directly in a process or sub-process, and the levels inside of it.
func (b *modelBuilder) level(p *Process, level *Level) {
	p.Levels = append(p.Levels, level)
	for _, c := range level.Element.Children {
		switch {
		case c.is("sequenceFlow"):
			f := &SequenceFlow{Element: c, ID: c.attr("id"), Name: c.attr("name"), Level: level}
			if f.ID == "" {
				f.ID = fmt.Sprintf("flow#%d", len(p.Flows)+1) // no id that an XML file can give
			}
			p.Flows, level.Flows = append(p.Flows, f), append(level.Flows, f)
			remember(p.flows, f.ID, f)
		case c.is("dataObject"):
			level.objects = append(level.objects, b.dataObject(c))
		case c.is("association"):
			p.associations = append(p.associations, c)
		case c.isFlowNode():
			n := b.node(p, c, level)
			p.Nodes, level.Nodes = append(p.Nodes, n), append(level.Nodes, n)
			level.started = level.started || n.Kind == StartEvent
			remember(p.nodes, n.ID, n)
			if containers[c.Local] {
				n.Inner = &Level{Element: c, Node: n, Depth: level.Depth + 1}
				b.level(p, n.Inner)
			}
		}
	}
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
		f.skip = b.skip(f.Element)
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

// problem notes a mistake that the rule of the code reports.
func (b *modelBuilder) problem(code string, at *Element, format string, args ...any) {
	if !b.drawn {
		b.model.problems = append(b.model.problems, problem{code: code, element: at, message: fmt.Sprintf(format, args...)})
	}
}

// refused notes a construct that would execute and is not supported.
func (b *modelBuilder) refused(at *Element, format string, args ...any) {
	b.problem("unsupported-extension", at, format, args...)
}

// withoutPrefix drops the namespace prefix of a qualified name.
func withoutPrefix(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }
