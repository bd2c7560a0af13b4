package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// everyOperation makes a request of each operation that needs a caller, out of the examples of openapi.yaml.
func everyOperation(t *testing.T) map[string]request {
	t.Helper()
	contract, err := theContract()
	require.NoError(t, err)
	all := map[string]request{}
	for _, op := range contract.operations {
		if slices.Contains(op.Tags, "Operation") {
			continue
		}
		r := request{method: op.method, path: op.path, user: admin}
		for _, p := range slices.Concat(op.item.Parameters, op.Parameters) {
			if p.Value.In == openapi3.ParameterInPath {
				r.path = strings.Replace(r.path, "{"+p.Value.Name+"}", url.PathEscape(fmt.Sprint(p.Value.Example)), 1)
			}
		}
		if op.RequestBody != nil {
			r.body, r.media = exampleBody(t, op)
		}
		all[op.String()] = r
	}
	require.Greater(t, len(all), 20)
	return all
}

func exampleBody(t *testing.T, op *operation) (body, media string) {
	t.Helper()
	for _, media := range []string{"application/json", "application/xml"} {
		content := op.RequestBody.Value.Content[media]
		if content == nil {
			continue
		}
		for _, example := range content.Examples {
			if text, isText := example.Value.Value.(string); isText {
				return text, media
			}
			raw, err := json.Marshal(example.Value.Value)
			require.NoError(t, err)
			return string(raw), media
		}
	}
	require.Fail(t, "no example of a body", op)
	return "", ""
}

func TestEveryOperationNeedsACallerThatIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed := w.serve(t)
	for name, test := range map[string]struct {
		change func(r request) request
		says   string
	}{
		"no caller":                  {func(r request) request { r.user = ""; return r }, "who calls"},
		"an unknown one":             {func(r request) request { r.user = "nobody"; return r }, "no active user"},
		"the system":                 {func(r request) request { r.user = "SYSTEM"; return r }, "no active user"},
		"one that is no text":        {func(r request) request { r.user = "\xff"; return r }, "no active user"},
		"one in another case":        {func(r request) request { r.user = strings.ToUpper(admin); return r }, "no active user"},
		"one from another machine":   {func(r request) request { r.from = "192.0.2.1:40000"; return r }, "not trusted"},
		"one from nowhere":           {func(r request) request { r.from = "x"; return r }, "not trusted"},
		"one that says it is local":  {func(r request) request { r.from = "192.0.2.1:1"; return r.with("X-Forwarded-For", "127.0.0.1") }, "not trusted"},
		"a token, and a user's name": {func(r request) request { return r.with("Authorization", "Bearer x") }, "tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.snapshot(t, true)
			for operation, r := range everyOperation(t) {
				p := readProblem(t, casework.NoCaller, send(t, closed, test.change(r).keyed("k")))
				require.Contains(t, p.Detail, test.says, operation)
			}
			require.Equal(t, before, w.snapshot(t, true))
		})
	}
	t.Run("where the header is not allowed", func(t *testing.T) {
		deps := api.Deps{Store: w.store, Engine: w.engine, Steps: w.hub, Health: health{}}
		server, err := api.New(api.Config{}, deps, zap.NewNop())
		require.NoError(t, err)
		for _, r := range everyOperation(t) {
			readProblem(t, casework.NoCaller, send(t, server, r))
		}
	})
	t.Run("one that is not active any more", func(t *testing.T) {
		w.exec(t, "INSERT INTO entitlements.users (user_id, username, is_active) VALUES ('gone', 'gone', FALSE) ON CONFLICT DO NOTHING")
		w.refused(t, casework.NoCaller, get("gone", tasks))
	})
}

// A failure inside is told as what it is, and nothing of it goes outside; the log has it, under the id of the request.
func TestNoOperationTellsWhatFailsInside(t *testing.T) {
	t.Parallel()
	for operation, r := range everyOperation(t) {
		t.Run(operation, func(t *testing.T) {
			core, logs := observer.New(zapcore.ErrorLevel)
			server, err := api.New(api.Config{TrustUserHeaderFrom: api.Loopback()},
				api.Deps{Store: noStore{}, Engine: &engine{}, Steps: noSteps{}, Health: health{}}, zap.New(core))
			require.NoError(t, err)
			a := send(t, server, r.with("X-Request-Id", "request-7"))
			p := readProblem(t, casework.Internal, a)
			require.Equal(t, "request-7", p.Instance)
			for _, secret := range []string{"nil pointer", "goroutine", ".go:", "runtime"} {
				require.NotContains(t, string(a.body), secret)
			}
			require.NotEmpty(t, logs.FilterField(zap.String("requestId", "request-7")).All())
			require.Contains(t, logs.All()[0].ContextMap()["panic"], "nil pointer")
		})
	}
}

// failing answers every question about a task with an error that is not for people outside.
type failing struct {
	api.Store
	err error
}

// Task implements api.Store.
func (f failing) Task(context.Context, string, string) (casework.Task, error) {
	return casework.Task{}, f.err
}

