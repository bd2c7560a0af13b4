package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// People of the sample organisation: two investigators, and who may do everything.
const (
	carlos = "carlos.inv"
	edward = "edward.inv"
	mike   = "mike.admin"
)

// work starts a case of the process "acts" and returns its task and instance. The task expires after the patience.
func work(t *testing.T, s *stack.Stack, patience string) (taskID, instance string) {
	t.Helper()
	started, err := s.As(mike).StartCase(t.Context(), casework.CaseStart{ProcessKey: "acts", Variables: map[string]any{"holders": "", "patience": patience}})
	require.NoError(t, err)
	require.Len(t, started.Tasks, 1)
	return started.Tasks[0].TaskID, started.ProcessInstanceID
}

// act does an act to a task over HTTP and answers with the task.
func act(t *testing.T, c *stack.Client, taskID, name string, body any, headers ...string) casework.Task {
	t.Helper()
	method, path := http.MethodPost, "/api/workflow/tasks/"+taskID+"/"+name
	if name == "update" {
		method, path = http.MethodPatch, "/api/workflow/tasks/"+taskID
	}
	var done casework.Task
	_, err := c.Do(t.Context(), method, path, body, &done, headers...)
	require.NoError(t, err, name)
	return done
}

func problemOf(t *testing.T, err error) *stack.Problem {
	t.Helper()
	var p *stack.Problem
	require.ErrorAs(t, err, &p)
	return p
}

// awaitVariable waits until the workflow has set a variable of the case.
func awaitVariable(t *testing.T, s *stack.Stack, instance, name string, want any) {
	t.Helper()
	await(t, func() bool {
		i, err := s.As(mike).Instance(t.Context(), instance)
		require.NoError(t, err)
		return i.Variables[name] == want
	})
}

// TestATaskGoesThroughEveryAct does all that can be done to one task, and sees the model hear of each new holder.
func TestATaskGoesThroughEveryAct(t *testing.T) {
	t.Parallel()
	s := product(t)
	require.NoError(t, s.Deploy(t.Context(), "testdata/acts.bpmn"))
	id, instance := work(t, s, "P1D")
	c, e, m := s.As(carlos), s.As(edward), s.As(mike)

	require.Equal(t, casework.TaskClaimed, act(t, m, id, "reassign", map[string]any{"to": carlos}).Status)
	awaitVariable(t, s, instance, "holders", " "+carlos)
	key := []string{"Idempotency-Key", "delegate-" + id}
	delegated := act(t, c, id, "delegate", map[string]any{"to": edward}, key...)
	require.Equal(t, []any{casework.TaskDelegated, edward, carlos}, []any{delegated.Status, *delegated.AssigneeID, *delegated.OwnerID})
	require.Equal(t, delegated, act(t, c, id, "delegate", map[string]any{"to": edward}, key...))
	awaitVariable(t, s, instance, "holders", " "+carlos+" "+edward)
	back := act(t, e, id, "resolve", nil)
	require.Equal(t, []any{casework.TaskClaimed, carlos}, []any{back.Status, *back.AssigneeID})
	awaitVariable(t, s, instance, "holders", " "+carlos+" "+edward+" "+carlos)

	due := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	changed := act(t, m, id, "update", map[string]any{"priority": 90, "dueDate": due, "followUpDate": due})
	require.Equal(t, []any{90, due, due}, []any{changed.Priority, *changed.DueDate, *changed.FollowUpDate})
	require.Equal(t, 1, act(t, c, id, "escalate", map[string]any{"reason": "The customer waits."}).EscalationLevel)
	act(t, e, id, "comment", map[string]any{"text": "I know them."})

	_, err := c.Do(t.Context(), http.MethodPost, "/api/workflow/tasks/"+id+"/complete", map[string]any{"version": 1}, nil)
	require.Equal(t, 409, problemOf(t, err).Status)
	_, err = c.Do(t.Context(), http.MethodPost, "/api/workflow/tasks/"+id+"/delegate", map[string]any{"to": "sarah.legal"}, nil)
	require.Equal(t, 422, problemOf(t, err).Status)

	moved := act(t, c, id, "move", map[string]any{"queueName": "investigation-manager-queue"})
	require.Equal(t, []string{"GROUP_INVESTIGATION_MANAGER"}, moved.CandidateGroups)
	diana := s.As("diana.invmgr")
	act(t, diana, id, "claim", nil)
	_, err = diana.Complete(t.Context(), id, casework.Completion{})
	require.NoError(t, err)
	i, err := m.Instance(t.Context(), instance)
	require.NoError(t, err)
	require.Equal(t, []any{casework.InstanceCompleted, "done"}, []any{i.Status, i.EndEventID})
	require.Equal(t, " "+carlos+" "+edward+" "+carlos+" diana.invmgr", i.Variables["holders"])
	awaitActions(t, m, id, "CREATE", "REASSIGN", "DELEGATE", "DELEGATE", "UPDATE", "ESCALATE", "COMMENT", "UPDATE", "CLAIM", "COMPLETE")
}

