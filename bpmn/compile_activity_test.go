package bpmn_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

const xCamunda = ` xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"`

// taskOf compiles a process with one activity, "x".
func taskOf(t *testing.T, element string) bpmn.Node {
	t.Helper()
	element = strings.Replace(element, `id="x"`, `id="x"`+xCamunda, 1)
	return node(t, programOf(t, roots, `<startEvent id="s"/>`+flow("s", "x")+element+flow("x", "e")+`<endEvent id="e"/>`), "x")
}

func extended(element, extensions string) string {
	name, _, _ := strings.Cut(element[1:], " ")
	return strings.Replace(element, "/>", "><extensionElements>"+extensions+"</extensionElements></"+name+">", 1)
}

func TestServicesKeepWhatTheyDo(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		element string
		want    bpmn.Service // without templates
		texts   string       // expression, topic, decision
	}{
		"an expression":         {`<serviceTask id="x" flowable:expression="${a}" flowable:resultVariable="r" flowable:useLocalScopeForResultVariable="true"/>`, bpmn.Service{Kind: bpmn.ServiceExpression, ResultVariable: "r", ResultLocal: true}, "${a}"},
		"a class":               {`<serviceTask id="x" flowable:class="org.example.Post"/>`, bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "org.example.Post"}, ""},
		"a bean":                {`<sendTask id="x" flowable:delegateExpression="${ poster }"/>`, bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "poster"}, ""},
		"another bean":          {`<serviceTask id="x" camunda:delegateExpression="#{poster}"/>`, bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "poster"}, ""},
		"an external worker":    {`<serviceTask id="x" camunda:type="external" camunda:topic="post"/>`, bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "post"}, "post"},
		"another one":           {`<serviceTask id="x" flowable:type="external-worker" flowable:topic="post"/>`, bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "post"}, "post"},
		"a decision":            {`<businessRuleTask id="x" camunda:decisionRef="rate" camunda:resultVariable="r"/>`, bpmn.Service{Kind: bpmn.ServiceDecision, ResultVariable: "r"}, "rate"},
		"a decision in a field": {extended(`<serviceTask id="x" flowable:type="dmn"/>`, `<flowable:field name="decisionTableReferenceKey" stringValue="rate"/>`), bpmn.Service{Kind: bpmn.ServiceDecision}, "rate"},
		"a limit":               {`<serviceTask id="x" flowable:class="A" flowable:timeout="PT1M30S"/>`, bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "A", Timeout: 90 * time.Second}, ""},
		"a job type":            {extended(`<serviceTask id="x"/>`, `<zeebe:taskDefinition type="=&quot;post&quot;" retries="=5"/>`), bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "post", Retries: 5}, "post"},
		"a called decision":     {extended(`<businessRuleTask id="x"/>`, `<zeebe:calledDecision decisionId="=rate" resultVariable="r"/>`), bpmn.Service{Kind: bpmn.ServiceDecision, ResultVariable: "r"}, "${rate}"},
		"retries":               {extended(`<serviceTask id="x" flowable:class="A"/>`, `<flowable:failedJobRetryTimeCycle>R3/PT10M</flowable:failedJobRetryTimeCycle>`), bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "A", Retries: 3, RetryInterval: 10 * time.Minute}, ""},
		"any error": {extended(`<serviceTask id="x" flowable:class="A"/>`, `<flowable:mapException errorCode="E"/><flowable:mapException errorCode="F">java.lang.Exception</flowable:mapException>
			<flowable:mapException errorCode="G">Gone</flowable:mapException><flowable:mapException errorCode="H" includeChildExceptions="true"> java.lang.RuntimeException </flowable:mapException>`), bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "A", Errors: []bpmn.ErrorMapping{{Type: "Gone", Code: "G"}, {Code: "H"}, {Code: "F"}, {Code: "E"}}}, ""},
		"errors": {extended(`<serviceTask id="x" flowable:class="A"/>`, `<flowable:mapException errorCode="E">org.example.Gone</flowable:mapException><flowable:mapException errorCode="F"/>`), bpmn.Service{Kind: bpmn.ServiceDelegate, Activity: "A", Errors: []bpmn.ErrorMapping{{Type: "org.example.Gone", Code: "E"}, {Code: "F"}}}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := *taskOf(t, c.element).Service
			var texts []string
			for _, text := range []**bpmn.Template{&got.Expression, &got.Topic, &got.Decision} {
				if *text != nil {
					texts = append(texts, (*text).Source())
				}
				*text = nil
			}
			if c.want.Retries == 0 {
				c.want.Retries = -1
			}
			got.Fields = nil
			require.Equal(t, c.want, got)
			require.Equal(t, c.texts, strings.Join(texts, " "))
		})
	}
}

