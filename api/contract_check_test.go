package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// The checker itself is checked: what openapi.yaml does not allow must not pass, or the other tests prove nothing.
func TestAnAnswerThatIsNotDeclaredIsNoticed(t *testing.T) {
	t.Parallel()
	whole, err := theContract()
	require.NoError(t, err)
	claim := whole.doc.Components.Examples["claimedTask"].Value.Value.(map[string]any)
	claimed := func(change func(m map[string]any)) any {
		m := maps.Clone(claim)
		change(m)
		return m
	}
	refused := func(change func(m map[string]any)) any {
		m := map[string]any{
			"type": "/problems/conflict", "title": "x", "status": 409, "detail": "x", "code": "conflict", "instance": "x", "errors": []any{}, "current": claim,
		}
		change(m)
		return m
	}
	same := func(map[string]any) {}
	path, problem := tasks+"/x/claim", "application/problem+json"
	for name, test := range map[string]struct {
		method, path, media string
		status              int
		header              string
		body                any
		says                string // empty: allowed
	}{
		"what is declared":           {"POST", path, "application/json; charset=utf-8", 200, "", claimed(same), ""},
		"a problem that is":          {"POST", path, problem, 409, "", refused(same), ""},
		"another status":             {"POST", path, "application/json", 202, "", claimed(same), "status is not supported"},
		"a field that is not":        {"POST", path, "application/json", 200, "", claimed(func(m map[string]any) { m["surprise"] = 1 }), "surprise"},
		"a field of another answer":  {"POST", path, "application/json", 200, "", claimed(func(m map[string]any) { m["nextTasks"] = []any{} }), "nextTasks"},
		"a field that is missing":    {"POST", path, "application/json", 200, "", claimed(func(m map[string]any) { delete(m, "caseNumber") }), "caseNumber"},
		"a null":                     {"POST", path, "application/json", 200, "", claimed(func(m map[string]any) { m["candidateUsers"] = nil }), "candidateUsers"},
		"a status of nobody":         {"POST", path, "application/json", 200, "", claimed(func(m map[string]any) { m["status"] = "LOST" }), "status"},
		"a time of another zone":     {"POST", path, "application/json", 200, "", claimed(func(m map[string]any) { m["createdAt"] = "2030-01-31T12:00:00+01:00" }), "createdAt"},
		"a time that is none":        {"POST", path, "application/json", 200, "", claimed(func(m map[string]any) { m["dueDate"] = "2030-02-31T12:00:00Z" }), "dueDate"},
		"a field inside":             {"POST", path, problem, 409, "", refused(func(m map[string]any) { m["current"] = claimed(func(m map[string]any) { m["x"] = 1 }) }), "current"},
		"a code of another status":   {"POST", path, problem, 409, "", refused(func(m map[string]any) { m["code"] = "invalid" }), "code"},
		"a problem's extra field":    {"POST", path, problem, 409, "", refused(func(m map[string]any) { m["stack"] = "x" }), "stack"},
		"a problem as plain JSON":    {"POST", path, "application/json", 409, "", refused(same), "Content-Type"},
		"another media type":         {"POST", path, "text/html", 200, "", claimed(same), "Content-Type"},
		"a header that is not":       {"POST", path, "application/json", 200, "X-Powered-By", claimed(same), "X-Powered-By"},
		"a body where none is":       {"POST", tasks + "/claim/next", "application/json", 204, "", claimed(same), "a body is not declared"},
		"an operation that is not":   {"POST", tasks + "/x/steal", "application/json", 200, "", claimed(same), "not in openapi.yaml"},
		"a list's extra field":       {"GET", tasks, "application/json", 200, "", map[string]any{"items": []any{}, "total": 1}, "total"},
		"a list that is null":        {"GET", tasks, "application/json", 200, "", map[string]any{"items": nil}, "items"},
		"a query that is not served": {"GET", tasks + "?limit=0", "application/json", 200, "", map[string]any{"items": []any{}}, "does not allow the request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract := &contract{doc: whole.doc, operations: whole.operations, seen: map[string]bool{}}
			recorder := httptest.NewRecorder()
			recorder.Code = test.status
			recorder.Header().Set("Content-Type", test.media)
			recorder.Header().Set("X-Request-Id", "x")
			if test.header != "" {
				recorder.Header().Set(test.header, "x")
			}
			require.NoError(t, json.NewEncoder(recorder.Body).Encode(test.body))
			err := contract.check(httptest.NewRequestWithContext(t.Context(), test.method, test.path, http.NoBody), nil, recorder, true)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
	t.Run("a header that is missing", func(t *testing.T) {
		t.Parallel()
		contract := &contract{doc: whole.doc, operations: whole.operations, seen: map[string]bool{}}
		recorder := httptest.NewRecorder()
		recorder.Header().Set("Content-Type", "application/json")
		require.NoError(t, json.NewEncoder(recorder.Body).Encode(claim))
		err := contract.check(httptest.NewRequestWithContext(t.Context(), "POST", path, http.NoBody), nil, recorder, true)
		require.ErrorContains(t, err, "X-Request-Id")
	})
}
