package bpmn

import "github.com/onecms/nextgen-workflow/bpmn/expr"

// checkServiceLevel requires that a literal service level is a duration of fixed length.
func checkServiceLevel(n *FlowNode, r report) {
	if n.node.Human == nil {
		return
	}
	for _, given := range []struct {
		name  string
		value *expr.Template
	}{{"claimWithin", n.node.Human.Work.ClaimWithin}, {"completeWithin", n.node.Human.Work.CompleteWithin}} {
		if given.value == nil || !given.value.IsLiteral() {
			continue
		}
		if d, err := ParseDuration(given.value.Source()); err != nil || d.Length() <= 0 {
			r(n.Element, "%s has %s=%q; it is an ISO 8601 duration of days, hours, minutes and seconds, such as PT8H",
				label(n.Element), given.name, shorten(given.value.Source()))
		}
	}
}