func TestTheBuiltInServicesKeepTheirFields(t *testing.T) {
	t.Parallel()
	http := taskOf(t, extended(`<serviceTask id="x" flowable:type="http"/>`, `
		<flowable:field name="requestUrl"><flowable:expression>https://example.org/${id}</flowable:expression></flowable:field>
		<flowable:field name="requestBody"><flowable:string>{"a": "${id}"}</flowable:string></flowable:field>
		<flowable:field name="requestMethod" stringValue="POST"/><flowable:field name="requestBodyEncoding"/>`)).Service
	require.Equal(t, bpmn.ServiceHTTP, http.Kind)
	require.Equal(t, `requestUrl=https://example.org/${id} requestBody={"a": "\${id}"} requestMethod=POST requestBodyEncoding=null`, mappings(http.Fields))
	require.True(t, http.Fields[1].Value.Text.IsLiteral(), "a text is no expression")
	mail := taskOf(t, extended(`<sendTask id="x" flowable:type="mail"/>`, `<flowable:field name="to" expression="${owner}"/>`)).Service
	require.Equal(t, bpmn.ServiceMail, mail.Kind)
	require.Equal(t, "to=${owner}", mappings(mail.Fields))
}

func TestTasksThatSendReceiveAndDoNothing(t *testing.T) {
	t.Parallel()
	send := taskOf(t, `<sendTask id="x" messageRef="m" operationRef="op"/>`)
	require.Equal(t, []any{"Order ${id}", (*bpmn.Service)(nil)}, []any{source(send.Message), send.Service})
	receive := taskOf(t, `<receiveTask id="x" messageRef="m" flowable:correlationKey="${id}"/>`)
	require.Equal(t, []string{"Order ${id}", "${id}"}, []string{source(receive.Message), source(receive.MessageKey)})
	require.Nil(t, taskOf(t, `<receiveTask id="x"/>`).Message)
	require.Equal(t, bpmn.ManualTask, taskOf(t, `<manualTask id="x"/>`).Kind)
	require.Equal(t, bpmn.Task, taskOf(t, `<task id="x"/>`).Kind)
}

func TestScriptsKeepTheirFormat(t *testing.T) {
	t.Parallel()
	juel := taskOf(t, `<scriptTask id="x" scriptFormat="JUEL" flowable:resultVariable="r"><script> ${a + 1} </script></scriptTask>`).Script
	require.Equal(t, []any{bpmn.ScriptJUEL, "${a + 1}", "r"}, []any{juel.Format, source(juel.Expression), juel.ResultVariable})
	for _, format := range []string{"javascript", "JavaScript", "js", "ecmascript"} {
		script := taskOf(t, `<scriptTask id="x" scriptFormat="`+format+`"><script>a = 1</script></scriptTask>`).Script
		require.Equal(t, []any{bpmn.ScriptJavaScript, "a = 1"}, []any{script.Format, script.Source})
		require.Nil(t, script.Expression)
	}
}

func TestBareTextsNeedTheirOptions(t *testing.T) {
	t.Parallel()
	model := []byte(in(`<process id="p"><startEvent id="s"/>` + flow("s", "x") + `<scriptTask id="x"><multiInstanceLoopCharacteristics>
		<loopCardinality>count</loopCardinality><completionCondition>done</completionCondition></multiInstanceLoopCharacteristics>
		<script>RUN</script></scriptTask>` + flow("x", "e") + `<endEvent id="e"/></process>`))
	_, findings := bpmn.Compile(model)
	require.ElementsMatch(t, []string{"script", "loop", "bad-expression"}, codesOf(findings))
	programs, findings := bpmn.CompileWith(model, bpmn.Options{BareScripts: true, BareExpressions: true})
	require.Empty(t, findings)
	x := node(t, programs[0], "x")
	require.Equal(t, []any{bpmn.ScriptBare, "RUN"}, []any{x.Script.Format, x.Script.Source})
	require.False(t, x.Loop.Cardinality.IsLiteral())
	require.False(t, x.Loop.Completion.IsLiteral())
}

