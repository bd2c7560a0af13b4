package bpmn

// checkUnassignedTask warns about a task that nobody will find in a queue.
func checkUnassignedTask(n *FlowNode, r report) {
	if n.node.Human == nil || n.Element.vendor("assignee", "candidateUsers", "candidateGroups") != "" {
		return
	}
	if n.node.Human.Assignee == nil && n.node.Human.Work.Queue == nil && len(n.node.Human.CandidateUsers) == 0 && len(n.node.Human.CandidateGroups) == 0 {
		r(n.Element, "%s has no assignee and no candidates", label(n.Element))
	}
}