// TestABulkHasAResultForEachTask lets one request complete what it can.
func TestABulkHasAResultForEachTask(t *testing.T) {
	t.Parallel()
	s := product(t)
	require.NoError(t, s.Deploy(t.Context(), "testdata/acts.bpmn"))
	var ids, instances []string
	for range 3 {
		id, instance := work(t, s, "P1D")
		ids, instances = append(ids, id), append(instances, instance)
	}
	bulk := func(who string, body map[string]any) (statuses []int) {
		var answer struct {
			Results []struct {
				TaskID string `json:"taskId"`
				Status int    `json:"status"`
			} `json:"results"`
		}
		_, err := s.As(who).Do(t.Context(), http.MethodPost, "/api/workflow/tasks/bulk", body, &answer)
		require.NoError(t, err)
		for i, r := range answer.Results {
			require.Equal(t, body["taskIds"].([]string)[i], r.TaskID)
			statuses = append(statuses, r.Status)
		}
		return statuses
	}
	require.Equal(t, []int{200, 200, 404}, bulk(mike, map[string]any{"action": "reassign", "to": carlos, "taskIds": []string{ids[0], ids[1], "nothing"}}))
	require.Equal(t, []int{200}, bulk(edward, map[string]any{"action": "claim", "taskIds": ids[2:]}))
	require.Equal(t, []int{200, 200, 403}, bulk(carlos, map[string]any{"action": "complete", "outcome": "DONE", "taskIds": ids}))
	for i, instance := range instances {
		await(t, func() bool {
			found, err := s.As(mike).Instance(t.Context(), instance)
			require.NoError(t, err)
			return (found.Status == casework.InstanceCompleted) == (i < 2) && (i == 2 || found.Variables["work_outcome"] == "DONE")
		})
	}
}

// TestASuspendedCaseLetsNoTimerFire compares a case that is suspended with one whose timer was set later and has fired.
func TestASuspendedCaseLetsNoTimerFire(t *testing.T) {
	t.Parallel()
	s := product(t)
	require.NoError(t, s.Deploy(t.Context(), "testdata/acts.bpmn"))
	m := s.As(mike)
	id, suspended := work(t, s, "PT2S")
	operate := func(act string) (i casework.Instance) {
		_, err := m.Do(t.Context(), http.MethodPost, instancePath(suspended)+"/"+act, nil, &i, "Prefer", "wait=20")
		require.NoError(t, err)
		return i
	}
	require.Equal(t, casework.InstanceSuspended, operate("suspend").Status)
	_, err := s.As(carlos).Claim(t.Context(), id)
	require.Equal(t, 409, problemOf(t, err).Status)

	_, other := work(t, s, "PT2S")
	await(t, func() bool {
		i, err := m.Instance(t.Context(), other)
		require.NoError(t, err)
		return i.EndEventID == "tooLate"
	})
	i, err := m.Instance(t.Context(), suspended)
	require.NoError(t, err)
	require.Equal(t, []any{casework.InstanceSuspended, []string{"work"}}, []any{i.Status, i.CurrentActivities})

	operate("resume")
	await(t, func() bool {
		i, err := m.Instance(t.Context(), suspended)
		require.NoError(t, err)
		return i.EndEventID == "tooLate"
	})
}

// TestPeopleWhoActAtOnceFollowEachOther lets many people do different things to one task. Each gets an answer, one at a time
// changes it, and the case goes on as the row says.
func TestPeopleWhoActAtOnceFollowEachOther(t *testing.T) {
	t.Parallel()
	s := product(t)
	require.NoError(t, s.Deploy(t.Context(), "testdata/acts.bpmn"))
	id, instance := work(t, s, "P1D")
	m := s.As(mike)
	var versions []int64
	answers := make(chan int64)
	const people = 12
	for i := range people {
		go func() {
			body, path := map[string]any{"to": []string{carlos, edward}[i%2]}, "/reassign"
			if i%3 == 0 {
				body, path = map[string]any{"reason": fmt.Sprint(i)}, "/escalate"
			}
			var done casework.Task
			_, err := m.Do(t.Context(), http.MethodPost, "/api/workflow/tasks/"+id+path, body, &done)
			if err != nil {
				t.Error(err)
			}
			answers <- done.Version
		}()
	}
	for range people {
		versions = append(versions, <-answers)
	}
	last := task(t, m, id)
	require.Equal(t, slices.Max(versions), last.Version)
	holder := *last.AssigneeID
	_, err := s.As(holder).Complete(t.Context(), id, casework.Completion{})
	require.NoError(t, err)
	var refused *stack.Problem
	_, err = s.As(map[string]string{carlos: edward, edward: carlos}[holder]).Complete(t.Context(), id, casework.Completion{})
	require.True(t, errors.As(err, &refused))
	require.Equal(t, 409, refused.Status)
	await(t, func() bool {
		i, err := m.Instance(t.Context(), instance)
		require.NoError(t, err)
		return i.EndEventID == "done"
	})
}
