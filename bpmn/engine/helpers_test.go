package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// began is the moment at which every test instance starts.
var began = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// definitions puts elements into a process, so that a test shows only what it is about.
func definitions(elements string) []byte {
	return []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn"
		xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="test"><signal id="S" name="S"/><error id="E" errorCode="E"/><escalation id="E2" escalationCode="E"/><process id="p" isExecutable="true">` +
		elements + `</process></definitions>`)
}

// compile compiles a whole file, or the elements of one process.
func compile(t testing.TB, source string) *bpmn.Program {
	t.Helper()
	src := []byte(source)
	if !strings.Contains(source, "<definitions") {
		src = definitions(source)
	}
	programs, findings := bpmn.Compile(src)
	require.False(t, findings.HasErrors(), "%v", findings)
	require.Len(t, programs, 1)
	return programs[0]
}

// throughJSON returns what is left of a value that was stored and read again.
func throughJSON[T any](t testing.TB, v T) T {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	var read T
	require.NoError(t, json.Unmarshal(raw, &read))
	return read
}

// step runs a step and checks what holds for every step: it leaves its input alone, the new state survives storage,
// and the same input, stored and read again or not, gives the same state and effects.
func step(t testing.TB, p *bpmn.Program, s engine.State, ev engine.Event) (engine.State, []engine.Effect, error) {
	t.Helper()
	stored, storedEvent := throughJSON(t, s), throughJSON(t, ev)
	require.Equal(t, stored, s, "the state changes when it is stored")
	next, effects, err := engine.Step(p, s, ev)
	require.Equal(t, stored, s, "the step changed its input")
	require.Equal(t, next, throughJSON(t, next), "the new state changes when it is stored")

	again, sameEffects, sameErr := engine.Step(p, stored, storedEvent)
	require.Equal(t, err == nil, sameErr == nil, "%v, then %v", err, sameErr)
	require.Equal(t, next, again, "a stored state gives another state")
	require.Equal(t, effects, sameEffects, "a stored state gives other effects")
	require.Equal(t, engine.Fingerprint(effects), engine.Fingerprint(sameEffects))
	if err != nil {
		require.ErrorIs(t, err, engine.ErrStale)
		require.Equal(t, s, next, "a stale event changed the state")
		require.Empty(t, effects)
	}
	checkInvariants(t, p, next)
	return next, effects, err
}

// settle runs a step and, where the burst is cut off, those that go on with it. It returns the effects of them all.
func settle(t testing.TB, p *bpmn.Program, s engine.State, ev engine.Event) (engine.State, []engine.Effect, error) {
	t.Helper()
	s, effects, err := step(t, p, s, ev)
	for err == nil && len(s.Pending) > 0 {
		var more []engine.Effect
		s, more, err = step(t, p, s, engine.Event{Kind: engine.Continue, At: ev.At})
		effects = append(effects, more...)
	}
	return s, effects, err
}

// checkInvariants checks what holds for every state between two steps.
func checkInvariants(t testing.TB, p *bpmn.Program, s engine.State) {
	t.Helper()
	ids := map[string]bool{}
	for _, token := range s.Tokens {
		require.False(t, ids[token.ID], "token %s twice", token.ID)
		ids[token.ID] = true
		i := p.NodeIndex(token.Node)
		require.GreaterOrEqual(t, i, 0, token.ID)
		if token.State == engine.Joining {
			require.Contains(t, []bpmn.NodeKind{bpmn.ParallelGateway, bpmn.InclusiveGateway, bpmn.ComplexGateway}, p.Nodes[i].Kind, token.ID)
		}
	}
	for _, scope := range s.Scopes {
		require.True(t, ids[scope.Host], "scope %s without a node instance", scope.ID)
		ids[scope.ID] = true
	}
	for _, timer := range s.Timers {
		require.True(t, timer.Host == "" || ids[timer.Host], "timer %s without a host", timer.ID)
	}
	for _, c := range s.Subscriptions {
		require.True(t, c.Host == "" || ids[c.Host], "subscription %s without a host", c.ID)
	}
	for _, token := range s.Tokens {
		require.True(t, token.Scope == "" || ids[token.Scope], "token %s without a scope", token.ID)
	}
	if s.Ended {
		require.Empty(t, s.Tokens)
		require.Empty(t, s.Timers)
		require.Empty(t, s.Subscriptions)
	} else if s.Started {
		require.True(t, len(s.Tokens)+len(s.Pending) > 0 || s.Closing != nil, "a live instance without a token")
	}
}
