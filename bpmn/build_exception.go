package bpmn

import "slices"

// baseExceptions are the Java classes that nearly every failure of the vendors' engines belongs to. Failures have no classes
// here, so they stand for any.
var baseExceptions = words(`java.lang.Throwable java.lang.Exception java.lang.RuntimeException java.lang.Error
	org.flowable.common.engine.api.FlowableException org.flowable.engine.common.api.FlowableException
	org.activiti.engine.ActivitiException`)

// mappedErrors reads which failures become BPMN errors, in the order in which they are tried: what names a type comes before
// a base class that is meant alone, and that before what names none.
func (b *modelBuilder) mappedErrors(e *Element) []ErrorMapping {
	var found [3][]ErrorMapping
	for _, m := range e.extensions("mapException") {
		if m.attr("errorCode") == "" {
			b.problem("service", m, "%s of %s has no errorCode", named(m), label(e))
		}
		children := isTrue(m.attr("includeChildExceptions"), false)
		mapping, rank := ErrorMapping{Type: m.Text, Code: m.attr("errorCode")}, 0
		switch {
		case m.Text == "":
			rank = 2
		case baseExceptions[m.Text]:
			mapping.Type = ""
			if !children {
				rank = 1
			}
		case children:
			b.problem("child-exceptions", m, "%s of %s includes the children of %q; failures have a type and no parents, so only those of exactly this type become the error", named(m), label(e), shorten(m.Text))
		}
		found[rank] = append(found[rank], mapping)
	}
	return slices.Concat(found[:]...)
}
