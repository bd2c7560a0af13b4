package bpmn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

const roots = `<message id="m" name="Order ${id}"/><signal id="g" name="Alarm"/><signal id="local" name="Near" flowable:scope="processInstance"/>
	<error id="err" name="Broken" errorCode="E1"/><error id="bare"/><escalation id="esc" escalationCode="S1"/><message id="nameless"/>
	<timerEventDefinition id="daily"><timeCycle>R/P1D</timeCycle></timerEventDefinition>`

// caught compiles a boundary event with the definition.
func caught(t *testing.T, definition string) bpmn.EventDefinition {
	t.Helper()
	p := programOf(t, roots, body+`<task id="t"/>`+flow("s", "t")+`<boundaryEvent id="b" attachedToRef="t">`+definition+`</boundaryEvent>`+flow("b", "e"))
	require.Len(t, node(t, p, "b").Events, 1)
	return node(t, p, "b").Events[0]
}

// thrown compiles an end event with the definition.
func thrown(t *testing.T, definition string) bpmn.EventDefinition {
	t.Helper()
	p := programOf(t, roots, `<startEvent id="s"/>`+flow("s", "x")+`<endEvent id="x">`+definition+`</endEvent>`)
	return node(t, p, "x").Events[0]
}

func TestDefinitionsThatCatchKeepWhatTheyWaitFor(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		definition string
		kind       bpmn.EventKind
		says       string // name, code, condition or timer, and more
	}{
		"a message":                     {`<messageEventDefinition messageRef="m"/>`, bpmn.MessageEvent, "Order ${id}"},
		"a message with a prefix":       {`<messageEventDefinition messageRef="tns:m"/>`, bpmn.MessageEvent, "Order ${id}"},
		"a message without a name":      {`<messageEventDefinition messageRef="nameless"/>`, bpmn.MessageEvent, "nameless"},
		"a message by expression":       {`<messageEventDefinition flowable:messageExpression="${name}"/>`, bpmn.MessageEvent, "${name}"},
		"a signal":                      {`<signalEventDefinition signalRef="g"/>`, bpmn.SignalEvent, "Alarm"},
		"an error":                      {`<errorEventDefinition errorRef="err"/>`, bpmn.ErrorEvent, "E1"},
		"an error without a code":       {`<errorEventDefinition errorRef="bare"/>`, bpmn.ErrorEvent, ""},
		"an error that is its own code": {`<errorEventDefinition errorRef="E9"/>`, bpmn.ErrorEvent, "E9"},
		"any error":                     {`<errorEventDefinition/>`, bpmn.ErrorEvent, ""},
		"an escalation":                 {`<escalationEventDefinition escalationRef="esc"/>`, bpmn.EscalationEvent, "S1"},
		"a condition":                   {`<conditionalEventDefinition><condition>${a > 1}</condition></conditionalEventDefinition>`, bpmn.ConditionalEvent, "${a > 1}"},
		"a timer":                       {`<timerEventDefinition><timeDuration>PT5M</timeDuration></timerEventDefinition>`, bpmn.TimerEvent, "PT5M"},
		"a definition of the file":      {`<eventDefinitionRef>daily</eventDefinitionRef>`, bpmn.TimerEvent, "R/P1D"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := caught(t, c.definition)
			require.Equal(t, c.kind, d.Kind)
			var says []string
			for _, text := range []*bpmn.Template{d.Name, d.Code, d.Condition} {
				if text != nil {
					says = append(says, text.Source())
				}
			}
			if d.Timer != nil {
				says = append(says, d.Timer.Value.Source())
			}
			require.Equal(t, c.says, strings.Join(says, " "))
			require.Equal(t, []int{-1, -1}, []int{d.Activity, d.Target})
		})
	}
}

func TestVendorsAddToDefinitions(t *testing.T) {
	t.Parallel()
	failed := caught(t, `<errorEventDefinition errorRef="err" flowable:errorCodeVariable="code" flowable:errorMessageVariable="text"/>`)
	require.Equal(t, []string{"code", "text"}, []string{failed.CodeVariable, failed.MessageVariable})
	require.Equal(t, "level", caught(t, `<escalationEventDefinition flowable:escalationCodeVariable="level"/>`).CodeVariable)
	condition := caught(t, `<conditionalEventDefinition flowable:variableName="a, b" flowable:variableEvents="create,update"><condition>${a}</condition></conditionalEventDefinition>`)
	require.Equal(t, [][]string{{"a", "b"}, {"create", "update"}}, [][]string{condition.Variables, condition.Changes})
	listener := caught(t, `<extensionElements><flowable:variableListenerEventDefinition variableName="a" variableChangeType="update"/></extensionElements>`)
	require.Equal(t, []any{bpmn.ConditionalEvent, []string{"a"}, []string{"update"}}, []any{listener.Kind, listener.Variables, listener.Changes})
	require.Nil(t, listener.Condition, "every change counts")
	require.Equal(t, "${orderId}", source(caught(t, `<messageEventDefinition messageRef="m" flowable:correlationKey="${orderId}"/>`).Key))
	cycle := caught(t, `<timerEventDefinition><timeCycle flowable:endDate="2026-12-31">R/P1D</timeCycle></timerEventDefinition>`)
	require.Equal(t, []string{string(bpmn.TimerCycle), "2026-12-31"}, []string{string(cycle.Timer.Kind), source(cycle.Timer.End)})
}

