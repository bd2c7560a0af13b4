package bpmn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

const (
	oneDay     = `<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>`
	oneMessage = `<messageEventDefinition messageRef="m"/>`
)

// eventSub is an event sub-process with the given attributes and start events.
func eventSub(attributes, starts string) string {
	return `<subProcess id="x" triggeredByEvent="true" ` + attributes + `>` + starts + `<endEvent id="xe"/></subProcess>`
}

// atBoundary is a boundary event "b" of the usual task.
func atBoundary(attributes, definition string) string {
	return `<boundaryEvent id="b" attachedToRef="t" ` + attributes + `>` + definition + `</boundaryEvent>`
}

// compensated is a compensation boundary event "b" with an association to "x".
func compensated(more string) string {
	return atBoundary("", "<compensateEventDefinition/>") + `<association sourceRef="b" targetRef="x"/>` + more
}

// choice is an event-based gateway "x" with a timer and what else it leads to, "y".
func choice(attributes, other string) string {
	return `<eventBasedGateway id="x" ` + attributes + `/>` + flow("x", "c") + `<intermediateCatchEvent id="c">` + oneDay + `</intermediateCatchEvent>` + flow("x", "y") + other
}

func TestEveryWayToBreakAStructureIsFound(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ elements, code, element, message string }{
		"no trigger":                      {eventSub("", `<startEvent id="y"/>`), "event-sub-process", "y", "no event definition"},
		"no start":                        {eventSub("", ""), "event-sub-process", "x", "has 0 start events"},
		"a flow into an event":            {eventSub("", `<startEvent id="y">`+oneDay+`</startEvent>`) + flow("t", "x"), "event-sub-process", "x", "has flows"},
		"a repeated event":                {eventSub("", `<startEvent id="y">`+oneDay+`</startEvent><standardLoopCharacteristics/>`), "event-sub-process", "x", "no loop marker"},
		"a timer on an event sub-process": {eventSub("", `<startEvent id="y">`+oneDay+`</startEvent>`) + strings.Replace(atBoundary("", oneDay), `"t"`, `"x"`, 1), "event-sub-process", "b", "triggered by an event"},
		"a triggered transaction":         {`<transaction id="x" triggeredByEvent="true"/>`, "event-sub-process", "x", "only a plain sub-process"},
		"two starts":                      {`<subProcess id="x"><startEvent id="y"/><startEvent id="z"/></subProcess>`, "no-start-event", "z", "second start event"},
		"a timer in a sub-process":        {`<subProcess id="x"><startEvent id="y">` + oneDay + `</startEvent></subProcess>`, "event-definition", "y", "a plain one"},
		"an event that waits for nothing": {`<intermediateCatchEvent id="x"/>`, "event-definition", "x", "no event definition"},
		"a nameless message":              {`<intermediateThrowEvent id="x"><messageEventDefinition/></intermediateThrowEvent>`, "event-definition", "x", "without messageRef"},
		"a nameless signal":               {`<intermediateThrowEvent id="x"><signalEventDefinition/></intermediateThrowEvent>`, "event-definition", "x", "without signalRef"},
		"a condition of nothing":          {`<intermediateCatchEvent id="x"><conditionalEventDefinition/></intermediateCatchEvent>`, "event-definition", "x", "without a condition"},
		"an empty condition":              {`<intermediateCatchEvent id="x"><conditionalEventDefinition><condition/></conditionalEventDefinition></intermediateCatchEvent>`, "bad-expression", "x", "it is empty"},
		"a condition in words":            {`<intermediateCatchEvent id="x"><conditionalEventDefinition><condition>done</condition></conditionalEventDefinition></intermediateCatchEvent>`, "bad-expression", "x", "text without"},
		"an error of nothing":             {`<endEvent id="x"><errorEventDefinition/></endEvent>`, "reference", "x", "without errorRef"},
		"an unknown definition":           {`<endEvent id="x"><eventDefinitionRef>no</eventDefinitionRef></endEvent>`, "reference", "x", `"no"`},
		"an unknown message":              {`<receiveTask id="x" messageRef="no"/>`, "reference", "x", "messageRef"},
		"an error that goes on":           {atBoundary(`cancelActivity="false"`, "<errorEventDefinition/>"), "interrupting", "b", "cancelActivity"},
		"an error sub-process that too":   {eventSub("", `<startEvent id="y" isInterrupting="false"><errorEventDefinition/></startEvent>`), "interrupting", "y", "isInterrupting"},
		"a cancelled task":                {atBoundary("", "<cancelEventDefinition/>"), "cancel-event", "b", "is not a transaction"},
		"a cancellation of nothing":       {`<endEvent id="x"><cancelEventDefinition/></endEvent>`, "cancel-event", "x", "not in a transaction"},
		"a cancellation without a way on": {`<transaction id="x"><startEvent id="y"/>` + flow("y", "z") + `<endEvent id="z"><cancelEventDefinition/></endEvent></transaction>`, "cancel-event", "z", "no cancel boundary event"},
		"no handler":                      {atBoundary("", "<compensateEventDefinition/>"), "compensation", "b", "no association"},
		"a handler with a flow":           {compensated(`<task id="x" isForCompensation="true"/>` + flow("x", "e")), "compensation", "x", "has flows"},
		"a handler that is none":          {compensated(`<task id="x"/>`), "compensation", "x", "isForCompensation is not true"},
		"a handler that is an event":      {compensated(`<endEvent id="x"/>`), "compensation", "x", "is not an activity"},
		"a flow to compensation":          {compensated(`<task id="x" isForCompensation="true"/>` + flow("b", "e")), "compensation", "b", "an association leads"},
		"more than compensation":          {atBoundary("", "<compensateEventDefinition/>"+oneDay), "compensation", "b", "other event definitions"},
		"two compensations":               {compensated(`<task id="x" isForCompensation="true"/>`) + `<boundaryEvent id="c" attachedToRef="t"><compensateEventDefinition/></boundaryEvent>`, "compensation", "c", "one of several"},
		"compensation of an event":        {`<endEvent id="x"><compensateEventDefinition activityRef="s"/></endEvent>`, "compensation", "x", "not an activity"},
		"a link without a name":           {`<intermediateThrowEvent id="x"><linkEventDefinition/></intermediateThrowEvent>`, "link-event", "x", "without a name"},
		"a link to nowhere":               {`<intermediateThrowEvent id="x"><linkEventDefinition name="A"/></intermediateThrowEvent>`, "link-event", "x", "no event beside it catches"},
		"a link from nowhere":             {`<intermediateCatchEvent id="x"><linkEventDefinition name="A"/></intermediateCatchEvent>`, "link-event", "x", "no event beside it throws"},
		"a gateway to a task":             {choice("", `<task id="y"/>`), "event-gateway", "x-y", "catching events and receive tasks"},
		"a gateway to a join":             {choice("", `<receiveTask id="y" messageRef="m"/>`+flow("t", "y")), "event-gateway", "x-y", "other incoming flows"},
		"a gateway to a repetition":       {choice("", `<receiveTask id="y" messageRef="m"><standardLoopCharacteristics/></receiveTask>`), "event-gateway", "x-y", "is repeated"},
		"a gateway to a bounded task":     {choice("", `<receiveTask id="y" messageRef="m"/>`+strings.Replace(atBoundary("", oneDay), `"t"`, `"y"`, 1)), "event-gateway", "x-y", "a boundary event"},
		"a gateway to any message":        {choice("", `<receiveTask id="y"/>`), "event-gateway", "x-y", "no messageRef"},
		"a gateway to a link":             {choice("", `<intermediateCatchEvent id="y"><linkEventDefinition name="A"/></intermediateCatchEvent>`), "event-gateway", "x-y", "cannot wait for"},
		"a gateway to both":               {choice("", `<receiveTask id="y" messageRef="m"/>`+flow("x", "z")+`<intermediateCatchEvent id="z">`+oneMessage+`</intermediateCatchEvent>`), "event-gateway", "x", "both message events and receive tasks"},
		"a parallel gateway in between":   {choice(`eventGatewayType="Parallel"`, `<receiveTask id="y" messageRef="m"/>`), "event-gateway", "x", "begins an instance can be"},
		"a beginning that is led to":      {choice(`instantiate="true"`, `<receiveTask id="y" messageRef="m"/>`) + flow("t", "x"), "event-gateway", "x", "begins an instance"},
		"a beginning in a sub-process":    {`<subProcess id="x"><startEvent id="y"/><receiveTask id="z" messageRef="m" instantiate="true"/></subProcess>`, "instantiate", "z", "lies in a sub-process"},
		"a beginning without a message":   {`<receiveTask id="x" instantiate="true"/>`, "instantiate", "x", "no messageRef"},
		"a flow out of a sub-process":     {`<subProcess id="x"><startEvent id="y"/></subProcess>` + flow("y", "e"), "flow-across-levels", "y-e", "do not both lie in"},
		"a timer on something elsewhere":  {`<subProcess id="x"><startEvent id="y"/><task id="z"/></subProcess>` + strings.Replace(atBoundary("", oneDay), `"t"`, `"z"`, 1), "boundary-attachment", "b", "does not lie beside it"},
		"an empty ad-hoc sub-process":     {`<adHocSubProcess id="x"/>`, "ad-hoc", "x", "no activity"},
		"an unknown ordering":             {`<adHocSubProcess id="x" ordering="Random"><task id="y"/></adHocSubProcess>`, "ad-hoc", "x", "Random"},
		"an unknown method":               {`<transaction id="x" method="##Store"><startEvent id="y"/></transaction>`, "unsupported-extension", "x", "##Store"},
		"several tokens":                  {`<task id="x" startQuantity="2"/>`, "unsupported-extension", "x", "startQuantity"},
		"two sets of inputs":              {`<sendTask id="x" messageRef="m"><ioSpecification><dataInput id="i"/><inputSet><dataInputRefs>i</dataInputRefs></inputSet><inputSet><dataInputRefs>i</dataInputRefs></inputSet></ioSpecification></sendTask>`, "io-specification", "x", "more than one inputSet"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := strings.Replace(string(inProcess(c.elements)), opening, opening+`<message id="m" name="M"/>`, 1)
			_, findings := bpmn.Compile([]byte(source))
			requireFinding(t, findings, c.code, c.element, c.message)
		})
	}
}

// requireFinding requires a finding of the rule at the element, with the words in its message.
func requireFinding(t *testing.T, findings bpmn.Diagnostics, code, element, words string) {
	t.Helper()
	for _, d := range findings {
		if d.Code == code && d.ElementID == element && strings.Contains(d.Message, words) {
			return
		}
	}
	require.Fail(t, "the finding is missing", "%s at %s, %q in %v", code, element, words, findings)
}
