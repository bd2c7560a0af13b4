package bpmn

import "strings"

// checkEndlessLoop refuses cycles that a token can never leave and that wait for nothing: only gateways and tasks
// that are done in place, joined by flows that are always taken.
func checkEndlessLoop(m *Model, r report) {
	for _, p := range m.executable() {
		search := loopSearch{state: map[*FlowNode]visitState{}}
		for _, n := range p.Nodes {
			if cycle := search.from(n); len(cycle) > 0 {
				r(cycle[0].Element, "the loop %s never ends: nothing in it waits and its flows are always taken", loopNames(cycle))
			}
		}
	}
}

type visitState int

const (
	unvisited visitState = iota
	onPath
	finished
)

// loopSearch is a depth-first search along certain flows. It finds at least one cycle of every tangle of cycles.
type loopSearch struct {
	state map[*FlowNode]visitState
}

// step is a node on the path and the next of its successors to look at.
type step struct {
	node *FlowNode
	next []*FlowNode
}

// from returns the first cycle found from the node, in the order it is passed; nil when there is none.
func (s *loopSearch) from(start *FlowNode) (cycle []*FlowNode) {
	if s.state[start] != unvisited || !start.isAutomatic() {
		return nil
	}
	path := []step{s.enter(start)}
	for len(path) > 0 {
		top := &path[len(path)-1]
		if len(top.next) == 0 {
			s.state[top.node] = finished
			path = path[:len(path)-1]
			continue
		}
		n := top.next[0]
		top.next = top.next[1:]
		switch {
		case s.state[n] == unvisited:
			path = append(path, s.enter(n))
		case s.state[n] == onPath && cycle == nil:
			cycle = since(path, n)
		}
	}
	return cycle
}

func (s *loopSearch) enter(n *FlowNode) step {
	s.state[n] = onPath
	return step{node: n, next: certainSuccessors(n)}
}

// since returns the nodes of the path from n on.
func since(path []step, n *FlowNode) []*FlowNode {
	var nodes []*FlowNode
	for _, s := range path {
		if s.node == n || nodes != nil {
			nodes = append(nodes, s.node)
		}
	}
	return nodes
}

// certainSuccessors are the automatic nodes that a token at n always reaches next. A join waits for its other flows and
// is therefore no successor.
func certainSuccessors(n *FlowNode) []*FlowNode {
	var found []*FlowNode
	for i, f := range n.Out {
		if t := f.Target; t != nil && t.isAutomatic() && certain(n, f, i) && (t.Kind != ParallelGateway && t.Kind != InclusiveGateway || len(t.In) == 1) {
			found = append(found, t)
		}
	}
	return found
}

// certain reports whether the flow, the i-th out of n, is taken whatever the variables are, and without waiting.
func certain(n *FlowNode, f *SequenceFlow, i int) bool {
	switch {
	case CallsDelegate(f.take):
		return false
	case n.Kind == ParallelGateway:
		return true
	case f == n.Default:
		return len(n.Out) == 1
	case n.Kind == ExclusiveGateway:
		return !f.Conditional && (i == 0 || i == 1 && n.Out[0] == n.Default)
	}
	return !f.Conditional
}

func loopNames(cycle []*FlowNode) string {
	var names []string
	for _, n := range cycle {
		names = append(names, n.ID)
	}
	return shorten(strings.Join(append(names, cycle[0].ID), " → "))
}
