package bpmn

// maxVariableName is in bytes: what a variable can be stored under.
const maxVariableName = 255

// checkVariableName bounds the names of the variables that a node sets.
func checkVariableName(n *FlowNode, r report) {
	for _, name := range n.variables() {
		if len(name) > maxVariableName {
			r(n.Element, "%s sets a variable whose name has %d bytes, %s; the limit is %d", label(n.Element), len(name), shorten(name), maxVariableName)
		}
	}
}

// variables are the names of the variables that a node sets, as the model has them.
func (n *FlowNode) variables() []string {
	names := []string{n.node.Initiator}
	for _, m := range append(n.node.Inputs[:len(n.node.Inputs):len(n.node.Inputs)], n.node.Outputs...) {
		names = append(names, m.Target)
	}
	if s := n.node.Service; s != nil {
		names = append(names, s.ResultVariable)
	}
	if s := n.node.Script; s != nil {
		names = append(names, s.ResultVariable)
	}
	if h := n.node.Human; h != nil {
		names = append(names, h.Completer)
	}
	if c := n.node.Call; c != nil {
		for _, m := range c.Out {
			names = append(names, m.Target)
		}
	}
	if l := n.node.Loop; l != nil {
		names = append(names, l.ElementVariable, l.IndexVariable, l.OutputCollection)
		for _, a := range l.Aggregations {
			names = append(names, a.Target)
		}
	}
	for _, d := range n.Definitions {
		names = append(names, d.event.CodeVariable, d.event.MessageVariable)
	}
	return names
}
