package httpcall_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/activities/httpcall"
	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// caller makes a caller that may call what the list names.
func caller(t *testing.T, cfg httpcall.Config, allow ...string) *httpcall.Caller {
	t.Helper()
	list, err := httpcall.ParseAllowList(strings.Join(allow, ","))
	require.NoError(t, err)
	cfg.Allow = list
	c, err := httpcall.New(cfg)
	require.NoError(t, err)
	return c
}

// input makes the input of an element "call" with fields as JSON.
func input(t *testing.T, fields map[string]any) casework.ActivityInput {
	t.Helper()
	in := casework.ActivityInput{ProcessInstanceID: "i-1", ElementID: "call", ElementInstanceID: "call:7", Fields: map[string]json.RawMessage{}}
	for name, value := range fields {
		raw, err := json.Marshal(value)
		require.NoError(t, err)
		in.Fields[name] = raw
	}
	return in
}

// serve starts a server and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) (url, host string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL, strings.TrimPrefix(server.URL, "http://")
}

// call makes one call of a server that may be called.
func call(t *testing.T, cfg httpcall.Config, handler http.HandlerFunc, fields map[string]any) (map[string]json.RawMessage, error) {
	t.Helper()
	url, host := serve(t, handler)
	all := map[string]any{"requestMethod": "GET", "requestUrl": url + "/a?secret=1"}
	for name, value := range fields {
		all[name] = value
	}
	return caller(t, cfg, host).Call(t.Context(), input(t, all))
}

// failure is the failure of an activity.
func failure(t *testing.T, err error) *temporal.ApplicationError {
	t.Helper()
	var failed *temporal.ApplicationError
	require.True(t, errors.As(err, &failed), "%v", err)
	return failed
}

func failedWith(t *testing.T, err error, kind string, final bool, part string) {
	t.Helper()
	failed := failure(t, err)
	require.Equal(t, kind, failed.Type(), failed.Message())
	require.Equal(t, final, failed.NonRetryable(), failed.Message())
	require.Contains(t, failed.Message(), part)
	require.NotContains(t, failed.Message(), "secret")
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestTheRequestIsWhatTheFieldsSay(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	_, err := call(t, httpcall.Config{}, func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			got, body = r, string(raw)
		}
	}, map[string]any{
		"requestMethod": "post", "requestHeaders": "Accept: text/plain\r\nX-Two: a: b\n\n", "requestBody": map[string]any{"amount": 7},
		"requestTimeout": "5000",
	})
	require.NoError(t, err)
	require.Equal(t, "POST", got.Method)
	require.Equal(t, "/a?secret=1", got.URL.String())
	require.Equal(t, "text/plain", got.Header.Get("Accept"))
	require.Equal(t, "a: b", got.Header.Get("X-Two"))
	require.Equal(t, "application/json", got.Header.Get("Content-Type"))
	require.Equal(t, "i-1:call:7", got.Header.Get("Idempotency-Key"))
	require.Equal(t, "nextgen-workflow", got.Header.Get("User-Agent"))
	require.JSONEq(t, `{"amount": 7}`, body)
}

func TestTheBodyIsEncodedAsTheModelSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ encoding, header, wantBytes, wantType string }{
		"UTF-8 if nothing is said": {"", "", "gr\xc3\xbc\xc3\x9fe", "text/plain; charset=utf-8"},
		"another encoding":         {"ISO-8859-1", "", "gr\xfc\xdfe", "text/plain; charset=iso-8859-1"},
		"a type of its own":        {"", "Content-Type: text/csv", "gr\xc3\xbc\xc3\x9fe", "text/csv"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body, kind string
			_, err := call(t, httpcall.Config{}, func(_ http.ResponseWriter, r *http.Request) {
				raw, _ := io.ReadAll(r.Body)
				body, kind = string(raw), r.Header.Get("Content-Type")
			}, map[string]any{"requestMethod": "PUT", "requestBody": "grüße", "requestBodyEncoding": c.encoding, "requestHeaders": c.header})
			require.NoError(t, err)
			require.Equal(t, []string{c.wantBytes, c.wantType}, []string{body, kind})
		})
	}
}

