package engine_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

const onecmsFolder = "../../../shared/models/onecms"

// searchLimit bounds the positions that a search looks at; the models that fork without joining have no end of them.
const searchLimit = 4000

func TestEveryEndEventOfTheProductsModelsIsReached(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"onecms-unified-case.bpmn", "quick-review.bpmn"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSearch(t, readModel(t, filepath.Join("..", "models", name)))
			require.Empty(t, s.run(t, bpmn.EndEvent))
			require.Empty(t, s.run(t, ""), "nodes that no path reaches")
		})
	}
}

func TestEveryEndEventOfThePublishedModelsIsReached(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(onecmsFolder), "*.bpmn20.xml"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the folder of shared models is absent")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".bpmn20.xml"), func(t *testing.T) {
			t.Parallel()
			s := newSearch(t, readModel(t, file))
			require.Empty(t, s.run(t, bpmn.EndEvent))
			for _, id := range s.run(t, "") {
				// It wants both ways out of Corporate Security at once; the scenario onecms-enhanced-join gets there.
				require.Equal(t, "gateway_parallel_join", id, "a node that no path reaches")
			}
		})
	}
}

// search looks for paths through a model, breadth first, with the values that its conditions ask for.
type search struct {
	program *bpmn.Program
	asked   map[string][]question // what the condition of a flow asks, by flow id
	roles   []string              // roles that conditions ask for
}

// question is a comparison "variable == 'value'" in a condition.
type question struct{ variable, value string }

// found is a position of the search with the events that lead to it.
type found struct {
	state engine.State
	path  []engine.Event
}

var (
	flowElement = regexp.MustCompile(`(?s)<sequenceFlow [^>]*?\bid="([^"]+)"[^>]*[^/]>(.*?)</sequenceFlow>`)
	comparison  = regexp.MustCompile(`(\w+) == '(\w+)'`)
	roleAsked   = regexp.MustCompile(`hasRole\('(\w+)'\)`)
)

func newSearch(t *testing.T, source string) *search {
	t.Helper()
	s := &search{program: compile(t, source), asked: map[string][]question{}, roles: []string{""}}
	for _, flow := range flowElement.FindAllStringSubmatch(source, -1) {
		for _, c := range comparison.FindAllStringSubmatch(flow[2], -1) {
			s.asked[flow[1]] = append(s.asked[flow[1]], question{c[1], c[2]})
		}
		for _, c := range roleAsked.FindAllStringSubmatch(flow[2], -1) {
			s.roles = append(s.roles, c[1])
		}
	}
	return s
}

// run searches until every node of the kind was entered, of any kind if it is empty, and returns those that were not.
// The path to each is gone through once more with all the checks of a step.
func (s *search) run(t *testing.T, kind bpmn.NodeKind) []string {
	t.Helper()
	missing := map[string]bool{}
	for _, n := range s.program.Nodes {
		if kind == "" || n.Kind == kind {
			missing[n.ID] = true
		}
	}
	queue, seen := s.starts(), map[string]bool{}
	for len(queue) > 0 && len(missing) > 0 && len(seen) < searchLimit {
		from := queue[0]
		queue = queue[1:]
		ev := from.path[len(from.path)-1]
		next, effects, err := engine.Step(s.program, from.state, ev)
		require.NoError(t, err)
		hit := false
		for _, e := range effects {
			if e.Kind == engine.NodeEntered && missing[e.Element] {
				hit = true
				delete(missing, e.Element)
			}
		}
		if hit {
			s.replay(t, from.path)
		}
		if position := strings.Join(tokens(next), ","); !next.Ended && !seen[position] {
			seen[position] = true
			queue = append(queue, s.onward(next, from.path)...)
		}
	}
	return slices.Sorted(maps.Keys(missing))
}

func (s *search) replay(t *testing.T, path []engine.Event) {
	t.Helper()
	var state engine.State
	for _, ev := range path {
		var err error
		state, _, err = step(t, s.program, state, ev)
		require.NoError(t, err)
	}
}

// starts are the ways to begin: each start event, by a person of each role, with each set of answers.
func (s *search) starts() []found {
	var all []found
	for _, i := range s.program.Starts {
		for _, role := range s.roles {
			for _, answers := range s.answers(i) {
				all = append(all, found{path: []engine.Event{{
					Kind: engine.Start, At: began, StartEvent: s.program.Nodes[i].ID, Variables: answers,
					Initiator: engine.User{ID: "pat", Roles: []string{role}},
				}}})
			}
		}
	}
	return all
}

// onward are the ways to go on: each open task with each set of answers, and the next timer.
func (s *search) onward(state engine.State, path []engine.Event) []found {
	var events []engine.Event
	at := path[len(path)-1].At
	for _, token := range state.Tokens {
		if token.State != engine.Waiting {
			continue
		}
		for _, answers := range s.answers(s.program.NodeIndex(token.Node)) {
			events = append(events, engine.Event{Kind: engine.TaskCompleted, At: at, Token: token.ID, Variables: answers})
		}
	}
	if due := state.NextDue(); !due.IsZero() {
		events = append(events, engine.Event{Kind: engine.TimersDue, At: due})
	}
	var all []found
	for _, ev := range events {
		all = append(all, found{state: state, path: append(slices.Clone(path), ev)})
	}
	return all
}
