package httpcall_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/activities/httpcall"
	"github.com/onecms/nextgen-workflow/activities/service"
)

func TestCallsThatAreNotAllowedAreRefused(t *testing.T) {
	t.Parallel()
	url, host := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was called") })
	_, port, err := net.SplitHostPort(host)
	require.NoError(t, err)
	for name, c := range map[string]struct{ allow, url, want string }{
		"no list":                              {"", url, "NEXTGEN_HTTP_ALLOW names no host"},
		"another host":                         {"api.example.com", url, "is not on the list"},
		"another port":                         {"127.0.0.1", url, "is not on the list"},
		"loopback by a wildcard":               {"*:*", url, "not public"},
		"a name that resolves to loopback":     {"*:*", "http://localhost:" + port, "not public"},
		"a name below a wildcard":              {"*.localhost:*", "http://a.localhost:" + port, ""},
		"loopback in another form":             {"*:*", "http://[::ffff:127.0.0.1]:" + port, "not public"},
		"loopback as one number":               {"*:*", "http://2130706433:" + port, ""},
		"loopback in few numbers":              {"*:*", "http://127.1:" + port, ""},
		"nowhere":                              {"*:*", "http://0.0.0.0:" + port, "not public"},
		"a metadata service":                   {"*:*", "http://169.254.169.254/latest/meta-data", "not public"},
		"a file":                               {"*:*", "file:///etc/passwd", "only http and https"},
		"another protocol":                     {"*:*", "gopher://127.0.0.1:" + port, "only http and https"},
		"no protocol":                          {"*:*", "//127.0.0.1:" + port, "only http and https"},
		"no host":                              {"*:*", "http:///a", "no host"},
		"a user before the host":               {"*:*", "http://api.example.com@" + host, "user name"},
		"an address with a zone":               {"*:*", "http://[fe80::1%25lo]:" + port, "not a host name"},
		"a name that is only like the list's":  {"example.com:*", "http://example.com.evil.test:" + port, "is not on the list"},
		"a name with the list's in front of @": {"127.0.0.1:" + port, "http://127.0.0.1:" + port + "@evil.test/", "user name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := caller(t, httpcall.Config{}, c.allow).Call(ctx, input(t, map[string]any{"requestMethod": "GET", "requestUrl": c.url}))
			if c.want == "" { // whether such a name resolves depends on the machine; it must not be reached
				require.Error(t, err)
				return
			}
			failedWith(t, err, service.Refused, true, c.want)
		})
	}
}

func TestTheListCanNameLoopback(t *testing.T) {
	t.Parallel()
	_, host := serve(t, answer(200, "in"))
	_, port, err := net.SplitHostPort(host)
	require.NoError(t, err)
	got, err := caller(t, httpcall.Config{}, "localhost:*").Call(t.Context(), input(t, map[string]any{"requestMethod": "GET", "requestUrl": "http://LOCALHOST:" + port}))
	require.NoError(t, err)
	require.Equal(t, `"in"`, string(got["callResponseBody"]))
}

