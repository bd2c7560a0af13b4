package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// completedTask is the answer to a completion.
type completedTask struct {
	casework.Task
	NextTasks []casework.Task `json:"nextTasks"`
}

// marks counts what the completions of a task leave behind: rows of history, accepted commands, signals.
func (w *world) marks(t *testing.T, instance, key string) string {
	t.Helper()
	var marks string
	require.NoError(t, w.super.QueryRow(t.Context(), `SELECT concat_ws(' ',
		(SELECT count(*) FROM flowable.task_history WHERE task_id = $1 AND action_type = 'COMPLETE'),
		(SELECT count(*) FROM flowable.task_commands WHERE task_id = $1 AND kind = 'complete'),
		(SELECT count(*) FROM flowable.outbox o JOIN flowable.task_commands c USING (command_id) WHERE c.task_id = $1 AND c.kind = 'complete'))`,
		taskID(instance, key)).Scan(&marks))
	return marks
}

func TestACompletedTaskIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	body := `{"outcome": "APPROVED", "outcomeReason": "All there.", "variables": {"amount": 1.50, "nothing": null}, "formData": {"field": [1, "x"]}}`
	done := into[completedTask](t, w.do(t, 200, post(sarah, path+"/complete", body)))
	require.Equal(t, casework.TaskCompleted, done.Status)
	require.Equal(t, "APPROVED", *done.Outcome)
	require.Equal(t, "All there.", *done.OutcomeReason)
	require.Len(t, done.NextTasks, 1)
	require.Equal(t, "decide", done.NextTasks[0].TaskDefinitionKey)
	sent := w.engine.delivered[len(w.engine.delivered)-1].Command
	require.JSONEq(t, `{"amount": 1.50, "nothing": null}`, string(sent.Variables))
	require.Equal(t, sarah, sent.Assignee)
	require.Equal(t, 1, w.count(t, `SELECT count(*) FROM flowable.workflow_tasks WHERE form_data = '{"field": [1, "x"]}'`))

	path = tasks + "/" + done.NextTasks[0].TaskID
	w.do(t, 200, post(james, path+"/claim", ""))
	last := into[completedTask](t, w.do(t, 200, post(james, path+"/complete", "")))
	require.Empty(t, last.NextTasks)
	require.Nil(t, last.Outcome)
	found := into[casework.Instance](t, w.do(t, 200, get(sarah, instances+"/"+instance)))
	require.Equal(t, casework.InstanceCompleted, found.Status)
	require.Equal(t, "done", found.EndEventID)
}

func TestATaskIsCompletedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	w.engine.down = true // nothing is applied: the marks stay
	complete := post(sarah, path+"/complete", `{"outcome": "YES", "variables": {"a": 1}}`).with("Prefer", "wait=0")
	first := into[completedTask](t, w.do(t, 200, complete))
	require.Equal(t, "1 1 1", w.marks(t, instance, "look"))
	before := w.snapshot(t, true)
	require.Equal(t, first, into[completedTask](t, w.do(t, 200, complete)), "the same content: the same answer")
	require.Equal(t, first, into[completedTask](t, w.do(t, 200, complete.keyed("another try"))))
	w.exec(t, "DELETE FROM flowable.idempotency_keys")
	require.Equal(t, before, w.snapshot(t, true))

	for name, body := range map[string]string{"no content": "", "another outcome": `{"outcome": "NO", "variables": {"a": 1}}`, "another variable": `{"outcome": "YES", "variables": {"a": 2}}`} {
		t.Run("with "+name, func(t *testing.T) {
			r := complete
			r.body = body
			p := w.refused(t, casework.Conflict, r)
			require.Equal(t, "COMPLETED", p.Current.Status)
		})
	}
	require.Equal(t, "1 1 1", w.marks(t, instance, "look"))
}

func TestATaskIsCompletedOnceByManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	w.engine.down = true
	var all sync.WaitGroup
	bodies := make([]string, 8)
	for i := range bodies {
		all.Go(func() {
			r := post(sarah, path+"/complete", `{"outcome": "YES"}`).with("Prefer", "wait=0")
			a := send(t, w.server, r)
			bodies[i] = fmt.Sprint(a.status, string(a.body))
		})
	}
	all.Wait()
	for _, body := range bodies {
		require.Equal(t, bodies[0], body)
	}
	require.True(t, strings.HasPrefix(bodies[0], "200"))
	require.Equal(t, "1 1 1", w.marks(t, instance, "look"))
}

func TestABadCompletionIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.look(t)
	t.Run("of a task that nobody holds", func(t *testing.T) {
		require.Equal(t, "OPEN", w.refused(t, casework.Conflict, post(sarah, path+"/complete", "")).Current.Status)
	})
	w.do(t, 200, post(sarah, path+"/claim", ""))
	long := strings.Repeat("ä", 10_001)
	for name, test := range map[string]struct{ body, place string }{
		"a long outcome":         {`{"outcome": "` + long[:202] + `"}`, "body.outcome"},
		"an outcome with U+0000": {`{"outcome": "a\u0000"}`, "body.outcome"},
		"a long reason":          {`{"outcomeReason": "` + long + `"}`, "body.outcomeReason"},
		"a reason with U+0000":   {`{"outcomeReason": "\u0000"}`, "body.outcomeReason"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []string{test.place}, w.refused(t, casework.Invalid, post(sarah, path+"/complete", test.body)).places())
		})
	}
	w.do(t, 200, post(sarah, path+"/complete", `{"outcome": "`+long[:200]+`", "outcomeReason": "`+long[:20_000]+`"}`))
}

// What stands between the database's yes and Temporal does not change the answer.
func TestACompletionIsAcceptedWhileTemporalIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	w.engine.down = true
	for name, prefer := range map[string]string{"not waiting": "wait=0", "more than one preference": "respond-async, wait=0"} {
		t.Run(name, func(t *testing.T) {
			a := w.do(t, 200, post(sarah, path+"/complete", "{}").with("Prefer", prefer))
			done := into[completedTask](t, a)
			require.Equal(t, casework.TaskCompleted, done.Status)
			require.Empty(t, done.NextTasks)
			require.NotContains(t, string(a.body), "temporal.internal")
			require.Equal(t, "1 1 1", w.marks(t, instance, "look"))
		})
	}
	var payload []byte
	require.NoError(t, w.super.QueryRow(t.Context(), "SELECT payload FROM flowable.outbox WHERE payload ->> 'kind' = 'complete'").Scan(&payload))
	var command casework.Command
	require.NoError(t, json.Unmarshal(payload, &command))
	require.Equal(t, taskID(instance, "look"), command.TaskID)
}

// asked counts how often the tasks of a case are asked for.
type asked struct {
	api.Store
	times int
}

// NextTasks implements api.Store.
func (s *asked) NextTasks(ctx context.Context, caller, instanceID, commandID string) ([]casework.Task, error) {
	s.times++
	return s.Store.NextTasks(ctx, caller, instanceID, commandID)
}

// OpenTasksOf implements api.Store.
func (s *asked) OpenTasksOf(ctx context.Context, caller, instanceID string) ([]casework.Task, error) {
	s.times++
	return s.Store.OpenTasksOf(ctx, caller, instanceID)
}

// Whoever waits in the process of the worker is told the next tasks with the step, and does not ask for them.
func TestTheNextTasksComeWithTheStep(t *testing.T) {
	t.Parallel()
	store := &asked{}
	w := newWorld(t, func(d *api.Deps) { store.Store, d.Store = d.Store, store })
	path, instance := w.held(t)
	done := into[completedTask](t, w.do(t, 200, post(sarah, path+"/complete", "")))
	require.Len(t, done.NextTasks, 1)
	require.Equal(t, taskID(instance, "decide"), done.NextTasks[0].TaskID)
	require.Zero(t, store.times)

	again := into[completedTask](t, w.do(t, 200, post(sarah, path+"/complete", "")))
	require.Equal(t, done, again, "the same completion again, which no step follows")
	require.Equal(t, 1, store.times)
}
