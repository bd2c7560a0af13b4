package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// keeper runs an instance whose large values are kept outside of its state.
type keeper struct {
	t        *testing.T
	program  *bpmn.Program
	state    engine.State
	contents values.Contents // what its steps have told to keep
	read     []string        // hashes, in the order in which they were read
}

// Value implements values.Source.
func (k *keeper) Value(sha string) (json.RawMessage, error) {
	k.read = append(k.read, sha)
	return k.contents.Value(sha)
}

func keep(t *testing.T, elements string) *keeper {
	return &keeper{t: t, program: compile(t, elements), contents: values.Contents{}}
}

// step applies an event, to the state as it is after it was stored, and keeps what the step tells to keep.
func (k *keeper) step(ev engine.Event) []engine.Effect {
	k.t.Helper()
	ev.At, k.read = began, nil
	before := throughJSON(k.t, k.state)
	next, effects, err := engine.StepWith(k.program, k, before, ev)
	require.NoError(k.t, err)
	require.Equal(k.t, throughJSON(k.t, k.state), before, "the step changed its input")
	require.Equal(k.t, next, throughJSON(k.t, next), "the new state changes when it is stored")
	again, same, err := engine.StepWith(k.program, k, before, ev)
	require.NoError(k.t, err)
	require.Equal(k.t, next, again)
	require.Equal(k.t, effects, same)
	for _, e := range effects {
		if e.Kind == engine.ValueStored {
			k.contents[e.Name] = string(e.Value)
		}
	}
	k.state = next
	return effects
}

func (k *keeper) start(vars map[string]json.RawMessage) []engine.Effect {
	k.t.Helper()
	return k.step(engine.Event{Kind: engine.Start, StartEvent: "start", Variables: vars})
}

// value is what a variable of the process holds.
func (k *keeper) value(name string) string {
	k.t.Helper()
	raw, err := values.Resolve(k.contents, k.state.Variables[name])
	require.NoError(k.t, err)
	return string(raw)
}

func (k *keeper) stored() int { return stored(k.t, k.state) }

func textOf(bytes int) json.RawMessage {
	return json.RawMessage(`"` + strings.Repeat("x", bytes) + `"`)
}

// document is a large value with a few items.
func document(items, bytes int) json.RawMessage {
	list := make([]string, items)
	for i := range list {
		list[i] = fmt.Sprintf(`{"n":%d,"text":"%s"}`, i, strings.Repeat("x", bytes/items))
	}
	return json.RawMessage(`{"items":[` + strings.Join(list, ",") + `]}`)
}

// TestTheStateOfACaseWithLargeVariablesIsSmall is the soft limit on what crosses a continue-as-new.
func TestTheStateOfACaseWithLargeVariablesIsSmall(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]struct{ number, bytes int }{
		"few large ones":              {20, 1 << 20},
		"many that are not so large":  {80, 15 << 10},
		"many more, none of them big": {400, 3 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := keep(t, `<startEvent id="start"/><userTask id="work"/><sequenceFlow id="f" sourceRef="start" targetRef="work"/>`)
			all := map[string]json.RawMessage{}
			for i := range vars.number {
				all[fmt.Sprintf("v%d", i)] = json.RawMessage(fmt.Sprintf(`"%d%s"`, i, strings.Repeat("x", vars.bytes)))
			}
			k.start(all)
			require.Less(t, k.stored(), 128<<10)
			if vars.number == 20 {
				require.Less(t, k.stored(), 64<<10)
			}
			for name, value := range all {
				require.Equal(t, string(value), k.value(name))
			}
			require.Empty(t, k.read, "nothing looks at them")
		})
	}
}

const reviewed = `<startEvent id="start"/><userTask id="first"/><exclusiveGateway id="g" default="f3"/><userTask id="many"/><userTask id="few"/>
	<sequenceFlow id="f0" sourceRef="start" targetRef="first"/><sequenceFlow id="f1" sourceRef="first" targetRef="g"/>
	<sequenceFlow id="f2" sourceRef="g" targetRef="many"><conditionExpression>${%s}</conditionExpression></sequenceFlow>
	<sequenceFlow id="f3" sourceRef="g" targetRef="few"/>`

