package bpmn

// maxLookBack bounds how far a join is followed back. What lies further away is not judged.
const maxLookBack = 1000

// checkExclusiveJoin warns about parallel joins that can never open, because two of their flows come from different branches
// of one choice, and that choice is made at most once. It is silent where that is not certain.
func checkExclusiveJoin(m *Model, r report) {
	for _, p := range m.executable() {
		for _, n := range p.Nodes {
			if n.Kind != ParallelGateway || len(n.In) < 2 {
				continue
			}
			if choice := sharedChoice(n); choice != nil && passedOnce(choice, n) {
				r(n.Element, "%s never opens: it waits for several branches of %s, which takes only one", label(n.Element), label(choice.Element))
			}
		}
	}
}

// way is how a token comes to a node: from another one, by a flow or, to a boundary event, without.
type way struct {
	from *FlowNode
	flow *SequenceFlow
}

// waysIn lists how tokens come to the node; none where it begins something. It does not know the ways of links.
func (n *FlowNode) waysIn() []way {
	if n.Kind == BoundaryEvent {
		return []way{{from: n.Attached}}
	}
	var found []way
	for _, f := range n.In {
		found = append(found, way{f.Source, f})
	}
	return found
}

// choosesOne reports whether a token leaves the node by exactly one of its flows.
func (n *FlowNode) choosesOne() bool {
	return n.Kind == ExclusiveGateway || n.Kind == EventGateway && !n.node.Instantiate
}

// sharedChoice finds a node that chooses between two flows into a join; nil when there is none.
func sharedChoice(join *FlowNode) *FlowNode {
	branches := map[*FlowNode]*SequenceFlow{}
	for _, f := range join.In {
		at := way{f.Source, f}
		for i := 0; i < maxLookBack && at.from != nil && at.from != join; i++ {
			if at.from.choosesOne() {
				if other := branches[at.from]; other != nil && other != at.flow {
					return at.from
				}
				branches[at.from] = at.flow
			}
			ways := at.from.waysIn()
			if len(ways) != 1 {
				break // tokens on the flow come from several places, or from a beginning
			}
			at = ways[0]
		}
	}
	return nil
}

// passedOnce reports whether certainly at most one token comes to the choice, as long as the join does not open: nothing
// before it makes several tokens of one, and nothing leads back to it.
func passedOnce(choice, join *FlowNode) bool {
	around := choice.Level.Node
	if around != nil && around.Kind == AdHocSubProcess {
		return false
	}
	seen, pending, beginnings := map[*FlowNode]bool{choice: true}, []*FlowNode{choice}, 0
	for len(pending) > 0 {
		n := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if n.definition(LinkEvent) != nil || n.Kind == BoundaryEvent && !n.node.Interrupting {
			return false
		}
		ways := n.waysIn()
		if len(ways) == 0 {
			beginnings++
		}
		for _, w := range ways {
			switch {
			case w.from == choice || w.from == nil || len(seen) > maxLookBack || !w.from.choosesOne() && len(w.from.Out) > 1:
				return false
			case w.from != join && !seen[w.from]:
				seen[w.from] = true
				pending = append(pending, w.from)
			}
		}
	}
	return around == nil || beginnings <= 1 // an instance of a process begins at one place
}
