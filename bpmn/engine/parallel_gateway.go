package engine

import (
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// join notes a token at a joining gateway and reports whether one token of each incoming flow is there; those are then
// consumed. A second token on the same flow waits for the next round (BPMN 2.0 section 13.4.1).
func (m *machine) join(node *bpmn.Node, flow string) bool {
	m.state.Tokens = append(m.state.Tokens, Token{ID: m.newID(node.ID), Node: node.ID, Flow: flow, State: Joining})
	round := make([]string, 0, len(node.In))
	for _, f := range node.In {
		id := m.program.Flows[f].ID
		i := slices.IndexFunc(m.state.Tokens, func(t Token) bool {
			return t.State == Joining && t.Node == node.ID && t.Flow == id
		})
		if i < 0 {
			return false
		}
		round = append(round, m.state.Tokens[i].ID)
	}
	for _, id := range round {
		m.state.removeToken(id)
	}
	return true
}
