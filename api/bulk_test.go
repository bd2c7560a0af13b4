package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

type bulkResults struct {
	Results []struct {
		TaskID  string
		Status  int
		Task    *casework.Task
		Problem *problem
	}
}

// bulk asks for an act on some tasks; members are those of the act, as JSON.
func bulk(user, action, members string, ids ...string) request {
	if members != "" {
		members = ", " + members
	}
	return post(user, tasks+"/bulk", fmt.Sprintf(`{"action": %q, "taskIds": ["%s"]%s}`, action, strings.Join(ids, `", "`), members))
}

func idOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func TestEveryActIsDoneToSeveralTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, test := range map[string]struct{ user, members, status string }{
		"claim": {james, "", "CLAIMED"}, "unclaim": {sarah, "", "OPEN"}, "complete": {sarah, `"outcome": "YES", "variables": {"a": 1}`, "COMPLETED"},
		"delegate": {sarah, `"to": "james.legal"`, "DELEGATED"}, "resolve": {james, "", "CLAIMED"}, "reassign": {admin, `"to": "james.legal"`, "CLAIMED"},
		"escalate": {admin, `"reason": "x"`, "CLAIMED"}, "move": {admin, `"queueName": "eo-officer-queue"`, "OPEN"},
		"update": {admin, `"priority": 7, "dueDate": null`, "CLAIMED"}, "comment": {james, `"text": "x"`, "CLAIMED"},
		"pause": {sarah, `"reason": "x"`, "CLAIMED"}, "resume": {admin, "", "CLAIMED"},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := idOf(w.ready(t, name)), idOf(w.ready(t, name))
			all := into[bulkResults](t, w.do(t, 200, bulk(test.user, name, test.members, first, "nothing", second)))
			require.Len(t, all.Results, 3)
			for i, id := range []string{first, "nothing", second} {
				r := all.Results[i]
				require.Equal(t, id, r.TaskID)
				if id == "nothing" {
					require.Equal(t, []any{404, casework.NotFound}, []any{r.Status, r.Problem.Code})
					require.Nil(t, r.Task)
					continue
				}
				require.Equal(t, 200, r.Status, r.Problem)
				require.Equal(t, test.status, string(r.Task.Status))
				require.Nil(t, r.Problem)
			}
		})
	}
}

func TestATaskThatRefusesDoesNotKeepTheOthersFromAnAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open, _ := w.look(t)
	held, _ := w.held(t)
	mine, _ := w.look(t)
	w.do(t, 200, post(james, mine+"/claim", ""))
	gone, _ := w.held(t)
	w.do(t, 200, post(sarah, gone+"/complete", ""))
	r := bulk(james, "claim", "", idOf(open), idOf(held), idOf(mine), idOf(gone)).keyed("k")
	a := w.do(t, 200, r)
	var statuses []string
	for _, one := range into[bulkResults](t, a).Results {
		status := fmt.Sprint(one.Status)
		if one.Problem != nil {
			status += " " + one.Problem.Current.Status
		}
		statuses = append(statuses, status)
	}
	require.Equal(t, []string{"200", "409 CLAIMED", "200", "409 COMPLETED"}, statuses)
	require.Equal(t, a.body, w.do(t, 200, r).body)
	refused := into[bulkResults](t, w.do(t, 200, bulk(admin, "reassign", `"to": "carlos.inv"`, idOf(open)))).Results[0]
	require.Equal(t, []any{422, "candidate", "body.to"}, []any{refused.Status, refused.Problem.Rule, refused.Problem.Errors[0].Location})
}

// breaking fails inside from its third act on.
type breaking struct {
	api.Store
	acts int
}

// ActOnTask implements api.Store.
func (b *breaking) ActOnTask(ctx context.Context, caller, taskID string, id uuid.UUID, a casework.TaskAct) (casework.Task, *casework.Delivery, error) {
	if b.acts++; b.acts > 2 {
		return casework.Task{}, nil, casework.Errorf(casework.Unavailable, "the database does not answer")
	}
	return b.Store.ActOnTask(ctx, caller, taskID, id, a)
}

func TestARepeatedBulkDoesTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for range 4 {
		path, _ := w.held(t)
		ids = append(ids, idOf(path))
	}
	r := bulk(admin, "escalate", `"reason": "x"`, ids...).keyed("k")
	broken := w.serve(t, func(d *api.Deps) { d.Store = &breaking{Store: w.store} })
	readProblem(t, casework.Unavailable, send(t, broken, r))
	require.Equal(t, 2, w.count(t, "SELECT count(*) FROM flowable.escalations"))
	for _, one := range into[bulkResults](t, w.do(t, 200, r)).Results {
		require.Equal(t, 200, one.Status)
		require.Equal(t, 1, one.Task.EscalationLevel)
	}
	require.Equal(t, 4, w.count(t, "SELECT count(*) FROM flowable.escalations"))
}

func TestABadBulkIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.held(t)
	id := idOf(path)
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprint(i))
	}
	for name, test := range map[string]struct {
		r     request
		code  casework.Code
		place string
	}{
		"no act":                     {bulk(sarah, "", "", id), casework.Invalid, "body.action"},
		"an act that is none":        {bulk(sarah, "steal", "", id), casework.Invalid, "body.action"},
		"no task":                    {post(sarah, tasks+"/bulk", `{"action": "claim"}`), casework.Invalid, "body.taskIds"},
		"too many tasks":             {bulk(sarah, "claim", "", many...), casework.Invalid, "body.taskIds"},
		"a task twice":               {bulk(sarah, "claim", "", id, "x", id), casework.Invalid, "body.taskIds[2]"},
		"a task without an id":       {bulk(sarah, "claim", "", id, ""), casework.Invalid, "body.taskIds[1]"},
		"a task that is no text":     {bulk(sarah, "claim", "", `a\u0000`), casework.Invalid, "body.taskIds[0]"},
		"a version":                  {bulk(sarah, "claim", `"version": 2`, id), casework.Malformed, "body.version"},
		"a member of another act":    {bulk(sarah, "claim", `"to": "james.legal"`, id), casework.Malformed, "body.to"},
		"a member of nobody":         {bulk(sarah, "claim", `"surprise": 1`, id), casework.Malformed, "body.surprise"},
		"a member that is missing":   {bulk(sarah, "delegate", "", id), casework.Invalid, "body.to"},
		"a member that is bad":       {bulk(sarah, "update", `"priority": -1`, id), casework.Invalid, "body.priority"},
		"variables that are too bad": {bulk(sarah, "complete", `"variables": {"": 1}`, id), casework.Invalid, "body.variables"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []string{test.place}, w.refused(t, test.code, test.r).places())
		})
	}
	other := bulk(sarah, "claim", "", id)
	other.media = "text/plain"
	w.refused(t, "unsupported-media-type", other)
}
