package api_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

type (
	taskList   = casework.List[casework.Task]
	actionList = casework.List[casework.TaskAction]
)

func TestATaskIsClaimedAndGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.look(t)
	claimed := into[casework.Task](t, w.do(t, 200, post(sarah, path+"/claim", "")))
	require.Equal(t, casework.TaskClaimed, claimed.Status)
	require.Equal(t, sarah, *claimed.AssigneeID)

	before := w.snapshot(t, true)
	require.Equal(t, claimed, into[casework.Task](t, w.do(t, 200, post(sarah, path+"/claim", ""))), "claimed twice")
	require.Equal(t, before, w.snapshot(t, true))

	found := into[casework.Task](t, w.do(t, 200, get(james, path)))
	require.Equal(t, claimed.Version, found.Version)
	open := into[casework.Task](t, w.do(t, 200, post(sarah, path+"/unclaim", "")))
	require.Equal(t, casework.TaskOpen, open.Status)
	require.Nil(t, open.AssigneeID)
	before = w.snapshot(t, true)
	require.Equal(t, open, into[casework.Task](t, w.do(t, 200, post(sarah, path+"/unclaim", ""))), "given back twice")
	require.Equal(t, before, w.snapshot(t, true))

	history := into[actionList](t, w.do(t, 200, get(james, path+"/history")))
	var acts []string
	for _, a := range history.Items {
		acts = append(acts, a.ActionType+" "+a.ActionBy)
	}
	require.Equal(t, []string{"CREATE SYSTEM", "CLAIM " + sarah, "UNCLAIM " + sarah}, acts)
	require.Equal(t, history, into[actionList](t, w.do(t, 200, get(james, instances+"/"+instance+"/history"))))
	first := into[actionList](t, w.do(t, 200, get(james, path+"/history?limit=2")))
	rest := into[actionList](t, w.do(t, 200, get(james, path+"/history?limit=2&cursor="+first.NextCursor)))
	require.Equal(t, history.Items, slices.Concat(first.Items, rest.Items))
	require.Empty(t, rest.NextCursor)
}

func TestATaskIsNotGivenToWhomItDoesNotBelong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.look(t)
	t.Run("to somebody who does not see it", func(t *testing.T) {
		for _, act := range []string{"/claim", "/unclaim", "/complete"} {
			w.refused(t, casework.NotFound, post(carlos, path+act, ""))
		}
		w.refused(t, casework.NotFound, get(carlos, path))
		w.refused(t, casework.NotFound, get(carlos, path+"/history"))
	})
	t.Run("to somebody who sees it and is no candidate", func(t *testing.T) {
		require.Equal(t, "candidate", w.refused(t, casework.Forbidden, post(admin, path+"/claim", "")).Rule)
	})
	t.Run("to somebody who is excluded", func(t *testing.T) {
		w.exec(t, "UPDATE flowable.workflow_tasks SET excluded_users = $1", []string{james})
		require.Equal(t, "excluded-user", w.refused(t, casework.Forbidden, post(james, path+"/claim", "")).Rule)
		w.exec(t, "UPDATE flowable.workflow_tasks SET excluded_users = '{}'")
	})
	t.Run("to somebody who holds enough", func(t *testing.T) {
		w.limit(t, 1)
		t.Cleanup(func() { w.limit(t, 20) })
		other := w.start(t)
		w.do(t, 200, post(james, tasks+"/"+taskID(other.ProcessInstanceID, "look")+"/claim", ""))
		require.Equal(t, "max-tasks-per-user", w.refused(t, casework.Forbidden, post(james, path+"/claim", "")).Rule)
		before := w.snapshot(t, true)
		w.do(t, 204, post(james, tasks+"/claim/next", ""))
		require.Equal(t, before, w.snapshot(t, true))
	})
	t.Run("when it is open already", func(t *testing.T) {
		p := w.refused(t, casework.Conflict, post(sarah, path+"/unclaim", ""))
		require.Equal(t, "OPEN", p.Current.Status)
	})
	w.do(t, 200, post(sarah, path+"/claim", ""))
	t.Run("when somebody else holds it", func(t *testing.T) {
		p := w.refused(t, casework.Conflict, post(james, path+"/claim", ""))
		require.Equal(t, "CLAIMED", p.Current.Status)
		require.Equal(t, sarah, p.Current.AssigneeID)
		require.Equal(t, taskID(instance, "look"), p.Current.TaskID)
		require.Equal(t, "assignee", w.refused(t, casework.Forbidden, post(james, path+"/unclaim", "")).Rule)
		require.Equal(t, "assignee", w.refused(t, casework.Forbidden, post(james, path+"/complete", "")).Rule)
		require.Equal(t, "assignee", w.refused(t, casework.Forbidden, post(admin, path+"/complete", "")).Rule)
	})
	t.Run("when it is done", func(t *testing.T) {
		w.do(t, 200, post(sarah, path+"/complete", ""))
		for _, act := range []string{"/claim", "/unclaim", "/complete"} {
			require.Equal(t, "COMPLETED", w.refused(t, casework.Conflict, post(james, path+act, "")).Current.Status)
		}
	})
	t.Run("when there is none of that id", func(t *testing.T) {
		for _, id := range []string{"x", "%2F", "a%20b", "claim", "..%2F..", "%E2%82%AC"} {
			for _, act := range []string{"/claim", "/unclaim", "/complete"} {
				w.refused(t, casework.NotFound, post(sarah, tasks+"/"+id+act, ""))
			}
			w.refused(t, casework.NotFound, get(sarah, tasks+"/"+id))
			w.refused(t, casework.NotFound, get(sarah, tasks+"/"+id+"/history"))
		}
	})
	t.Run("when the id is no text", func(t *testing.T) {
		for _, id := range []string{"%00", "a%00", "%ff", "%C3%28"} {
			require.Equal(t, []string{"path.taskId"}, w.refused(t, casework.Malformed, post(sarah, tasks+"/"+id+"/claim", "")).places())
			w.refused(t, casework.Malformed, get(sarah, tasks+"/"+id))
		}
	})
}

