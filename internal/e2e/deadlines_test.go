package e2e

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// TestDeadlinesAreSeen waits for real timers: a due date raises the task's level, a non-interrupting timer adds a task, an
// interrupting one takes the task away from its holder.
func TestDeadlinesAreSeen(t *testing.T) {
	t.Parallel()
	s := product(t)
	require.NoError(t, s.Deploy(t.Context(), "testdata/deadlines.bpmn"))
	alice := s.As("alice.intake")
	started, err := alice.StartCase(t.Context(), casework.CaseStart{
		ProcessKey: "deadlines", Variables: map[string]any{"due": time.Now().UTC().Add(time.Second).Format(time.RFC3339Nano)},
	})
	require.NoError(t, err)
	require.Len(t, started.Tasks, 1)
	answer := started.Tasks[0].TaskID
	_, err = alice.Claim(t.Context(), answer)
	require.NoError(t, err)

	awaitActions(t, alice, answer, "CREATE", "CLAIM", "ESCALATE")
	raised := task(t, alice, answer)
	require.Equal(t, 1, raised.EscalationLevel)
	require.Equal(t, casework.TaskClaimed, raised.Status, "a held task keeps its holder")

	var open []casework.Task
	await(t, func() bool {
		open, err = alice.OpenTasks(t.Context(), started.ProcessInstanceID)
		require.NoError(t, err)
		return slices.ContainsFunc(open, func(t casework.Task) bool { return t.TaskDefinitionKey == "remind" })
	})
	awaitActions(t, alice, answer, "CREATE", "CLAIM", "ESCALATE", "CANCEL")
	_, err = alice.Complete(t.Context(), answer, casework.Completion{})
	var refused *stack.Problem
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 409, refused.Status, "the timer was first")

	open, err = alice.OpenTasks(t.Context(), started.ProcessInstanceID)
	require.NoError(t, err)
	require.Len(t, open, 1)
	_, err = alice.Claim(t.Context(), open[0].TaskID)
	require.NoError(t, err)
	_, err = alice.Complete(t.Context(), open[0].TaskID, casework.Completion{})
	require.NoError(t, err)
	i, err := alice.Instance(t.Context(), started.ProcessInstanceID)
	require.NoError(t, err)
	require.Equal(t, casework.InstanceCompleted, i.Status)
}

func task(t *testing.T, c *stack.Client, id string) (task casework.Task) {
	t.Helper()
	_, err := c.Do(t.Context(), "GET", "/api/workflow/tasks/"+id, nil, &task)
	require.NoError(t, err)
	return task
}

// awaitActions waits until exactly these things were done to a task, in this order.
func awaitActions(t *testing.T, c *stack.Client, id string, want ...string) {
	t.Helper()
	var have []string
	await(t, func() bool {
		var list casework.List[casework.TaskAction]
		_, err := c.Do(t.Context(), "GET", "/api/workflow/tasks/"+id+"/history", nil, &list)
		require.NoError(t, err)
		have = nil
		for _, a := range list.Items {
			have = append(have, a.ActionType)
		}
		return len(have) >= len(want)
	})
	require.Equal(t, want, have)
}

// await asks until it is so, for half a minute.
func await(t *testing.T, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			require.FailNow(t, "waited in vain")
		case <-again.C:
		}
	}
}
