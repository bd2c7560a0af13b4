package bpmn

import (
	"cmp"
	"strconv"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// loop reads the loop marker of an activity; nil when it has none.
func (b *modelBuilder) loop(p *Process, n *FlowNode) *Loop {
	if e := n.Element.child("multiInstanceLoopCharacteristics"); e != nil {
		return b.multiInstance(p, n, e)
	}
	if e := n.Element.child("standardLoopCharacteristics"); e != nil {
		loop := &Loop{Kind: LoopStandard, Condition: b.condition(e.child("loopCondition")), TestBefore: isTrue(e.attr("testBefore"), false)}
		if source := e.attr("loopMaximum"); source != "" {
			maximum, err := strconv.Atoi(source)
			if err != nil || maximum < 1 {
				b.problem("loop", e, "%s has the loopMaximum %q; it is a whole number above 0", label(n.Element), shorten(source))
			}
			loop.Maximum = maximum
		}
		return loop
	}
	return nil
}

func (b *modelBuilder) multiInstance(p *Process, n *FlowNode, e *Element) *Loop {
	loop := &Loop{
		Kind: LoopParallel, ElementVariable: e.vendor("elementVariable"), IndexVariable: e.vendor("elementIndexVariable"),
		Completion: b.condition(e.child("completionCondition")),
	}
	if isTrue(e.attr("isSequential"), false) {
		loop.Kind = LoopSequential
	}
	if c := e.child("loopCardinality"); c != nil {
		loop.Cardinality = b.cardinality(c)
	}
	if source := e.vendor("collection"); source != "" {
		loop.Collection = b.variable(e, "collection", source)
	} else if ref := e.child("loopDataInputRef"); ref != nil {
		loop.Collection = b.variable(ref, "loopDataInputRef", cmp.Or(dataVariable(p, ref.Text), ref.Text))
	}
	if item := e.child("inputDataItem"); item != nil && loop.ElementVariable == "" {
		loop.ElementVariable = cmp.Or(item.attr("name"), item.attr("id"))
	}
	if ref := e.child("loopDataOutputRef"); ref != nil {
		loop.OutputCollection = cmp.Or(dataVariable(p, ref.Text), ref.Text)
		if item := e.child("outputDataItem"); item != nil {
			loop.OutputElement = b.variable(item, "outputDataItem", cmp.Or(item.attr("name"), item.attr("id")))
		} else {
			b.problem("loop", ref, "%s has a loopDataOutputRef and no outputDataItem", label(n.Element))
		}
	}
	b.zeebeLoop(e, loop)
	loop.Aggregations = b.aggregations(n, e)
	return loop
}

// cardinality reads how many instances there are.
func (b *modelBuilder) cardinality(e *Element) *expr.Template {
	if b.options.BareExpressions || e.Text == "" {
		return b.expression(e, e.Local, e.Text)
	}
	return b.template(e, e.Local, e.Text)
}

// aggregations reads which variables of the instances are gathered.
func (b *modelBuilder) aggregations(n *FlowNode, e *Element) []Aggregation {
	var found []Aggregation
	for _, a := range e.extensions("variableAggregation") {
		aggregation := Aggregation{Target: cmp.Or(a.attr("target"), a.attr("targetExpression"))}
		if !isIdentifier(aggregation.Target) {
			b.problem("loop", a, "%s of %s has the target %q, which is not the name of a variable", named(a), label(n.Element), shorten(aggregation.Target))
		}
		for _, name := range []string{"class", "delegateExpression", "storeAsTransientVariable", "createOverviewVariable"} {
			if value := a.attr(name); value != "" && value != "false" {
				b.refused(a, "%s of %s has the attribute %s=%q, which is not supported", named(a), label(n.Element), name, shorten(value))
			}
		}
		for _, v := range a.Children {
			if v.Local != "variable" {
				continue
			}
			if m, ok := b.aggregated(a, v); ok {
				aggregation.Fields = append(aggregation.Fields, m)
			}
		}
		found = append(found, aggregation)
	}
	return found
}

// aggregated reads one gathered variable.
func (b *modelBuilder) aggregated(a, v *Element) (Mapping, bool) {
	m := Mapping{Target: cmp.Or(v.attr("target"), v.attr("source"))}
	switch source, expression := v.attr("source"), v.attr("sourceExpression"); {
	case m.Target == "":
		b.problem("loop", v, "a variable of %s in %q has no target", named(a), shorten(a.owner()))
		return m, false
	case expression != "":
		m.Value.Text = b.template(v, "sourceExpression", expression)
	case source != "":
		m.Value.Text = b.variable(v, "source", source)
	default:
		b.problem("loop", v, "a variable of %s in %q has no source", named(a), shorten(a.owner()))
		return m, false
	}
	return m, true
}