func TestDefinitionsThatThrowKeepWhatTheyThrow(t *testing.T) {
	t.Parallel()
	require.Equal(t, "E1", source(thrown(t, `<errorEventDefinition errorRef="err"/>`).Code))
	require.Equal(t, "bare", source(thrown(t, `<errorEventDefinition errorRef="bare"/>`).Code), "its id where it has no code")
	require.Equal(t, "S1", source(thrown(t, `<escalationEventDefinition escalationRef="esc"/>`).Code))
	require.True(t, thrown(t, `<signalEventDefinition signalRef="local"/>`).Local)
	require.False(t, thrown(t, `<signalEventDefinition signalRef="g"/>`).Local)
	require.True(t, thrown(t, `<terminateEventDefinition flowable:terminateAll="true"/>`).All)
	require.False(t, thrown(t, `<terminateEventDefinition/>`).All)
	signal := thrown(t, `<signalEventDefinition signalRef="g"><extensionElements><flowable:in source="a" target="b"/>
		<flowable:in sourceExpression="${1 + 1}" target="c"/><flowable:in variables="all"/></extensionElements></signalEventDefinition>`)
	require.Equal(t, "b=${a} c=${1 + 1}", mappings(signal.Data))
	require.True(t, signal.AllData)
}

func mappings(all []bpmn.Mapping) string {
	var found []string
	for _, m := range all {
		found = append(found, m.Target+"="+value(m.Value))
	}
	return strings.Join(found, " ")
}

// value shows a value as a person would write it.
func value(v bpmn.Value) string {
	switch {
	case v.Text != nil:
		return v.Text.Source()
	case v.Script != nil:
		return string(v.Script.Format) + ":" + v.Script.Source
	case v.Map != nil:
		return "{" + mappings(v.Map) + "}"
	case v.List != nil:
		var items []string
		for _, item := range v.List {
			items = append(items, value(item))
		}
		return "[" + strings.Join(items, " ") + "]"
	}
	return "null"
}

func TestAMessageEventWithAnImplementationIsAService(t *testing.T) {
	t.Parallel()
	p := programOf(t, "", `<startEvent id="s"/>`+flow("s", "x")+`<endEvent id="x"><messageEventDefinition flowable:type="external" flowable:topic="post"/></endEvent>`)
	x := node(t, p, "x")
	require.Equal(t, []any{bpmn.ServiceDelegate, "post", "post"}, []any{x.Service.Kind, x.Service.Activity, source(x.Service.Topic)})
	require.Nil(t, x.Events[0].Name)
}

func TestEveryKindOfEventCompilesWhereItMayStand(t *testing.T) {
	t.Parallel()
	eventSub := func(definition string) string {
		return `<startEvent id="s"/>` + flow("s", "e") + `<endEvent id="e"/><subProcess id="es" triggeredByEvent="true"><startEvent id="x">` + definition +
			`</startEvent>` + flow("x", "e1") + `<endEvent id="e1"/></subProcess>`
	}
	places := map[string]func(string) string{
		"event sub-process start": eventSub,
		"start": func(d string) string {
			return `<startEvent id="x">` + d + `</startEvent>` + flow("x", "e") + `<endEvent id="e"/>`
		},
		"end": func(d string) string {
			return `<startEvent id="s"/>` + flow("s", "x") + `<endEvent id="x">` + d + `</endEvent>`
		},
		"catch": func(d string) string {
			return `<startEvent id="s"/>` + flow("s", "x") + `<intermediateCatchEvent id="x">` + d + `</intermediateCatchEvent>`
		},
		"throw": func(d string) string {
			return `<startEvent id="s"/>` + flow("s", "x") + `<intermediateThrowEvent id="x">` + d + `</intermediateThrowEvent>`
		},
	}
	definitions := map[string]string{
		"message": `<messageEventDefinition messageRef="m"/>`, "signal": `<signalEventDefinition signalRef="g"/>`,
		"error": `<errorEventDefinition errorRef="err"/>`, "escalation": `<escalationEventDefinition escalationRef="esc"/>`,
		"timer":       `<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>`,
		"conditional": `<conditionalEventDefinition><condition>${a}</condition></conditionalEventDefinition>`,
		"compensate":  `<compensateEventDefinition/>`, "terminate": `<terminateEventDefinition/>`,
	}
	allowed := map[string]string{
		"start": "message signal timer conditional", "end": "message signal error escalation compensate terminate",
		"event sub-process start": "message signal error escalation timer conditional compensate",
		"catch":                   "message signal timer conditional", "throw": "message signal escalation compensate",
	}
	for place, model := range places {
		for kind, definition := range definitions {
			programs, findings := bpmn.Compile([]byte(in(roots + `<process id="p">` + model(definition) + `</process>`)))
			if !strings.Contains(" "+allowed[place]+" ", " "+kind+" ") {
				require.Contains(t, codesOf(findings), "event-definition", "%s at %s", kind, place)
				continue
			}
			require.False(t, findings.HasErrors(), "%s at %s: %v", kind, place, findings)
			require.Equal(t, kind, string(node(t, programs[0], "x").Events[0].Kind))
		}
	}
}