func TestCallsKeepWhatTheyCall(t *testing.T) {
	t.Parallel()
	c := taskOf(t, extended(`<callActivity id="x" calledElement="${kind}" flowable:businessKey="${key}" flowable:inheritVariables="true" flowable:sameDeployment="true"/>`,
		`<flowable:in source="a" target="b"/><flowable:in sourceExpression="${a}-${c}" target="d"/><flowable:out source="r"/>`)).Call
	require.Equal(t, []any{"${kind}", "${key}", true, false, bpmn.BindDeployment}, []any{source(c.Element), source(c.BusinessKey), c.AllIn, c.AllOut, c.Binding})
	require.Equal(t, []string{"b=${a} d=${a}-${c}", "r=${r}"}, []string{mappings(c.In), mappings(c.Out)})
	c = taskOf(t, extended(`<callActivity id="x" calledElement="review" camunda:calledElementBinding="version" camunda:calledElementVersion="3"/>`,
		`<camunda:in businessKey="#{execution.processBusinessKey}"/><camunda:in variables="all"/><camunda:out variables="all"/>`)).Call
	require.Equal(t, []any{bpmn.BindVersion, "3", true, true}, []any{c.Binding, source(c.Version), c.AllIn, c.AllOut})
	require.Equal(t, "#{execution.processBusinessKey}", source(c.BusinessKey))
	c = taskOf(t, `<callActivity id="x" calledElement="review" flowable:inheritBusinessKey="true"/>`).Call
	require.Equal(t, []any{bpmn.BindLatest, true, false}, []any{c.Binding, c.InheritKey, c.AllIn})
	c = taskOf(t, extended(`<callActivity id="x"/>`, `<zeebe:calledElement processId="review" propagateAllChildVariables="false"/>`)).Call
	require.Equal(t, []any{"review", true, false}, []any{source(c.Element), c.AllIn, c.AllOut})
}

func TestLoopsKeepHowTheyRepeat(t *testing.T) {
	t.Parallel()
	loop := func(marker string) *bpmn.Loop {
		return taskOf(t, `<task id="x">`+marker+`</task>`).Loop
	}
	l := loop(`<standardLoopCharacteristics testBefore="true" loopMaximum="5"><loopCondition>${again}</loopCondition></standardLoopCharacteristics>`)
	require.Equal(t, []any{bpmn.LoopStandard, "${again}", true, 5}, []any{l.Kind, source(l.Condition), l.TestBefore, l.Maximum})
	l = loop(`<multiInstanceLoopCharacteristics isSequential="true" behavior="All"><loopCardinality>3</loopCardinality><completionCondition>${nrOfCompletedInstances > 1}</completionCondition></multiInstanceLoopCharacteristics>`)
	require.Equal(t, []any{bpmn.LoopSequential, "3", "${nrOfCompletedInstances > 1}"}, []any{l.Kind, source(l.Cardinality), source(l.Completion)})
	for _, name := range []string{"people", "${people}"} {
		l = loop(`<multiInstanceLoopCharacteristics flowable:collection="` + name + `" flowable:elementVariable="person" flowable:elementIndexVariable="i"/>`)
		require.Equal(t, []any{bpmn.LoopParallel, "${people}", "person", "i"}, []any{l.Kind, source(l.Collection), l.ElementVariable, l.IndexVariable})
	}
	l = loop(`<multiInstanceLoopCharacteristics><loopDataInputRef>people</loopDataInputRef><loopDataOutputRef>answers</loopDataOutputRef>
		<inputDataItem name="person"/><outputDataItem name="answer"/></multiInstanceLoopCharacteristics>`)
	require.Equal(t, []string{"${people}", "person", "answers", "${answer}"}, []string{source(l.Collection), l.ElementVariable, l.OutputCollection, source(l.OutputElement)})
	l = loop(`<multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="=people" inputElement="person" outputCollection="answers" outputElement="=answer.text"/></extensionElements></multiInstanceLoopCharacteristics>`)
	require.Equal(t, []string{"${people}", "person", "answers", "${answer.text}"}, []string{source(l.Collection), l.ElementVariable, l.OutputCollection, source(l.OutputElement)})
	l = loop(`<multiInstanceLoopCharacteristics flowable:collection="people"><extensionElements><flowable:variableAggregation target="reviews">
		<variable source="approved"/><variable sourceExpression="${score + 1}" target="points"/></flowable:variableAggregation></extensionElements></multiInstanceLoopCharacteristics>`)
	require.Equal(t, []string{"reviews", "approved=${approved} points=${score + 1}"}, []string{l.Aggregations[0].Target, mappings(l.Aggregations[0].Fields)})
}

