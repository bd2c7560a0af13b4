package world

import (
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// checkState checks what holds for every state between two steps.
func checkState(p *bpmn.Program, s engine.State) error {
	if err := checkTokens(p, s); err != nil {
		return err
	}
	scopes := map[string]bool{"": true}
	for _, scope := range s.Scopes {
		if scopes[scope.ID] {
			return defect("scope %q twice", scope.ID)
		}
		scopes[scope.ID] = true
		if !scopes[scope.Parent] {
			return defect("scope %q in %q, which is not there", scope.ID, scope.Parent)
		}
		if l := scope.Loop; l != nil && (l.Started < 0 || l.Completed < 0 || l.Completed > l.Started || l.Total >= 0 && l.Started > l.Total) {
			return defect("scope %q counts %d started and %d completed of %d", scope.ID, l.Started, l.Completed, l.Total)
		}
	}
	for _, t := range s.Tokens {
		if !scopes[t.Scope] {
			return defect("token %q in scope %q, which is not there", t.ID, t.Scope)
		}
	}
	switch {
	case s.Ended && len(s.Tokens)+len(s.Timers)+len(s.Subscriptions) > 0:
		return defect("an ended instance waits for something: %v", s.Open())
	case s.Started && !s.Ended && len(s.Tokens)+len(s.Pending)+len(s.Scopes) == 0:
		return defect("a running instance has no token")
	}
	return nil
}

func checkTokens(p *bpmn.Program, s engine.State) error {
	seen := map[string]bool{}
	for _, t := range s.Tokens {
		if t.ID == "" || seen[t.ID] {
			return defect("token %q twice", t.ID)
		}
		seen[t.ID] = true
		if p.NodeIndex(t.Node) < 0 {
			return defect("token %q at %q, which is not in the model", t.ID, t.Node)
		}
	}
	return nil
}

// checkTables compares what the effects told with what the state says: the shell of the product sees effects only.
func (w *World) checkTables(i *instance) error {
	for _, t := range w.tasks {
		if t.Instance == i.ID && t.Open() && !i.rests(t.NodeInstance) {
			return defect("task %q is open, its token is gone", t.NodeInstance)
		}
	}
	for _, job := range w.work {
		if job.instance == i && !i.rests(job.token) {
			return defect("work for %q is wanted, its token is gone", job.token)
		}
	}
	var told, kept []string
	for _, s := range w.subscriptions {
		if s.instance == i {
			told = append(told, s.ID)
		}
	}
	for _, s := range i.State.Subscriptions {
		if external(s) {
			kept = append(kept, s.ID)
		}
	}
	slices.Sort(told)
	slices.Sort(kept)
	if !slices.Equal(told, kept) {
		return defect("subscriptions %v are open by the effects, %v by the state", told, kept)
	}
	return nil
}

// external reports whether the outside has to know of a subscription.
func external(s engine.Subscription) bool {
	return s.Kind == string(bpmn.MessageEvent) || s.Kind == string(bpmn.SignalEvent) && !s.Local
}

func (i *instance) rests(token string) bool {
	return slices.ContainsFunc(i.State.Tokens, func(t engine.Token) bool { return t.ID == token })
}
