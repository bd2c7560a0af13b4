package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// request is one HTTP request. Empty fields are left out of it.
type request struct {
	method, path string
	user         string
	body         string
	media        string // Content-Type; JSON where there is a body; - for none
	key          string // Idempotency-Key
	header       map[string]string
	from         string // address of the client; this machine where it is empty
	undocumented bool   // served, although openapi.yaml does not describe the form of the request
}

func get(user, path string) request { return request{method: "GET", path: path, user: user} }
func post(user, path, body string) request {
	return request{method: "POST", path: path, user: user, body: body}
}
func (r request) with(name, value string) request {
	header := map[string]string{name: value}
	for n, v := range r.header {
		header[n] = v
	}
	r.header = header
	return r
}
func (r request) keyed(key string) request { r.key = key; return r }

func (r request) build(t *testing.T) *http.Request {
	t.Helper()
	built := httptest.NewRequestWithContext(t.Context(), r.method, r.path, bytes.NewReader([]byte(r.body)))
	built.RemoteAddr = "127.0.0.1:40000"
	if r.from != "" {
		built.RemoteAddr = r.from
	}
	if r.body != "" {
		built.Header.Set("Content-Type", "application/json")
	}
	for name, value := range map[string]string{"Content-Type": r.media, "X-User-Id": r.user, "Idempotency-Key": r.key} {
		if value != "" {
			built.Header.Set(name, value)
		}
	}
	for name, value := range r.header {
		built.Header.Set(name, value)
	}
	if r.media == "-" {
		built.Header.Del("Content-Type")
	}
	return built
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request through the router and holds it and its answer against openapi.yaml.
func send(t *testing.T, server *api.Server, r request) answer {
	t.Helper()
	contract, err := theContract()
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	server.Handler().ServeHTTP(recorder, r.build(t))
	require.NoError(t, contract.check(r.build(t), []byte(r.body), recorder, !r.undocumented))
	return answer{status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
}

// do sends a request that must be served with a status.
func (w *world) do(t *testing.T, status int, r request) answer {
	t.Helper()
	a := send(t, w.server, r)
	require.Equal(t, status, a.status, string(a.body))
	return a
}

// problem is a problem document.
type problem struct {
	Type, Title, Detail, Instance, Rule string
	Status                              int
	Code                                casework.Code
	Errors                              []casework.Field
	Current                             *struct{ TaskID, Status, AssigneeID string }
	Diagnostics                         []struct {
		File, Code, ElementID string
		Line, Column          int
	}
}

// statuses of the codes; 422 has two.
var statuses = map[casework.Code]int{
	casework.Malformed: 400, casework.NoCaller: 401, casework.Forbidden: 403, casework.NotFound: 404, casework.Conflict: 409,
	casework.TooLarge: 413, "unsupported-media-type": 415, casework.Invalid: 422, casework.Duplicate: 422, casework.Internal: 500,
	casework.Unavailable: 503, "method-not-allowed": 405,
}

// refused sends a request that must be refused, and makes sure that no row of the database has changed.
func (w *world) refused(t *testing.T, code casework.Code, r request) problem {
	t.Helper()
	before := w.snapshot(t, r.key == "")
	p := readProblem(t, code, send(t, w.server, r))
	require.Equal(t, before, w.snapshot(t, r.key == ""))
	return p
}

func readProblem(t *testing.T, code casework.Code, a answer) problem {
	t.Helper()
	require.Equal(t, statuses[code], a.status, string(a.body))
	p := into[problem](t, a)
	require.Equal(t, code, p.Code)
	require.Equal(t, "/problems/"+string(code), p.Type)
	if a.header.Get("Idempotency-Replayed") == "" {
		require.Equal(t, a.header.Get("X-Request-Id"), p.Instance)
	}
	return p
}

// places lists where a problem says that the request is wrong.
func (p problem) places() []string {
	places := make([]string, 0, len(p.Errors))
	for _, e := range p.Errors {
		places = append(places, e.Location)
	}
	return places
}

// into reads the body of an answer.
func into[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal(a.body, &v), string(a.body))
	return v
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