func TestMappingsKeepListsMapsAndScripts(t *testing.T) {
	t.Parallel()
	x := taskOf(t, extended(`<task id="x"/>`, `<camunda:inputOutput>
		<camunda:inputParameter name="text">Case ${id}</camunda:inputParameter><camunda:inputParameter name="nothing"/>
		<camunda:inputParameter name="list"><camunda:list><camunda:value>1</camunda:value><camunda:script scriptFormat="juel">${b}</camunda:script></camunda:list></camunda:inputParameter>
		<camunda:inputParameter name="map"><camunda:map><camunda:entry key="k">${c}</camunda:entry><camunda:entry key="l"><camunda:list/></camunda:entry></camunda:map></camunda:inputParameter>
		<camunda:outputParameter name="out"><camunda:script scriptFormat="javascript">1 + 1</camunda:script></camunda:outputParameter></camunda:inputOutput>`))
	require.Equal(t, `text=Case ${id} nothing=null list=[1 juel:${b}] map={k=${c} l=[]}`, mappings(x.Inputs))
	require.Equal(t, `out=javascript:1 + 1`, mappings(x.Outputs))
	z := taskOf(t, extended(`<task id="x"/>`, `<zeebe:ioMapping><zeebe:input source="=order.id" target="id"/><zeebe:output source="done" target="status"/></zeebe:ioMapping>`))
	require.Equal(t, []string{"id=${order.id}", "status=done"}, []string{mappings(z.Inputs), mappings(z.Outputs)})
}

func TestDataAssociationsCopy(t *testing.T) {
	t.Parallel()
	p := programOf(t, `<itemDefinition id="text" structureRef="xsd:string"/>`, body+`<dataObject id="o" name="letter" itemSubjectRef="text"/><dataObjectReference id="r" dataObjectRef="o"/>`+flow("s", "x")+`
		<task id="x"><ioSpecification><dataInput id="i1" name="Data Input"/><dataOutput id="o1" name="result"/>
		<inputSet><dataInputRefs>i1</dataInputRefs></inputSet><outputSet><dataOutputRefs>o1</dataOutputRefs></outputSet></ioSpecification>
		<dataInputAssociation><sourceRef>r</sourceRef><targetRef>i1</targetRef></dataInputAssociation>
		<dataInputAssociation><targetRef>i1</targetRef><assignment><from>${1 + 1}</from><to>${two}</to></assignment></dataInputAssociation>
		<dataInputAssociation><sourceRef>r</sourceRef></dataInputAssociation>
		<dataOutputAssociation><sourceRef>o1</sourceRef><targetRef>r</targetRef></dataOutputAssociation></task>`)
	x := node(t, p, "x")
	require.Equal(t, []string{"i1=${letter} two=${1 + 1}", "letter=${result}"}, []string{mappings(x.Inputs), mappings(x.Outputs)})
	require.Equal(t, []bpmn.DataObject{{ID: "o", Name: "letter", Type: "string"}}, p.Root.Objects)
}

func TestDataObjectsBeginWithValuesOfTheirType(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ xsd, text, want string }{
		"text": {"string", "${a}", `\${a}`}, "a number": {"int", "5", "${5}"}, "a fraction": {"double", "1.50", "${1.50}"},
		"a truth": {"boolean", "true", "${true}"}, "a date": {"datetime", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"},
		"nothing said": {"", "x", "x"}, "JSON": {"json", "null", "${null}"},
	}
	for name, c := range cases {
		p := programOf(t, "", body+`<dataObject id="o" name="v" itemSubjectRef="xsd:`+c.xsd+`"><extensionElements><flowable:value>`+c.text+`</flowable:value></extensionElements></dataObject>`)
		require.Equal(t, c.want, value(*p.Root.Objects[0].Value), name)
		require.Equal(t, c.xsd, p.Root.Objects[0].Type, name)
	}
}

