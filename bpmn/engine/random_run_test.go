package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// patience is the number of events after which a run only does what leads to an end.
const patience = 60

// randomRun is an instance that random events happen to. It checks every step, and keeps what happened to do it all again.
type randomRun struct {
	random  *rand.Rand
	program *bpmn.Program
	state   engine.State
	stored  []byte // the state as it is stored
	at      time.Time
	events  []engine.Event
	prints  []string // fingerprints of the steps
	entered map[string]int
	tasks   int
	visits  int // nodes entered
	cutOff  int // steps that a burst was cut off in, one after the other
	ledger  ledger
}

func newRandomRun(random *rand.Rand, p *bpmn.Program) *randomRun {
	stored, _ := json.Marshal(engine.State{})
	return &randomRun{random: random, program: p, stored: stored, at: began, entered: map[string]int{}}
}

func (r *randomRun) start(id string) error {
	return r.apply(engine.Event{Kind: engine.Start, StartEvent: id, Variables: map[string]json.RawMessage{
		"visits": json.RawMessage("0"), "answer": json.RawMessage("2"), "items": json.RawMessage(`["a", 2, null]`), "none": json.RawMessage("[]"),
		"text": json.RawMessage(` { "b" : "<&>",  "a":[ 1 ] }`),
	}})
}

// apply runs one event twice: on the state as it is, and on one that was stored and read again, as after a continue-as-new.
func (r *randomRun) apply(ev engine.Event) error {
	ev.At = r.at
	var stored engine.State
	if err := json.Unmarshal(r.stored, &stored); err != nil {
		return err
	}
	next, effects, stepErr := engine.Step(r.program, r.state, ev)
	again, sameEffects, sameErr := engine.Step(r.program, stored, ev)
	if err := sameStep(next, again, effects, sameEffects); err != nil {
		return fmt.Errorf("%s: %w", ev.Kind, err)
	}
	if (stepErr == nil) != (sameErr == nil) {
		return fmt.Errorf("%s: %w, then %w", ev.Kind, stepErr, sameErr)
	}
	if after, err := json.Marshal(r.state); err != nil || !bytes.Equal(r.stored, after) {
		return fmt.Errorf("%s changed the state it was given: %w", ev.Kind, err)
	}
	if stepErr != nil {
		if !errors.Is(stepErr, engine.ErrStale) || len(effects) > 0 {
			return fmt.Errorf("%s: %w", ev.Kind, stepErr)
		}
		return nil
	}
	return r.took(ev, next, effects)
}

// sameStep compares what two steps came to. What is equal in memory need not be written to be compared.
func sameStep(a, b engine.State, effects, others []engine.Effect) error {
	for _, pair := range [][2]any{{a, b}, {effects, others}} {
		if reflect.DeepEqual(pair[0], pair[1]) {
			continue
		}
		x, err := json.Marshal(pair[0])
		if err != nil {
			return err
		}
		if y, err := json.Marshal(pair[1]); err != nil || !bytes.Equal(x, y) {
			return fmt.Errorf("the same event gives\n%s\nthen\n%s", x, y)
		}
	}
	return nil
}

func (r *randomRun) took(ev engine.Event, next engine.State, effects []engine.Effect) error {
	stored, err := json.Marshal(next)
	if err != nil {
		return err
	}
	r.state, r.stored = next, stored
	r.events = append(r.events, ev)
	r.prints = append(r.prints, engine.Fingerprint(effects))
	if r.cutOff++; len(next.Pending) == 0 {
		r.cutOff = 0
	}
	if err := r.ledger.take(ev, effects); err != nil {
		return fmt.Errorf("%s: %w", ev.Kind, err)
	}
	for _, e := range effects {
		switch e.Kind {
		case engine.NodeEntered:
			r.entered[e.Element]++
			r.visits++
		case engine.TaskCreated:
			r.tasks++
		}
	}
	switch {
	case r.over():
		return r.ledger.settled()
	case next.Ended:
		return nil // delete listeners are at work
	case len(next.Tokens)+len(next.Pending) == 0 && next.Closing == nil:
		return fmt.Errorf("%s: a live instance without a token", ev.Kind)
	}
	return r.checkPlaces()
}

// over reports whether nothing can happen any more.
func (r *randomRun) over() bool { return r.state.Ended && len(r.state.Deleted) == 0 }

// checkPlaces checks that everything belongs to something that is there.
func (r *randomRun) checkPlaces() error {
	places := map[string]bool{"": true}
	for _, t := range r.state.Tokens {
		if places[t.ID] {
			return fmt.Errorf("token %s twice", t.ID)
		}
		places[t.ID] = true
	}
	for _, s := range r.state.Scopes {
		if !places[s.Host] && s.Kind != engine.LocalScope || places[s.ID] && s.Kind != engine.LocalScope {
			return fmt.Errorf("scope %s of %s", s.ID, s.Host)
		}
		places[s.ID] = true
	}
	for _, t := range r.state.Tokens {
		if !places[t.Scope] {
			return fmt.Errorf("token %s is in the scope %s, which is not open", t.ID, t.Scope)
		}
	}
	for _, t := range r.state.Timers {
		if !places[t.Host] {
			return fmt.Errorf("timer %s belongs to %s, which is gone", t.ID, t.Host)
		}
	}
	for _, s := range r.state.Subscriptions {
		if !places[s.Host] {
			return fmt.Errorf("subscription %s belongs to %s, which is gone", s.ID, s.Host)
		}
	}
	return nil
}