func TestAConditionReadsOnlyTheLargeValuesThatItNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		condition string
		open      string
		reads     int
	}{
		"one that it names":             {"doc.items.size() > 3", "many", 2}, // the step is run twice
		"one that it names twice":       {"doc.items.size() > 3 &amp;&amp; doc.items[0].n == 0", "many", 2},
		"one of which it uses a part":   {"doc.items[3].n == 7", "few", 2},
		"none that it does not name":    {"small == 1", "many", 0},
		"none whose being there counts": {"execution.hasVariable('doc')", "many", 0},
		"one that it gets by a method":  {"execution.getVariable('doc').items.size() == 5", "many", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := keep(t, fmt.Sprintf(reviewed, tc.condition))
			k.start(map[string]json.RawMessage{"doc": document(5, 3<<20), "small": json.RawMessage("1")})
			k.step(engine.Event{Kind: engine.TaskCompleted, Token: k.state.Tokens[0].ID})
			require.Equal(t, []string{tc.open}, k.state.Open())
			require.Len(t, k.read, tc.reads)
		})
	}
}

// What is passed on as it is, is passed on by its reference.
func TestALargeValueIsPassedOnUnread(t *testing.T) {
	t.Parallel()
	k := keep(t, `<startEvent id="start"/><userTask id="first"/>
		<callActivity id="call" calledElement="other"><extensionElements>
			<flowable:in source="doc" target="theirs"/><flowable:out source="answer" target="ours"/></extensionElements></callActivity>
		<serviceTask id="send" flowable:type="http"><extensionElements>
			<flowable:field name="requestMethod"><flowable:string>POST</flowable:string></flowable:field>
			<flowable:field name="requestUrl"><flowable:string>http://example.org</flowable:string></flowable:field>
			<flowable:field name="requestBody"><flowable:expression>${ours}</flowable:expression></flowable:field></extensionElements></serviceTask>
		<endEvent id="end"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="first"/><sequenceFlow id="f2" sourceRef="first" targetRef="call"/>
		<sequenceFlow id="f3" sourceRef="call" targetRef="send"/><sequenceFlow id="f4" sourceRef="send" targetRef="end"/>`)
	k.start(map[string]json.RawMessage{"doc": document(5, 1<<20)})
	reference := k.state.Variables["doc"]

	effects := k.step(engine.Event{Kind: engine.TaskCompleted, Token: k.state.Tokens[0].ID})
	child := effects[len(effects)-1].Child
	require.Equal(t, map[string]json.RawMessage{"theirs": reference}, child.Variables)
	require.Empty(t, k.read)

	answer := values.Contents{}
	ev := engine.Event{Kind: engine.ChildEnded, Token: k.state.Tokens[0].ID, Contents: answer}
	ev.Variables = map[string]json.RawMessage{"answer": answer.Pack(textOf(1<<20), values.LargeBytes)}
	effects = k.step(ev)
	require.Equal(t, string(textOf(1<<20)), k.value("ours"), "what an event brings is kept")
	activity := effects[len(effects)-1].Activity
	require.Equal(t, []string{"requestBody"}, activity.Stored)
	require.Equal(t, ev.Variables["answer"], activity.Fields["requestBody"])
	require.Empty(t, k.read)

	again, err := engine.Work(k.program, k, k.state, k.state.Tokens[0].ID, began)
	require.NoError(t, err)
	require.Equal(t, activity, again, "asked for again it is the same")
}

// A value that has the form of a reference stays what it is, wherever it comes from.
func TestDataIsNeverTakenForAReference(t *testing.T) {
	t.Parallel()
	secret := values.Contents{}
	like := secret.Pack(json.RawMessage(`"a secret of another case"`), 0)
	for _, rev := range []int{0, 2} {
		k := keep(t, `<startEvent id="start"/><scriptTask id="take" scriptFormat="juel" flowable:resultVariable="taken"><script>${doc.inner}</script></scriptTask>
			<serviceTask id="set" flowable:expression="${execution.setVariable('set', doc.inner)}"/>
			<serviceTask id="look" flowable:expression="${taken['$large'].size + set['$large'].size}" flowable:resultVariable="size"/>
			<userTask id="work"><multiInstanceLoopCharacteristics flowable:collection="${doc.list}" flowable:elementVariable="item"/></userTask>
			<sequenceFlow id="f1" sourceRef="start" targetRef="take"/><sequenceFlow id="f2" sourceRef="take" targetRef="set"/>
			<sequenceFlow id="f3" sourceRef="set" targetRef="look"/><sequenceFlow id="f4" sourceRef="look" targetRef="work"/>`)
		effects := k.step(engine.Event{Kind: engine.Start, StartEvent: "start", Rev: rev, Variables: map[string]json.RawMessage{
			"doc": json.RawMessage(`{"inner":` + string(like) + `,"list":[` + string(like) + `]}`),
		}})
		require.Equal(t, string(like), k.value("taken"), "revision %d", rev)
		require.Equal(t, string(like), k.value("set"))
		require.Equal(t, "52", k.value("size"))
		for _, e := range effects {
			if e.Kind == engine.TaskCreated {
				item, err := values.Resolve(k.contents, e.Task.Variables["item"])
				require.NoError(t, err)
				require.Equal(t, string(like), string(item))
			}
		}
	}
}