func TestOfFEELOnlyWhatReadsTheSameIsTaken(t *testing.T) {
	t.Parallel()
	for text, accepted := range map[string]bool{
		`=a`: true, `= a.b`: true, `="x"`: true, `=[1, "a", b.c]`: true, `=-1.5`: true, `=true`: true,
		`=a = 1`: false, `=a[1]`: false, `=if a then b else c`: false, `=f(a)`: false, `=`: false, `="a\n"`: false,
	} {
		source := strings.ReplaceAll(text, `"`, "&quot;")
		_, findings := bpmn.Compile([]byte(in(`<process id="p">` + body + `<task id="x" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"><extensionElements><zeebe:ioMapping>
			<zeebe:input source="` + source + `" target="v"/></zeebe:ioMapping></extensionElements></task></process>`)))
		require.Equal(t, accepted, !findings.HasErrors(), "%s: %v", text, findings)
	}
}

func TestPeopleOfCamunda8AreRead(t *testing.T) {
	t.Parallel()
	h := taskOf(t, extended(`<userTask id="x"/>`, `<zeebe:assignmentDefinition assignee="=owner" candidateGroups="A, B" candidateUsers="=users"/>
		<zeebe:formDefinition formKey="form"/><zeebe:taskSchedule dueDate="=due"/><zeebe:priorityDefinition priority="70"/>`)).Human
	require.Equal(t, []string{"${owner}", "A | B", "${users}", "form", "${due}", "70"}, []string{
		source(h.Assignee), sources(h.CandidateGroups), sources(h.CandidateUsers), source(h.FormKey), source(h.DueDate), source(h.Priority),
	})
}

func TestListenersAreExpressionsOrDelegates(t *testing.T) {
	t.Parallel()
	task := taskOf(t, extended(`<userTask id="x"/>`, `
		<flowable:executionListener event="start" expression="${a}"/>
		<flowable:executionListener event="start" class="org.example.A"><flowable:field name="to"><flowable:expression>${b}</flowable:expression></flowable:field></flowable:executionListener>
		<flowable:executionListener event="end" delegateExpression="#{ bean }"/>
		<flowable:executionListener event="end" type="script"><flowable:script scriptFormat="juel">${c}</flowable:script></flowable:executionListener>
		<flowable:taskListener event="all" class="org.example.B"/><flowable:taskListener event="create" expression="${d}"/>`))
	var does []string
	for _, l := range slices.Concat(task.Start, task.End) {
		does = append(does, what(l))
	}
	require.Equal(t, []string{"${a}", "org.example.A", "bean", "${c}"}, does)
	require.Equal(t, "to", task.Start[1].Delegate.Fields[0].Target)
	require.Equal(t, "${b}", task.Start[1].Delegate.Fields[0].Value.Text.Source())
	require.True(t, bpmn.CallsDelegate(task.End))
	require.False(t, bpmn.CallsDelegate(task.Start[:1]))
	var events []string
	for _, l := range task.Human.Listeners {
		events = append(events, string(l.Event)+" "+what(l.Listener))
	}
	require.Equal(t, []string{"create org.example.B", "assignment org.example.B", "complete org.example.B", "delete org.example.B", "create ${d}"}, events)
}

// what says what a listener does.
func what(l bpmn.Listener) string {
	if l.Delegate != nil {
		return l.Delegate.Activity
	}
	return l.Expr.Source()
}

func TestALoopThatWaitsForAListenerEnds(t *testing.T) {
	t.Parallel()
	loop := func(ofTask, ofFlow string) bpmn.Diagnostics {
		_, findings := bpmn.Compile(inProcess(`<exclusiveGateway id="x"/>` + flow("t", "x") + flow("x", "m") + `<manualTask id="m">` + ofTask + `</manualTask>
			<sequenceFlow id="back" sourceRef="m" targetRef="x">` + ofFlow + `</sequenceFlow>`))
		return findings
	}
	listener := func(event, does string) string {
		return `<extensionElements><flowable:executionListener event="` + event + `" ` + does + `/></extensionElements>`
	}
	requireFinding(t, loop("", ""), "endless-loop", "x", "never ends")
	requireFinding(t, loop(listener("end", `expression="${a}"`), ""), "endless-loop", "x", "never ends")
	require.Empty(t, loop(listener("end", `class="A"`), ""))
	require.Empty(t, loop("", listener("take", `class="A"`)))
}
