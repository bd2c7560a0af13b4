package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/sample"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// modelFiles are our own models and, where the folder is there, those of the application.
func modelFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../bpmn/models/*.bpmn")
	require.NoError(t, err)
	others, err := filepath.Glob("../../../shared/models/onecms/*.bpmn20.xml")
	require.NoError(t, err)
	if len(others) == 0 {
		t.Log("the models of the application are not beside the project: only our own are run")
	}
	return append(files, others...)
}

func users(t *testing.T) []engine.User {
	t.Helper()
	org, err := sample.OneCMS()
	require.NoError(t, err)
	found := make([]engine.User, 0, len(org.Users))
	for _, u := range org.Users {
		user := engine.User{ID: u.ID}
		for _, g := range org.Grants {
			if g.User == u.ID {
				user.Roles = append(user.Roles, g.Role)
			}
		}
		found = append(found, user)
	}
	return found
}

// claimant finds somebody who may claim a task.
func claimant(people []engine.User, task casework.Task) (string, error) {
	for _, u := range people {
		if slices.ContainsFunc(task.CandidateGroups, func(g string) bool { return slices.Contains(u.Roles, g) }) || slices.Contains(task.CandidateUsers, u.ID) {
			return u.ID, nil
		}
	}
	if len(task.CandidateGroups) == 0 && len(task.CandidateUsers) == 0 {
		return "mike.admin", nil
	}
	return "", fmt.Errorf("nobody can claim %+v", task)
}

func compiled(t *testing.T, file string) []*bpmn.Program {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	programs, findings := bpmn.Compile(source)
	require.False(t, findings.HasErrors(), "%s: %v", file, findings)
	return programs
}

// TestEveryEndOfEveryModelIsReached deploys the files unchanged and walks a way to each end event over HTTP.
func TestEveryEndOfEveryModelIsReached(t *testing.T) {
	t.Parallel()
	s := product(t)
	people := users(t)
	for _, file := range modelFiles(t) {
		require.NoError(t, s.Deploy(t.Context(), file))
		for _, p := range compiled(t, file) {
			ways := plan(p, people)
			for _, n := range p.Nodes {
				if n.Kind == bpmn.EndEvent && !behindTimer(p, n.ID) { // workflows/ skips the time to those
					require.Contains(t, ways, n.ID, "%s: no way to the end event %s", file, n.ID)
				}
			}
			for _, end := range slices.Sorted(maps.Keys(ways)) {
				t.Run(p.Key+" ends at "+end, func(t *testing.T) {
					t.Parallel()
					walk(t, s, people, p.Key, ways[end])
				})
			}
		}
	}
}

// walk starts a case and does what the way says, as people who may; it checks the end and that nothing is left open.
func walk(t *testing.T, s *stack.Stack, people []engine.User, key string, w way) casework.Instance {
	t.Helper()
	admin := s.As("mike.admin")
	started, err := s.As(w.initiator.ID).StartCase(t.Context(), casework.CaseStart{ProcessKey: key, StartEventID: w.start, Variables: anyOf(w.vars)})
	require.NoError(t, err, w)
	for _, step := range w.steps {
		open, err := admin.OpenTasks(t.Context(), started.ProcessInstanceID)
		require.NoError(t, err)
		i := slices.IndexFunc(open, func(task casework.Task) bool { return task.TaskDefinitionKey == step.element })
		require.GreaterOrEqual(t, i, 0, "%s is not open in %v", step.element, w)
		who := open[i].AssigneeID
		if who == nil {
			id, err := claimant(people, open[i])
			require.NoError(t, err)
			_, err = s.As(id).Claim(t.Context(), open[i].TaskID)
			require.NoError(t, err, "%s claims %s", id, step.element)
			who = &id
		}
		_, err = s.As(*who).Complete(t.Context(), open[i].TaskID, casework.Completion{Variables: anyOf(step.vars)})
		require.NoError(t, err, "%s completes %s", *who, step.element)
	}
	i, err := admin.Instance(t.Context(), started.ProcessInstanceID)
	require.NoError(t, err)
	require.Empty(t, i.Incidents)
	var visited casework.List[casework.Activity]
	_, err = admin.Do(t.Context(), "GET", "/api/workflow/process-instances/"+i.ProcessInstanceID+"/activities?limit=200", nil, &visited)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(visited.Items, func(a casework.Activity) bool {
		return a.ActivityID == w.end && a.State == casework.ActivityCompleted
	}), w)
	open, err := admin.OpenTasks(t.Context(), started.ProcessInstanceID)
	require.NoError(t, err)
	if !w.last {
		require.Equal(t, casework.InstanceActive, i.Status, w)
		require.NotEmpty(t, open)
		return i
	}
	require.Equal(t, casework.InstanceCompleted, i.Status, w)
	require.Equal(t, w.end, i.EndEventID, w)
	require.Empty(t, open)
	return i
}

func anyOf(vars map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range vars {
		out[k] = v
	}
	return out
}