func TestOlderRevisionsKeepEverySizeInTheState(t *testing.T) {
	t.Parallel()
	k := keep(t, `<startEvent id="start"/><userTask id="work"/><sequenceFlow id="f" sourceRef="start" targetRef="work"/>`)
	vars := map[string]json.RawMessage{"doc": textOf(1 << 20)}
	k.step(engine.Event{Kind: engine.Start, StartEvent: "start", Rev: 2, Variables: vars})
	require.Equal(t, vars, k.state.Variables)
	require.Empty(t, k.contents)

	made := values.Contents{}
	k.step(engine.Event{Kind: engine.VariablesSet, Contents: made, Variables: map[string]json.RawMessage{"new": made.Pack(textOf(1<<20), 0)}})
	require.Equal(t, string(vars["doc"]), k.value("new"), "but they read what comes by reference")
}

func TestALoopOverALargeListKeepsItsStateSmall(t *testing.T) {
	t.Parallel()
	const items = 150
	k := keep(t, `<startEvent id="start"/>
		<userTask id="work"><multiInstanceLoopCharacteristics isSequential="true" flowable:collection="list" flowable:elementVariable="item">
			<extensionElements><flowable:variableAggregation target="all"><variable source="result" target="r"/><variable source="item" target="i"/></flowable:variableAggregation></extensionElements>
			</multiInstanceLoopCharacteristics></userTask>
		<serviceTask id="count" flowable:expression="${all.size()}" flowable:resultVariable="n"/><userTask id="rest"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="count"/>
		<sequenceFlow id="f3" sourceRef="count" targetRef="rest"/>`)
	list := make([]string, items)
	for i := range list {
		list[i] = fmt.Sprintf(`{"n":%d,"text":"%s"}`, i, strings.Repeat("x", 5<<10))
	}
	k.start(map[string]json.RawMessage{"list": json.RawMessage("[" + strings.Join(list, ",") + "]")})
	largest := 0
	for i := range items {
		largest = max(largest, k.stored())
		task := k.state.Tokens[len(k.state.Tokens)-1]
		result := json.RawMessage(fmt.Sprintf(`"%d%s"`, i, strings.Repeat("y", 2<<10)))
		k.step(engine.Event{Kind: engine.TaskCompleted, Token: task.ID, Assignee: "jo", Variables: map[string]json.RawMessage{"result": result}})
	}
	require.Equal(t, []string{"rest"}, k.state.Open())
	require.Less(t, largest, 128<<10)
	require.Equal(t, fmt.Sprint(items), k.value("n"))
	var all []struct {
		R string
		I struct{ N int }
	}
	require.NoError(t, json.Unmarshal([]byte(k.value("all")), &all))
	for i, one := range all {
		require.Equal(t, i, one.I.N)
		require.True(t, strings.HasPrefix(one.R, fmt.Sprint(i)+"y"))
	}
}

// A content that cannot be read is nobody's fault in the case: the step is tried again, and comes to the same.
func TestAContentThatCannotBeReadPanics(t *testing.T) {
	t.Parallel()
	k := keep(t, fmt.Sprintf(reviewed, "doc.items.size() > 3"))
	k.start(map[string]json.RawMessage{"doc": document(5, 1<<20)})
	done := engine.Event{Kind: engine.TaskCompleted, Token: k.state.Tokens[0].ID, At: began}
	sha := slices.Sorted(maps.Keys(k.contents))[0]
	require.PanicsWithValue(t, "large value "+sha+": there is no large value "+sha, func() {
		_, _, _ = engine.StepWith(k.program, values.Contents{}, k.state, done)
	})
	k.step(done)
	require.Equal(t, []string{"many"}, k.state.Open())
}

// What is taken back leaves no reference behind, and the same value once more is kept.
func TestALargeValueOfAFailedVisitIsKeptWhenItIsTriedAgain(t *testing.T) {
	t.Parallel()
	k := keep(t, `<startEvent id="start"/><serviceTask id="work" flowable:expression="${execution.setVariable('copy', doc.items)}"><extensionElements>
		<flowable:executionListener event="end" expression="${missing.foo()}"/></extensionElements></serviceTask><userTask id="rest"/>
		<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="rest"/>`)
	k.start(map[string]json.RawMessage{"doc": document(5, 100<<10)})
	require.True(t, k.state.HasIncident())
	require.NotEmpty(t, k.value("copy"), "the work was done, its end failed")
	require.Len(t, k.contents, 2)
}

