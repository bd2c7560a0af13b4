package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// office is a queue with a role and people, all made over HTTP.
type office struct {
	stack       *stack.Stack
	queue, role string
	people      []string // sorted
}

// openOffice makes an office. The settings are those of the queue and of the assignment of its role; each of the people has skills.
func openOffice(t *testing.T, queue, assignment map[string]any, people ...[]string) *office {
	t.Helper()
	s := product(t)
	require.NoError(t, s.Deploy(t.Context(), "testdata/office.bpmn"))
	name := uuid.NewString()[:8]
	o := &office{stack: s, queue: "office-" + name, role: "OFFICE_" + name}
	settings := map[string]any{"queueName": o.queue}
	for k, v := range queue {
		settings[k] = v
	}
	o.administer(t, "POST", "/workflow/queues", settings)
	o.administer(t, "POST", "/entitlements/roles", map[string]any{"roleCode": o.role, "roleName": o.role, "roleType": "CUSTOM", "queueName": o.queue})
	o.administer(t, "PUT", "/workflow/queues/"+o.queue+"/assignments/"+o.role, assignment)
	for i, skills := range people {
		o.people = append(o.people, o.hire(t, fmt.Sprintf("%s.%d", name, i), skills, o.role))
	}
	return o
}

func (o *office) hire(t *testing.T, id string, skills []string, roles ...string) string {
	t.Helper()
	o.administer(t, "POST", "/entitlements/users", map[string]any{"userId": id, "username": id, "skills": append([]string{}, skills...)})
	for _, role := range roles {
		o.administer(t, "PUT", "/entitlements/users/"+id+"/roles/"+role, map[string]any{})
	}
	return id
}

func (o *office) administer(t *testing.T, method, path string, body any) {
	t.Helper()
	_, err := o.stack.As(mike).Do(t.Context(), method, "/api"+path, body, nil)
	require.NoError(t, err)
}

// item is what one task is about.
type item struct {
	name     string
	priority int
	skills   string
	due      time.Duration
}

// receives starts a case with a task for each item.
func (o *office) receives(t *testing.T, items ...item) {
	t.Helper()
	list := []map[string]any{}
	for _, i := range items {
		if i.due == 0 {
			i.due = 8 * time.Hour
		}
		list = append(list, map[string]any{"name": i.name, "priority": i.priority, "skills": i.skills, "due": time.Now().Add(i.due).UTC().Format(time.RFC3339)})
	}
	_, err := o.stack.As(mike).StartCase(t.Context(), casework.CaseStart{ProcessKey: "office", Variables: map[string]any{"role": o.role, "queue": o.queue, "items": list}})
	require.NoError(t, err)
	await(t, func() bool { return len(o.tasks(t)) >= len(items) })
}

// tasks are those of the office, by name.
func (o *office) tasks(t *testing.T) map[string]casework.Task {
	t.Helper()
	var list casework.List[casework.Task]
	_, err := o.stack.As(mike).Do(t.Context(), "GET", "/api/workflow/tasks?limit=100&queueName="+o.queue, nil, &list)
	require.NoError(t, err)
	tasks := map[string]casework.Task{}
	for _, task := range list.Items {
		tasks[task.TaskName] = task
	}
	return tasks
}

// next claims the next task and tells its name; "" if there is none.
func (o *office) next(t *testing.T, user, query string) string {
	t.Helper()
	var task casework.Task
	status, err := o.stack.As(user).Do(t.Context(), "POST", "/api/workflow/tasks/claim/next"+query, nil, &task)
	require.NoError(t, err)
	if status == http.StatusNoContent {
		return ""
	}
	require.Equal(t, user, *task.AssigneeID)
	return task.TaskName
}

// awaitHolders waits until tasks are held as they should be.
func (o *office) awaitHolders(t *testing.T, want map[string]string) {
	t.Helper()
	var held map[string]string
	await(t, func() bool {
		held = map[string]string{}
		for name, task := range o.tasks(t) {
			if task.AssigneeID != nil {
				held[name] = *task.AssigneeID
			}
		}
		return len(held) >= len(want)
	})
	require.Equal(t, want, held)
}

var nobody []string

func TestEachQueueTypeHasItsOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		queue map[string]any
		items []item
		want  []string
	}{
		"STANDARD": {
			queue: map[string]any{"queueType": "STANDARD"},
			items: []item{{name: "low", priority: 10}, {name: "high", priority: 90}, {name: "middle", priority: 50}}, want: []string{"high", "middle", "low"},
		},
		"PRIORITY": {
			queue: map[string]any{"queueType": "PRIORITY", "priorityWeights": map[string]any{"slack": 5, "express": map[string]any{"minPriority": 95}}},
			items: []item{{name: "far", priority: 60, due: 30 * time.Hour}, {name: "near", priority: 50, due: time.Hour}, {name: "express", priority: 95, due: 300 * time.Hour}},
			want:  []string{"express", "near", "far"},
		},
		"SPECIALIZED": {
			queue: map[string]any{"queueType": "SPECIALIZED"},
			items: []item{{name: "greek", priority: 90, skills: "greek"}, {name: "law", priority: 50, skills: "law"}, {name: "plain", priority: 10}}, want: []string{"law", "plain", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t, tc.queue, map[string]any{}, []string{"law", "tax"})
			o.receives(t, tc.items...)
			var order []string
			for range tc.want {
				order = append(order, o.next(t, o.people[0], ""))
			}
			require.Equal(t, tc.want, order)
			if name == "SPECIALIZED" {
				_, err := o.stack.As(o.people[0]).Claim(t.Context(), o.tasks(t)["greek"].TaskID)
				require.Contains(t, string(problemOf(t, err).Raw), `"skills"`)
			}
		})
	}
}

