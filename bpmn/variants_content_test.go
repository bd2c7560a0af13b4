package bpmn_test

import (
	"strings"
	"testing"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// of puts extension elements in an element.
func of(element, extensions string) string { return extended(element, extensions) }

func mi(content string) string {
	return `<task id="x"><multiInstanceLoopCharacteristics>` + content + `</multiInstanceLoopCharacteristics></task>`
}

func TestEveryWayToBreakAContentIsFound(t *testing.T) {
	t.Parallel()
	io := func(parameter string) string {
		return of(`<task id="x"/>`, `<camunda:inputOutput><camunda:inputParameter name="a">`+parameter+`</camunda:inputParameter></camunda:inputOutput>`)
	}
	cases := map[string]struct{ elements, code, element, message string }{
		"a shell":                  {`<serviceTask id="x" flowable:type="shell"/>`, "unsupported-extension", "x", `the type "shell"`},
		"a case":                   {`<serviceTask id="x" flowable:type="case" flowable:caseDefinitionKey="k"/>`, "unsupported-extension", "x", "caseDefinitionKey"},
		"a method":                 {`<serviceTask id="x" flowable:delegateExpression="${beans.find('a')}"/>`, "unsupported-extension", "x", "only the name of a delegate"},
		"a worker of nothing":      {`<serviceTask id="x" camunda:type="external"/>`, "service", "x", "has no topic"},
		"a call of nowhere":        {`<serviceTask id="x" flowable:type="http"/>`, "service", "x", "requestUrl"},
		"an unknown field":         {of(`<serviceTask id="x" flowable:type="http"/>`, `<flowable:field name="requestUrl" stringValue="a"/><flowable:field name="url"/>`), "service", "x", `"url", which is not known; there are: requestMethod`},
		"a field of a call":        {of(`<serviceTask id="x" flowable:type="mail"/>`, `<flowable:field name="requestUrl" stringValue="a"/>`), "service", "x", "there are: to, cc"},
		"a mail to nobody":         {`<serviceTask id="x" flowable:type="mail"/>`, "service", "x", "to, cc or bcc"},
		"a decision of nothing":    {`<serviceTask id="x" flowable:type="dmn"/>`, "service", "x", "decisionTableReferenceKey"},
		"a field twice":            {of(`<serviceTask id="x" flowable:class="A"/>`, `<flowable:field name="a"/><flowable:field name="a"/>`), "service", "x", "twice"},
		"a nameless field":         {of(`<serviceTask id="x" flowable:class="A"/>`, `<flowable:field stringValue="a"/>`), "service", "x", "no name"},
		"a field in a user task":   {of(`<userTask id="x"/>`, `<flowable:field name="a"/>`), "unsupported-extension", "x", "flowable:field"},
		"too long a limit":         {`<serviceTask id="x" flowable:class="A" flowable:timeout="P400D"/>`, "service", "x", "at most a year"},
		"retries by a list":        {of(`<serviceTask id="x" flowable:class="A"/>`, `<camunda:failedJobRetryTimeCycle>PT1M,PT5M</camunda:failedJobRetryTimeCycle>`), "service", "x", "R<times>/<duration>"},
		"an error without a code":  {of(`<serviceTask id="x" flowable:class="A"/>`, `<flowable:mapException>B</flowable:mapException>`), "service", "x", "no errorCode"},
		"a job of nothing":         {of(`<serviceTask id="x"/>`, `<zeebe:taskDefinition/>`), "service", "x", "no type"},
		"a computed job":           {of(`<serviceTask id="x"/>`, `<zeebe:taskDefinition type="=kind"/>`), "bad-expression", "x", "fixed text"},
		"a connector":              {of(`<serviceTask id="x"/>`, `<camunda:connector/>`), "unsupported-extension", "x", "camunda:connector"},
		"a web service":            {`<serviceTask id="x" operationRef="op"/>`, "missing-implementation", "x", "is a web service"},
		"a send of nothing":        {`<sendTask id="x"/>`, "missing-implementation", "x", "neither a messageRef"},
		"a rule of nothing":        {`<businessRuleTask id="x"/>`, "missing-implementation", "x", "no implementation"},
		"Python":                   {`<scriptTask id="x" scriptFormat="python"><script>1</script></scriptTask>`, "script", "x", `the format "python"`},
		"no format":                {`<scriptTask id="x"><script>1</script></scriptTask>`, "script", "x", "without scriptFormat"},
		"no script":                {`<scriptTask id="x" scriptFormat="javascript"/>`, "script", "x", "has no script"},
		"a bad script":             {`<scriptTask id="x" scriptFormat="juel"><script>${</script></scriptTask>`, "bad-expression", "x", "script of"},
		"stored variables":         {`<scriptTask id="x" scriptFormat="juel" flowable:autoStoreVariables="true"><script>${1}</script></scriptTask>`, "unsupported-extension", "x", "autoStoreVariables"},
		"a call of nothing":        {`<callActivity id="x"/>`, "call", "x", "no calledElement"},
		"a called case":            {`<callActivity id="x" camunda:caseRef="k"/>`, "unsupported-extension", "x", "caseRef"},
		"a call by id":             {`<callActivity id="x" calledElement="a" flowable:calledElementType="id"/>`, "call", "x", "called by key"},
		"a binding of some kind":   {`<callActivity id="x" calledElement="a" camunda:calledElementBinding="versionTag"/>`, "call", "x", "versionTag"},
		"a version of no number":   {`<callActivity id="x" calledElement="a" camunda:calledElementBinding="version"/>`, "call", "x", "no calledElementVersion"},
		"a local variable":         {of(`<callActivity id="x" calledElement="a"/>`, `<camunda:in source="a" target="b" local="true"/>`), "unsupported-extension", "x", "is local"},
		"a computed target":        {of(`<callActivity id="x" calledElement="a"/>`, `<flowable:out source="a" targetExpression="${b}"/>`), "unsupported-extension", "x", "targetExpression"},
		"no source":                {of(`<callActivity id="x" calledElement="a"/>`, `<flowable:in target="b"/>`), "mapping", "x", "no source"},
		"no target":                {of(`<callActivity id="x" calledElement="a"/>`, `<flowable:in sourceExpression="${b}"/>`), "mapping", "x", "no target"},
		"no variable":              {of(`<callActivity id="x" calledElement="a"/>`, `<flowable:in source="a b" target="c"/>`), "bad-expression", "x", "name of a variable"},
		"a received payload":       {`<intermediateCatchEvent id="x"><messageEventDefinition messageRef="m"><extensionElements><flowable:in source="a"/></extensionElements></messageEventDefinition></intermediateCatchEvent>`, "unsupported-extension", "x", "where something is thrown"},
		"an unknown parameter":     {io(`<camunda:set/>`), "mapping", "x", "neither a script"},
		"a list of something":      {io(`<camunda:list><camunda:entry/></camunda:list>`), "mapping", "x", "values and scripts"},
		"a map of something":       {io(`<camunda:map><camunda:value/></camunda:map>`), "mapping", "x", "entries with a key"},
		"a script elsewhere":       {io(`<camunda:script scriptFormat="juel" resource="a.js"/>`), "unsupported-extension", "x", "the resource"},
		"a script of no language":  {io(`<camunda:script>a</camunda:script>`), "script", "x", "no scriptFormat"},
		"a nested target":          {of(`<task id="x"/>`, `<zeebe:ioMapping><zeebe:input source="a" target="b.c"/></zeebe:ioMapping>`), "mapping", "x", `"b.c"`},
		"a negative number":        {mi(`<loopCardinality>-1</loopCardinality>`), "loop", "x", `"-1"`},
		"a number in words":        {mi(`<loopCardinality>three</loopCardinality>`), "loop", "x", "whole number"},
		"no number":                {mi(`<loopCardinality/>`), "bad-expression", "x", "it is empty"},
		"two numbers":              {mi(`<loopCardinality>3</loopCardinality><loopDataInputRef>a</loopDataInputRef>`), "loop", "x", "both"},
		"two markers":              {`<task id="x"><standardLoopCharacteristics/><multiInstanceLoopCharacteristics/></task>`, "loop", "x", "more than one loop marker"},
		"one of them":              {strings.Replace(mi(`<loopCardinality>3</loopCardinality>`), "tics>", `tics behavior="One">`, 1), "loop", "x", `"One"`},
		"no result":                {mi(`<loopCardinality>3</loopCardinality><loopDataOutputRef>a</loopDataOutputRef>`), "loop", "x", "no outputDataItem"},
		"at most nothing":          {`<task id="x"><standardLoopCharacteristics loopMaximum="0"/></task>`, "loop", "x", "above 0"},
		"a gathering of nothing":   {mi(`<extensionElements><flowable:variableAggregation target="a"><variable/></flowable:variableAggregation></extensionElements><loopCardinality>3</loopCardinality>`), "loop", "x", "no target"},
		"a gathering by code":      {mi(`<extensionElements><flowable:variableAggregation target="a" class="A"/></extensionElements><loopCardinality>3</loopCardinality>`), "unsupported-extension", "x", "class"},
		"a gathering to nowhere":   {mi(`<extensionElements><flowable:variableAggregation/></extensionElements><loopCardinality>3</loopCardinality>`), "loop", "x", "name of a variable"},
		"a complex behaviour":      {mi(`<loopCardinality>3</loopCardinality><complexBehaviorDefinition/>`), "unsupported-element", "x", "complexBehaviorDefinition"},
		"a number of no type":      {`<dataObject id="x" itemSubjectRef="xsd:int"><extensionElements><flowable:value>x</flowable:value></extensionElements></dataObject>`, "data-object", "x", "is not a int"},
		"a date of no type":        {`<dataObject id="x" itemSubjectRef="xsd:datetime"><extensionElements><flowable:value>x</flowable:value></extensionElements></dataObject>`, "data-object", "x", "is not a datetime"},
		"an object of JSON":        {`<dataObject id="x" itemSubjectRef="xsd:json"><extensionElements><flowable:value>{}</flowable:value></extensionElements></dataObject>`, "data-object", "x", "list or object"},
		"no JSON":                  {`<dataObject id="x" itemSubjectRef="xsd:json"><extensionElements><flowable:value>{</flowable:value></extensionElements></dataObject>`, "data-object", "x", "is not JSON"},
		"unknown data":             {`<task id="x"><dataInputAssociation><sourceRef>a</sourceRef><targetRef>s</targetRef></dataInputAssociation></task>`, "data-association", "x", "no data of the process"},
		"two sources":              {`<task id="x"><dataInputAssociation><sourceRef>a</sourceRef><sourceRef>b</sourceRef><targetRef>c</targetRef></dataInputAssociation></task>`, "data-association", "x", "more than one source"},
		"half an assignment":       {`<task id="x"><dataInputAssociation><assignment><from>${a}</from></assignment></dataInputAssociation></task>`, "data-association", "x", "no from or no to"},
		"an assignment to nothing": {`<task id="x"><dataInputAssociation><assignment><from>${a}</from><to>${b.c}</to></assignment></dataInputAssociation></task>`, "data-association", "x", "name of a variable"},
		"an assignment of text":    {`<task id="x"><dataInputAssociation><assignment><from>"a"</from><to>b</to></assignment></dataInputAssociation></task>`, "bad-expression", "x", "text without"},
		"a data store":             {`<dataStoreReference id="d"/><dataObject id="o"/><task id="x"><dataInputAssociation><sourceRef>d</sourceRef><targetRef>o</targetRef></dataInputAssociation></task>`, "data-association", "x", "data store"},
		"a form that computes":     {of(`<userTask id="x"/>`, `<flowable:formProperty id="a" expression="${b}"/>`), "unsupported-extension", "a", "forms only describe"},
		"a form with a default":    {of(`<userTask id="x"/>`, `<camunda:formData><camunda:formField id="a" defaultValue="1"/></camunda:formData>`), "unsupported-extension", "a", "defaultValue"},
		"a skipped manual task":    {`<manualTask id="x" flowable:skipExpression="${a}"/>`, "unsupported-extension", "x", "skipExpression"},
		"a cycle with a bad end":   {`<intermediateCatchEvent id="x"><timerEventDefinition><timeCycle flowable:endDate="soon">R/P1D</timeCycle></timerEventDefinition></intermediateCatchEvent>`, "timer-definition", "x", "endDate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := strings.Replace(string(inProcess(c.elements)), opening, strings.TrimSuffix(opening, ">")+xCamunda+`><message id="m" name="M"/>`, 1)
			_, findings := bpmn.Compile([]byte(source))
			requireFinding(t, findings, c.code, c.element, c.message)
		})
	}
}