// limit sets how many tasks of the legal queue one person may hold.
func (w *world) limit(t *testing.T, most int) {
	t.Helper()
	_, err := w.super.Exec(context.WithoutCancel(t.Context()), `UPDATE flowable.queue_assignments a SET max_tasks_per_user = $1
		FROM flowable.workflow_queues q WHERE q.queue_id = a.queue_id AND q.queue_name = $2`, most, legalQueue)
	require.NoError(t, err)
}

func TestTheNextTaskIsTheBestOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	next := func(user, query string, status int) casework.Task {
		a := w.do(t, status, post(user, tasks+"/claim/next"+query, ""))
		if status == 204 {
			return casework.Task{}
		}
		return into[casework.Task](t, a)
	}
	before := w.snapshot(t, true)
	next(sarah, "", 204)
	require.Equal(t, before, w.snapshot(t, true))
	for _, priority := range []int{50, 80, 10} {
		w.do(t, 201, post(admin, cases, fmt.Sprintf(`{"processKey": "review", "priority": %d}`, priority)))
	}
	before = w.snapshot(t, true)
	next(carlos, "", 204)
	next(carlos, "?queueNames="+legalQueue, 204)
	next(sarah, "?queueNames=other-queue&queueNames=default-queue", 204)
	require.Equal(t, before, w.snapshot(t, true))
	require.Equal(t, 80, next(sarah, "", 200).Priority)
	require.Equal(t, 50, next(james, "?queueNames=other-queue&queueNames="+legalQueue, 200).Priority)
	require.Equal(t, 10, next(sarah, "?queueNames=other-queue,"+legalQueue, 200).Priority)
	next(sarah, "", 204)
	require.Equal(t, []string{"query.queues"}, w.refused(t, casework.Malformed, post(sarah, tasks+"/claim/next?queues=x", "")).places())
}

func TestTasksAreFilteredAndSorted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	var started []casework.StartedCase
	for _, priority := range []int{50, 80, 10} {
		started = append(started, into[casework.StartedCase](t, w.do(t, 201, post(admin, cases, fmt.Sprintf(`{"processKey": "review", "priority": %d}`, priority)))))
	}
	look := func(i int) string { return taskID(started[i].ProcessInstanceID, "look") }
	w.do(t, 200, post(sarah, tasks+"/"+look(1)+"/claim", ""))
	w.exec(t, "UPDATE flowable.workflow_tasks SET due_date = now() - interval '1 hour' WHERE task_id = $1", look(2))
	for query, want := range map[string][]int{
		"":                                      {1, 0, 2},
		"sort=priority":                         {1, 0, 2},
		"sort=created":                          {2, 1, 0},
		"sort=due":                              {2, 0, 1},
		"status=OPEN":                           {0, 2},
		"status=OPEN&status=CLAIMED":            {1, 0, 2},
		"status=COMPLETED":                      {},
		"status=":                               {1, 0, 2},
		"queueName=" + legalQueue:               {1, 0, 2},
		"queueName=default-queue":               {},
		"assignee=me":                           {1},
		"assignee=" + james:                     {},
		"candidate=me":                          {0, 2},
		"taskDefinitionKey=look&minPriority=50": {1, 0},
		"taskDefinitionKey=decide":              {},
		"overdue=true":                          {2},
		"overdue=false":                         {1, 0, 2},
		"dueBefore=2100-01-01T00:00:00%2B01:00": {1, 0, 2},
		"dueBefore=2000-01-01T00:00:00Z":        {},
		"processInstanceId=" + started[0].ProcessInstanceID: {0},
		fmt.Sprint("caseId=", started[2].CaseID):            {2},
	} {
		t.Run(query, func(t *testing.T) {
			r := get(sarah, tasks+"?"+query)
			r.undocumented = query == "status="
			found := []string{}
			for _, task := range into[taskList](t, w.do(t, 200, r)).Items {
				found = append(found, task.TaskID)
			}
			ids := []string{}
			for _, i := range want {
				ids = append(ids, look(i))
			}
			require.Equal(t, ids, found)
		})
	}
	r := get(sarah, tasks+"?status=OPEN,CLAIMED")
	r.undocumented = true // a second way to say it
	require.Len(t, into[taskList](t, w.do(t, 200, r)).Items, 3)
	require.Empty(t, into[taskList](t, w.do(t, 200, get(carlos, tasks))).Items)
}

func TestTasksAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.start(t)
	}
	for _, sort := range []string{"priority", "created", "due"} {
		path := tasks + "?limit=2&sort=" + sort
		all := into[taskList](t, w.do(t, 200, get(sarah, tasks+"?sort="+sort))).Items
		require.Len(t, all, 5)
		var found []casework.Task
		for next := path; next != ""; {
			page := into[taskList](t, w.do(t, 200, get(sarah, next)))
			require.LessOrEqual(t, len(page.Items), 2)
			found = append(found, page.Items...)
			next = ""
			if page.NextCursor != "" {
				next = path + "&cursor=" + page.NextCursor
			}
		}
		require.Equal(t, all, found, sort)
	}
}
