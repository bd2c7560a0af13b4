package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

var errNoFlow = errors.New("no outgoing sequence flow can be taken: no condition is true and there is no default flow")

// chooseFlows evaluates the outgoing flows. An exclusive gateway takes the first true one (BPMN 2.0 section 13.4.2); a
// parallel gateway takes all without asking (13.4.1); any other node takes every true one, the default only if no
// conditional one is true (13.3.2, and 13.4.3 for an inclusive gateway).
func (m *machine) chooseFlows(v visit) ([]int, error) {
	switch {
	case len(v.node.Out) == 0:
		return nil, nil
	case v.node.Kind == bpmn.ParallelGateway:
		return v.node.Out, nil
	}
	var taken []int
	conditional := false // a flow with a condition was taken, or none has one
	for _, f := range v.node.Out {
		if f == v.node.Default {
			continue
		}
		flow := &m.program.Flows[f]
		ok, condition := true, flow.Condition
		if flow.Skip != nil && m.maySkip() {
			condition = flow.Skip
		}
		if condition != nil {
			var err error
			if ok, err = condition.EvalBool(m.names(v), limits); err != nil {
				return nil, failure{kind: "condition", err: fmt.Errorf("condition of flow %q: %w", flow.ID, err)}
			}
			conditional = conditional || ok
		}
		if !ok {
			continue
		}
		taken = append(taken, f)
		if v.node.Kind == bpmn.ExclusiveGateway {
			return taken, nil
		}
	}
	if v.node.Default >= 0 && !conditional {
		taken = append(taken, v.node.Default)
	}
	if len(taken) == 0 {
		return nil, failure{kind: "no-flow", err: errNoFlow}
	}
	return taken, nil
}

// flowsOut are the flows by which a node is left: those that were chosen before a listener of one had to be waited for.
func (m *machine) flowsOut(v visit) ([]int, error) {
	if v.at == nil || v.at.Phase != taking {
		return m.chooseFlows(v)
	}
	return slices.DeleteFunc(slices.Clone(v.node.Out), func(f int) bool {
		return !slices.Contains(v.at.Flows, m.program.Flows[f].ID)
	}), nil
}

// callsOnFlows reports whether a listener of one of the flows calls a delegate.
func (m *machine) callsOnFlows(flows []int) bool {
	return slices.ContainsFunc(flows, func(f int) bool { return bpmn.CallsDelegate(m.program.Flows[f].Take) })
}

// listenOnFlows runs the listeners of flows of which one calls a delegate, before any of the flows is taken.
func (m *machine) listenOnFlows(v visit, flows []int) (*Stand, error) {
	if !m.callsOnFlows(flows) {
		return nil, nil
	}
	var ids []string
	for _, f := range flows {
		ids = append(ids, m.program.Flows[f].ID)
	}
	return m.listen(v, taking, ids)
}

// take sends tokens along flows. It runs their listeners unless one of them calls a delegate: then all have run.
func (m *machine) take(v visit, flows []int) error {
	heard := m.callsOnFlows(flows)
	for _, f := range flows {
		flow := &m.program.Flows[f]
		if !heard {
			if err := m.hearAll(v, taking, flow.Take); err != nil {
				return err
			}
		}
		m.send(Arrival{
			Node: m.program.Nodes[flow.Target].ID, Flow: flow.ID, Scope: v.scope, Later: v.node.AsyncAfter && m.state.Rev > 1,
		})
	}
	return nil
}
