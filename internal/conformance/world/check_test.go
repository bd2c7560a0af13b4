package world

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

func TestBrokenStatesAreFound(t *testing.T) {
	t.Parallel()
	programs, findings := bpmn.Compile([]byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test">
		<process id="p" isExecutable="true"><startEvent id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/><endEvent id="b"/></process></definitions>`))
	require.False(t, findings.HasErrors(), "%v", findings)
	at := func(id, node, scope string) engine.Token { return engine.Token{ID: id, Node: node, Scope: scope} }
	for name, tc := range map[string]struct {
		state engine.State
		want  string
	}{
		"sound":                     {engine.State{Started: true, Tokens: []engine.Token{at("a:1", "a", "")}}, ""},
		"not started":               {engine.State{}, ""},
		"ended":                     {engine.State{Started: true, Ended: true}, ""},
		"a token twice":             {engine.State{Tokens: []engine.Token{at("a:1", "a", ""), at("a:1", "b", "")}}, `token "a:1" twice`},
		"a token at nothing":        {engine.State{Tokens: []engine.Token{at("c:1", "c", "")}}, `"c", which is not in the model`},
		"a token in no scope":       {engine.State{Tokens: []engine.Token{at("a:1", "a", "s:1/")}}, `scope "s:1/", which is not there`},
		"a scope in no scope":       {engine.State{Scopes: []engine.Scope{{ID: "x", Parent: "y"}}}, `scope "x" in "y"`},
		"a scope twice":             {engine.State{Scopes: []engine.Scope{{ID: "x"}, {ID: "x"}}}, `scope "x" twice`},
		"a loop that counts wrong":  {engine.State{Scopes: []engine.Scope{{ID: "x", Loop: &engine.LoopState{Total: 2, Started: 3}}}}, "3 started"},
		"a loop below nothing":      {engine.State{Scopes: []engine.Scope{{ID: "x", Loop: &engine.LoopState{Total: -1, Completed: -1}}}}, "-1 completed"},
		"ended and waiting":         {engine.State{Started: true, Ended: true, Timers: []engine.Timer{{ID: "t"}}}, "an ended instance waits"},
		"running and not waiting":   {engine.State{Started: true}, "no token"},
		"waiting with what is left": {engine.State{Started: true, Pending: []engine.Arrival{{Node: "a"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkState(programs[0], tc.state)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.ErrorIs(t, err, ErrDefect)
		})
	}
}

func TestEffectsAndStateHaveToAgree(t *testing.T) {
	t.Parallel()
	w := New(Config{})
	i := &instance{Instance: Instance{ID: "i1"}}
	require.NoError(t, w.checkTables(i))
	i.State.Subscriptions = []engine.Subscription{{ID: "m:1", Kind: "message"}, {ID: "c:2", Kind: "conditional"}, {ID: "s:3", Kind: "signal", Local: true}}
	require.ErrorContains(t, w.checkTables(i), "[m:1] by the state")
	w.subscriptions = []subscription{{Subscription: i.State.Subscriptions[0], instance: i}}
	require.NoError(t, w.checkTables(i))
	w.tasks = []*Task{{Instance: "i1", NodeInstance: "t:4"}}
	require.ErrorContains(t, w.checkTables(i), `task "t:4" is open, its token is gone`)
	w.tasks = nil
	w.work = []*work{{instance: i, token: "w:5"}}
	require.ErrorContains(t, w.checkTables(i), `work for "w:5" is wanted, its token is gone`)
}

func TestACloseLookFindsAStateThatStorageChanges(t *testing.T) {
	t.Parallel()
	a, b := engine.State{Counter: 1}, engine.State{Counter: 2}
	require.Equal(t, "Counter 1, then 2", difference(a, b))
	require.Equal(t, "none", difference(a, a))
}