func TestTheResponseBecomesVariables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		fields  map[string]any
		want    map[string]string
	}{
		"the body under the name of the element": {answer(200, "hello"), nil, map[string]string{"callResponseBody": `"hello"`}},
		"the body under a prefix":                {answer(200, "hello"), map[string]any{"resultVariablePrefix": "my"}, map[string]string{"myResponseBody": `"hello"`}},
		"the body under its own name":            {answer(200, "hello"), map[string]any{"responseVariableName": "reply"}, map[string]string{"reply": `"hello"`}},
		"a body as JSON, every digit kept": {answer(200, `{"n": 12345678901234567890.50, "l": [1]}`), map[string]any{"saveResponseVariableAsJson": true},
			map[string]string{"callResponseBody": `{"l":[1],"n":12345678901234567890.50}`}},
		"no body is null":           {answer(204, ""), map[string]any{"saveResponseVariableAsJson": "true"}, map[string]string{"callResponseBody": "null"}},
		"a status is not a failure": {answer(500, "oh"), nil, map[string]string{"callResponseBody": `"oh"`}},
		"another status fails":      {answer(404, "oh"), map[string]any{"failStatusCodes": "400,5XX"}, map[string]string{"callResponseBody": `"oh"`}},
		"another encoding is turned": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=iso-8859-1")
			fmt.Fprint(w, "gr\xfc\xdfe")
		}, nil, map[string]string{"callResponseBody": `"grüße"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := call(t, httpcall.Config{}, c.handler, c.fields)
			require.NoError(t, err)
			texts := map[string]string{}
			for name, raw := range got {
				texts[name] = string(raw)
			}
			require.Equal(t, c.want, texts)
		})
	}
}

func TestParametersOfRequestAndResponseAreSavedIfWanted(t *testing.T) {
	t.Parallel()
	got, err := call(t, httpcall.Config{}, answer(201, "x"), map[string]any{"saveRequestVariables": true, "saveResponseParameters": true, "requestHeaders": "A: b"})
	require.NoError(t, err)
	for name, want := range map[string]string{
		"callResponseStatusCode": "201", "callResponseReason": `"Created"`, "callResponseProtocol": `"HTTP/1.1"`, "callRequestMethod": `"GET"`,
		"callRequestHeaders": `"A: b"`, "callRequestBody": "null", "callRequestTimeout": "30000", "callSaveResponseParameters": "true", "callDisallowRedirects": "false",
	} {
		require.Equal(t, want, string(got[name]), name)
	}
	var headers string
	require.NoError(t, json.Unmarshal(got["callResponseHeaders"], &headers))
	require.Contains(t, headers, "X-Answer: yes")
}

func TestStatusesAreHandledByTheModel(t *testing.T) {
	t.Parallel()
	_, err := call(t, httpcall.Config{}, answer(404, "none"), map[string]any{"handleStatusCodes": "4XX", "failStatusCodes": "404", "saveResponseParameters": true})
	failedWith(t, err, casework.BpmnErrorType, true, "answered 404 Not Found")
	var code string
	var variables map[string]json.RawMessage
	require.NoError(t, failure(t, err).Details(&code, &variables))
	require.Equal(t, "HTTP404", code)
	require.Equal(t, []string{`"none"`, "404"}, []string{string(variables["callResponseBody"]), string(variables["callResponseStatusCode"])})
}

func TestStatusesFailTheTask(t *testing.T) {
	t.Parallel()
	for status, final := range map[int]bool{400: true, 404: true, 501: true, 408: false, 429: false, 500: false, 503: false} {
		_, err := call(t, httpcall.Config{}, answer(status, "\xff"), map[string]any{"failStatusCodes": "4XX, 5xx"})
		failedWith(t, err, fmt.Sprintf("HTTP%d", status), final, "GET http://127.0.0.1:")
	}
	_, err := call(t, httpcall.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "17")
		w.WriteHeader(503)
	}, map[string]any{"failStatusCodes": "503"})
	require.Equal(t, 17*time.Second, failure(t, err).NextRetryDelay())
}

func TestFailuresCanBeLeftToTheModel(t *testing.T) {
	t.Parallel()
	got, err := call(t, httpcall.Config{}, answer(500, "oh"), map[string]any{"failStatusCodes": "5XX", "ignoreException": "true"})
	require.NoError(t, err)
	require.Contains(t, string(got["callErrorMessage"]), "answered 500")
	url, host := serve(t, answer(200, ""))
	_, err = caller(t, httpcall.Config{}, host).Call(t.Context(), input(t, map[string]any{"requestMethod": "GET", "requestUrl": url + "1", "ignoreException": true}))
	failedWith(t, err, service.Refused, true, "is not on the list")
}

func TestFieldsThatCannotBeUsedAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields map[string]any
		want   []string
	}{
		"nothing": {nil, []string{"requestMethod is missing", "requestUrl is missing"}},
		"several": {map[string]any{"requestMethod": "TRACE", "requestUrl": "http://a b/", "requestTimeout": "soon", "failStatusCodes": "200,abc,5X"},
			[]string{`requestMethod is "TRACE"`, "requestUrl cannot be read", "requestTimeout", `"200"`, `"ABC"`, `"5X"`}},
		"a timeout beyond the longest": {map[string]any{"requestTimeout": 300_001}, []string{"from 1 to 300000"}},
		"an unknown field":             {map[string]any{"requestURL": "x"}, []string{`field "requestURL" is not known`}},
		"a header without a colon":     {map[string]any{"requestHeaders": "Accept"}, []string{"has no colon"}},
		"a header's broken name":       {map[string]any{"requestHeaders": "A b: c"}, []string{"none of a header"}},
		"a header's line break":        {map[string]any{"requestHeaders": map[string]any{"A": "b\r\nC: d"}}, []string{"line break"}},
		"a header's control character": {map[string]any{"requestHeaders": "A: b\x00"}, []string{"control character"}},
		"a header's name with a break": {map[string]any{"requestHeaders": map[string]any{"A\nB": "c"}}, []string{"none of a header"}},
		"the host":                     {map[string]any{"requestHeaders": "host: other"}, []string{"may not set Host"}},
		"the length":                   {map[string]any{"requestHeaders": "content-length: 3"}, []string{"may not set Content-Length"}},
		"another framing":              {map[string]any{"requestHeaders": "Transfer-Encoding: chunked"}, []string{"may not set Transfer-Encoding"}},
		"an unknown encoding":          {map[string]any{"requestBody": "a", "requestBodyEncoding": "klingon"}, []string{"no encoding that is known"}},
		"an encoding without a letter": {map[string]any{"requestBody": "漢", "requestBodyEncoding": "iso-8859-1"}, []string{"characters that"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := caller(t, httpcall.Config{}).Call(t.Context(), input(t, c.fields))
			for _, want := range c.want {
				failedWith(t, err, service.BadField, true, want)
			}
		})
	}
}
