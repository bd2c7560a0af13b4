package bpmn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// inProcess puts elements beside a start, a task and an end.
func inProcess(elements string) []byte {
	return []byte(opening + `<process id="p">
		<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
		<userTask id="t" flowable:candidateGroups="G"/><sequenceFlow id="g" sourceRef="t" targetRef="e"/><endEvent id="e"/>` +
		elements + `</process></definitions>`)
}

// timer is a boundary event with the given definition.
func timer(definition string) string {
	return `<boundaryEvent id="b" attachedToRef="t">` + definition + `</boundaryEvent><sequenceFlow id="h" sourceRef="b" targetRef="e"/>`
}

func timerOf(value string) string {
	return timer("<timerEventDefinition>" + value + "</timerEventDefinition>")
}

func TestEveryWayToBreakARuleIsFound(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ elements, code, element, message string }{
		"no attachment":              {strings.Replace(timerOf("<timeDuration>P1D</timeDuration>"), ` attachedToRef="t"`, "", 1), "boundary-attachment", "b", "no attachedToRef"},
		"attached to an event":       {strings.Replace(timerOf("<timeDuration>P1D</timeDuration>"), `="t"`, `="e"`, 1), "boundary-attachment", "b", "not an activity"},
		"attached to itself":         {strings.Replace(timerOf("<timeDuration>P1D</timeDuration>"), `="t"`, `="b"`, 1), "boundary-attachment", "b", "not an activity"},
		"no definition":              {timer(""), "event-definition", "b", "no event definition"},
		"two definitions":            {timer("<timerEventDefinition><timeDate>2026-01-01</timeDate></timerEventDefinition><timerEventDefinition/>"), "timer-definition", "b", "no timeDuration"},
		"a misplaced definition":     {timer("<terminateEventDefinition/>"), "event-definition", "b", "no meaning there"},
		"no value":                   {timerOf(""), "timer-definition", "b", "no timeDuration"},
		"two values":                 {timerOf("<timeDate>2026-01-01</timeDate><timeDuration>P1D</timeDuration>"), "timer-definition", "b", "more than one value"},
		"an empty value":             {timerOf("<timeDuration> </timeDuration>"), "timer-definition", "b", "is empty"},
		"a date that is none":        {timerOf("<timeDate>P1D</timeDate>"), "timer-definition", "b", "date-time"},
		"a cycle":                    {timerOf("<timeCycle>R3</timeCycle>"), "timer-definition", "b", "timeCycle"},
		"a timer without a flow":     {`<boundaryEvent id="b" attachedToRef="t"><timerEventDefinition><timeDate>2026-01-01</timeDate></timerEventDefinition></boundaryEvent>`, "boundary-flows", "b", "no outgoing flow"},
		"a flow from nowhere":        {`<sequenceFlow id="x" targetRef="e"/>`, "dangling-flow", "x", "no sourceRef"},
		"a flow between processes":   {`<sequenceFlow id="x" sourceRef="t" targetRef="p"/>`, "dangling-flow", "x", "not a node"},
		"a flow to a flow":           {`<sequenceFlow id="x" sourceRef="t" targetRef="f"/>`, "dangling-flow", "x", "not a node"},
		"a default of a join":        {`<parallelGateway id="x" default="f"/>`, "default-flow", "x", "only exclusive, inclusive and complex"},
		"a default that is no flow":  {`<exclusiveGateway id="x" default="y"/>`, "default-flow", "x", "not one of its outgoing"},
		"two conditions":             {`<sequenceFlow id="x" sourceRef="t" targetRef="e"><conditionExpression>${a}</conditionExpression><conditionExpression>${b}</conditionExpression></sequenceFlow>`, "bad-expression", "x", "a condition already"},
		"an empty condition":         {`<sequenceFlow id="x" sourceRef="t" targetRef="e"><conditionExpression/></sequenceFlow>`, "bad-expression", "x", "it is empty"},
		"a bad group":                {`<userTask id="x" flowable:candidateGroups="A,${b"/>`, "bad-expression", "x", "at 1:4: the closing } is missing"},
		"a bad form key":             {`<userTask id="x" flowable:formKey="${1 +}"/>`, "bad-expression", "x", "formKey of"},
		"a loop through a gateway":   {`<exclusiveGateway id="x"/><sequenceFlow id="y" sourceRef="x" targetRef="x"/>`, "endless-loop", "x", "x → x"},
		"a listener that computes":   {`<userTask id="x"><extensionElements><flowable:executionListener event="end" delegateExpression="${a.b()}"/></extensionElements></userTask>`, "unsupported-extension", "x", "only the name of a delegate"},
		"a sub-process":              {`<subProcess id="x"><endEvent id="y"/></subProcess>`, "no-start-event", "x", `subProcess "x" has no start event`},
		"an invented element":        {`<surpriseTask id="x"/>`, "unsupported-element", "x", "surpriseTask"},
		"a repetition":               {`<userTask id="x"><multiInstanceLoopCharacteristics/></userTask>`, "loop", "x", "neither a loopCardinality"},
		"an element without a space": {`<y xmlns=""/>`, "unsupported-element", "p", "no namespace"},
		"an unknown listener":        {`<startEvent id="x"><extensionElements><flowable:taskListener event="create" expression="a"/></extensionElements></startEvent>`, "listener", "x", "not supported there"},
		"a listener of no event":     {`<userTask id="x"><extensionElements><flowable:taskListener expression="a"/></extensionElements></userTask>`, "listener", "x", "without event"},
		"a listener with a script":   {`<userTask id="x"><extensionElements><flowable:taskListener event="all"><flowable:script/></flowable:taskListener></extensionElements></userTask>`, "listener", "x", "a script in the format"},
		"a listener with two things": {`<userTask id="x"><extensionElements><flowable:taskListener event="all" class="A" expression="${a}"/></extensionElements></userTask>`, "listener", "x", "class and expression"},
		"a field without a delegate": {`<userTask id="x"><extensionElements><flowable:taskListener event="all" expression="${a}"><flowable:field name="b"/></flowable:taskListener></extensionElements></userTask>`, "listener", "x", "with field"},
		"a field without a name":     {`<userTask id="x"><extensionElements><flowable:taskListener event="all" class="A"><flowable:field/></flowable:taskListener></extensionElements></userTask>`, "service", "x", "no name"},
		"no implementation":          {`<serviceTask id="x" implementation="##WebService"/>`, "missing-implementation", "x", "no implementation"},
		"an unknown foreign element": {`<x:y xmlns:x="urn:x"/>`, "unknown-extension", "p", "{urn:x}y"},
		"FEEL":                       {`<sequenceFlow id="x" sourceRef="t" targetRef="e"><conditionExpression language="feel">a</conditionExpression></sequenceFlow>`, "expression-language", "x", "feel"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, findings := bpmn.Compile(inProcess(c.elements))
			var messages []string
			for _, d := range findings {
				if d.Code == c.code {
					require.Equal(t, c.element, d.ElementID, d.Message)
					messages = append(messages, d.Message)
				}
			}
			require.Contains(t, strings.Join(messages, "\n"), c.message, "%v", findings)
		})
	}
}

func TestKeysOfProcessesAreUsableInAddresses(t *testing.T) {
	t.Parallel()
	for key, accepted := range map[string]bool{
		"p": true, "A-1_b.c": true, strings.Repeat("k", 100): true,
		strings.Repeat("k", 101): false, "a/b": false, "a b": false, "ü": false, "a:b": false,
	} {
		_, findings := bpmn.Compile([]byte(in(`<process id="` + key + `">` + body + `</process>`)))
		require.Equal(t, accepted, !findings.HasErrors(), "%.20s: %v", key, findings)
	}
}
