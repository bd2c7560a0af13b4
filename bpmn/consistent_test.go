package bpmn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// requireConsistent checks that the indexes of a program fit together, and that each node has what its kind needs.
func requireConsistent(t *testing.T, p *bpmn.Program) {
	t.Helper()
	require.NotZero(t, len(p.Starts)+len(p.Root.Triggered), p.Key)
	require.Equal(t, p.Starts, p.Root.Starts)
	requireContainer(t, p, -1, &p.Root)
	for i := range p.Nodes {
		n := &p.Nodes[i]
		require.Equal(t, i, p.NodeIndex(n.ID), n.ID)
		requireFlows(t, p, i)
		requireReferences(t, p, i)
		requireContent(t, n)
		if n.Container != nil {
			requireContainer(t, p, i, n.Container)
		}
	}
	require.Equal(t, -1, p.NodeIndex("no such node"))
}

func requireFlows(t *testing.T, p *bpmn.Program, i int) {
	t.Helper()
	n := &p.Nodes[i]
	for _, f := range n.Out {
		require.Equal(t, i, p.Flows[f].Source, n.ID)
		require.Equal(t, n.Parent, p.Nodes[p.Flows[f].Target].Parent, "a flow does not leave its level")
	}
	for _, f := range n.In {
		require.Equal(t, i, p.Flows[f].Target, n.ID)
	}
	if n.Default >= 0 {
		require.Contains(t, n.Out, n.Default, n.ID)
	}
}

func requireReferences(t *testing.T, p *bpmn.Program, i int) {
	t.Helper()
	n := &p.Nodes[i]
	require.Less(t, n.Parent, i, "what is around a node comes before it")
	if n.Parent >= 0 {
		require.NotNil(t, p.Nodes[n.Parent].Container, n.ID)
	}
	for _, b := range n.Boundary {
		require.Equal(t, i, p.Nodes[b].AttachedTo, n.ID)
		require.Equal(t, n.Parent, p.Nodes[b].Parent, n.ID)
	}
	require.Equal(t, n.Kind == bpmn.BoundaryEvent, n.AttachedTo >= 0, n.ID)
	if n.Handler >= 0 {
		require.True(t, p.Nodes[n.Handler].Compensation, n.ID)
	}
	for _, e := range n.Events {
		require.Less(t, e.Activity, len(p.Nodes), n.ID)
		require.Equal(t, e.Kind == bpmn.LinkEvent && n.Kind == bpmn.ThrowEvent, e.Target >= 0, n.ID)
		require.Equal(t, e.Kind == bpmn.TimerEvent, e.Timer != nil && e.Timer.Value != nil, n.ID)
	}
}

func requireContent(t *testing.T, n *bpmn.Node) {
	t.Helper()
	require.Equal(t, n.Kind == bpmn.UserTask, n.Human != nil, n.ID)
	require.Equal(t, n.Kind == bpmn.ScriptTask, n.Script != nil, n.ID)
	require.Equal(t, n.Kind == bpmn.CallActivity, n.Call != nil && n.Call.Element != nil, n.ID)
	require.Equal(t, n.Kind == bpmn.AdHocSubProcess, n.AdHoc != nil, n.ID)
	require.Equal(t, n.Kind == bpmn.SubProcess || n.Kind == bpmn.Transaction || n.Kind == bpmn.AdHocSubProcess, n.Container != nil, n.ID)
	switch n.Kind {
	case bpmn.ServiceTask, bpmn.BusinessRuleTask:
		require.NotNil(t, n.Service, n.ID)
	case bpmn.SendTask:
		require.True(t, n.Service != nil || n.Message != nil, n.ID)
	case bpmn.BoundaryEvent, bpmn.CatchEvent:
		require.NotEmpty(t, n.Events, n.ID)
	}
}

// requireContainer checks what begins a process or sub-process, the process being -1.
func requireContainer(t *testing.T, p *bpmn.Program, parent int, c *bpmn.Container) {
	t.Helper()
	for _, nodes := range [][]int{c.Starts, c.Triggered, c.EventSubs, c.Sources} {
		for _, i := range nodes {
			require.Equal(t, parent, p.Nodes[i].Parent, p.Nodes[i].ID)
		}
	}
	if parent < 0 {
		return
	}
	switch n := &p.Nodes[parent]; {
	case n.Event:
		require.Len(t, c.Triggered, 1, n.ID)
	case n.Kind == bpmn.AdHocSubProcess:
		require.NotEmpty(t, c.Sources, n.ID)
	case len(c.Starts) == 0:
		require.NotEmpty(t, c.Sources, n.ID)
	default:
		require.Len(t, c.Starts, 1, n.ID)
		require.Empty(t, c.Sources, n.ID)
	}
}
