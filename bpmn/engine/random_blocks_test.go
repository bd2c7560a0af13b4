package engine_test

import "fmt"

// simple writes one of the activities and events that take what they need from outside, or nothing.
func (m *randomModel) simple() (entry, exit string) {
	id := m.id("node")
	switch m.random.IntN(9) {
	case 0:
		fmt.Fprintf(&m.xml, `<serviceTask id="%s" flowable:class="x.Y"/>`, id)
		m.catchError(id)
	case 1:
		fmt.Fprintf(&m.xml, `<scriptTask id="%s" scriptFormat="javascript"><script>1</script></scriptTask>`, id)
		m.catchError(id)
	case 2:
		fmt.Fprintf(&m.xml, `<receiveTask id="%s"/>`, id)
	case 3:
		fmt.Fprintf(&m.xml, `<callActivity id="%s" calledElement="child"/>`, id)
	case 4:
		fmt.Fprintf(&m.xml, `<intermediateCatchEvent id="%s"><timerEventDefinition><timeDuration>PT%dM</timeDuration></timerEventDefinition></intermediateCatchEvent>`, id, m.random.IntN(90))
	case 5:
		fmt.Fprintf(&m.xml, `<intermediateThrowEvent id="%s"><compensateEventDefinition/></intermediateThrowEvent>`, id)
	case 6:
		fmt.Fprintf(&m.xml, `<manualTask id="%s" flowable:async="%t"/>`, id, m.random.IntN(2) == 0)
	case 7:
		fmt.Fprintf(&m.xml, `<serviceTask id="%s" flowable:expression="${none}">%s</serviceTask>`, id, m.loopMarker())
	default:
		fmt.Fprintf(&m.xml, `<serviceTask id="%s" flowable:class="x.Y">%s</serviceTask>`, id, m.loopMarker())
		m.catchError(id)
		m.compensation(id)
	}
	return id, id
}

// catchError writes an error event beside an activity, whose way ends there: the block is left by another way or not at all.
func (m *randomModel) catchError(id string) {
	event, back := m.id("error"), m.id("mended")
	fmt.Fprintf(&m.xml, `<boundaryEvent id="%s" attachedToRef="%s"><errorEventDefinition/></boundaryEvent><userTask id="%s" flowable:candidateGroups="G"/>`, event, id, back)
	m.flow(event, back, "")
	m.flow(back, id, "")
}

func (m *randomModel) compensation(id string) {
	event, handler := m.id("undo"), m.id("handler")
	fmt.Fprintf(&m.xml, `<boundaryEvent id="%s" attachedToRef="%s"><compensateEventDefinition/></boundaryEvent>
		<userTask id="%s" isForCompensation="true" flowable:candidateGroups="G"/><association id="%s" associationDirection="One" sourceRef="%s" targetRef="%s"/>`,
		event, id, handler, m.id("as"), event, handler)
}

// loopMarker writes a repetition of some kind, or none.
func (m *randomModel) loopMarker() string {
	switch m.random.IntN(6) {
	case 0:
		return `<multiInstanceLoopCharacteristics flowable:collection="items" flowable:elementVariable="item"/>`
	case 1:
		return `<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>`
	case 2:
		return `<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality><completionCondition>${nrOfCompletedInstances &gt;= 2}</completionCondition></multiInstanceLoopCharacteristics>`
	case 3:
		return `<standardLoopCharacteristics loopMaximum="3"><loopCondition>${answer &lt; 2}</loopCondition></standardLoopCharacteristics>`
	}
	return ""
}

// subProcess writes blocks in a sub-process of some kind, which may be cut short from its boundary or by an event inside.
func (m *randomModel) subProcess(depth int) (entry, exit string) {
	id, start, end := m.id("sub"), m.id("start"), m.id("end")
	tag := "subProcess"
	if m.random.IntN(5) == 0 {
		tag = "transaction"
	}
	m.loose++
	fmt.Fprintf(&m.xml, `<%s id="%s">%s<startEvent id="%s"/><endEvent id="%s"/>`, tag, id, m.loopMarker(), start, end)
	first, last := m.sequence(depth)
	m.flow(start, first, "")
	m.endSomehow(last, end, tag)
	m.eventSub()
	fmt.Fprintf(&m.xml, `</%s>`, tag)
	m.loose--
	merge := m.id("merge")
	fmt.Fprintf(&m.xml, `<exclusiveGateway id="%s"/>`, merge)
	m.flow(id, merge, "")
	for _, definition := range []string{
		`<timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition>`, `<errorEventDefinition/>`, `<escalationEventDefinition/>`,
	} {
		event := m.id("boundary")
		fmt.Fprintf(&m.xml, `<boundaryEvent id="%s" attachedToRef="%s">%s</boundaryEvent>`, event, id, definition)
		m.flow(event, merge, "")
	}
	if tag == "transaction" {
		event := m.id("cancelled")
		fmt.Fprintf(&m.xml, `<boundaryEvent id="%s" attachedToRef="%s"><cancelEventDefinition/></boundaryEvent>`, event, id)
		m.flow(event, merge, "")
	}
	return id, merge
}

