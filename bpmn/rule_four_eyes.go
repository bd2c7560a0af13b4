package bpmn

// checkFourEyes warns where the other pair of eyes belongs to no user task of the file: a called or calling process may
// have it, but a slip of the pen would let anybody through.
func checkFourEyes(m *Model, r report) {
	for _, p := range m.executable() {
		for _, n := range p.Nodes {
			if n.node.Human == nil {
				continue
			}
			for _, other := range n.node.Human.Work.FourEyesOf {
				if other.IsLiteral() && !m.hasUserTask(other.Source()) {
					r(n.Element, "%s asks for other eyes than those of %q, which is no user task of this file", label(n.Element), shorten(other.Source()))
				}
			}
		}
	}
}

func (m *Model) hasUserTask(id string) bool {
	for _, p := range m.Processes {
		if n := p.nodes[id]; n != nil && n.Kind == UserTask {
			return true
		}
	}
	return false
}
