package bpmn

func (b *modelBuilder) listeners(e *Element, event string) []Listener {
	var found []Listener
	for _, l := range e.extensions("executionListener") {
		named := l.attr("event")
		if named == event || named == "" && e.is("sequenceFlow") {
			if source := l.attr("expression"); source != "" {
				found = append(found, Listener{Expr: b.expression(l, "expression", source)})
			}
		}
	}
	return found
}

// taskEvents are what "all" stands for.
var taskEvents = []TaskEvent{TaskCreate, TaskAssignment, TaskComplete, TaskDelete}

func (b *modelBuilder) taskListeners(e *Element) []TaskListener {
	var found []TaskListener
	for _, l := range e.extensions("taskListener") {
		source := l.attr("expression")
		if source == "" {
			continue
		}
		compiled := b.expression(l, "expression", source)
		for _, event := range taskEvents {
			if named := l.attr("event"); named == string(event) || named == "all" {
				found = append(found, TaskListener{Event: event, Expr: compiled})
			}
		}
	}
	return found
}
