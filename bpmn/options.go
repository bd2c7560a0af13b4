package bpmn

// Options relax what a source file must say. The zero value is what deployments use.
type Options struct {
	// BareScripts accepts script tasks without a scriptFormat; the program has them with ScriptBare.
	BareScripts bool
	// BareExpressions reads conditions and cardinalities without ${…} as if they were wrapped in it.
	BareExpressions bool
}
