package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestTheSameRequestUnderAKeyIsAnsweredTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	w.engine.fail(t, instance, "route:1")
	other, otherInstance := w.look(t)
	w.exec(t, "UPDATE flowable.workflow_tasks SET excluded_users = $1 WHERE process_instance_id = $2", []string{sarah}, otherInstance)
	for name, test := range map[string]struct {
		status int
		request
	}{
		"deploy":              {201, deployment(admin, model("new", ""))},
		"activate":            {200, post(admin, definitions+"/review/versions/1/activate", "")},
		"start":               {201, post(sarah, cases, `{"processKey": "review"}`)},
		"a start that is bad": {422, post(sarah, cases, `{"processKey": "none"}`)},
		"a body that is bad":  {400, post(sarah, cases, `{`)},
		"retry":               {200, post(admin, instances+"/"+instance+"/incidents/route:1/retry", `{"variables": {"a": 1}}`)},
		"claim":               {200, post(james, other+"/claim", "")},
		"claim what is held":  {409, post(james, path+"/claim", "")},
		"claim next":          {200, post(sarah, tasks+"/claim/next", "")},
		"nothing to claim":    {204, post(carlos, tasks+"/claim/next", "")},
		"complete":            {200, post(sarah, path+"/complete", `{"outcome": "YES"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			w.start(t) // something to claim
			first := w.do(t, test.status, test.keyed(name))
			require.Empty(t, first.header.Get("Idempotency-Replayed"))
			before := w.snapshot(t, true)
			second := w.do(t, test.status, test.keyed(name))
			require.Equal(t, before, w.snapshot(t, true))
			require.Equal(t, "true", second.header.Get("Idempotency-Replayed"))
			require.Equal(t, string(first.body), string(second.body))
			require.Equal(t, first.header.Get("Content-Type"), second.header.Get("Content-Type"))
			for what, r := range map[string]request{
				"another body":  post(test.user, test.path, test.body+" "),
				"another path":  post(test.user, test.path+"?x=1", test.body),
				"another place": post(test.user, cases, `{"processKey": "review", "title": "other"}`),
			} {
				r.media = test.media
				w.refused(t, casework.Duplicate, r.keyed(name))
				require.Equal(t, before, w.snapshot(t, true), what)
			}
		})
	}
	t.Run("the key of another caller is another key", func(t *testing.T) {
		a := w.do(t, 201, post(james, cases, `{"processKey": "review"}`).keyed("start"))
		require.Empty(t, a.header.Get("Idempotency-Replayed"))
	})
	t.Run("a key is forgotten after a day", func(t *testing.T) {
		w.exec(t, "UPDATE flowable.idempotency_keys SET created_at = now() - interval '25 hours'")
		a := w.do(t, 201, post(sarah, cases, `{"processKey": "review", "title": "new"}`).keyed("start"))
		require.Empty(t, a.header.Get("Idempotency-Replayed"))
	})
}

func TestAKeyThatIsNoKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	start := post(sarah, cases, `{"processKey": "review"}`)
	for name, key := range map[string]string{"too long": strings.Repeat("k", 256), "no text": "\xff", "in bytes too long": strings.Repeat("ä", 128)} {
		t.Run(name, func(t *testing.T) {
			before := w.snapshot(t, true)
			require.Equal(t, []string{"header.Idempotency-Key"}, w.refused(t, casework.Malformed, start.keyed(key)).places())
			require.Equal(t, before, w.snapshot(t, true))
		})
	}
	w.do(t, 201, start.keyed(strings.Repeat("k", 255)))
}

func TestTheSameRequestAtOnceIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	var all sync.WaitGroup
	answers := make([]answer, 8)
	for i := range answers {
		all.Go(func() { answers[i] = send(t, w.server, post(sarah, cases, `{"processKey": "review"}`).keyed("once")) })
	}
	all.Wait()
	done := 0
	for _, a := range answers {
		if a.status == 201 {
			done++
			continue
		}
		require.Contains(t, readProblem(t, casework.Conflict, a).Detail, "under way")
	}
	require.Positive(t, done)
	require.Equal(t, 1, w.count(t, "SELECT count(*) FROM onecms.cases"))
}

// lossy forgets what it is told to remember, like a server that goes down between the act and its answer.
type lossy struct{ api.Store }

// RememberAnswer implements api.Store.
func (lossy) RememberAnswer(context.Context, string, string, casework.Answer) error {
	return casework.Errorf(casework.Unavailable, "the database does not answer")
}

func TestAnActWhoseAnswerWasLostIsNotDoneTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.held(t)
	w.start(t)
	server := w.serve(t, func(d *api.Deps) { d.Store = lossy{w.store} })
	for name, r := range map[string]request{
		"start":      post(sarah, cases, `{"processKey": "review"}`),
		"claim next": post(james, tasks+"/claim/next", ""),
		"complete":   post(sarah, path+"/complete", `{"outcome": "YES"}`),
	} {
		t.Run(name, func(t *testing.T) {
			first := send(t, server, r.keyed(name))
			require.Less(t, first.status, 300)
			readProblem(t, casework.Conflict, send(t, server, r.keyed(name))) // it may still be under way
			w.exec(t, "UPDATE flowable.idempotency_keys SET created_at = now() - interval '20 seconds'")
			before := w.snapshot(t, false)
			second := send(t, server, r.keyed(name))
			require.Equal(t, before, w.snapshot(t, false))
			require.Equal(t, first.status, second.status)
			require.Equal(t, named(t, first), named(t, second))
		})
	}
}

// named is what an answer is about.
func named(t *testing.T, a answer) string {
	t.Helper()
	v := into[map[string]json.RawMessage](t, a)
	return fmt.Sprint(string(v["caseNumber"]), string(v["processInstanceId"]), string(v["taskId"]))
}

// panicky panics where something is done to a task.
type panicky struct{ api.Store }

// ActOnTask implements api.Store.
func (panicky) ActOnTask(context.Context, string, string, uuid.UUID, casework.TaskAct) (casework.Task, *casework.Delivery, error) {
	panic("secret of the inside")
}

// A failure inside is no answer to keep: trying again may go better, and does not have to wait.
func TestAFailureInsideGivesItsKeyBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.held(t)
	complete := post(sarah, path+"/complete", "").keyed("k")
	failing := w.serve(t, func(d *api.Deps) { d.Store = panicky{w.store} })
	before := w.snapshot(t, true)
	readProblem(t, casework.Internal, send(t, failing, complete))
	require.Equal(t, before, w.snapshot(t, true))
	w.do(t, 200, complete)
}
