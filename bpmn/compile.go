package bpmn

// maxDiagnostics bounds what is reported about one file.
const maxDiagnostics = 1000

// Compile reads a source file, checks it by all rules and compiles every executable process in it, in document order.
// All findings come back together, sorted by place. The programs are nil when any finding is an error; warnings do not
// stop them. It never panics, whatever the bytes are.
func Compile(src []byte) ([]*Program, Diagnostics) {
	model, ds := Parse(src)
	if model == nil {
		return nil, ds
	}
	found, dropped := check(model)
	ds = limit(append(ds, found...), dropped)
	if ds.HasErrors() {
		return nil, ds
	}
	var programs []*Program
	for _, p := range model.executable() {
		programs = append(programs, compileProcess(p, model.SHA256))
	}
	return programs, ds
}

// limit sorts the findings and cuts them off, errors kept before warnings. The dropped ones were found and not kept.
func limit(ds Diagnostics, dropped int) Diagnostics {
	ds.Sort()
	if len(ds) <= maxDiagnostics && dropped == 0 {
		return ds
	}
	kept := make(Diagnostics, 0, maxDiagnostics+1)
	for _, severity := range []Severity{Error, Warning} {
		for _, d := range ds {
			if d.Severity == severity && len(kept) < maxDiagnostics {
				kept = append(kept, d)
			}
		}
	}
	kept = append(kept, *fault(Pos{1, 1}, "too-many-findings", "the file has %d findings; the first %d are listed", len(ds)+dropped, maxDiagnostics))
	kept.Sort()
	return kept
}

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
		if n.Kind == StartEvent {
			b.program.Starts = append(b.program.Starts, i)
			b.program.Root.Starts = append(b.program.Root.Starts, i)
		}
	}
	return b.program
}

func (b *programBuilder) flow(f *SequenceFlow) Flow {
	return Flow{
		ID: f.ID, Name: f.Name, Source: b.nodes[f.Source], Target: b.nodes[f.Target],
		Condition: f.condition, Take: f.take, Pos: f.Element.Pos,
	}
}

func (b *programBuilder) node(n *FlowNode) Node {
	node := Node{
		ID: n.ID, Name: n.Name, Kind: n.Kind, Documentation: n.Element.documentation(), Pos: n.Element.Pos,
		In: b.flowIndexes(n.In), Out: b.flowIndexes(n.Out), Default: -1, AttachedTo: -1, Parent: -1, Handler: -1,
		Human: n.human, Service: n.service, Start: n.start, End: n.end,
	}
	if n.Lane != nil {
		node.Lane, node.LaneName = n.Lane.ID, n.Lane.Name
	}
	if n.Default != nil {
		node.Default = b.flows[n.Default]
	}
	if n.Kind == StartEvent {
		node.Initiator = n.Element.vendor("initiator")
	}
	if n.timer != nil {
		node.Events = []EventDefinition{{Kind: TimerEvent, Timer: n.timer, Activity: -1, Target: -1}}
	}
	if n.Kind == BoundaryEvent {
		node.AttachedTo = b.nodes[n.Attached]
		node.Interrupting = isTrue(n.Element.attr("cancelActivity"), true)
	}
	for _, event := range n.Boundary {
		node.Boundary = append(node.Boundary, b.nodes[event])
	}
	return node
}

func (b *programBuilder) flowIndexes(flows []*SequenceFlow) []int {
	var indexes []int
	for _, f := range flows {
		indexes = append(indexes, b.flows[f])
	}
	return indexes
}