func TestChangedWeightsChangeTheOrder(t *testing.T) {
	t.Parallel()
	o := openOffice(t, map[string]any{"queueType": "PRIORITY", "priorityWeights": map[string]any{"slack": 0}}, map[string]any{}, nobody)
	o.receives(t, item{name: "urgent", priority: 90, due: 100 * time.Hour}, item{name: "near", priority: 10, due: time.Hour})
	place := func(name string) float64 {
		var task casework.Task
		_, err := o.stack.As(mike).Do(t.Context(), "GET", "/api/workflow/tasks/"+o.tasks(t)[name].TaskID, nil, &task)
		require.NoError(t, err)
		return *task.EffectivePriority
	}
	require.Greater(t, place("urgent"), place("near"))
	_, err := o.stack.As(mike).Do(t.Context(), "PATCH", "/api/workflow/queues/"+o.queue, map[string]any{"priorityWeights": map[string]any{"base": -1, "express": map[string]any{}}}, nil)
	raw := string(problemOf(t, err).Raw)
	require.Contains(t, raw, "body.priorityWeights/base")
	require.Contains(t, raw, "body.priorityWeights/express")
	o.administer(t, "PATCH", "/workflow/queues/"+o.queue, map[string]any{"priorityWeights": map[string]any{"slack": 5}})
	await(t, func() bool { return place("near") > place("urgent") })
	require.Equal(t, "near", o.next(t, o.people[0], ""))
}

func TestAnOverflowQueueRelievesAnother(t *testing.T) {
	t.Parallel()
	spare := openOffice(t, map[string]any{"queueType": "OVERFLOW"}, map[string]any{}, nobody)
	o := openOffice(t, map[string]any{"maxCapacity": 1, "overflowQueue": spare.queue}, map[string]any{}, nobody)
	o.receives(t, item{name: "a", priority: 90}, item{name: "b", priority: 50}, item{name: "c", priority: 10})
	var queue casework.Queue
	_, err := o.stack.As(mike).Do(t.Context(), "POST", "/api/workflow/queues/"+o.queue+"/rebalance", nil, &queue)
	require.NoError(t, err)
	require.Equal(t, 1, queue.CurrentLoad)
	require.Equal(t, "b", spare.next(t, spare.people[0], ""), "by who works on the overflow queue")
	require.Equal(t, "a", o.next(t, o.people[0], ""))
	_, err = o.stack.As(o.people[0]).Complete(t.Context(), o.tasks(t)["a"].TaskID, casework.Completion{})
	require.NoError(t, err)
	o.administer(t, "POST", "/workflow/queues/"+o.queue+"/rebalance", nil)
	require.Equal(t, "c", o.next(t, o.people[0], ""), "what nobody has begun comes back")
	var history casework.List[casework.TaskAction]
	_, err = o.stack.As(mike).Do(t.Context(), "GET", "/api/workflow/tasks/"+o.tasks(t)["c"].TaskID+"/history", nil, &history)
	require.NoError(t, err)
	var done []string
	for _, a := range history.Items {
		done = append(done, a.ActionType)
	}
	require.Equal(t, []string{"CREATE", "UPDATE", "UPDATE", "CLAIM"}, done)
}

