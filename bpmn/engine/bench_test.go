package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// benchmarkStep measures the completion of the task "t" of an instance with twenty variables.
func benchmarkStep(b *testing.B, elements string) {
	b.Helper()
	p := compile(b, elements)
	variables := map[string]json.RawMessage{}
	for i := range 20 {
		variables[fmt.Sprintf("variable%d", i)] = json.RawMessage(`"a value of some length"`)
	}
	s, _, err := step(b, p, engine.State{}, engine.Event{Kind: engine.Start, At: began, StartEvent: "s", Variables: variables})
	require.NoError(b, err)
	ev := engine.Event{Kind: engine.TaskCompleted, At: began, Variables: map[string]json.RawMessage{"n": json.RawMessage("5")}}
	for _, token := range s.Tokens {
		if token.Node == "t" {
			ev.Token = token.ID
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := engine.Step(p, s, ev); err != nil {
			b.Fatal(err)
		}
	}
}

const beforeTask = `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t" flowable:assignee="jo"/>`

func BenchmarkStepUserTaskCompletion(b *testing.B) {
	benchmarkStep(b, beforeTask+`<sequenceFlow id="g" sourceRef="t" targetRef="u"/><userTask id="u" flowable:candidateGroups="G"/>
		<sequenceFlow id="h" sourceRef="u" targetRef="e"/><endEvent id="e"/>`)
}

func BenchmarkStepExclusiveGateway(b *testing.B) {
	var flows strings.Builder
	for i := range 6 {
		fmt.Fprintf(&flows, `<sequenceFlow id="c%d" sourceRef="x" targetRef="e"><conditionExpression>${n == %d}</conditionExpression></sequenceFlow>`, i, i)
	}
	benchmarkStep(b, beforeTask+`<sequenceFlow id="g" sourceRef="t" targetRef="x"/><exclusiveGateway id="x"/><endEvent id="e"/>`+flows.String())
}

func BenchmarkStepListeners(b *testing.B) {
	benchmarkStep(b, beforeTask+`<sequenceFlow id="g" sourceRef="t" targetRef="u"/>
		<userTask id="u" flowable:candidateGroups="G"><extensionElements>
		<flowable:executionListener event="start" expression="${execution.setVariable('state', 'REVIEW')}"/>
		<flowable:executionListener event="start" expression="${execution.setVariable('count', n + 1)}"/>
		<flowable:taskListener event="create" expression="${execution.setVariable('decision', null)}"/></extensionElements></userTask>
		<sequenceFlow id="h" sourceRef="u" targetRef="e"/><endEvent id="e"/>`)
}

func BenchmarkStepJoin(b *testing.B) {
	benchmarkStep(b, `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="fork"/><parallelGateway id="fork"/>
		<sequenceFlow id="f1" sourceRef="fork" targetRef="join"/><sequenceFlow id="f2" sourceRef="fork" targetRef="join"/>
		<sequenceFlow id="f3" sourceRef="fork" targetRef="t"/><userTask id="t" flowable:assignee="jo"/>
		<sequenceFlow id="g" sourceRef="t" targetRef="join"/><parallelGateway id="join"/>
		<sequenceFlow id="h" sourceRef="join" targetRef="u"/><userTask id="u" flowable:candidateGroups="G"/>
		<sequenceFlow id="i" sourceRef="u" targetRef="e"/><endEvent id="e"/>`)
}

func BenchmarkStepScript(b *testing.B) {
	benchmarkStep(b, beforeTask+`<sequenceFlow id="g" sourceRef="t" targetRef="u"/>
		<scriptTask id="u" scriptFormat="juel" flowable:resultVariable="sum"><script>${n * 3 + 1}</script></scriptTask>
		<sequenceFlow id="h" sourceRef="u" targetRef="e"/><endEvent id="e"/>`)
}

// BenchmarkMultiInstance10000 runs ten thousand instances of a service task, side by side, from the start to the end: all
// steps that this takes.
func BenchmarkMultiInstance10000(b *testing.B) {
	p := compile(b, `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="each"/>
		<serviceTask id="each" flowable:expression="${loopCounter + 1}"><multiInstanceLoopCharacteristics>
		<loopCardinality>${10000}</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>
		<sequenceFlow id="g" sourceRef="each" targetRef="e"/><endEvent id="e"/>`)
	b.ReportAllocs()
	steps := 0
	for b.Loop() {
		var s engine.State
		steps = 0
		for ev := (engine.Event{Kind: engine.Start, At: began, StartEvent: "s"}); !s.Ended; ev = (engine.Event{Kind: engine.Continue, At: began}) {
			var err error
			if s, _, err = engine.Step(p, s, ev); err != nil {
				b.Fatal(err)
			}
			steps++
		}
	}
	b.ReportMetric(float64(steps), "steps/op")
}
