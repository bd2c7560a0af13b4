package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// TestTasksAreRoutedAtEveryDepth has tasks in the instances of a repeated sub-process and in processes that these call.
func TestTasksAreRoutedAtEveryDepth(t *testing.T) {
	t.Parallel()
	s := product(t)
	require.NoError(t, s.Deploy(t.Context(), "testdata/routing.bpmn"))
	mike := s.As("mike.admin")
	for _, desk := range []string{"law", "tax"} {
		_, err := mike.Do(t.Context(), "POST", "/api/workflow/queues", map[string]any{"queueName": "desk-" + desk}, nil)
		require.NoError(t, err)
	}
	for key, variable := range map[string]string{"routed": "item", "routedChild": "subject"} {
		rules := fmt.Sprintf(`{"routingRules": {"rules": [
			{"when": {"variable": %[1]q, "eq": "law"}, "queue": "desk-law"},
			{"when": {"all": [{"variable": %[1]q, "eq": "tax"}, {"field": "severity", "eq": "HIGH"}]}, "queue": "desk-tax"}]}}`, variable)
		_, err := mike.Do(t.Context(), "PATCH", "/api/workflow/definitions/"+key+"/versions/1", json.RawMessage(rules), nil)
		require.NoError(t, err)
	}
	started, err := mike.StartCase(t.Context(), casework.CaseStart{ProcessKey: "routed", Severity: "HIGH", Variables: map[string]any{
		"items": []string{"law", "tax", "none"}, "minutes": 30,
	}})
	require.NoError(t, err)

	var list casework.List[casework.Task]
	await(t, func() bool {
		_, err := mike.Do(t.Context(), "GET", fmt.Sprintf("/api/workflow/tasks?limit=100&caseId=%d", started.CaseID), nil, &list)
		require.NoError(t, err)
		return len(list.Items) == 12
	})
	where := map[string][]string{}
	for _, task := range list.Items {
		where[task.TaskDefinitionKey] = append(where[task.TaskDefinitionKey], task.QueueName)
	}
	require.Equal(t, []string{"asked", "named", "noted", "ruled"}, slices.Sorted(maps.Keys(where)))
	for key, queues := range where {
		slices.Sort(queues)
		require.Equal(t, []string{"default-queue", "desk-law", "desk-tax"}, queues, key)
	}

	lost := slices.IndexFunc(list.Items, func(t casework.Task) bool {
		return t.TaskDefinitionKey == "named" && t.QueueName == "default-queue"
	})
	var history casework.List[casework.TaskAction]
	_, err = mike.Do(t.Context(), "GET", "/api/workflow/tasks/"+list.Items[lost].TaskID+"/history", nil, &history)
	require.NoError(t, err)
	require.Contains(t, history.Items[0].Comments, "'desk-none'")
	require.WithinDuration(t, time.Now(), list.Items[lost].CreatedAt, time.Minute)

	for _, task := range list.Items {
		_, err := mike.Claim(t.Context(), task.TaskID)
		require.NoError(t, err)
		_, err = mike.Complete(t.Context(), task.TaskID, casework.Completion{})
		require.NoError(t, err)
	}
	await(t, func() bool {
		i, err := mike.Instance(t.Context(), started.ProcessInstanceID)
		require.NoError(t, err)
		return i.Status == casework.InstanceCompleted
	})
}