// TestLargeValuesChangeNothingButTheirPlace runs random models with large values in the state and beside it.
func TestLargeValuesChangeNothingButTheirPlace(t *testing.T) {
	t.Parallel()
	eachSeed(t, 150, func(random *rand.Rand) error {
		p, err := tryCompile(newRandomModel(random).xml.String())
		if err != nil {
			return err
		}
		r := newRandomRun(random, p)
		long := strings.Repeat("x", 9<<10)
		err = r.apply(engine.Event{Kind: engine.Start, StartEvent: "start", Variables: map[string]json.RawMessage{
			"visits": json.RawMessage("0"), "answer": json.RawMessage("2"), "none": json.RawMessage("[]"),
			"items": json.RawMessage(`["a` + long + `",2,{"a":"` + long + `"}]`), "text": textOf(40 << 10),
		}})
		for err == nil && !r.state.Ended && len(r.events) < 60 {
			ev, ok := r.next()
			if !ok {
				break
			}
			err = r.apply(ev)
		}
		if err != nil {
			return err
		}
		return againBeside(p, r.events, r.prints)
	})
}

// againBeside does again what happened, with the large values in the state and beside it, and compares.
func againBeside(p *bpmn.Program, events []engine.Event, prints []string) error {
	contents := values.Contents{}
	var inside, beside engine.State
	for i, ev := range events {
		next, _, err := engine.Step(p, inside, ev)
		if err != nil {
			return err
		}
		small, effects, err := engine.StepWith(p, contents, beside, ev)
		if err != nil {
			return err
		}
		if engine.Fingerprint(effects) != prints[i] {
			return fmt.Errorf("event %d, %s, has another fingerprint with its values outside", i, ev.Kind)
		}
		for _, e := range effects {
			if e.Kind == engine.ValueStored {
				contents[e.Name] = string(e.Value)
			}
		}
		inside = next
		raw, err := json.Marshal(small)
		if err != nil {
			return err
		}
		beside = engine.State{}
		if err := json.Unmarshal(raw, &beside); err != nil {
			return err
		}
		whole, err := expanded(beside, contents)
		if err != nil {
			return err
		}
		if err := sameStep(inside, whole, nil, nil); err != nil {
			return fmt.Errorf("event %d, %s: %w", i, ev.Kind, err)
		}
	}
	return nil
}

// expanded is a state with its values in it.
func expanded(s engine.State, contents values.Contents) (engine.State, error) {
	for i := range s.Scopes {
		l := s.Scopes[i].Loop
		if l == nil {
			continue
		}
		for _, chunk := range l.Stored {
			var items []json.RawMessage
			raw, err := values.Resolve(contents, chunk.List)
			if err == nil {
				err = json.Unmarshal(raw, &items)
			}
			if err != nil {
				return s, err
			}
			l.Items = append(l.Items, items...)
		}
		l.Stored = nil
		for _, folded := range l.Folded {
			raw, err := values.Resolve(contents, folded)
			if err == nil {
				err = json.Unmarshal(raw, &l.Results)
			}
			if err != nil {
				return s, err
			}
		}
		l.Folded = nil
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	text := string(raw)
	for _, content := range contents {
		text = strings.ReplaceAll(text, string(values.Contents{}.Pack(json.RawMessage(content), 0)), content)
	}
	var whole engine.State
	return whole, json.Unmarshal([]byte(text), &whole)
}

// What an attribute comes to stays in the state: it is no way around its bounds.
func TestTheTextOfAnAttributeIsBounded(t *testing.T) {
	t.Parallel()
	model := `<startEvent id="start"/><receiveTask id="wait" messageRef="${doc}"/><sequenceFlow id="f" sourceRef="start" targetRef="wait"/>`
	p := compile(t, strings.Replace(string(definitions(model)), `<signal id="S"`, `<message id="${doc}" name="${doc}"/><signal id="S"`, 1))
	for rev, incident := range map[int]bool{2: false, 3: true} {
		s, effects, err := engine.Step(p, engine.State{}, engine.Event{
			Kind: engine.Start, StartEvent: "start", Rev: rev, At: began, Variables: map[string]json.RawMessage{"doc": textOf(20 << 10)},
		})
		require.NoError(t, err)
		require.Equal(t, incident, s.HasIncident(), "revision %d", rev)
		if incident {
			require.Contains(t, effects[len(effects)-1].Message, "attribute name: its text has 20480 bytes; 16384 are possible")
		}
	}
}
