package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

type caseList = casework.List[casework.Case]

func TestACaseIsStartedAndReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	started := into[casework.StartedCase](t, w.do(t, 201, post(sarah, cases, `{
		"processKey": "review", "version": 1, "startEventId": "begin", "businessKey": "B-1", "title": "Contract", "caseType": "LEGAL",
		"severity": "HIGH", "priority": 70, "variables": {"amount": 12345678901234567890.10, "parties": ["a", {"b": null}]}}`)))
	require.Len(t, started.Tasks, 1, "the first task comes within the wait, to one who may see it")
	require.Equal(t, "look", started.Tasks[0].TaskDefinitionKey)
	require.Equal(t, 70, started.Tasks[0].Priority)

	path := fmt.Sprint(cases, "/", started.CaseID)
	found := into[casework.Case](t, w.do(t, 200, get(sarah, path)))
	require.Equal(t, started.CaseNumber, found.CaseNumber)
	require.Equal(t, "Contract", found.Title)
	require.Equal(t, "LEGAL", found.CurrentDepartment)
	require.Len(t, found.RoutingHistory, 1)
	require.Equal(t, started.Tasks, found.Tasks)
	list := into[caseList](t, w.do(t, 200, get(james, cases+"?status=OPEN&processKey=review&createdBy="+sarah)))
	require.Len(t, list.Items, 1, "who sees a task of the case sees the case")
	require.Empty(t, into[caseList](t, w.do(t, 200, get(sarah, cases+"?status=CLOSED"))).Items)
	require.Len(t, into[caseList](t, w.do(t, 200, get(sarah, cases+"?createdBy=me"))).Items, 1)
	require.Empty(t, into[caseList](t, w.do(t, 200, get(james, cases+"?createdBy=me"))).Items)

	require.Empty(t, into[caseList](t, w.do(t, 200, get(carlos, cases))).Items)
	w.refused(t, casework.NotFound, get(carlos, path))
	w.refused(t, casework.NotFound, get(sarah, cases+"/999"))
	for _, id := range []string{"x", "1.5", "99999999999999999999", "%00"} {
		w.refused(t, casework.Malformed, get(sarah, cases+"/"+id))
	}
}

func TestACaseWaitsForItsWorkflowOnlyAsLongAsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	w.engine.down = true
	start := post(sarah, cases, `{"processKey": "review"}`).with("Prefer", "respond-async, wait=0")
	started := into[casework.StartedCase](t, w.do(t, 201, start))
	require.Empty(t, started.Tasks)
	require.Equal(t, 1, w.count(t, "SELECT count(*) FROM flowable.outbox WHERE kind = 'START'"), "the relay will send it")
	found := into[casework.Case](t, w.do(t, 200, get(sarah, fmt.Sprint(cases, "/", started.CaseID))))
	require.Empty(t, found.RoutingHistory)
	require.Empty(t, found.CurrentPhase)
}

func TestABadStartIsRefusedAndStoresNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	w.deploy(t, twoStarts)
	w.deploy(t, strings.Replace(review, `"review"`, `"retired"`, 1))
	w.do(t, 200, post(admin, definitions+"/retired/versions/1/deactivate", ""))
	long := func(n int) string { return strings.Repeat("ä", n) }
	for name, test := range map[string]struct {
		body  string
		code  casework.Code
		place string
		says  string
	}{
		"an unknown process":                  {`{"processKey": "other"}`, casework.Invalid, "body.processKey", "other"},
		"a process without an active version": {`{"processKey": "retired"}`, casework.Invalid, "body.processKey", "active"},
		"an unknown version":                  {`{"processKey": "review", "version": 2}`, casework.Invalid, "body.processKey", "version 2"},
		"a version below zero":                {`{"processKey": "review", "version": -1}`, casework.Invalid, "body.version", "whole number"},
		"a version that is 1 in 32 bits":      {`{"processKey": "review", "version": 4294967297}`, casework.Invalid, "body.version", "whole number"},
		"a version past 64 bits":              {`{"processKey": "review", "version": 99999999999999999999}`, casework.Malformed, "body", "version"},
		"a version that is no whole number":   {`{"processKey": "review", "version": 1.5}`, casework.Malformed, "body", "version must be a whole number"},
		"no process":                          {`{}`, casework.Invalid, "body.processKey", "required"},
		"a key that is no text":               {`{"processKey": 7}`, casework.Malformed, "body", "processKey must be a string"},
		"a key with U+0000":                   {`{"processKey": "a\u0000"}`, casework.Invalid, "", "cannot be stored"},
		"several starts and no choice":        {`{"processKey": "twoStarts"}`, casework.Invalid, "body.startEventId", "begin, phone"},
		"an unknown start":                    {`{"processKey": "twoStarts", "startEventId": "fax"}`, casework.Invalid, "body.startEventId", "begin, phone"},
		"an unknown start of one":             {`{"processKey": "review", "startEventId": "fax"}`, casework.Invalid, "body.startEventId", "begin"},
		"a priority that is too high":         {`{"processKey": "review", "priority": 101}`, casework.Invalid, "body.priority", "100"},
		"a priority below zero":               {`{"processKey": "review", "priority": -1}`, casework.Invalid, "body.priority", "100"},
		"a long title":                        {`{"processKey": "review", "title": "` + long(501) + `"}`, casework.Invalid, "body.title", "500"},
		"a long type":                         {`{"processKey": "review", "caseType": "` + long(101) + `"}`, casework.Invalid, "body.caseType", "100"},
		"a long severity":                     {`{"processKey": "review", "severity": "` + long(51) + `"}`, casework.Invalid, "body.severity", "50"},
		"a long business key":                 {`{"processKey": "review", "businessKey": "` + long(256) + `"}`, casework.Invalid, "body.businessKey", "255"},
		"a title with U+0000":                 {`{"processKey": "review", "title": "\u0000"}`, casework.Invalid, "body.title", "U+0000"},
		"bad variables":                       {`{"processKey": "review", "variables": {"task": 1}}`, casework.Invalid, "body.variables.task", "reserved"},
		"an unknown member":                   {`{"processKey": "review", "procesKey": "review"}`, casework.Malformed, "body.procesKey", "procesKey"},
		"a member in another case":            {`{"ProcessKey": "review"}`, casework.Malformed, "body.ProcessKey", "ProcessKey"},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.refused(t, test.code, post(admin, cases, test.body))
			require.Contains(t, p.Detail, test.says)
			if test.place != "" {
				require.Equal(t, []string{test.place}, p.places())
			}
		})
	}
	require.Equal(t, 0, w.count(t, "SELECT count(*) FROM onecms.cases"))
	w.do(t, 201, post(admin, cases, `{"processKey": "retired", "version": 1}`))
	w.do(t, 201, post(admin, cases, `{"processKey": "twoStarts", "startEventId": "phone", "title": "`+long(500)+`"}`))
	require.Equal(t, 2, w.count(t, "SELECT count(*) FROM onecms.cases"))
}

