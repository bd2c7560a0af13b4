package bpmn

import (
	"unicode/utf8"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// maxWorkName is how many characters the name of a queue or calendar has at most.
const maxWorkName = 100

// checkQueueName refuses literal names of queues and calendars that none can have.
func checkQueueName(n *FlowNode, r report) {
	if n.node.Human == nil {
		return
	}
	for _, given := range []struct {
		what string
		name *expr.Template
	}{{"queue", n.node.Human.Work.Queue}, {"calendar", n.node.Human.Work.Calendar}} {
		if given.name != nil && given.name.IsLiteral() && utf8.RuneCountInString(given.name.Source()) > maxWorkName {
			r(n.Element, "%s names a %s with more than %d characters: %q", label(n.Element), given.what, maxWorkName, shorten(given.name.Source()))
		}
	}
}
