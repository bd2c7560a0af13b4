package bpmn

// checkUnreachable warns about nodes that nothing leads to.
func checkUnreachable(m *Model, r report) {
	for _, p := range m.executable() {
		reached := p.reachable()
		for _, n := range p.Nodes {
			if !reached[n] && n.Supported && (n.Level.Node == nil || reached[n.Level.Node]) {
				r(n.Element, "no path from a start event leads to %s", label(n.Element))
			}
		}
	}
}

// reachable finds the nodes that a token can come to, whatever the conditions are.
func (p *Process) reachable() map[*FlowNode]bool {
	s := reachSearch{reached: map[*FlowNode]bool{}}
	s.enter(p.Levels[0])
	for len(s.pending) > 0 {
		n := s.pending[len(s.pending)-1]
		s.pending = s.pending[:len(s.pending)-1]
		s.follow(n)
	}
	return s.reached
}

// reachSearch finds every node that a token can come to.
type reachSearch struct {
	reached map[*FlowNode]bool
	pending []*FlowNode
}

func (s *reachSearch) reach(n *FlowNode) {
	if n != nil && !s.reached[n] {
		s.reached[n] = true
		s.pending = append(s.pending, n)
	}
}

// enter reaches what begins a level by itself.
func (s *reachSearch) enter(level *Level) {
	for _, n := range level.Nodes {
		if n.Kind == StartEvent || n.node.Event || n.node.Instantiate || n.isSource() {
			s.reach(n)
		}
	}
}

// follow reaches what a token at the node can come to next.
func (s *reachSearch) follow(n *FlowNode) {
	for _, f := range n.Out {
		s.reach(f.Target)
	}
	for _, b := range n.Boundary {
		s.reach(b)
	}
	s.reach(n.Handler)
	for _, d := range n.Definitions {
		s.reach(d.Target)
	}
	if n.Inner != nil {
		s.enter(n.Inner)
	}
}
