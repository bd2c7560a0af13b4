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

// HasIncident reports whether anything waits for a person to mend it.
func (s *State) HasIncident() bool {
	return slices.ContainsFunc(s.Tokens, func(t Token) bool { return t.hasFailed() }) ||
		s.Closing != nil && s.Closing.State == Failed ||
		slices.ContainsFunc(s.Subscriptions, func(c Subscription) bool { return c.Failed })
}

// clone copies what a step may change. The maps of variables and the loop states are copied when they are first written.
func (s *State) clone() State {
	c := *s
	c.Users = slices.Clone(s.Users)
	c.Tokens = slices.Clone(s.Tokens)
	c.Timers = slices.Clone(s.Timers)
	c.Scopes = slices.Clone(s.Scopes)
	c.Subscriptions = slices.Clone(s.Subscriptions)
	c.Done = slices.Clone(s.Done)
	c.Deleted = slices.Clone(s.Deleted)
	c.Pending = nil
	return c
}

// tidy gives a state the one form that it also has after it was stored and read again: nothing is empty but not nil.
func (s *State) tidy() {
	s.Users, s.Tokens, s.Timers = none(s.Users), none(s.Tokens), none(s.Timers)
	s.Scopes, s.Subscriptions = none(s.Scopes), none(s.Subscriptions)
	s.Done, s.Pending, s.Deleted = none(s.Done), none(s.Pending), none(s.Deleted)
	if len(s.Variables) == 0 {
		s.Variables = nil
	}
	for i := range s.Scopes {
		if len(s.Scopes[i].Variables) == 0 {
			s.Scopes[i].Variables = nil
		}
		s.Scopes[i].Compensate = none(s.Scopes[i].Compensate)
	}
}

func none[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// token finds a token; -1 if there is none. Mostly it is one of the last.
func (s *State) token(id string) int {
	for i := len(s.Tokens) - 1; i >= 0; i-- {
		if s.Tokens[i].ID == id {
			return i
		}
	}
	return -1
}

func (s *State) removeToken(id string) {
	if i := s.token(id); i >= 0 {
		s.Tokens = slices.Delete(s.Tokens, i, i+1)
	}
}

// scope finds an open scope; nil for the process itself and for one that is closed.
func (s *State) scope(id string) *Scope {
	if id == "" {
		return nil
	}
	for i := len(s.Scopes) - 1; i >= 0; i-- {
		if s.Scopes[i].ID == id {
			return &s.Scopes[i]
		}
	}
	return nil
}

func (s *State) removeScope(id string) {
	s.Scopes = slices.DeleteFunc(s.Scopes, func(c Scope) bool { return c.ID == id })
}

// hosted finds the scope of a kind that a node instance opened; nil if it has none.
func (s *State) hosted(instance string, kind ScopeKind) *Scope {
	for i := len(s.Scopes) - 1; i >= 0; i-- {
		if s.Scopes[i].Host == instance && s.Scopes[i].Kind == kind {
			return &s.Scopes[i]
		}
	}
	return nil
}

// isEmpty reports whether a scope holds no token.
func (s *State) isEmpty(scope string) bool {
	for i := range s.Tokens {
		if s.Tokens[i].Scope == scope {
			return false
		}
	}
	return true
}

// copyLoop makes the loop state of a scope one's own before it is changed.
func (c *Scope) copyLoop() *LoopState {
	loop := *c.Loop
	loop.Results = maps.Clone(c.Loop.Results)
	c.Loop = &loop
	return c.Loop
}
