package bpmn

import (
	"errors"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// checkBadExpression reports every expression that does not parse, at the element that holds it.
func checkBadExpression(m *Model, r report) {
	for _, bad := range m.badExpressions {
		at, message := "", bad.err.Error()
		var syntax *expr.SyntaxError
		if errors.As(bad.err, &syntax) {
			at, message = fmt.Sprintf(" at %d:%d", syntax.Line, syntax.Column), syntax.Message
		}
		r(bad.element, "%s of %q does not parse%s: %s: %s", bad.what, shorten(bad.element.owner()), at, shorten(message), shorten(bad.source))
	}
}
