package world

import "github.com/onecms/nextgen-workflow/bpmn"

// Dialect says how models are read that keep to no vendor's way of writing.
type Dialect struct {
	BareScripts     bool // scripts without a format; the handler runs them
	BareExpressions bool // expressions without ${…} around them
}

// Compile is the compiler of the product. It is the one place that calls it.
func Compile(src []byte, _ Dialect) ([]*bpmn.Program, bpmn.Diagnostics) {
	return bpmn.Compile(src)
}
