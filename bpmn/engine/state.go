// Package engine executes compiled BPMN programs by token semantics. Step is pure: the same program, state and event
// give the same state and effects. It knows no clock, database, goroutine or random source (ADR 0002).
package engine

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Rev is the revision of the engine's behaviour that new instances get. A change in the order or kind of effects needs
// a new revision and a recorded history (docs/adr/0002).
const Rev = 1

// State is the whole position of one process instance. The zero value is an instance that has not started. It survives
// a JSON round trip unchanged; Step never modifies the one it is given.
type State struct {
	Rev       int                        `json:"rev"`
	Counter   int64                      `json:"counter"` // last number given to a node instance or timer
	Started   bool                       `json:"started"`
	Ended     bool                       `json:"ended"`
	Users     []User                     `json:"users,omitempty"` // people whose roles expressions may ask for, by id
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
	Tokens    []Token                    `json:"tokens,omitempty"` // in order of creation
	Timers    []Timer                    `json:"timers,omitempty"` // in order of arming
	EndEvent  string                     `json:"endEvent,omitempty"`
}

// User is a person with the role codes that were valid when the engine learnt of them.
type User struct {
	ID    string   `json:"id"`
	Roles []string `json:"roles,omitempty"`
}

// TokenState says what a resting token waits for.
type TokenState string

// The reasons for which a token rests between two steps.
const (
	Waiting  TokenState = "waiting"  // at a user task, for its completion
	Joining  TokenState = "joining"  // at a joining gateway, for the other flows
	Entering TokenState = "entering" // incident while entering the node
	Leaving  TokenState = "leaving"  // incident while leaving the node
)

// Token marks a position. Tokens are consumed and produced, never moved: ID is the node instance "<element id>:<n>".
type Token struct {
	ID       string     `json:"id"`
	Node     string     `json:"node"`
	Flow     string     `json:"flow,omitempty"` // sequence flow it came by
	State    TokenState `json:"state"`
	Assignee string     `json:"assignee,omitempty"` // user task: who holds it
	Unheard  bool       `json:"unheard,omitempty"`  // user task: an assignment listener failed; an incident says so
}

// Timer is an armed boundary timer.
type Timer struct {
	ID   string    `json:"id"`   // "<boundary event id>:<n>"
	Node string    `json:"node"` // boundary event
	Host string    `json:"host"` // token of the activity it is attached to
	Due  time.Time `json:"due"`
}

// NextDue returns the earliest due time of all timers; zero if none is armed.
func (s *State) NextDue() time.Time {
	var next time.Time
	for _, t := range s.Timers {
		if next.IsZero() || t.Due.Before(next) {
			next = t.Due
		}
	}
	return next
}

// Open lists the element ids that hold a token, sorted, each once.
func (s *State) Open() []string {
	ids := make([]string, 0, len(s.Tokens))
	for _, t := range s.Tokens {
		ids = append(ids, t.Node)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// HasIncident reports whether any token waits for a person to mend it.
func (s *State) HasIncident() bool {
	return slices.ContainsFunc(s.Tokens, func(t Token) bool { return t.State == Entering || t.State == Leaving })
}

func (s *State) clone() State {
	c := *s
	c.Users = slices.Clone(s.Users)
	c.Variables = maps.Clone(s.Variables)
	c.Tokens = slices.Clone(s.Tokens)
	c.Timers = slices.Clone(s.Timers)
	return c
}

// tidy gives a state the one form that it also has after it was stored and read again: no list is empty but not nil.
func (s *State) tidy() {
	if len(s.Users) == 0 {
		s.Users = nil
	}
	if len(s.Variables) == 0 {
		s.Variables = nil
	}
	if len(s.Tokens) == 0 {
		s.Tokens = nil
	}
	if len(s.Timers) == 0 {
		s.Timers = nil
	}
}

func (s *State) token(id string) int {
	return slices.IndexFunc(s.Tokens, func(t Token) bool { return t.ID == id })
}

func (s *State) removeToken(id string) {
	s.Tokens = slices.DeleteFunc(s.Tokens, func(t Token) bool { return t.ID == id })
}
