package expr

import (
	"maps"
	"slices"
)

// Names lists the names the template looks up, sorted, each once. A variable that is read by a function or a method that
// takes its name, as vars:get(a) and execution.getVariable('a'), is among them where the name is written out.
func (t *Template) Names() []string {
	found := map[string]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		if read := n.reads(); read != "" {
			found[read] = true
		}
		for _, a := range n.args {
			walk(a)
		}
	}
	for _, p := range t.parts {
		if p.expr != nil {
			walk(p.expr)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// readers are the methods of the engine's objects that read the variable of their first argument.
var readers = []string{"getVariable", "getVariableLocal", "hasVariable", "hasVariableLocal"}

// reads is the name that the node itself looks up; "" if there is none.
func (n *node) reads() string {
	switch {
	case n.kind == name:
		return n.name
	case n.kind == invocation && functions[n.name].variable:
		return literalText(n.args[0])
	case n.kind == call && len(n.args) > 1 && slices.Contains(readers, n.name):
		return literalText(n.args[1])
	}
	return ""
}

func literalText(n *node) string {
	s, _ := n.value.(string)
	return s
}
