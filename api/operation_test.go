package api_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// bare is a server whose store must not be asked.
func bare(t *testing.T, h health) *api.Server {
	t.Helper()
	server, err := api.New(api.Config{TrustUserHeaderFrom: api.Loopback()}, api.Deps{Store: noStore{}, Engine: &engine{}, Steps: noSteps{}, Health: h}, zap.NewNop())
	require.NoError(t, err)
	return server
}

func TestTheServerTellsHowItIs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		health health
		status int
		word   string
	}{
		"all is well":       {health{{Name: "postgresql", OK: true}, {Name: "temporal", OK: true}}, 200, "ready"},
		"one thing is down": {health{{Name: "postgresql", OK: true}, {Name: "temporal", Detail: "does not answer"}}, 503, "not ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := send(t, bare(t, test.health), get("", "/readyz"))
			require.Equal(t, test.status, a.status)
			found := into[struct {
				Status     string
				Components []api.ComponentStatus
			}](t, a)
			require.Equal(t, test.word, found.Status)
			require.Equal(t, []api.ComponentStatus(test.health), found.Components)
			require.Equal(t, `{"status":"ok"}`, string(send(t, bare(t, test.health), get("", "/healthz")).body))
		})
	}
}

func TestTheDocumentAndTheMetricsAreServed(t *testing.T) {
	t.Parallel()
	server := bare(t, nil)
	require.Equal(t, string(api.OpenAPI), string(send(t, server, get("", "/openapi.yaml")).body))
	send(t, server, get("", "/api/nowhere"))
	send(t, server, request{method: "STEAL", path: tasks})
	metrics := send(t, server, get("", "/metrics"))
	require.Contains(t, string(metrics.body), `nextgen_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1`)
	require.Contains(t, string(metrics.body), `method="other",route="none",status="405"} 1`)
	require.NotContains(t, string(metrics.body), "STEAL")
	require.Contains(t, string(metrics.body), `nextgen_queue_load{queue="intake"} 7`)
	require.Contains(t, string(metrics.body), `nextgen_queue_capacity{queue="intake"} 10`)

	for path, want := range map[string]int{"/docs": 301, "/docs/": 200, "/docs/nothing.js": 404} {
		recorder := httptest.NewRecorder() // pages for people, which openapi.yaml does not describe
		server.Handler().ServeHTTP(recorder, get("", path).build(t))
		require.Equal(t, want, recorder.Code, path)
		if want == 200 {
			require.Contains(t, recorder.Body.String(), "/openapi.yaml")
		}
	}
}

func TestWhatIsNotThereIsAProblemToo(t *testing.T) {
	t.Parallel()
	server := bare(t, nil)
	for name, test := range map[string]struct {
		method, path string
		code         casework.Code
	}{
		"the root":                 {"GET", "/", casework.NotFound},
		"an unknown path":          {"GET", "/api/workflow/nothing", casework.NotFound},
		"a slash at the end":       {"GET", tasks + "/", casework.NotFound},
		"another case":             {"GET", "/API/workflow/tasks", casework.NotFound},
		"two slashes":              {"GET", "/api//workflow/tasks", casework.NotFound},
		"an act that is not":       {"POST", tasks + "/x/steal", casework.NotFound},
		"a path that is encoded":   {"GET", "/api%2Fworkflow%2Ftasks", casework.NotFound},
		"another method":           {"DELETE", tasks + "/x", "method-not-allowed"},
		"reading an act":           {"GET", tasks + "/x/claim", "method-not-allowed"},
		"writing a list":           {"PUT", tasks, "method-not-allowed"},
		"only the head of a list":  {"HEAD", tasks, "method-not-allowed"},
		"writing the health":       {"POST", "/healthz", "method-not-allowed"},
		"a method of nobody":       {"STEAL", tasks, "method-not-allowed"},
		"the options of a browser": {"OPTIONS", tasks, "method-not-allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := send(t, server, request{method: test.method, path: test.path, user: sarah})
			readProblem(t, test.code, a)
			require.Equal(t, test.code == "method-not-allowed", a.header.Get("Allow") != "")
		})
	}
}

func TestARequestKeepsItsName(t *testing.T) {
	t.Parallel()
	server := bare(t, nil)
	named := func(id string) string {
		return send(t, server, get("", "/healthz").with("X-Request-Id", id)).header.Get("X-Request-Id")
	}
	require.Equal(t, "client-1.A_b", named("client-1.A_b"))
	for _, id := range []string{"", "two words", "line\nbreak", "ä", string(make([]byte, 101))} {
		require.Regexp(t, "^[0-9a-f-]{36}$", named(id))
	}
}

func TestAServerNeedsWhatItDependsOn(t *testing.T) {
	t.Parallel()
	full := api.Deps{Store: noStore{}, Engine: &engine{}, Steps: noSteps{}, Health: health{}}
	for name, change := range map[string]func(*api.Deps){
		"store": func(d *api.Deps) { d.Store = nil }, "engine": func(d *api.Deps) { d.Engine = nil },
		"steps": func(d *api.Deps) { d.Steps = nil }, "health": func(d *api.Deps) { d.Health = nil },
	} {
		deps := full
		change(&deps)
		_, err := api.New(api.Config{}, deps, zap.NewNop())
		require.Error(t, err, name)
	}
	_, err := api.New(api.Config{}, full, nil)
	require.Error(t, err)
}