// UserActive implements api.Store.
func (failing) UserActive(context.Context, string) (bool, error) { return true, nil }

func TestErrorsOfTheInsideStayInside(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		code casework.Code
	}{
		"any error":             {errors.New("SELECT secret FROM somewhere"), casework.Internal},
		"a code of nobody":      {casework.Errorf("secret", "secret"), casework.Internal},
		"the end of the time":   {fmt.Errorf("secret: %w", context.DeadlineExceeded), casework.Unavailable},
		"one for people, deep":  {fmt.Errorf("secret: %w", casework.Errorf(casework.NotFound, "not there")), casework.NotFound},
		"one of the dependency": {fmt.Errorf("secret: %w", casework.Errorf(casework.Unavailable, "the database does not answer")), casework.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := api.New(api.Config{TrustUserHeaderFrom: api.Loopback()},
				api.Deps{Store: failing{err: test.err}, Engine: &engine{}, Steps: noSteps{}, Health: health{}}, zap.NewNop())
			require.NoError(t, err)
			a := send(t, server, get(sarah, tasks+"/x"))
			readProblem(t, test.code, a)
			require.NotContains(t, string(a.body), "secret")
		})
	}
}

func TestEveryOperationSaysThatTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	line := newProxy(t, w.url)
	store, err := db.Open(t.Context(), db.Config{URL: line.url, Role: "nextgen_api", MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	ping := &pinged{store: store}
	server := w.serve(t, func(d *api.Deps) { d.Store, d.Health = store, ping })
	require.Equal(t, 200, send(t, server, get("", "/readyz")).status)
	require.Equal(t, 200, send(t, server, get(admin, tasks)).status)

	line.cut()
	before := w.snapshot(t, true)
	for operation, r := range everyOperation(t) {
		for name, r := range map[string]request{"a caller of before": r, "a new caller": {method: r.method, path: r.path, user: james, body: r.body, media: r.media}, "a key": r.keyed("k")} {
			p := readProblem(t, casework.Unavailable, send(t, server, r))
			require.Contains(t, p.Detail, "database", operation+", "+name)
			require.NotContains(t, p.Detail, "127.0.0.1")
		}
	}
	a := send(t, server, get("", "/readyz"))
	require.Equal(t, 503, a.status)
	require.NotContains(t, string(a.body), "127.0.0.1")
	require.Equal(t, 200, send(t, server, get("", "/healthz")).status, "the process itself is well")
	require.Equal(t, before, w.snapshot(t, true))
}

// pinged is ready while the database answers.
type pinged struct{ store *db.Store }

// Ready implements api.Health.
func (p *pinged) Ready(ctx context.Context) []api.ComponentStatus {
	if p.store.Ping(ctx) != nil {
		return []api.ComponentStatus{{Name: "postgresql", Detail: "does not answer"}}
	}
	return []api.ComponentStatus{{Name: "postgresql", OK: true}}
}

func TestEveryOperationRefusesABadKeyQueryOrPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for operation, r := range everyOperation(t) {
		t.Run(operation, func(t *testing.T) {
			if r.method == "POST" {
				w.refused(t, casework.Malformed, r.keyed(strings.Repeat("k", 256)))
				large := r.keyed("large")
				large.body = strings.Repeat(" ", 10<<20)
				w.refused(t, casework.TooLarge, large)
				require.Zero(t, w.count(t, "SELECT count(*) FROM flowable.idempotency_keys WHERE key = 'large'"))
				w.reserve(t, "other", strings.Repeat("0", 64))
				w.refused(t, casework.Duplicate, r.keyed("other"))
				w.reserve(t, operation, api.RequestHash(r.build(t), []byte(r.body)))
				require.Contains(t, w.refused(t, casework.Conflict, r.keyed(operation)).Detail, "under way")
			}
			unknown := r
			unknown.path += "?surprise=1"
			require.Equal(t, []string{"query.surprise"}, w.refused(t, casework.Malformed, unknown).places())
			if parts := strings.Split(r.path, "/"); len(parts) > 4 && parts[4] != "claim" && parts[4] != "bulk" {
				parts[4] = "%ff"
				r.path = strings.Join(parts, "/")
				w.refused(t, casework.Malformed, r)
			}
		})
	}
}

// reserve takes a key as if its request were still under way.
func (w *world) reserve(t *testing.T, key, hash string) {
	t.Helper()
	w.exec(t, "INSERT INTO flowable.idempotency_keys (user_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", admin, key, hash)
}

// proxy stands between a store and the database and can be cut.
type proxy struct {
	url      string
	listener net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, databaseURL string) *proxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	behind := u.Host
	p := &proxy{}
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	u.Host = p.listener.Addr().String()
	p.url = u.String()
	go func() {
		for {
			front, err := p.listener.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", behind)
			if err != nil {
				_ = front.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, front, back)
			p.mu.Unlock()
			go func() { _, _ = io.Copy(back, front) }()
			go func() { _, _ = io.Copy(front, back) }()
		}
	}()
	t.Cleanup(p.cut)
	return p
}

// cut ends every connection and takes no new one.
func (p *proxy) cut() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
}