func TestEachStrategyPushesToSomebody(t *testing.T) {
	t.Parallel()
	abc := []item{{name: "a", priority: 90}, {name: "b", priority: 80}, {name: "c", priority: 70}}
	for name, tc := range map[string]struct {
		strategy string
		most     int
		people   [][]string
		items    []item
		want     map[string]int // the place of the holder among the people
	}{
		"ROUND_ROBIN":       {"ROUND_ROBIN", 10, [][]string{nobody, nobody}, abc, map[string]int{"a": 0, "b": 1, "c": 0}},
		"LEAST_LOADED":      {"LEAST_LOADED", 10, [][]string{nobody, nobody, nobody}, abc, map[string]int{"a": 0, "b": 1, "c": 2}},
		"PRIORITY_WEIGHTED": {"PRIORITY_WEIGHTED", 1, [][]string{nobody, nobody}, abc, map[string]int{"a": 0, "b": 1}},
		"SKILL_BASED": {"SKILL_BASED", 10, [][]string{{"law", "tax"}, {"tax"}},
			[]item{{name: "a", priority: 90, skills: "tax"}, {name: "b", priority: 80, skills: "law"}, {name: "c", priority: 70, skills: "greek"}}, map[string]int{"a": 1, "b": 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t, nil, map[string]any{"strategy": tc.strategy, "maxTasksPerUser": tc.most, "autoAssign": true}, tc.people...)
			o.receives(t, tc.items...)
			want := map[string]string{}
			for name, i := range tc.want {
				want[name] = o.people[i]
			}
			o.awaitHolders(t, want)
		})
	}
	t.Run("MANUAL", func(t *testing.T) {
		t.Parallel()
		o := openOffice(t, nil, map[string]any{"strategy": "MANUAL"}, nobody)
		o.receives(t, abc...)
		require.Empty(t, o.next(t, o.people[0], ""))
		require.Equal(t, "a", o.next(t, o.people[0], "?queueNames="+o.queue))
		given := act(t, o.stack.As(mike), o.tasks(t)["b"].TaskID, "reassign", map[string]any{"to": o.people[0]})
		require.Equal(t, o.people[0], *given.AssigneeID)
	})
	t.Run("whoever has room again is pushed what has waited", func(t *testing.T) {
		t.Parallel()
		o := openOffice(t, nil, map[string]any{"strategy": "ROUND_ROBIN", "maxTasksPerUser": 1, "autoAssign": true}, nobody)
		o.receives(t, abc...)
		o.awaitHolders(t, map[string]string{"a": o.people[0]})
		_, err := o.stack.As(o.people[0]).Complete(t.Context(), o.tasks(t)["a"].TaskID, casework.Completion{})
		require.NoError(t, err)
		await(t, func() bool { task := o.tasks(t)["b"]; return task.AssigneeID != nil && *task.AssigneeID == o.people[0] })
		require.Nil(t, o.tasks(t)["c"].AssigneeID)
	})
}

func TestASubstituteActsOverHTTP(t *testing.T) {
	t.Parallel()
	o := openOffice(t, nil, map[string]any{}, nobody)
	substitute := o.hire(t, o.people[0]+".sub", nil)
	o.receives(t, item{name: "held", priority: 90}, item{name: "open", priority: 50})
	require.Equal(t, "held", o.next(t, o.people[0], ""))
	require.Empty(t, o.next(t, substitute, ""))
	absence := map[string]any{"from": time.Now().Add(-time.Minute), "until": time.Now().Add(time.Hour), "substituteId": substitute}
	o.administer(t, "POST", "/entitlements/users/"+o.people[0]+"/absences", absence)
	absence["substituteId"] = o.people[0]
	_, err := o.stack.As(mike).Do(t.Context(), "POST", "/api/entitlements/users/"+substitute+"/absences", absence, nil)
	require.Equal(t, http.StatusUnprocessableEntity, problemOf(t, err).Status, "a loop")
	require.Equal(t, "open", o.next(t, substitute, ""))
	for _, name := range []string{"held", "open"} {
		id := o.tasks(t)[name].TaskID
		_, err := o.stack.As(substitute).Complete(t.Context(), id, casework.Completion{})
		require.NoError(t, err)
		var history casework.List[casework.TaskAction]
		_, err = o.stack.As(mike).Do(t.Context(), "GET", "/api/workflow/tasks/"+id+"/history", nil, &history)
		require.NoError(t, err)
		last := history.Items[slices.IndexFunc(history.Items, func(a casework.TaskAction) bool { return a.ActionType == "COMPLETE" })]
		require.Equal(t, substitute, last.ActionBy)
		require.JSONEq(t, `{"actingFor": "`+o.people[0]+`"}`, string(last.Data))
	}
}

func TestFourEyesOverHTTP(t *testing.T) {
	t.Parallel()
	o := openOffice(t, nil, map[string]any{}, nobody, nobody)
	_, err := o.stack.As(mike).StartCase(t.Context(), casework.CaseStart{ProcessKey: "officeCheck", Variables: map[string]any{"role": o.role, "queue": o.queue}})
	require.NoError(t, err)
	await(t, func() bool { return len(o.tasks(t)) == 1 })
	require.Equal(t, "First", o.next(t, o.people[0], ""))
	done, err := o.stack.As(o.people[0]).Complete(t.Context(), o.tasks(t)["First"].TaskID, casework.Completion{}, "Prefer", "wait=10")
	require.NoError(t, err)
	require.Len(t, done.NextTasks, 1)
	require.Empty(t, o.next(t, o.people[0], ""))
	_, err = o.stack.As(o.people[0]).Claim(t.Context(), done.NextTasks[0].TaskID)
	require.Contains(t, string(problemOf(t, err).Raw), `"four-eyes"`)
	require.Equal(t, "Second", o.next(t, o.people[1], ""))
	_, err = o.stack.As(o.people[1]).Complete(t.Context(), done.NextTasks[0].TaskID, casework.Completion{})
	require.NoError(t, err)
}
