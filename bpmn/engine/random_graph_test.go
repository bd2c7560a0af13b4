package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// shapes are the nodes that a graph without structure is made of; %s is the id.
var shapes = []string{
	`<userTask id="%s" flowable:candidateGroups="G"/>`,
	`<userTask id="%s" flowable:candidateGroups="G"><multiInstanceLoopCharacteristics flowable:collection="items"/></userTask>`,
	`<serviceTask id="%s" flowable:class="x.Y"/>`,
	`<serviceTask id="%s" flowable:expression="${execution.setVariable('visits', visits + 1)}"/>`,
	`<manualTask id="%s" flowable:async="true"/>`,
	`<receiveTask id="%s"/>`,
	`<callActivity id="%s" calledElement="child"/>`,
	`<exclusiveGateway id="%s"/>`,
	`<parallelGateway id="%s"/>`,
	`<parallelGateway id="%s"/>`,
	`<inclusiveGateway id="%s"/>`,
	`<inclusiveGateway id="%s"/>`,
	`<complexGateway id="%s"><activationCondition>${activationCount &gt;= answer}</activationCondition></complexGateway>`,
	`<intermediateCatchEvent id="%s"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>`,
	`<intermediateCatchEvent id="%s"><signalEventDefinition signalRef="S"/></intermediateCatchEvent>`,
	`<intermediateThrowEvent id="%s"><signalEventDefinition signalRef="S"/></intermediateThrowEvent>`,
	`<intermediateThrowEvent id="%s"><escalationEventDefinition escalationRef="E2"/></intermediateThrowEvent>`,
	`<endEvent id="%s"/>`,
	`<endEvent id="%s"><errorEventDefinition errorRef="E"/></endEvent>`,
	`<endEvent id="%s"><terminateEventDefinition/></endEvent>`,
}

// randomGraph writes nodes of random kinds with random flows between them, at two depths. Most make no sense to a person.
func randomGraph(random *rand.Rand) string {
	var b strings.Builder
	b.WriteString(`<startEvent id="start"/>`)
	randomLevel(random, &b, "n", "start", 2)
	return b.String()
}

func randomLevel(random *rand.Rand, b *strings.Builder, prefix, start string, depth int) {
	count := 3 + random.IntN(7)
	ids, ends, splits := make([]string, count), make([]bool, count), make([]bool, count)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%d", prefix, i)
		if depth > 0 && random.IntN(6) == 0 {
			fmt.Fprintf(b, `<subProcess id="%s"><startEvent id="%ss"/>`, ids[i], ids[i])
			randomLevel(random, b, ids[i]+"_", ids[i]+"s", depth-1)
			b.WriteString(`</subProcess>`)
			boundary(random, b, ids, i)
			continue
		}
		shape := shapes[random.IntN(len(shapes))]
		ends[i] = strings.Contains(shape, "endEvent")
		splits[i] = strings.Contains(shape, "clusiveGateway")
		fmt.Fprintf(b, shape, ids[i])
	}
	flows := 0
	flow := func(from, to, condition string) {
		flows++
		if condition != "" {
			condition = "<conditionExpression>${" + condition + "}</conditionExpression>"
		}
		fmt.Fprintf(b, `<sequenceFlow id="f_%s%d" sourceRef="%s" targetRef="%s">%s</sequenceFlow>`, prefix, flows, from, to, condition)
	}
	flow(start, ids[0], "")
	for i := 1; i < count; i++ { // most nodes can be come to
		if from := random.IntN(i); !ends[from] {
			condition := ""
			if splits[from] {
				condition = "answer == 1"
			}
			flow(ids[from], ids[i], condition)
		}
	}
	for i, id := range ids {
		if ends[i] {
			continue
		}
		for range 1 + random.IntN(4)/3 {
			condition := ""
			if splits[i] {
				condition = fmt.Sprintf("answer != %d", random.IntN(4))
			}
			flow(id, ids[random.IntN(count)], condition)
		}
		if splits[i] {
			flow(id, ids[random.IntN(count)], "true")
		}
	}
}

// boundary writes an event at the boundary of a node that leads to the node before it, or to itself.
func boundary(random *rand.Rand, b *strings.Builder, ids []string, i int) {
	definition := []string{
		`<timerEventDefinition><timeDuration>PT3H</timeDuration></timerEventDefinition>`, `<signalEventDefinition signalRef="S"/>`,
		`<errorEventDefinition/>`, `<escalationEventDefinition/>`,
	}[random.IntN(4)]
	cancel := random.IntN(2) == 0 || strings.HasPrefix(definition, "<error")
	fmt.Fprintf(b, `<boundaryEvent id="b_%s" attachedToRef="%s" cancelActivity="%t">%s</boundaryEvent><sequenceFlow id="bf_%s" sourceRef="b_%s" targetRef="%s"/>`,
		ids[i], ids[i], cancel, definition, ids[i], ids[i], ids[max(0, i-1)])
}
