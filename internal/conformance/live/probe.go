package live

import (
	"errors"
	"maps"
	"slices"

	"github.com/onecms/nextgen-workflow/internal/conformance/paths"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/scenario"
)

// people are who a case needs: users that act or hold tasks, and groups that may.
type people struct{ users, groups []string }

// probeScenario plays a scenario in memory through the window. The reason is empty where it can be played on the product.
func probeScenario(c scenario.Case) (p people, why string) {
	switch whole := scenario.Run(c, nil); whole.Outcome {
	case report.Pass:
	case report.Aside:
		return p, "it expects only internals of another engine"
	case report.Refused, report.Wrong, report.Doubtful:
		return p, "it does not pass in memory"
	}
	w := newWindow(nil)
	err := scenario.Play(c, w, nil)
	return w.people(), reason(err)
}

// probePath drives along a path in memory, with what the product can do.
func probePath(c paths.Case) (p people, why string) {
	if paths.Run(c, nil).Outcome != report.Pass {
		return p, "it does not pass in memory"
	}
	w := newWindow(nil)
	err := paths.Play(c, sighted{w})
	return w.people(), reason(err)
}

func reason(err error) string {
	var left *leftOutError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &left):
		return left.why
	}
	return "it looks at what the API does not show"
}

// people are all users and groups that were named so far.
func (w *window) people() people {
	users, groups := maps.Clone(w.users), map[string]bool{}
	for _, t := range w.World.Tasks() {
		for _, u := range append(t.CandidateUsers, t.Assignee) {
			users[u] = true
		}
		for _, g := range t.CandidateGroups {
			groups[g] = true
		}
	}
	delete(users, "")
	return people{users: slices.Sorted(maps.Keys(users)), groups: slices.Sorted(maps.Keys(groups))}
}
