package bpmn

// checkIOSpecification requires that the sets of inputs and outputs of an activity name what it declares, and that
// nothing declared is left out of them.
func checkIOSpecification(n *FlowNode, r report) {
	for _, spec := range n.Element.children("ioSpecification") {
		checkDataSets(n, spec, "dataInput", "inputSet", "dataInputRefs", r)
		checkDataSets(n, spec, "dataOutput", "outputSet", "dataOutputRefs", r)
	}
}

func checkDataSets(n *FlowNode, spec *Element, item, set, refs string, r report) {
	declared, used := map[string]bool{}, map[string]bool{}
	for _, d := range spec.children(item) {
		declared[d.attr("id")] = true
	}
	sets := spec.children(set)
	for _, s := range sets {
		for _, ref := range s.children(refs) {
			used[ref.Text] = true
			if !declared[ref.Text] {
				r(ref, "%s of %s names %q, which is no %s of it", set, label(n.Element), shorten(ref.Text), item)
			}
		}
	}
	if (n.Kind == ServiceTask || n.Kind == SendTask || n.Kind == ReceiveTask) && len(sets) > 1 {
		r(sets[1], "%s has more than one %s", label(n.Element), set)
	}
	for _, d := range spec.children(item) {
		if len(sets) > 0 && !used[d.attr("id")] {
			r(d, "%s of %s is in no %s", label(d), label(n.Element), set)
		}
	}
}
