package bpmn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// programOf compiles the only process of a file; roots are the elements beside it.
func programOf(t *testing.T, roots, elements string) *bpmn.Program {
	t.Helper()
	p := compileClean(t, []byte(in(roots+`<process id="p">`+elements+`</process>`)))[0]
	requireConsistent(t, p)
	return p
}

func node(t *testing.T, p *bpmn.Program, id string) bpmn.Node {
	t.Helper()
	require.GreaterOrEqual(t, p.NodeIndex(id), 0, id)
	return p.Nodes[p.NodeIndex(id)]
}

// ids names nodes by their ids.
func ids(p *bpmn.Program, indexes ...int) string {
	var names []string
	for _, i := range indexes {
		names = append(names, p.Nodes[i].ID)
	}
	return strings.Join(names, " ")
}

func flow(from, to string) string {
	return fmt.Sprintf(`<sequenceFlow id="%s-%s" sourceRef="%s" targetRef="%s"/>`, from, to, from, to)
}

func source(t *bpmn.Template) string {
	if t == nil {
		return "none"
	}
	return t.Source()
}

const nested = `<startEvent id="s"/>` + `<sequenceFlow id="s-sub" sourceRef="s" targetRef="sub"/>` + `
	<laneSet><lane id="office"><flowNodeRef>sub</flowNodeRef></lane></laneSet>
	<subProcess id="sub"><startEvent id="s1"/><sequenceFlow id="f1" sourceRef="s1" targetRef="tx"/>
		<transaction id="tx"><laneSet><lane id="desk"><flowNodeRef>s2</flowNodeRef></lane></laneSet>
			<startEvent id="s2"/><sequenceFlow id="f2" sourceRef="s2" targetRef="e2"/>
			<endEvent id="e2"><cancelEventDefinition/></endEvent></transaction>
		<boundaryEvent id="b" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>
		<sequenceFlow id="f3" sourceRef="b" targetRef="e1"/><endEvent id="e1"/>
		<subProcess id="es" triggeredByEvent="true"><startEvent id="s3" isInterrupting="false"><timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition></startEvent>
			<sequenceFlow id="f4" sourceRef="s3" targetRef="e3"/><endEvent id="e3"/></subProcess>
		<dataObject id="d" name="letter"/>
	</subProcess>`

func TestNestedElementsKnowWhereTheyBelong(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", nested)
	parents := map[string]string{}
	for _, n := range p.Nodes {
		if n.Parent >= 0 {
			parents[n.ID] = p.Nodes[n.Parent].ID
		}
	}
	require.Equal(t, map[string]string{
		"s1": "sub", "tx": "sub", "s2": "tx", "e2": "tx", "b": "sub", "e1": "sub", "es": "sub", "s3": "es", "e3": "es",
	}, parents)
	require.Equal(t, "s sub s1 tx s2 e2 b e1 es s3 e3", ids(p, allNodes(p)...), "document order")
	sub, es := node(t, p, "sub").Container, node(t, p, "es")
	require.Equal(t, []string{"s1", "es", "", ""}, []string{
		ids(p, sub.Starts...), ids(p, sub.EventSubs...), ids(p, sub.Sources...), ids(p, sub.Triggered...),
	})
	require.Equal(t, []bpmn.DataObject{{ID: "d", Name: "letter"}}, sub.Objects)
	require.True(t, es.Event)
	require.Equal(t, []string{"", "s3"}, []string{ids(p, es.Container.Starts...), ids(p, es.Container.Triggered...)})
	require.False(t, node(t, p, "s3").Interrupting)
	require.Equal(t, "s", ids(p, p.Starts...))
	require.Equal(t, bpmn.CancelEvent, node(t, p, "b").Events[0].Kind)
}

func allNodes(p *bpmn.Program) []int {
	var all []int
	for i := range p.Nodes {
		all = append(all, i)
	}
	return all
}

func TestLanesReachNestedNodes(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", nested)
	for id, lane := range map[string]string{"s": "", "sub": "office", "tx": "office", "s2": "desk", "e2": "office", "s3": "office"} {
		require.Equal(t, lane, node(t, p, id).Lane, id)
	}
}

func TestEverythingThatBeginsAnInstanceIsListed(t *testing.T) {
	t.Parallel()
	p := programOf(t, `<message id="m" name="Order"/><signal id="g" name="Alarm"/>`, `
		<startEvent id="plain"/>
		<startEvent id="byMessage"><messageEventDefinition messageRef="m"/></startEvent>
		<startEvent id="byTimer"><timerEventDefinition><timeCycle>0 0 8 * * MON-FRI</timeCycle></timerEventDefinition></startEvent>
		<startEvent id="byAny"><messageEventDefinition messageRef="m"/><signalEventDefinition signalRef="g"/></startEvent>
		<startEvent id="byAll" parallelMultiple="true"><messageEventDefinition messageRef="m"/><signalEventDefinition signalRef="g"/></startEvent>
		<startEvent id="byCondition"><conditionalEventDefinition><condition>${a}</condition></conditionalEventDefinition></startEvent>
		<receiveTask id="receive" messageRef="m" instantiate="true"/>
		<eventBasedGateway id="first" instantiate="true" eventGatewayType="Parallel"/>
		<intermediateCatchEvent id="c1"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
		<intermediateCatchEvent id="c2"><signalEventDefinition signalRef="g"/></intermediateCatchEvent><endEvent id="e"/>`+
		flow("first", "c1")+flow("first", "c2")+flow("c1", "e")+flow("c2", "e")+flow("receive", "e")+flow("plain", "e")+
		flow("byMessage", "e")+flow("byTimer", "e")+flow("byAny", "e")+flow("byAll", "e")+flow("byCondition", "e"))
	require.Equal(t, "plain", ids(p, p.Root.Starts...))
	require.Equal(t, "byMessage byTimer byAny byAll byCondition receive first", ids(p, p.Root.Triggered...))
	require.True(t, node(t, p, "byAll").AllEvents)
	require.Len(t, node(t, p, "byAny").Events, 2)
	require.False(t, node(t, p, "byAny").AllEvents)
	require.False(t, node(t, p, "first").Exclusive)
	require.Equal(t, "Order", source(node(t, p, "receive").Message))
}

