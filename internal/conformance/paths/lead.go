package paths

import (
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// lead is a shortest way from a start of the process to the first node of a path, without that node itself. It is empty
// where the path begins at a start, or cannot be reached.
func lead(p *bpmn.Program, path []string) []string {
	if len(path) == 0 {
		return nil
	}
	to := p.NodeIndex(path[0])
	from := map[int]int{} // how a node was come to; -1: it is a start
	queue := slices.Concat(p.Root.Starts, p.Root.Triggered)
	for _, start := range queue {
		from[start] = -1
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, next := range after(p, at) {
			if _, seen := from[next]; !seen {
				from[next] = at
				queue = append(queue, next)
			}
		}
	}
	if _, reached := from[to]; !reached {
		return nil
	}
	var way []string
	for at := from[to]; at >= 0; at = from[at] {
		way = append(way, p.Nodes[at].ID)
	}
	slices.Reverse(way)
	return way
}

// after are the nodes that may be entered after one: along its flows, within it, and by what is attached to it.
func after(p *bpmn.Program, at int) []int {
	var next []int
	for _, f := range p.Nodes[at].Out {
		next = append(next, p.Flows[f].Target)
	}
	if c := p.Nodes[at].Container; c != nil {
		next = slices.Concat(next, c.Starts, c.Sources)
	}
	return append(next, p.Nodes[at].Boundary...)
}
