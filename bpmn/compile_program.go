package bpmn

// programBuilder numbers nodes and flows, so that they can refer to each other by index.
type programBuilder struct {
	program *Program
	nodes   map[*FlowNode]int
	flows   map[*SequenceFlow]int
}

func compileProcess(p *Process, sha256 string) *Program {
	b := programBuilder{
		program: &Program{
			Key: p.ID, Name: p.Name, Documentation: p.Element.documentation(), SHA256: sha256,
			Start: p.start, End: p.end,
			Nodes: make([]Node, len(p.Nodes)), Flows: make([]Flow, len(p.Flows)),
			byID: make(map[string]int, len(p.Nodes)),
		},
		nodes: make(map[*FlowNode]int, len(p.Nodes)),
		flows: make(map[*SequenceFlow]int, len(p.Flows)),
	}
	for i, n := range p.Nodes {
		b.nodes[n], b.program.byID[n.ID] = i, i
	}
	for i, f := range p.Flows {
		b.flows[f] = i
		b.program.Flows[i] = b.flow(f)
	}
	for i, n := range p.Nodes {
		b.program.Nodes[i] = b.node(n)
	}
	b.program.Root = b.container(p.Levels[0])
	b.program.Starts = b.program.Root.Starts
	return b.program
}

func (b *programBuilder) flow(f *SequenceFlow) Flow {
	return Flow{
		ID: f.ID, Name: f.Name, Source: b.nodes[f.Source], Target: b.nodes[f.Target],
		Condition: f.condition, Skip: f.skip, Take: f.take, Pos: f.Element.Pos,
	}
}

// node completes what the model holds of a node by its references.
func (b *programBuilder) node(n *FlowNode) Node {
	node := n.node
	node.In, node.Out = b.flowIndexes(n.In), b.flowIndexes(n.Out)
	if n.Level.Node != nil {
		node.Parent = b.nodes[n.Level.Node]
	}
	if n.Lane != nil {
		node.Lane, node.LaneName = n.Lane.ID, n.Lane.Name
	}
	if n.Default != nil {
		node.Default = b.flows[n.Default]
	}
	if n.Attached != nil {
		node.AttachedTo = b.nodes[n.Attached]
	}
	if n.Handler != nil {
		node.Handler = b.nodes[n.Handler]
	}
	for _, event := range n.Boundary {
		if event.definition(CompensationEvent) == nil {
			node.Boundary = append(node.Boundary, b.nodes[event])
		}
	}
	for _, d := range n.Definitions {
		node.Events = append(node.Events, b.event(d))
	}
	if n.Inner != nil {
		inner := b.container(n.Inner)
		node.Container = &inner
	}
	return node
}

func (b *programBuilder) event(d *Definition) EventDefinition {
	event := d.event
	if d.Activity != nil {
		event.Activity = b.nodes[d.Activity]
	}
	if d.Target != nil {
		event.Target = b.nodes[d.Target]
	}
	return event
}

// container lists what begins a process or sub-process.
func (b *programBuilder) container(level *Level) Container {
	c := Container{Objects: level.objects}
	for _, n := range level.Nodes {
		i := b.nodes[n]
		switch {
		case n.node.Event:
			c.EventSubs = append(c.EventSubs, i)
		case n.Kind == StartEvent && len(n.Definitions) == 0:
			c.Starts = append(c.Starts, i)
		case n.Kind == StartEvent || n.node.Instantiate && level.Node == nil:
			c.Triggered = append(c.Triggered, i)
		case n.isSource():
			c.Sources = append(c.Sources, i)
		}
	}
	return c
}

// isSource reports whether the node begins without a flow or a start event: an ad-hoc sub-process offers it, and another
// sub-process that has no start event begins with it (BPMN 2.0 sections 13.3.4 and 13.3.5).
func (n *FlowNode) isSource() bool {
	around := n.Level.Node
	switch {
	case around == nil || around.node.Event || len(n.In) > 0:
		return false
	case n.Kind == BoundaryEvent, n.Kind == EndEvent, n.Kind == CatchEvent && n.definition(LinkEvent) != nil:
		return false
	}
	return !n.node.Compensation && !n.node.Event && (around.Kind == AdHocSubProcess || !n.Level.started)
}

func (b *programBuilder) flowIndexes(flows []*SequenceFlow) []int {
	var indexes []int
	for _, f := range flows {
		indexes = append(indexes, b.flows[f])
	}
	return indexes
}
