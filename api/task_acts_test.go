package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func patch(user, path, body string) request {
	return request{method: "PATCH", path: path, user: user, body: body}
}

const (
	elsewhere = "eo-officer-queue"
	soon      = "2100-01-31T12:00:00Z"
)

// acts are requests that succeed for admin, who directs every queue, on a task that sarah holds and has delegated to james.
func acts(path string) map[string]request {
	return map[string]request{
		"delegate": post(sarah, path+"/delegate", `{"to": "james.legal"}`),
		"resolve":  post(james, path+"/resolve", ""),
		"reassign": post(admin, path+"/reassign", `{"to": "james.legal"}`),
		"escalate": post(admin, path+"/escalate", `{"reason": "The press asks."}`),
		"move":     post(admin, path+"/move", `{"queueName": "`+elsewhere+`"}`),
		"pause":    post(sarah, path+"/pause", `{"reason": "The supplier is asked."}`),
		"resume":   post(sarah, path+"/resume", ""),
		"comment":  post(james, path+"/comment", `{"text": "I have called."}`),
		"update":   patch(admin, path, `{"priority": 80, "dueDate": "`+soon+`", "followUpDate": "`+soon+`"}`),
		"claim":    post(james, path+"/claim", ""),
		"unclaim":  post(sarah, path+"/unclaim", ""),
		"complete": post(sarah, path+"/complete", ""),
	}
}

// ready brings a task into the state in which an act can be done, and returns its path.
func (w *world) ready(t *testing.T, act string) string {
	t.Helper()
	if act == "claim" {
		path, _ := w.look(t)
		return path
	}
	path, _ := w.held(t)
	if act == "resume" {
		w.do(t, 200, post(sarah, path+"/pause", `{"reason": "x"}`))
	}
	if act == "resolve" {
		w.do(t, 200, post(sarah, path+"/delegate", `{"to": "james.legal"}`))
	}
	return path
}

func TestEveryActOnATask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, want := range map[string]struct{ status, assignee, told string }{
		"delegate": {"DELEGATED", james, "delegate"}, "resolve": {"CLAIMED", sarah, "resolve"}, "reassign": {"CLAIMED", james, "reassign"},
		"escalate": {"CLAIMED", sarah, "escalate"}, "move": {"OPEN", "", "update-task"}, "update": {"CLAIMED", sarah, "update-task"},
		"comment": {"CLAIMED", sarah, ""}, "pause": {"CLAIMED", sarah, "update-task"}, "resume": {"CLAIMED", sarah, "update-task"},
	} {
		t.Run(name, func(t *testing.T) {
			path := w.ready(t, name)
			r := acts(path)[name]
			w.engine.delivered = nil
			a := w.do(t, 200, r)
			task := into[casework.Task](t, a)
			require.Equal(t, want.status, string(task.Status))
			require.Equal(t, fmt.Sprintf(`"%d"`, task.Version), a.header.Get("ETag"))
			if want.assignee == "" {
				require.Nil(t, task.AssigneeID)
			} else {
				require.Equal(t, want.assignee, *task.AssigneeID)
			}
			if want.told == "" {
				require.Empty(t, w.engine.delivered)
			} else {
				require.Len(t, w.engine.delivered, 1)
				require.Equal(t, want.told, string(w.engine.delivered[0].Command.Kind))
			}
			before := w.snapshot(t, true)
			require.Equal(t, task, into[casework.Task](t, w.do(t, 200, r)), "done twice")
			require.Equal(t, before, w.snapshot(t, true))
			require.Equal(t, task.Version, into[casework.Task](t, w.do(t, 200, get(admin, path))).Version)
		})
	}
}

func TestAnActThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name := range acts("") {
		t.Run(name, func(t *testing.T) {
			path := w.ready(t, name)
			r := acts(path)[name]
			t.Run("of somebody who does not see the task", func(t *testing.T) {
				unseen := r
				unseen.user = carlos
				w.refused(t, casework.NotFound, unseen)
			})
			t.Run("in another media type", func(t *testing.T) {
				other := r
				other.media, other.body = "text/plain", "a=1"
				w.refused(t, "unsupported-media-type", other)
			})
			t.Run("with a member that is not its own", func(t *testing.T) {
				for _, body := range []string{`{"surprise": 1}`, `{"To": "x"}`, `{"version": "x"}`, `null`, `[]`} {
					other := r
					other.body, other.undocumented = body, true
					w.refused(t, casework.Malformed, other)
				}
			})
			t.Run("with a member of another act", func(t *testing.T) {
				other, member := r, "queueName"
				if name == "move" {
					member = "to"
				}
				other.body = `{"` + member + `": "x"}`
				require.Equal(t, []string{"body." + member}, w.refused(t, casework.Malformed, other).places())
			})
			t.Run("of another version than the caller has seen", func(t *testing.T) {
				version := into[casework.Task](t, w.do(t, 200, get(admin, path))).Version
				for _, other := range []request{r.with("If-Match", `"99"`), r} {
					if other.header == nil {
						other.body = strings.Replace(strings.Replace("{"+strings.TrimPrefix(r.body, "{"), "{", `{"version": 99, `, 1), ", }", "}", 1)
						other.body = strings.TrimSuffix(strings.TrimSuffix(other.body, "}"), ", ") + "}"
					}
					require.NotEmpty(t, w.refused(t, casework.Conflict, other).Current.TaskID)
				}
				for _, header := range []string{"99", `"x"`, `W/"1"`, `"0"`, `"1`} {
					other := r.with("If-Match", header)
					other.undocumented = true
					require.Equal(t, []string{"header.If-Match"}, w.refused(t, casework.Malformed, other).places())
				}
				w.do(t, 200, r.with("If-Match", fmt.Sprintf(`"%d"`, version)))
			})
		})
	}
	t.Run("where body and header differ", func(t *testing.T) {
		path, _ := w.held(t)
		w.refused(t, casework.Malformed, post(sarah, path+"/comment", `{"text": "x", "version": 2}`).with("If-Match", `"3"`))
		w.do(t, 200, post(sarah, path+"/comment", `{"text": "x", "version": 2}`).with("If-Match", `*`))
	})
}

func TestAnActNeedsItsRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.held(t)
	for _, test := range []struct {
		r    request
		rule string
	}{
		{post(james, path+"/delegate", `{"to": "james.legal"}`), "assignee"},
		{post(james, path+"/unclaim", ""), "assignee"},
		{post(james, path+"/complete", ""), "assignee"},
		{post(sarah, path+"/reassign", `{"to": "james.legal"}`), "reassign"},
		{post(james, path+"/escalate", `{"reason": "x"}`), "escalate"},
		{post(james, path+"/move", `{"queueName": "eo-officer-queue"}`), "supervise"},
		{patch(sarah, path, `{"priority": 3}`), "supervise"},
		{patch(james, path, `{"followUpDate": null}`), "assignee"},
	} {
		p := w.refused(t, casework.Forbidden, test.r)
		require.Equal(t, test.rule, p.Rule)
		require.NotEmpty(t, p.Detail)
	}
	w.do(t, 200, post(sarah, path+"/delegate", `{"to": "james.legal"}`))
	w.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ('lee.legal', 'lee.legal') ON CONFLICT DO NOTHING")
	w.exec(t, `INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by)
		SELECT 'lee.legal', role_id, 'SYSTEM' FROM entitlements.workflow_roles WHERE role_code = $1 ON CONFLICT DO NOTHING`, legal)
	require.Equal(t, "assignee", w.refused(t, casework.Forbidden, post("lee.legal", path+"/resolve", "")).Rule)
	t.Run("and does not repeat what has ended", func(t *testing.T) {
		w.do(t, 200, post(james, path+"/complete", ""))
		for name, r := range acts(path) {
			if name != "comment" {
				require.Equal(t, "COMPLETED", w.refused(t, casework.Conflict, r).Current.Status, name)
			}
		}
	})
}

func TestABadActIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.held(t)
	long := strings.Repeat("ä", 10_001)
	for name, test := range map[string]struct {
		act, body, place, rule string
	}{
		"nobody to delegate to":          {"/delegate", `{}`, "body.to", ""},
		"an empty one":                   {"/delegate", `{"to": " "}`, "body.to", ""},
		"a long one":                     {"/delegate", `{"to": "` + long[:102] + `"}`, "body.to", ""},
		"somebody without the role":      {"/delegate", `{"to": "carlos.inv"}`, "body.to", "candidate"},
		"somebody who is not there":      {"/reassign", `{"to": "nobody"}`, "body.to", "active-user"},
		"no reason":                      {"/escalate", `{"reason": null}`, "body.reason", ""},
		"a long reason":                  {"/escalate", `{"reason": "` + long + `"}`, "body.reason", ""},
		"no words":                       {"/comment", `{"text": "\t"}`, "body.text", ""},
		"words with U+0000":              {"/comment", `{"text": "a\u0000"}`, "body.text", ""},
		"no queue":                       {"/move", `{}`, "body.queueName", ""},
		"a queue that is not there":      {"/move", `{"queueName": "nowhere"}`, "body.queueName", "active-queue"},
		"nothing to set":                 {"", `{}`, "body", ""},
		"only a version":                 {"", `{"version": 2}`, "body", ""},
		"a priority out of range":        {"", `{"priority": 101}`, "body.priority", ""},
		"a due date in the past":         {"", `{"dueDate": "2000-01-01T00:00:00Z"}`, "body.dueDate", "future-date"},
		"a due date that is none":        {"", `{"dueDate": "tomorrow"}`, "body.dueDate", ""},
		"a due date after the last year": {"", `{"dueDate": "9999-12-31T23:59:59-05:00"}`, "body.dueDate", ""},
		"a due date that is a number":    {"", `{"dueDate": 7}`, "body.dueDate", ""},
		"a follow-up date that is none":  {"", `{"followUpDate": {}}`, "body.followUpDate", ""},
		"a follow-up date without zone":  {"", `{"followUpDate": "2030-01-01T00:00:00"}`, "body.followUpDate", ""},
		"a follow-up date of no calenda": {"", `{"followUpDate": "2030-02-30T00:00:00Z"}`, "body.followUpDate", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := post(admin, path+test.act, test.body)
			if test.act == "" {
				r = patch(admin, path, test.body)
			}
			p := w.refused(t, casework.Invalid, r)
			require.Equal(t, []any{[]string{test.place}, test.rule}, []any{p.places(), p.Rule})
		})
	}
	large := patch(admin, path, `{"priority": 1`+strings.Repeat(" ", 10<<20)+`}`)
	w.refused(t, casework.TooLarge, large)
}

func TestWhatIsSaidOfATaskIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.held(t)
	key := post(sarah, path+"/comment", `{"text": "one"}`).keyed("k")
	first := w.do(t, 200, key)
	w.do(t, 200, post(james, path+"/comment", `{"text": "two"}`))
	require.Equal(t, first.body, w.do(t, 200, key).body)
	comments := into[casework.List[casework.Comment]](t, w.do(t, 200, get(james, path+"/comments")))
	require.Len(t, comments.Items, 2)
	require.Equal(t, []string{"one", sarah, "two", james}, []string{comments.Items[0].Text, comments.Items[0].By, comments.Items[1].Text, comments.Items[1].By})
	page := into[casework.List[casework.Comment]](t, w.do(t, 200, get(james, path+"/comments?limit=1")))
	rest := into[casework.List[casework.Comment]](t, w.do(t, 200, get(james, path+"/comments?limit=1&cursor="+page.NextCursor)))
	require.Equal(t, comments.Items[1:], rest.Items)
	require.Empty(t, rest.NextCursor)
	w.refused(t, casework.NotFound, get(carlos, path+"/comments"))
	w.refused(t, casework.Malformed, get(sarah, path+"/comments?cursor=x"))

	w.do(t, 200, patch(admin, path, `{"priority": 70, "followUpDate": "`+soon+`"}`))
	w.do(t, 200, post(sarah, path+"/delegate", `{"to": "james.legal"}`))
	history := into[actionList](t, w.do(t, 200, get(james, path+"/history")))
	last := history.Items[len(history.Items)-2:]
	require.JSONEq(t, `{"priority": {"from": 50, "to": 70}, "followUpDate": {"from": null, "to": "2100-01-31T12:00:00+00:00"}}`, string(last[0].Data))
	require.Equal(t, []string{"DELEGATE", sarah, james}, []string{last[1].ActionType, last[1].OldAssignee, last[1].DelegateTo})
	require.Equal(t, "one", history.Items[2].Comments)

	found := into[taskList](t, w.do(t, 200, get(james, tasks+"?followUpBefore="+time.Now().AddDate(100, 0, 0).UTC().Format(time.RFC3339))))
	require.Len(t, found.Items, 1)
	require.Empty(t, into[taskList](t, w.do(t, 200, get(james, tasks+"?followUpBefore="+soon))).Items)
}

func TestACaseStandsStillAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	suspend := instances + "/" + instance + "/suspend"
	resume := instances + "/" + instance + "/resume"
	for _, act := range []string{suspend, resume} {
		require.Equal(t, "operate", w.refused(t, casework.Forbidden, post(sarah, act, "")).Rule)
		w.refused(t, casework.NotFound, post(carlos, act, ""))
	}
	stands := into[casework.Instance](t, w.do(t, 200, post(admin, suspend, "").keyed("k")))
	require.Equal(t, casework.InstanceSuspended, stands.Status)
	w.do(t, 200, post(admin, suspend, ""))
	for _, r := range []request{
		post(sarah, path+"/complete", ""), post(sarah, path+"/unclaim", ""), patch(admin, path, `{"priority": 3}`),
		{method: "PATCH", path: instances + "/" + instance + "/variables", user: admin, body: `{"variables": {"a": 1}}`},
	} {
		require.Equal(t, "SUSPENDED", w.refused(t, casework.Conflict, r).Current.Status)
	}
	require.True(t, into[casework.Task](t, w.do(t, 200, get(sarah, path))).Suspended)
	goes := into[casework.Instance](t, w.do(t, 200, post(admin, resume, "")))
	require.Equal(t, casework.InstanceActive, goes.Status)
	var told []string
	for _, d := range w.engine.delivered {
		if d.Command != nil {
			told = append(told, string(d.Command.Kind))
		}
	}
	require.Equal(t, []string{"suspend", "resume"}, told)
	require.Zero(t, w.count(t, "SELECT count(*) FROM flowable.task_commands WHERE kind IN ('suspend', 'resume') AND state <> 'APPLIED'"))
	w.do(t, 200, post(sarah, path+"/complete", ""))
	w.do(t, 200, post(admin, instances+"/"+instance+"/terminate", `{"reason": "x"}`))
	for _, act := range []string{suspend, resume} {
		require.Equal(t, "TERMINATED", w.refused(t, casework.Conflict, post(admin, act, "")).Current.Status)
	}
}
