package world

import "github.com/onecms/nextgen-workflow/bpmn"

// Compile is the compiler of the product. It is the one place that calls it.
func Compile(src []byte, o bpmn.Options) ([]*bpmn.Program, bpmn.Diagnostics) {
	return bpmn.CompileWith(src, o)
}
