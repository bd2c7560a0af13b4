package world_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// definitions puts processes, messages and the like into a file.
func definitions(elements string) []byte {
	return []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn" targetNamespace="test">
		<message id="m" name="order"/><signal id="s" name="alarm"/><escalation id="x" escalationCode="late"/>` + elements + `</definitions>`)
}

// line is a process whose elements, each with the id "<key>_<n>", follow each other between "<key>_start" and "<key>_end".
func line(key, start string, elements ...string) string {
	var b strings.Builder
	at := key + "_start"
	b.WriteString(`<process id="` + key + `" isExecutable="true"><startEvent id="` + at + `">` + start + `</startEvent>`)
	for i, e := range elements {
		id := key + "_" + string(rune('0'+i))
		b.WriteString(`<sequenceFlow id="to_` + id + `" sourceRef="` + at + `" targetRef="` + id + `"/>` + strings.ReplaceAll(e, "ID", id))
		at = id
	}
	return b.String() + `<sequenceFlow id="to_` + key + `_end" sourceRef="` + at + `" targetRef="` + key + `_end"/><endEvent id="` + key + `_end"/></process>`
}

const (
	task         = `<userTask id="ID"/>`
	catchMessage = `<intermediateCatchEvent id="ID"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>`
	throwMessage = `<sendTask id="ID" messageRef="m"/>`
	throwSignal  = `<intermediateThrowEvent id="ID"><signalEventDefinition signalRef="s"/></intermediateThrowEvent>`
	catchSignal  = `<intermediateCatchEvent id="ID"><signalEventDefinition signalRef="s"/></intermediateCatchEvent>`
	escalate     = `<intermediateThrowEvent id="ID"><escalationEventDefinition escalationRef="x"/></intermediateThrowEvent>`
	call         = `<callActivity id="ID" calledElement="child" flowable:inheritBusinessKey="true"/>`
	delegate     = `<serviceTask id="ID" flowable:class="com.example.Work"/>`
)

func deployed(t *testing.T, handler world.Handler, processes ...string) *world.World {
	t.Helper()
	w := world.New(world.Config{Handler: handler})
	require.NoError(t, w.Deploy("test.bpmn", definitions(strings.Join(processes, ""))))
	return w
}

func started(t *testing.T, w *world.World, key string) string {
	t.Helper()
	id, err := w.Start(world.Request{Key: key, BusinessKey: "b-" + key})
	require.NoError(t, err)
	return id
}

// open are the elements at which instances wait, by instance id.
func open(w *world.World) map[string][]string {
	found := map[string][]string{}
	for _, i := range w.Instances() {
		if !i.Ended() {
			found[i.ID] = i.State.Open()
		}
	}
	return found
}

func complete(t *testing.T, w *world.World, element string) {
	t.Helper()
	for _, task := range w.Tasks() {
		if task.Element == element && task.Open() {
			require.NoError(t, w.Complete(task.ID, nil))
			return
		}
	}
	t.Fatalf("no open task %s", element)
}

func TestAMessageGoesToTheOldestReceiver(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("wait", "", catchMessage, task), line("send", "", throwMessage))
	first, second := started(t, w, "wait"), started(t, w, "wait")
	started(t, w, "send")
	require.Equal(t, map[string][]string{first: {"wait_1"}, second: {"wait_0"}}, open(w))
	require.NoError(t, w.Message("order", second, "", map[string]json.RawMessage{"n": json.RawMessage("7")}))
	i, err := w.Instance(second)
	require.NoError(t, err)
	require.JSONEq(t, "7", string(i.State.Variables["n"]))
	require.ErrorIs(t, w.Message("order", "", "", nil), world.ErrUnknown)
	require.ErrorIs(t, w.Message("other", first, "", nil), world.ErrUnknown)
}

func TestAMessageWithoutReceiverBeginsAProcessOrIsLost(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("begun", `<messageEventDefinition messageRef="m"/>`, task), line("send", "", throwMessage))
	started(t, w, "send")
	require.Equal(t, map[string][]string{"i2": {"begun_0"}}, open(w))

	w = deployed(t, nil, line("send", "", throwMessage))
	started(t, w, "send")
	require.Empty(t, open(w))
	require.Len(t, w.Instances(), 1)
}

func TestASignalGoesToAllAndBeginsProcesses(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("wait", "", catchSignal, task), line("begun", `<signalEventDefinition signalRef="s"/>`, task), line("send", "", throwSignal))
	started(t, w, "wait")
	started(t, w, "wait")
	started(t, w, "send")
	require.Equal(t, map[string][]string{"i1": {"wait_1"}, "i2": {"wait_1"}, "i4": {"begun_0"}}, open(w))
	require.ErrorIs(t, w.Signal("alarm", "i1", nil), engine.ErrStale)
}

func TestOnlyTheNewestVersionIsBegun(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("p", `<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>`, task))
	require.NoError(t, w.Deploy("test.bpmn", definitions(line("p", `<timerEventDefinition><timeCycle>R2/PT2H</timeCycle></timerEventDefinition>`, task))))
	require.Equal(t, world.Began.Add(2*time.Hour), w.NextDue())
	require.NoError(t, w.Skip(world.Began.AddDate(1, 0, 0), 100))
	var versions []int
	for _, i := range w.Instances() {
		versions = append(versions, i.Definition.Version)
	}
	require.Equal(t, []int{2, 2}, versions)
	require.Equal(t, world.Began.Add(4*time.Hour), w.Now())
	require.Zero(t, w.NextDue())
}

func TestACallWaitsForTheCalledInstance(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("parent", "", call, task), line("child", "", task))
	started(t, w, "parent")
	require.Equal(t, map[string][]string{"i1": {"parent_0"}, "i2": {"child_0"}}, open(w))
	child, err := w.Instance("i2")
	require.NoError(t, err)
	require.Equal(t, []string{"i1", "i1", "b-parent"}, []string{child.Parent, child.Root, child.BusinessKey})
	complete(t, w, "child_0")
	require.Equal(t, map[string][]string{"i1": {"parent_1"}}, open(w))
}

func TestACancelledCallEndsTheCalledInstance(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("parent", "", call), line("child", "", call2child("grandchild")), line("grandchild", "", task))
	started(t, w, "parent")
	require.Len(t, open(w), 3)
	require.NoError(t, w.Terminate("i1", "enough"))
	require.Empty(t, open(w))
	for _, task := range w.Tasks() {
		require.True(t, task.Cancelled, task.ID)
	}
}

func call2child(key string) string {
	return strings.ReplaceAll(call, `calledElement="child"`, `calledElement="`+key+`"`)
}

func TestACallOfNothingIsAnIncident(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("parent", "", call))
	id := started(t, w, "parent")
	i, err := w.Instance(id)
	require.NoError(t, err)
	require.Len(t, i.Incidents, 1)
	require.Contains(t, i.Incidents[0].Message, `process "child" is not deployed`)
}

func TestAnEscalationOfACalledInstanceReachesItsCaller(t *testing.T) {
	t.Parallel()
	boundary := `<boundaryEvent id="caught" attachedToRef="parent_0" cancelActivity="false"><escalationEventDefinition escalationRef="x"/></boundaryEvent>
		<sequenceFlow id="c" sourceRef="caught" targetRef="look"/><userTask id="look"/><sequenceFlow id="d" sourceRef="look" targetRef="parent_end"/>`
	w := deployed(t, nil, line("parent", "", call+boundary), line("child", "", escalate, task))
	started(t, w, "parent")
	require.Equal(t, map[string][]string{"i1": {"look", "parent_0"}, "i2": {"child_1"}}, open(w))
}

func TestWorkTakesItsTime(t *testing.T) {
	t.Parallel()
	var asked []world.Work
	w := deployed(t, func(work world.Work) world.Answer {
		asked = append(asked, work)
		return world.Answer{After: time.Minute, Variables: map[string]json.RawMessage{"done": json.RawMessage("true")}}
	}, line("p", "", delegate))
	id := started(t, w, "p")
	require.Len(t, asked, 1)
	require.Equal(t, "com.example.Work", asked[0].Name)
	require.NoError(t, w.AdvanceTo(world.Began.Add(59*time.Second)))
	require.NotEmpty(t, open(w))
	require.NoError(t, w.AdvanceTo(world.Began.Add(time.Minute)))
	i, err := w.Instance(id)
	require.NoError(t, err)
	require.True(t, i.Ended())
	require.Equal(t, world.Began.Add(time.Minute), i.Finished)
	require.JSONEq(t, "true", string(i.State.Variables["done"]))
}

func TestWorkThatIsNoLongerWantedIsNotAnswered(t *testing.T) {
	t.Parallel()
	late := `<boundaryEvent id="late" attachedToRef="p_0"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></boundaryEvent>
		<sequenceFlow id="c" sourceRef="late" targetRef="p_end"/>`
	var lines []string
	w := world.New(world.Config{
		Handler: func(world.Work) world.Answer { return world.Answer{After: time.Minute} },
		Trace:   func(s string) { lines = append(lines, s) },
	})
	require.NoError(t, w.Deploy("test.bpmn", definitions(line("p", "", delegate+late))))
	started(t, w, "p")
	require.NoError(t, w.AdvanceTo(world.Began.Add(time.Hour)))
	require.Empty(t, open(w))
	require.Contains(t, lines, "the answer for p_0:2 is no longer wanted")
}

func TestFailedWorkIsAnIncident(t *testing.T) {
	t.Parallel()
	w := deployed(t, func(world.Work) world.Answer { return world.Answer{Failed: true, Type: "Broken", Reason: "it broke"} }, line("p", "", delegate))
	id := started(t, w, "p")
	i, err := w.Instance(id)
	require.NoError(t, err)
	require.Len(t, i.Incidents, 1)
	require.Contains(t, i.Incidents[0].Message, "it broke")
}

func TestReceiveTasksAndWorkAreTriggered(t *testing.T) {
	t.Parallel()
	w := deployed(t, func(world.Work) world.Answer { return world.Answer{Never: true} }, line("p", "", `<receiveTask id="ID"/>`, delegate, task))
	id := started(t, w, "p")
	require.NoError(t, w.Trigger(id, "p_0", nil))
	require.NoError(t, w.Trigger(id, "", nil))
	require.Equal(t, map[string][]string{id: {"p_2"}}, open(w))
	require.ErrorIs(t, w.Trigger(id, "p_2", nil), world.ErrUnknown)
}

func TestTasksAreAssignedOnceOpenOnly(t *testing.T) {
	t.Parallel()
	w := deployed(t, nil, line("p", "", task))
	started(t, w, "p")
	id := w.Tasks()[0].ID
	require.NoError(t, w.Assign(id, "ann"))
	require.Equal(t, "ann", w.Tasks()[0].Assignee)
	require.NoError(t, w.Complete(id, map[string]json.RawMessage{"a": json.RawMessage(`"b"`)}))
	require.ErrorIs(t, w.Assign(id, "bob"), world.ErrUnknown)
	require.ErrorIs(t, w.Complete(id, nil), world.ErrUnknown)
	i := w.Instances()[0]
	require.Equal(t, []world.Variable{{Name: "a", Value: json.RawMessage(`"b"`)}}, i.Variables)
	require.Equal(t, engine.Completed, i.Outcome)
}

func TestARefusedModelDeploysNothing(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{})
	err := w.Deploy("bad.bpmn", definitions(line("p", "", task)+`<process id="q" isExecutable="true"><startEvent id="b"/><sequenceFlow id="f" sourceRef="b" targetRef="nowhere"/></process>`))
	var refused *world.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Contains(t, err.Error(), "bad.bpmn: ")
	require.Empty(t, w.Definitions())
	_, err = w.Start(world.Request{Key: "p"})
	require.ErrorIs(t, err, world.ErrUnknown)
}
