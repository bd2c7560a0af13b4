package engine

import (
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// activation are the names of an activation condition.
type activation struct {
	names
	count int
}

// Lookup implements expr.Scope.
func (a activation) Lookup(name string) (any, bool) {
	if name == "activationCount" {
		return int64(a.count), true
	}
	return a.names.Lookup(name)
}

// joinComplex notes a token at a joining complex gateway, and opens it when its activation condition is true by that.
// Tokens of the same round that come later end there (BPMN 2.0 section 13.4.5, without waitingForStart).
func (m *machine) joinComplex(node *bpmn.Node, a Arrival) {
	m.noteJoining(node, a)
	noted := m.state.Tokens[len(m.state.Tokens)-1].ID
	if err := m.activate(node, a); err != nil {
		m.state.removeToken(noted)
		m.raise(visit{node: node, id: noted, flow: a.Flow, scope: a.Scope}, Entering, err)
	}
}

// activate opens a complex gateway that has not opened in this round, if its condition is true. The tokens that did it
// stay until the round is over.
func (m *machine) activate(node *bpmn.Node, a Arrival) error {
	if m.hasOpened(node.ID, a.Scope) {
		return nil
	}
	var brought []string
	for _, f := range node.In {
		if id := m.joining(node.ID, a.Scope, m.program.Flows[f].ID); id != "" {
			brought = append(brought, id)
		}
	}
	ok, err := node.Activation.EvalBool(activation{names: m.namesAt(node, a.Scope), count: len(brought)}, limits)
	if err != nil {
		return failure{kind: "condition", err: fmt.Errorf("activation condition of %q: %w", node.ID, err)}
	}
	if !ok {
		return nil
	}
	for _, id := range brought {
		m.state.Tokens[m.state.token(id)].Spent = true
	}
	id := m.newID(node.ID)
	m.emit(Effect{Kind: NodeEntered, Element: node.ID, Instance: id})
	m.send(Arrival{Node: node.ID, ID: id, Flow: a.Flow, Scope: a.Scope, Caught: true})
	return nil
}

// hasOpened reports whether a complex gateway has opened and its round is not over.
func (m *machine) hasOpened(node, scope string) bool {
	return slices.ContainsFunc(m.state.Tokens, func(t Token) bool { return t.Spent && t.Node == node && t.Scope == scope })
}

// resetComplex begins the next round of one complex gateway that has opened, when each of its other flows has brought a
// token or none can come any more. It reports whether there was one.
func (m *machine) resetComplex() bool {
	for _, t := range m.state.Tokens {
		if !t.Spent {
			continue
		}
		node := m.node(t.Node)
		var spent, late, empty []int
		for _, f := range node.In {
			switch flow := m.program.Flows[f].ID; {
			case m.isSpent(t, flow):
				spent = append(spent, f)
			case m.joining(t.Node, t.Scope, flow) != "":
				late = append(late, f)
			default:
				empty = append(empty, f)
			}
		}
		if m.canCome(node, t.Scope, empty, append(spent, late...)) {
			continue
		}
		m.endRound(node, t.Scope, late)
		return true
	}
	return false
}

// isSpent reports whether the gateway of a token has opened by a flow.
func (m *machine) isSpent(at Token, flow string) bool {
	return slices.ContainsFunc(m.state.Tokens, func(t Token) bool {
		return t.Spent && t.Node == at.Node && t.Scope == at.Scope && t.Flow == flow
	})
}

// endRound takes the tokens of a round away. Those that came twice begin the next one.
func (m *machine) endRound(node *bpmn.Node, scope string, late []int) {
	for _, f := range late {
		m.state.removeToken(m.joining(node.ID, scope, m.program.Flows[f].ID))
	}
	m.state.Tokens = slices.DeleteFunc(m.state.Tokens, func(t Token) bool { return t.Spent && t.Node == node.ID && t.Scope == scope })
	for _, f := range node.In {
		flow := m.program.Flows[f].ID
		if id := m.joining(node.ID, scope, flow); id != "" {
			m.state.removeToken(id)
			m.joinComplex(node, Arrival{Node: node.ID, Flow: flow, Scope: scope})
		}
	}
}
