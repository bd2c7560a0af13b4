package engine

import (
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
)

func (m *machine) runListeners(listeners []bpmn.Listener, v visit) error {
	for _, l := range listeners {
		if _, err := l.Expr.Eval(m.names(v), limits); err != nil {
			return failure{kind: "listener", err: fmt.Errorf("execution listener of %q: %w", v.node.ID, err)}
		}
	}
	return nil
}

func (m *machine) runTaskListeners(event bpmn.TaskEvent, v visit) error {
	for _, l := range v.node.Human.Listeners {
		if l.Event != event {
			continue
		}
		if _, err := l.Expr.Eval(m.taskNames(v), limits); err != nil {
			return failure{kind: "listener", err: fmt.Errorf("task listener %q of %q: %w", event, v.node.ID, err)}
		}
	}
	return nil
}
