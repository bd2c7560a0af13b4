package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// randomModel is a process that is built of nested blocks, each with one way in and one way out.
type randomModel struct {
	random *rand.Rand
	xml    strings.Builder
	number int
	ends   map[string]string   // last node of a block by its first: each is entered as often as the other
	loops  map[string]string   // node behind a loop by its first
	splits map[string][]string // first nodes of the branches of an exclusive gateway, of which each visit takes one
	forks  map[string][]string // first nodes of the branches of a parallel gateway, of which each visit takes all
	loose  int                 // inside of something that may be cut short: nothing is counted there
}

func newRandomModel(random *rand.Rand) *randomModel {
	m := &randomModel{random: random, ends: map[string]string{}, loops: map[string]string{}, splits: map[string][]string{}, forks: map[string][]string{}}
	m.xml.WriteString(`<startEvent id="start"/><endEvent id="end"/>`)
	entry, exit := m.sequence(4)
	m.flow("start", entry, "")
	m.flow(exit, "end", "")
	m.ends["start"] = "end"
	return m
}

// same notes that a block is left as often as it is entered.
func (m *randomModel) same(entry, exit string) {
	if m.loose == 0 {
		m.ends[entry] = exit
	}
}

func (m *randomModel) branch(of map[string][]string, gateway, first string) {
	if m.loose == 0 {
		of[gateway] = append(of[gateway], first)
	}
}

// block writes a block of a random kind; depth bounds the nesting.
func (m *randomModel) block(depth int) (entry, exit string) {
	kind := m.random.IntN(12)
	if depth == 0 {
		kind %= 2
	}
	switch kind {
	case 0:
		return m.task()
	case 1, 7:
		return m.simple()
	case 8, 9:
		return m.subProcess(depth - 1)
	case 10:
		return m.inclusive(depth - 1)
	case 11:
		return m.firstEvent(depth - 1)
	case 2:
		entry, exit = m.sequence(depth - 1)
	case 3, 4:
		entry, exit = m.exclusive(depth - 1)
	case 5:
		entry, exit = m.parallel(depth - 1)
	default:
		entry, exit = m.loop(depth - 1)
	}
	return entry, exit
}

func (m *randomModel) sequence(depth int) (entry, exit string) {
	entry, exit = m.block(depth)
	for range m.random.IntN(3) {
		next, last := m.block(depth)
		m.flow(exit, next, "")
		exit = last
	}
	return entry, exit
}

// task writes a user task that counts its visits; some have a timer that goes around the rest of the work.
func (m *randomModel) task() (entry, exit string) {
	id := m.id("task")
	fmt.Fprintf(&m.xml, `<userTask id="%s" flowable:candidateGroups="G"><extensionElements>
		<flowable:executionListener event="start" expression="${execution.setVariable('visits', visits + 1)}"/></extensionElements></userTask>`, id)
	if m.random.IntN(4) > 0 {
		return id, id
	}
	timer, merge := m.id("timer"), m.id("merge")
	fmt.Fprintf(&m.xml, `<boundaryEvent id="%s" attachedToRef="%s"><timerEventDefinition><timeDuration>PT%dH</timeDuration></timerEventDefinition></boundaryEvent>
		<exclusiveGateway id="%s"/>`, timer, id, 1+m.random.IntN(3), merge)
	m.flow(id, merge, "")
	m.flow(timer, merge, "")
	m.same(id, merge)
	return id, merge
}

// exclusive writes a gateway that asks the last answer, with a default flow, and a merge behind the branches.
func (m *randomModel) exclusive(depth int) (entry, exit string) {
	entry, exit = m.id("split"), m.id("merge")
	byDefault := "flow_of_" + entry
	fmt.Fprintf(&m.xml, `<exclusiveGateway id="%s" default="%s"/><exclusiveGateway id="%s"/>`, entry, byDefault, exit)
	for i := range 1 + m.random.IntN(3) {
		first, last := m.block(depth)
		m.flow(entry, first, fmt.Sprintf("answer == %d", i))
		m.flow(last, exit, "")
		m.branch(m.splits, entry, first)
	}
	first, last := m.block(depth)
	fmt.Fprintf(&m.xml, `<sequenceFlow id="%s" sourceRef="%s" targetRef="%s"/>`, byDefault, entry, first)
	m.flow(last, exit, "")
	m.branch(m.splits, entry, first)
	m.same(entry, exit)
	return entry, exit
}

func (m *randomModel) parallel(depth int) (entry, exit string) {
	entry, exit = m.id("fork"), m.id("join")
	fmt.Fprintf(&m.xml, `<parallelGateway id="%s"/><parallelGateway id="%s"/>`, entry, exit)
	for range 2 + m.random.IntN(2) {
		first, last := m.block(depth)
		m.flow(entry, first, "")
		m.flow(last, exit, "")
		m.branch(m.forks, entry, first)
	}
	if m.random.IntN(3) == 0 {
		m.flow(entry, exit, "") // a branch with nothing in it
	}
	m.same(entry, exit)
	return entry, exit
}

// loop writes a block that is done again while the answer of the task at its end is 1.
func (m *randomModel) loop(depth int) (entry, exit string) {
	entry, exit = m.id("again"), m.id("until")
	fmt.Fprintf(&m.xml, `<exclusiveGateway id="%s"/><exclusiveGateway id="%s" default="flow_of_%s"/>`, entry, exit, exit)
	first, last := m.block(depth)
	ask, asked := m.task()
	done := m.id("merge")
	fmt.Fprintf(&m.xml, `<exclusiveGateway id="%s"/><sequenceFlow id="flow_of_%s" sourceRef="%s" targetRef="%s"/>`, done, exit, exit, done)
	m.flow(entry, first, "")
	m.flow(last, ask, "")
	m.flow(asked, exit, "")
	m.flow(exit, entry, "answer == 1")
	m.same(entry, exit)
	m.loops[entry] = done
	return entry, done
}

func (m *randomModel) id(kind string) string {
	m.number++
	return fmt.Sprintf("%s%d", kind, m.number)
}

func (m *randomModel) flow(from, to, condition string) {
	id := m.id("flow")
	if condition == "" {
		fmt.Fprintf(&m.xml, `<sequenceFlow id="%s" sourceRef="%s" targetRef="%s"/>`, id, from, to)
		return
	}
	fmt.Fprintf(&m.xml, `<sequenceFlow id="%s" sourceRef="%s" targetRef="%s"><conditionExpression>${%s}</conditionExpression></sequenceFlow>`, id, from, to, condition)
}
