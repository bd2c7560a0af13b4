package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

const (
	seeds    = 500
	maxSteps = 3000
	patience = 60 // steps after which no loop goes round again
)

func TestRandomModelsEndWithEveryBlockLeftAsOftenAsEntered(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			model := newRandomModel(random)
			r := &randomRun{random: random, program: compile(t, model.xml.String()), at: began, entered: map[string]int{}}
			r.run(t)
			r.checkCounts(t, model)
		})
	}
}

// randomRun is an instance of a random model that random events happen to.
type randomRun struct {
	random  *rand.Rand
	program *bpmn.Program
	state   engine.State
	at      time.Time
	steps   int
	entered map[string]int
	tasks   int // tasks created
	done    int // tasks completed or cancelled
}

func (r *randomRun) run(t *testing.T) {
	t.Helper()
	r.apply(t, engine.Event{Kind: engine.Start, StartEvent: "start", Variables: map[string]json.RawMessage{
		"visits": json.RawMessage("0"), "answer": json.RawMessage("2"), "text": json.RawMessage(` { "b" : "<&>",  "a":[ 1 ] }`),
	}})
	for !r.state.Ended {
		require.Less(t, r.steps, maxSteps, "the instance does not end")
		r.apply(t, r.event())
	}
}

// event is mostly the completion of an open task; sometimes an assignment, a timer, or something stale.
func (r *randomRun) event() engine.Event {
	var waiting []engine.Token
	for _, token := range r.state.Tokens {
		if token.State == engine.Waiting {
			waiting = append(waiting, token)
		}
	}
	token := waiting[r.random.IntN(len(waiting))]
	switch kind := r.random.IntN(10); {
	case kind == 0 && len(r.state.Timers) > 0:
		r.at = r.state.NextDue()
		return engine.Event{Kind: engine.TimersDue}
	case kind == 1:
		return engine.Event{Kind: engine.TaskAssigned, Token: token.ID, Assignee: "jo"}
	case kind == 2:
		return engine.Event{Kind: engine.TaskCompleted, Token: "gone:1"}
	}
	answer := r.random.IntN(4)
	if r.steps > patience {
		answer = 3
	}
	return engine.Event{Kind: engine.TaskCompleted, Token: token.ID, Assignee: "jo",
		Variables: map[string]json.RawMessage{"answer": fmt.Append(nil, answer)}}
}

func (r *randomRun) apply(t *testing.T, ev engine.Event) {
	t.Helper()
	ev.At = r.at
	next, effects, err := step(t, r.program, r.state, ev)
	require.Equal(t, ev.Token == "gone:1", err != nil, "%s: %v", ev.Kind, err)
	for _, e := range effects {
		switch e.Kind {
		case engine.NodeEntered:
			r.entered[e.Element]++
		case engine.TaskCreated:
			r.tasks++
		case engine.TaskCancelled:
			r.done++
		case engine.IncidentRaised:
			require.Fail(t, "an incident", e.Message)
		}
	}
	if ev.Kind == engine.TaskCompleted && err == nil {
		r.done++
	}
	r.state = next
	r.steps++
}

func (r *randomRun) checkCounts(t *testing.T, m *randomModel) {
	t.Helper()
	require.Equal(t, "end", r.state.EndEvent)
	require.Equal(t, r.tasks, r.done, "tasks created, and completed or cancelled")
	require.Equal(t, fmt.Sprint(r.tasks), string(r.state.Variables["visits"]))
	for first, last := range m.ends {
		require.Equal(t, r.entered[first], r.entered[last], "%s and %s", first, last)
	}
	for split, branches := range m.splits {
		taken := 0
		for _, first := range branches {
			taken += r.visits(m, first)
		}
		require.Equal(t, r.entered[split], taken, split)
	}
	for fork, branches := range m.forks {
		for _, first := range branches {
			require.Equal(t, r.entered[fork], r.visits(m, first), "%s of %s", first, fork)
		}
	}
}

// visits counts how often a block was begun: the head of a loop is also entered to go round again.
func (r *randomRun) visits(m *randomModel, first string) int {
	if done, isLoop := m.loops[first]; isLoop {
		return r.entered[done]
	}
	return r.entered[first]
}