func TestAnAdHocSubProcessOffersWhatNothingLeadsTo(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", body+`<sequenceFlow id="x" sourceRef="s" targetRef="ah"/>
		<adHocSubProcess id="ah" ordering="Sequential" cancelRemainingInstances="false"><task id="a"/><task id="b"/><task id="c"/>
		<task id="undo" isForCompensation="true"/><sequenceFlow id="a-b" sourceRef="a" targetRef="b"/>
		<completionCondition>${done}</completionCondition></adHocSubProcess>`)
	ah := node(t, p, "ah")
	require.Equal(t, "a c", ids(p, ah.Container.Sources...))
	require.Equal(t, []any{true, false, "${done}"}, []any{ah.AdHoc.Sequential, ah.AdHoc.CancelRemaining, source(ah.AdHoc.Completion)})
}

func TestASubProcessWithoutAStartEventBeginsWithWhatNothingLeadsTo(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", body+flow("s", "sub")+`<subProcess id="sub"><task id="a"/><parallelGateway id="b"/><task id="c"/>`+flow("b", "c")+`
		<intermediateThrowEvent id="d"><linkEventDefinition name="L"/></intermediateThrowEvent>
		<intermediateCatchEvent id="l"><linkEventDefinition name="L"/></intermediateCatchEvent>`+flow("l", "c")+`
		<task id="undo" isForCompensation="true"/><boundaryEvent id="be" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>
		<association id="as" sourceRef="be" targetRef="undo"/></subProcess>`)
	sub := node(t, p, "sub").Container
	require.Equal(t, []string{"a b d", ""}, []string{ids(p, sub.Sources...), ids(p, sub.Starts...)})
}

func TestCompensationFindsItsHandler(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", `<startEvent id="s"/>`+flow("s", "book")+`<task id="book"/>`+flow("book", "undo")+`
		<boundaryEvent id="b" attachedToRef="book"><compensateEventDefinition/></boundaryEvent>
		<boundaryEvent id="late" attachedToRef="book"><timerEventDefinition><timeDate>2026-01-01</timeDate></timerEventDefinition></boundaryEvent>`+flow("late", "e")+`
		<task id="cancel" isForCompensation="true"/><association sourceRef="b" targetRef="cancel"/>
		<intermediateThrowEvent id="undo"><compensateEventDefinition activityRef="book" waitForCompletion="false"/></intermediateThrowEvent>`+
		flow("undo", "e")+`<endEvent id="e"><compensateEventDefinition/></endEvent>`)
	book := node(t, p, "book")
	require.Equal(t, "cancel", ids(p, book.Handler))
	require.Equal(t, "late", ids(p, book.Boundary...), "but for compensation")
	require.True(t, node(t, p, "cancel").Compensation)
	undo, all := node(t, p, "undo").Events[0], node(t, p, "e").Events[0]
	require.Equal(t, []any{"book", true}, []any{ids(p, undo.Activity), undo.NoWait})
	require.Equal(t, []any{-1, false}, []any{all.Activity, all.NoWait})
}

func TestLinksAreResolvedInTheirOwnLevel(t *testing.T) {
	t.Parallel()
	pair := func(suffix string) string {
		return `<intermediateThrowEvent id="out` + suffix + `"><linkEventDefinition name="A"/></intermediateThrowEvent>
			<intermediateCatchEvent id="in` + suffix + `"><linkEventDefinition name="A"/></intermediateCatchEvent>`
	}
	p := programOf(t, "", `<startEvent id="s"/>`+flow("s", "out")+pair("")+flow("in", "sub")+`<subProcess id="sub"><startEvent id="s1"/>`+
		flow("s1", "out1")+pair("1")+flow("in1", "e1")+`<endEvent id="e1"/></subProcess>`)
	require.Equal(t, "in", ids(p, node(t, p, "out").Events[0].Target))
	require.Equal(t, "in1", ids(p, node(t, p, "out1").Events[0].Target))
	require.Equal(t, -1, node(t, p, "in").Events[0].Target)
}

func TestAFlowWithoutIDIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", `<startEvent id="s"/><sequenceFlow sourceRef="s" targetRef="t"/><task id="t"/><sequenceFlow sourceRef="t" targetRef="e"/><endEvent id="e"/>`)
	require.Equal(t, []string{"flow#1", "flow#2"}, []string{p.Flows[0].ID, p.Flows[1].ID})
}

func TestGatewaysKeepWhatDecides(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", `<startEvent id="s"/>`+flow("s", "split")+`<inclusiveGateway id="split" default="split-join"/>`+flow("split", "join")+
		`<sequenceFlow id="x" sourceRef="split" targetRef="join"><conditionExpression>${a}</conditionExpression></sequenceFlow>
		<parallelGateway id="join"/>`+flow("join", "e")+`<endEvent id="e"/>`)
	require.Equal(t, "split-join", p.Flows[node(t, p, "split").Default].ID)
}