func TestRedirectsAreCheckedLikeTheFirstURL(t *testing.T) {
	t.Parallel()
	inside, insideHost := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "inside ", r.Header.Get("X-Key"), r.Header.Get("Authorization"), r.Header.Get("Referer"), r.Header.Get("Idempotency-Key"))
	})
	_, insidePort, err := net.SplitHostPort(insideHost)
	require.NoError(t, err)
	for name, c := range map[string]struct{ to, alsoAllowed, want, body string }{
		"to a host that is not on the list":      {inside, "", "is not on the list", ""},
		"to a host that is on it":                {inside, insideHost, "", `"inside "`},
		"to loopback, allowed by a wildcard":     {"http://localhost:" + insidePort, "*:*", "not public", ""},
		"to a file":                              {"file:///etc/passwd", "*:*", "only http and https", ""},
		"to a metadata service":                  {"http://169.254.169.254/", "*:*", "not public", ""},
		"around in a circle":                     {"/", "", "more than 5 redirects", ""},
		"within the host, which sees its header": {"/end", "", "", `"end key"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, host := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/end" {
					fmt.Fprint(w, "end ", r.Header.Get("X-Key"))
					return
				}
				http.Redirect(w, r, c.to, http.StatusFound)
			})
			fields := map[string]any{"requestMethod": "GET", "requestUrl": url, "requestHeaders": "X-Key: key\nAuthorization: Basic x"}
			got, err := caller(t, httpcall.Config{}, host, c.alsoAllowed).Call(t.Context(), input(t, fields))
			if c.want != "" {
				failedWith(t, err, service.Refused, true, c.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.body, string(got["callResponseBody"]))
		})
	}
	got, err := call(t, httpcall.Config{}, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, http.StatusFound) },
		map[string]any{"disallowRedirects": true, "saveResponseParameters": true})
	require.NoError(t, err)
	require.Equal(t, "302", string(got["callResponseStatusCode"]))
	_, err = call(t, httpcall.Config{}, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, http.StatusFound) },
		map[string]any{"disallowRedirects": true, "handleStatusCodes": "3XX"})
	failedWith(t, err, "BpmnError", true, "answered 302")
}

func TestResponsesThatCannotBeUsedFailTheTask(t *testing.T) {
	t.Parallel()
	small := httpcall.Config{MaxResponseBytes: 1000}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		fields  map[string]any
		want    string
	}{
		"a long one": {answer(200, strings.Repeat("x", 1001)), nil, "longer than 1000 bytes"},
		"one that is short until it is unpacked": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			fmt.Fprint(packed, strings.Repeat("x", 1_000_000))
			packed.Close()
		}, nil, "longer than 1000 bytes"},
		"bytes":            {answer(200, "\xff\xfe"), nil, "is not text"},
		"a zero byte":      {answer(200, "a\x00"), nil, "is not text"},
		"no JSON":          {answer(200, "<html>"), map[string]any{"saveResponseVariableAsJson": true}, "is not JSON"},
		"JSON with a zero": {answer(200, `["\u0000"]`), map[string]any{"saveResponseVariableAsJson": true}, "is not JSON that can be kept"},
		"an encoding that is not": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=klingon")
			fmt.Fprint(w, "x")
		}, nil, "is not text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := call(t, small, c.handler, c.fields)
			failedWith(t, err, httpcall.BadResponse, true, c.want)
		})
	}
}

func TestWhereThereIsNoAnswerTheCallIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"in time": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
		"the body in time": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "begin")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "deadline exceeded"},
		"at all": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		}, "EOF"},
		"that is HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			conn, out, err := w.(http.Hijacker).Hijack()
			if err == nil {
				fmt.Fprint(out, "nonsense\r\n\r\n")
				_ = out.Flush()
				conn.Close()
			}
		}, "malformed"},
		"with headers of a bearable size": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 200_000))
		}, "exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := call(t, httpcall.Config{}, c.handler, map[string]any{"requestTimeout": 300})
			failedWith(t, err, httpcall.NoConnection, false, c.want)
		})
	}
	closed := httptest.NewServer(answer(200, ""))
	closed.Close()
	fields := map[string]any{"requestMethod": "GET", "requestUrl": closed.URL + "/?secret"}
	c := caller(t, httpcall.Config{}, strings.TrimPrefix(closed.URL, "http://"))
	_, err := c.Call(t.Context(), input(t, fields))
	failedWith(t, err, httpcall.NoConnection, false, "refused")
	fields["ignoreException"] = true
	got, err := c.Call(t.Context(), input(t, fields))
	require.NoError(t, err)
	require.Contains(t, string(got["callErrorMessage"]), "refused")
	require.NotContains(t, string(got["callErrorMessage"]), "secret")
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(answer(200, "safe"))
	t.Cleanup(server.Close)
	in := input(t, map[string]any{"requestMethod": "GET", "requestUrl": server.URL})
	host := strings.TrimPrefix(server.URL, "https://")
	_, err := caller(t, httpcall.Config{}, host).Call(t.Context(), in)
	failedWith(t, err, httpcall.NoConnection, false, "certificate")
	known := x509.NewCertPool()
	known.AddCert(server.Certificate())
	got, err := caller(t, httpcall.Config{RootCAs: known}, host).Call(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, `"safe"`, string(got["callResponseBody"]))
}

func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	proxy, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was called") })
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	_, err := caller(t, httpcall.Config{}, "nowhere.invalid").Call(t.Context(), input(t, map[string]any{"requestMethod": "GET", "requestUrl": "http://nowhere.invalid/"}))
	failedWith(t, err, httpcall.NoConnection, false, "GET http://nowhere.invalid/")
}

func TestLimitsBelowTheLeastAreRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []httpcall.Config{{Timeout: 1}, {Timeout: time.Hour}, {MaxResponseBytes: -1}} {
		_, err := httpcall.New(cfg)
		require.Error(t, err)
	}
}
