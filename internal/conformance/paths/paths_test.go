package paths

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// nested is a sub-process with a choice in it, behind a message; a timer or a signal follows.
const nested = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test">
<message id="m" name="go"/><signal id="s" name="stop"/>
<process id="p" isExecutable="true">
	<startEvent id="begin"><messageEventDefinition messageRef="m"/></startEvent><sequenceFlow id="f1" sourceRef="begin" targetRef="sub"/>
	<subProcess id="sub"><startEvent id="in"/><sequenceFlow id="s1" sourceRef="in" targetRef="choice"/>
		<exclusiveGateway id="choice" default="s3"/>
		<sequenceFlow id="s2" sourceRef="choice" targetRef="task"><conditionExpression>${level ge 3}</conditionExpression></sequenceFlow>
		<sequenceFlow id="s3" sourceRef="choice" targetRef="out"/>
		<userTask id="task"/><sequenceFlow id="s4" sourceRef="task" targetRef="out"/><endEvent id="out"/></subProcess>
	<sequenceFlow id="f2" sourceRef="sub" targetRef="either"/><eventBasedGateway id="either"/>
	<sequenceFlow id="f3" sourceRef="either" targetRef="wait"/><sequenceFlow id="f4" sourceRef="either" targetRef="hear"/>
	<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>
	<intermediateCatchEvent id="hear"><signalEventDefinition signalRef="s"/></intermediateCatchEvent>
	<sequenceFlow id="f5" sourceRef="wait" targetRef="end"/><sequenceFlow id="f6" sourceRef="hear" targetRef="end"/><endEvent id="end"/>
</process></definitions>`

func start(t *testing.T) (*world.World, *world.Definition) {
	t.Helper()
	w := world.New(world.Config{})
	require.NoError(t, w.Deploy("nested.bpmn", []byte(nested)))
	return w, w.Definitions()[0]
}

func TestInstancesAreLedAlongPaths(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path []string
		err  string
	}{
		"over the task and the timer":  {[]string{"begin", "in", "choice", "task", "out", "either", "wait", "end"}, ""},
		"past the task to the signal":  {[]string{"begin", "in", "choice", "out", "either", "hear", "end"}, ""},
		"only the beginning":           {[]string{"begin", "in", "choice"}, ""},
		"only the middle":              {[]string{"task", "out"}, ""},
		"nothing but that it starts":   {nil, ""},
		"two events of a choice":       {[]string{"begin", "wait", "hear"}, "ended before it came to [hear]"},
		"a node that is never reached": {[]string{"begin", "in", "nowhere"}, "ended before it came to [nowhere]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, d := start(t)
			err := drive(w, d, tc.path)
			if tc.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tc.err)
			}
		})
	}
}

func TestAPathThatIsNotInTheModelIsWrong(t *testing.T) {
	t.Parallel()
	c := Run(Case{ID: "c", File: "../testdata/small/paths/models/approve.bpmn", Path: []string{"other", "end"}}, nil)
	require.Equal(t, report.Wrong, c.Outcome)
	require.Contains(t, c.Why, "no process has the nodes")
}

func TestTheWayToAPathLeadsIntoSubProcesses(t *testing.T) {
	t.Parallel()
	_, d := start(t)
	require.Equal(t, []string{"begin", "sub", "in", "choice"}, lead(d.Program, []string{"task"}))
	require.Empty(t, lead(d.Program, []string{"begin", "sub"}))
	require.Empty(t, lead(d.Program, []string{"nowhere"}))
}

func TestValuesAreFoundForConditions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		conditions map[string]bool
		solvable   bool
	}{
		"a number above":          {map[string]bool{"${n > 1000}": true}, true},
		"a number not above":      {map[string]bool{"${n > 1000}": false}, true},
		"two names":               {map[string]bool{"${a == 'x' && b >= 7}": true, "${a == 'y'}": false}, true},
		"a flag":                  {map[string]bool{"${!approved}": true}, true},
		"a contradiction":         {map[string]bool{"${a == 'x'}": true, "${a == \"x\"}": false}, false},
		"beyond what can be seen": {map[string]bool{"${n * n == 2}": true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ds []demand
			for source, want := range tc.conditions {
				condition, err := expr.ParseExpression(source)
				require.NoError(t, err)
				ds = append(ds, demand{condition: condition, want: want})
			}
			vars, ok := solve(ds)
			require.Equal(t, tc.solvable, ok)
			require.True(t, !ok || holds(ds, decoded(t, vars)), "%v", vars)
		})
	}
}

func decoded(t *testing.T, vars map[string]json.RawMessage) expr.MapScope {
	t.Helper()
	scope := expr.MapScope{}
	for name, raw := range vars {
		v, err := expr.FromJSON(raw)
		require.NoError(t, err)
		scope[name] = v
	}
	return scope
}

func TestCalledProcessesAreStoodInFor(t *testing.T) {
	t.Parallel()
	programs, findings := bpmn.Compile(stub("other"))
	require.False(t, findings.HasErrors(), "%v", findings)
	require.Equal(t, "other", programs[0].Key)
}