// endSomehow leads to the plain end of a sub-process, or for some answers to another one.
func (m *randomModel) endSomehow(last, end, tag string) {
	other := map[int]string{0: "errorEventDefinition", 1: "terminateEventDefinition", 2: "compensateEventDefinition", 3: "escalationEventDefinition"}[m.random.IntN(8)]
	if tag == "transaction" && m.random.IntN(2) == 0 {
		other = "cancelEventDefinition"
	}
	if other == "" {
		m.flow(last, end, "")
		return
	}
	ref := map[string]string{"errorEventDefinition": ` errorRef="E"`, "escalationEventDefinition": ` escalationRef="E2"`}[other]
	split, special := m.id("which"), m.id("special")
	fmt.Fprintf(&m.xml, `<exclusiveGateway id="%s" default="flow_of_%s"/><endEvent id="%s"><%s%s/></endEvent>
		<sequenceFlow id="flow_of_%s" sourceRef="%s" targetRef="%s"/>`, split, split, special, other, ref, split, split, end)
	m.flow(last, split, "")
	m.flow(split, special, "answer &lt; 2")
}

// eventSub writes an event sub-process into the sub-process that is being written, or none.
func (m *randomModel) eventSub() {
	definition := map[int]string{
		0: `<signalEventDefinition signalRef="S"/>`, 1: `<timerEventDefinition><timeDuration>PT40M</timeDuration></timerEventDefinition>`,
		2: `<errorEventDefinition/>`, 3: `<conditionalEventDefinition><condition>${answer == 1}</condition></conditionalEventDefinition>`,
	}[m.random.IntN(8)]
	if definition == "" {
		return
	}
	id, start, work := m.id("eventsub"), m.id("start"), m.id("work")
	interrupting := m.random.IntN(2) == 0 || definition == `<errorEventDefinition/>`
	fmt.Fprintf(&m.xml, `<subProcess id="%s" triggeredByEvent="true"><startEvent id="%s" isInterrupting="%t">%s</startEvent><userTask id="%s" flowable:candidateGroups="G"/>
		<sequenceFlow id="%s" sourceRef="%s" targetRef="%s"/></subProcess>`, id, start, interrupting, definition, work, m.id("flow"), start, work)
}

// inclusive writes an inclusive fork and join around blocks; one branch has no condition.
func (m *randomModel) inclusive(depth int) (entry, exit string) {
	entry, exit = m.id("some"), m.id("together")
	fmt.Fprintf(&m.xml, `<inclusiveGateway id="%s"/><inclusiveGateway id="%s"/>`, entry, exit)
	for i := range 2 + m.random.IntN(2) {
		first, last := m.block(depth)
		condition := ""
		if i > 0 {
			condition = fmt.Sprintf("answer &gt;= %d", i)
		}
		m.flow(entry, first, condition)
		m.flow(last, exit, "")
	}
	m.same(entry, exit)
	return entry, exit
}

// firstEvent writes an event-based gateway with blocks behind its events.
func (m *randomModel) firstEvent(depth int) (entry, exit string) {
	entry, exit = m.id("race"), m.id("merge")
	fmt.Fprintf(&m.xml, `<eventBasedGateway id="%s"/><exclusiveGateway id="%s"/>`, entry, exit)
	for _, definition := range []string{`<signalEventDefinition signalRef="S"/>`, `<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>`} {
		event := m.id("event")
		fmt.Fprintf(&m.xml, `<intermediateCatchEvent id="%s">%s</intermediateCatchEvent>`, event, definition)
		first, last := m.block(depth)
		m.flow(entry, event, "")
		m.flow(event, first, "")
		m.flow(last, exit, "")
	}
	m.same(entry, exit)
	return entry, exit
}

// checkCounts compares how often the parts of the model were entered, where nothing can cut them short.
func (m *randomModel) checkCounts(r *randomRun) error {
	if r.state.EndEvent != "end" {
		return fmt.Errorf("the last end event is %q", r.state.EndEvent)
	}
	for first, last := range m.ends {
		if r.entered[first] != r.entered[last] {
			return fmt.Errorf("%s was entered %d times, %s %d times", first, r.entered[first], last, r.entered[last])
		}
	}
	for split, branches := range m.splits {
		taken := 0
		for _, first := range branches {
			taken += m.visits(r, first)
		}
		if taken != r.entered[split] {
			return fmt.Errorf("%s was entered %d times, its branches %d times", split, r.entered[split], taken)
		}
	}
	for fork, branches := range m.forks {
		for _, first := range branches {
			if m.visits(r, first) != r.entered[fork] {
				return fmt.Errorf("%s was entered %d times, its branch %s %d times", fork, r.entered[fork], first, m.visits(r, first))
			}
		}
	}
	return nil
}

// visits counts how often a block was begun: the head of a loop is also entered to go round again.
func (m *randomModel) visits(r *randomRun, first string) int {
	if done, isLoop := m.loops[first]; isLoop {
		return r.entered[done]
	}
	return r.entered[first]
}