// The same mistakes are refused alike by every operation that takes JSON.
func TestABodyThatIsNotOneJSONObjectIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	w.engine.fail(t, instance, "route:1")
	for operation, r := range map[string]request{
		"start":     post(admin, cases, `{"processKey": "review"}`),
		"complete":  post(sarah, path+"/complete", `{"outcome": "x"}`),
		"terminate": post(admin, instances+"/"+instance+"/terminate", `{"reason": "x"}`),
		"retry":     post(admin, instances+"/"+instance+"/incidents/route:1/retry", `{"variables": {"x": 1}}`),
	} {
		for name, test := range map[string]struct {
			change func(r *request)
			code   casework.Code
			says   string
		}{
			"no JSON":                 {func(r *request) { r.body = "processKey=review" }, casework.Malformed, "not JSON"},
			"JSON that ends":          {func(r *request) { r.body = r.body[:len(r.body)-1] }, casework.Malformed, "ends too early"},
			"a second object":         {func(r *request) { r.body += r.body }, casework.Malformed, "after the JSON object"},
			"something behind":        {func(r *request) { r.body += " x" }, casework.Malformed, "after the JSON object"},
			"an array":                {func(r *request) { r.body = "[" + r.body + "]" }, casework.Malformed, "the body must be an object"},
			"a text":                  {func(r *request) { r.body = `"review"` }, casework.Malformed, "the body must be an object"},
			"null":                    {func(r *request) { r.body = " null" }, casework.Malformed, "the body must be an object"},
			"an unknown member":       {func(r *request) { r.body = `{"surprise": 1}` }, casework.Malformed, "surprise"},
			"variables of wrong kind": {func(r *request) { r.body = `{"variables": []}` }, casework.Malformed, "variables"},
			"far too deep":            {func(r *request) { r.body = `{"variables": ` + strings.Repeat("[", 20_000) }, casework.Malformed, "max depth"},
			"too large":               {func(r *request) { r.body = `{"x": "` + strings.Repeat("a", 9<<20) + `"}` }, casework.TooLarge, "the request is larger than"},
			"XML":                     {func(r *request) { r.media = "application/xml" }, "unsupported-media-type", "application/json"},
			"a form":                  {func(r *request) { r.media = "application/x-www-form-urlencoded" }, "unsupported-media-type", "application/json"},
			"no type":                 {func(r *request) { r.media = "-" }, "unsupported-media-type", "application/json"},
			"a type that is none":     {func(r *request) { r.media = "application/" }, "unsupported-media-type", "application/json"},
		} {
			t.Run(operation+", "+name, func(t *testing.T) {
				bad := r
				test.change(&bad)
				if operation == "terminate" && strings.HasPrefix(bad.body, `{"variables"`) && name != "far too deep" {
					test.says = "variables" // which it does not know
				}
				require.Contains(t, w.refused(t, test.code, bad).Detail, test.says)
			})
		}
	}
	for _, r := range []request{post(admin, cases, ""), post(admin, instances+"/"+instance+"/terminate", "")} {
		require.Contains(t, w.refused(t, casework.Malformed, r).Detail, "too early")
	}
}

func TestCasesAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []int64
	for range 5 {
		all = append([]int64{w.start(t).CaseID}, all...)
	}
	var found []int64
	for next := cases + "?limit=2"; next != ""; {
		page := into[caseList](t, w.do(t, 200, get(sarah, next)))
		for _, c := range page.Items {
			found = append(found, c.CaseID)
		}
		w.start(t)
		next = ""
		if page.NextCursor != "" {
			next = cases + "?limit=2&cursor=" + page.NextCursor
		}
	}
	require.Equal(t, all, found)
}

// What JSON can say of a number is kept to the last digit.
func TestNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	body := `{"processKey": "review", "variables": {"a": 12345678901234567890.10, "b": 1.0, "c": 0.1, "d": -7, "e": ` + strings.Repeat("9", 1000) + `}}`
	started := into[casework.StartedCase](t, w.do(t, 201, post(sarah, cases, body)))
	raw := w.do(t, 200, get(sarah, instances+"/"+started.ProcessInstanceID+"/variables")).body
	var found map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &found))
	require.Equal(t, "12345678901234567890.10", string(found["a"]))
	require.Equal(t, "1.0", string(found["b"]))
	require.Equal(t, strings.Repeat("9", 1000), string(found["e"]))
}

// A body whose length nobody has said is read all the same.
func TestABodyInChunksIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	r := post(sarah, cases, `{"processKey": "review"}`).build(t)
	r.ContentLength = -1
	recorder := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(recorder, r)
	require.Equal(t, 201, recorder.Code, recorder.Body)
}