// replay does all again from the beginning: another process, with another order of its maps, has to come to the same.
func (r *randomRun) replay() error {
	if len(r.events) == 1 {
		return nil // apply has done just that
	}
	var s engine.State
	for i, ev := range r.events {
		next, effects, err := engine.Step(r.program, s, ev)
		if err != nil {
			return fmt.Errorf("replay of event %d: %w", i, err)
		}
		if engine.Fingerprint(effects) != r.prints[i] {
			return fmt.Errorf("replay of event %d, %s, has another fingerprint", i, ev.Kind)
		}
		s = next
	}
	return sameStep(s, r.state, nil, nil)
}

// next is an event that may happen now; false when nothing can.
func (r *randomRun) next() (engine.Event, bool) {
	if len(r.state.Pending) > 0 {
		return engine.Event{Kind: engine.Continue}, true
	}
	var choices []engine.Event
	for _, t := range r.state.Tokens {
		choices = append(choices, r.choicesOf(t)...)
	}
	for _, work := range r.ledger.listeners() {
		choices = append(choices, r.answersTo(work)...)
	}
	if c := r.state.Closing; c != nil && c.State == engine.Failed {
		choices = append(choices, engine.Event{Kind: engine.RetryIncident, Token: c.ID})
	}
	for _, s := range r.state.Subscriptions {
		switch s.Kind {
		case string(bpmn.MessageEvent):
			choices = append(choices, engine.Event{Kind: engine.MessageReceived, Token: s.ID})
		case string(bpmn.SignalEvent):
			choices = append(choices, engine.Event{Kind: engine.SignalReceived, Name: s.Name})
		}
	}
	if due := r.state.NextDue(); !due.IsZero() {
		choices = append(choices, engine.Event{Kind: engine.TimersDue, At: due})
	}
	if len(choices) == 0 {
		return engine.Event{}, false
	}
	if len(r.events) < patience && r.random.IntN(12) == 0 {
		return r.disturbance(), true
	}
	ev := choices[r.random.IntN(len(choices))]
	if ev.Kind == engine.TimersDue {
		r.at = ev.At
	}
	return ev, true
}

func (r *randomRun) choicesOf(t engine.Token) []engine.Event {
	switch node := r.program.Nodes[r.program.NodeIndex(t.Node)]; {
	case t.State == engine.Entering || t.State == engine.Leaving || t.State == engine.Failed:
		return []engine.Event{{Kind: engine.RetryIncident, Token: t.ID, Variables: r.answer()}}
	case t.State != engine.Waiting:
		return nil
	case node.Kind == bpmn.UserTask && t.Unheard && t.At != nil && r.random.IntN(2) == 0:
		return []engine.Event{{Kind: engine.RetryIncident, Token: t.ID + ".assignment"}}
	case node.Kind == bpmn.UserTask:
		return []engine.Event{{Kind: engine.TaskCompleted, Token: t.ID, Assignee: "jo", Variables: r.answer()}}
	case node.Kind == bpmn.CallActivity:
		return []engine.Event{{Kind: engine.ChildEnded, Token: t.ID, Variables: r.answer()}}
	case node.Service != nil || node.Script != nil:
		return r.answersTo(t.ID)
	}
	return nil
}

// answersTo are what work outside may come to.
func (r *randomRun) answersTo(work string) []engine.Event {
	done := engine.Event{Kind: engine.ActivityDone, Token: work, Variables: r.answer()}
	if len(r.events) > patience {
		return []engine.Event{done}
	}
	return []engine.Event{done, {Kind: engine.ActivityFailed, Token: work, Code: []string{"E", "", "nobody knows this"}[r.random.IntN(3)]}}
}

func (r *randomRun) answer() map[string]json.RawMessage {
	answer := r.random.IntN(4)
	if len(r.events) > patience {
		answer = 3
	}
	return map[string]json.RawMessage{"answer": fmt.Append(nil, answer)}
}

// disturbance is something that changes nothing, or only variables.
func (r *randomRun) disturbance() engine.Event {
	switch r.random.IntN(4) {
	case 0:
		return engine.Event{Kind: engine.VariablesSet, Variables: r.answer()}
	case 1:
		return engine.Event{Kind: engine.TaskCompleted, Token: "gone:1"}
	case 2:
		if len(r.state.Tokens) > 0 {
			return engine.Event{Kind: engine.TaskAssigned, Token: r.state.Tokens[r.random.IntN(len(r.state.Tokens))].ID, Assignee: "jo"}
		}
	}
	return engine.Event{Kind: engine.SignalReceived, Name: "nobody hears this"}
}
