package engine

import (
	"maps"
	"slices"
	"time"
)

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
	return slices.ContainsFunc(s.Tokens, func(t Token) bool { return t.State == Entering || t.State == Leaving || t.State == Failed })
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
