package bpmn

// checkUnassignedTask warns about a task that nobody will find in a queue.
func checkUnassignedTask(n *FlowNode, r report) {
	if n.human == nil || n.Element.vendor("assignee", "candidateUsers", "candidateGroups") != "" {
		return
	}
	if n.human.Assignee == nil && len(n.human.CandidateUsers) == 0 && len(n.human.CandidateGroups) == 0 {
		r(n.Element, "%s has no assignee and no candidates", label(n.Element))
	}
}
