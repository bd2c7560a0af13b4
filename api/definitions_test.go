package api_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// model makes a BPMN file of a process with content between its start and end.
func model(key, content string) string {
	return fmt.Sprintf(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn">
  <process id="%s" name="Process %s" isExecutable="true">
    <startEvent id="begin"/>
    <sequenceFlow id="toLook" sourceRef="begin" targetRef="look"/>
    <userTask id="look" name="Look" flowable:candidateGroups="GROUP_LEGAL_INTAKE_ANALYST"/>
    <sequenceFlow id="toDone" sourceRef="look" targetRef="done"/>
    <endEvent id="done"/>
%s
  </process>
</definitions>
`, key, key, content)
}

var review = model("review", "")

// twoStarts may begin at two places.
var twoStarts = model("twoStarts", `    <startEvent id="phone" name="By phone"/>
    <sequenceFlow id="fromPhone" sourceRef="phone" targetRef="look"/>`)

// broken has two mistakes, each on a line of its own.
var broken = model("broken", `    <choreographyTask id="compute"/>
    <sequenceFlow id="nowhere" sourceRef="look" targetRef="missing"/>`)

func deployment(user, body string) request {
	return request{method: "POST", path: definitions, user: user, body: body, media: "application/xml"}
}

type modelList = casework.List[casework.Definition]

func TestAModelIsDeployedAndReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.deploy(t, review)
	require.Equal(t, "review", first.ProcessKey)
	require.Equal(t, 1, first.Version)
	require.True(t, first.Active)
	require.Equal(t, []casework.StartEvent{{ID: "begin", Name: "begin", Type: casework.StartNone}}, first.StartEvents)
	require.Equal(t, admin, first.DeployedBy)
	require.Equal(t, "onecms", first.BusinessApp)

	before := w.snapshot(t, true)
	require.Equal(t, first, w.deploy(t, review), "the same bytes are the same version")
	require.Equal(t, before, w.snapshot(t, true))

	changed := strings.Replace(review, "Look", "Look again", 1)
	r := deployment(admin, changed)
	r.path, r.media = r.path+"?businessApp=other", "text/xml; charset=utf-8"
	second := into[modelList](t, w.do(t, 201, r)).Items[0]
	require.Equal(t, 2, second.Version)
	require.Equal(t, "other", second.BusinessApp)

	require.Equal(t, second, into[casework.Definition](t, w.do(t, 200, get(carlos, definitions+"/review"))))
	found := into[casework.Definition](t, w.do(t, 200, get(carlos, definitions+"/review/versions/1")))
	require.Equal(t, first.SHA256, found.SHA256)
	require.False(t, found.Active)
	require.Equal(t, changed, string(w.do(t, 200, get(carlos, definitions+"/review/versions/2/xml")).body))
}

func TestSeveralFilesAreDeployedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	r := form(t, map[string]string{"a.bpmn": model("a", ""), "b.bpmn": model("b", "")})
	list := into[modelList](t, w.do(t, 201, r))
	require.Len(t, list.Items, 2)
	require.Equal(t, "a", list.Items[0].ProcessKey)
	require.Equal(t, "b", list.Items[1].ProcessKey)

	t.Run("one with mistakes refuses all, and every mistake of every file is listed", func(t *testing.T) {
		p := w.refused(t, casework.Invalid, form(t, map[string]string{"good.bpmn": model("good", ""), "one.bpmn": broken, "two.bpmn": "<x/>"}))
		var files []string
		for i, d := range p.Diagnostics {
			files = append(files, d.File)
			require.Equal(t, fmt.Sprintf("body.%s:%d:%d", d.File, d.Line, d.Column), p.Errors[i].Location)
		}
		require.Subset(t, files, []string{"one.bpmn", "two.bpmn"})
		require.NotContains(t, files, "good.bpmn")
	})
	t.Run("a decision table is refused", func(t *testing.T) {
		p := w.refused(t, casework.Invalid, form(t, map[string]string{"good.bpmn": model("good", ""), "rules.DMN": "<x/>"}))
		require.Contains(t, p.Detail, "DMN")
	})
	t.Run("no file is refused", func(t *testing.T) {
		w.refused(t, casework.Malformed, form(t, nil))
	})
	t.Run("an empty file is refused", func(t *testing.T) {
		w.refused(t, casework.Malformed, form(t, map[string]string{"empty.bpmn": ""}))
	})
	t.Run("a body that ends too early is refused", func(t *testing.T) {
		r := form(t, map[string]string{"good.bpmn": model("good", "")})
		r.body = r.body[:len(r.body)-40]
		w.refused(t, casework.Malformed, r)
	})
	t.Run("a form without a boundary is refused", func(t *testing.T) {
		r := form(t, map[string]string{"good.bpmn": model("good", "")})
		r.media = "multipart/form-data"
		w.refused(t, casework.Malformed, r)
	})
	t.Run("a file that is too large is refused", func(t *testing.T) {
		p := w.refused(t, casework.TooLarge, form(t, map[string]string{"good.bpmn": model("good", ""), "large.bpmn": large(casework.MaxXMLBytes + 1)}))
		require.Contains(t, p.Detail, fmt.Sprint(casework.MaxXMLBytes))
	})
	t.Run("files that are too large together are refused", func(t *testing.T) {
		w.refused(t, casework.TooLarge, form(t, map[string]string{"a.bpmn": large(4 << 20), "b.bpmn": large(4 << 20)}))
	})
}

// large makes a well-formed model of n bytes.
func large(n int) string {
	text := model("large", "")
	return text + strings.Repeat(" ", n-len(text))
}

// form makes a deployment of several files, in the order of their names.
func form(t *testing.T, files map[string]string) request {
	t.Helper()
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for _, name := range sorted(files) {
		part, err := writer.CreateFormFile("files", name)
		require.NoError(t, err)
		_, err = part.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	return request{method: "POST", path: definitions, user: admin, body: body.String(), media: writer.FormDataContentType()}
}

func TestABadDeploymentIsRefusedAndStoresNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, test := range map[string]struct {
		body, media string
		code        casework.Code
		diagnostics []string // "line:column code"
	}{
		"nothing":                       {"", "application/xml", casework.Malformed, nil},
		"not XML":                       {"hello", "application/xml", casework.Invalid, []string{"1:1 malformed-xml"}},
		"an element that is not closed": {strings.Replace(review, "</process>", "", 1), "application/xml", casework.Invalid, []string{"10:15 malformed-xml"}},
		"bytes that are not text":       {strings.Replace(review, "Look", "\xff\xfe", 1), "application/xml", casework.Invalid, []string{"4:28 encoding"}},
		"a document type":               {"<!DOCTYPE x>\n" + review, "application/xml", casework.Invalid, []string{"1:1 doctype"}},
		"an external entity": {
			`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + strings.Replace(review, "Look", "&e;", 1), "application/xml", casework.Invalid, []string{"1:1 doctype"},
		},
		"entities that grow": {
			`<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>` + strings.Replace(review, "Look", "&c;", 1), "application/xml", casework.Invalid, []string{"1:1 doctype"},
		},
		"elements that are too deep": {model("deep", strings.Repeat("<a>", 10_000)), "application/xml", casework.Invalid, []string{"8:595 too-deep"}},
		"more than 5 MB":             {large(casework.MaxXMLBytes + 1), "application/xml", casework.TooLarge, nil},
		"far more than 5 MB":         {large(8 << 20), "application/xml", casework.TooLarge, nil},
		"no BPMN":                    {"<x/>", "application/xml", casework.Invalid, []string{"1:1 not-bpmn"}},
		"nothing to execute":         {strings.Replace(review, `isExecutable="true"`, `isExecutable="false"`, 1), "application/xml", casework.Invalid, []string{"2:3 no-executable-process"}},
		"what is not supported, and a flow that leads nowhere": {broken, "application/xml", casework.Invalid, []string{"8:5 unsupported-element", "9:5 dangling-flow"}},
		"JSON":            {`{"processKey": "x"}`, "application/json", "unsupported-media-type", nil},
		"no content type": {review, "-", "unsupported-media-type", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := deployment(admin, test.body)
			r.media = test.media
			p := w.refused(t, test.code, r)
			var found []string
			for _, d := range p.Diagnostics {
				found = append(found, fmt.Sprintf("%d:%d %s", d.Line, d.Column, d.Code))
			}
			require.Subset(t, found, test.diagnostics, p.Diagnostics)
			require.Equal(t, test.diagnostics == nil, found == nil, p.Diagnostics)
			require.Less(t, len(p.Detail), 200)
		})
	}
	t.Run("the process has no start event", func(t *testing.T) {
		p := w.refused(t, casework.Invalid, deployment(admin, strings.NewReplacer(`<startEvent id="begin"/>`, "", `<sequenceFlow id="toLook" sourceRef="begin" targetRef="look"/>`, "").Replace(review)))
		require.Contains(t, p.places(), "body:2:3")
	})
	t.Run("the name is too long", func(t *testing.T) {
		p := w.refused(t, casework.Invalid, deployment(admin, strings.Replace(review, "Process review", strings.Repeat("ä", 501), 1)))
		require.Contains(t, p.Detail, "500 characters")
	})
	t.Run("the encoding cannot be stored", func(t *testing.T) {
		latin := `<?xml version="1.0" encoding="ISO-8859-1"?>` + strings.Replace(review, "Look", "Pr\xfcfen", 1)
		require.Contains(t, w.refused(t, casework.Invalid, deployment(admin, latin)).Detail, "UTF-8")
	})
	t.Run("the caller may not deploy", func(t *testing.T) {
		require.Equal(t, "deploy", w.refused(t, casework.Forbidden, deployment(sarah, review)).Rule)
	})
	t.Run("the application has a long name", func(t *testing.T) {
		r := deployment(admin, review)
		r.path += "?businessApp=" + strings.Repeat("a", 101)
		require.Equal(t, []string{"query.businessApp"}, w.refused(t, casework.Malformed, r).places())
	})
	t.Run("a parameter is unknown", func(t *testing.T) {
		r := deployment(admin, review)
		r.path += "?businessapp=onecms"
		require.Equal(t, []string{"query.businessapp"}, w.refused(t, casework.Malformed, r).places())
	})
}

func TestAVersionIsTakenOutOfUseAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	w.deploy(t, strings.Replace(review, "Look", "Look again", 1))
	one := definitions + "/review/versions/1"
	require.True(t, into[casework.Definition](t, w.do(t, 200, post(admin, one+"/activate", ""))).Active)
	require.Equal(t, 1, into[casework.Definition](t, w.do(t, 200, get(sarah, definitions+"/review"))).Version)
	require.False(t, into[casework.Definition](t, w.do(t, 200, post(admin, one+"/deactivate", ""))).Active)
	w.refused(t, casework.NotFound, get(sarah, definitions+"/review"))

	for name, test := range map[string]struct {
		user, version string
		code          casework.Code
	}{
		"by somebody who may not":    {sarah, "1", casework.Forbidden},
		"a version that is not":      {admin, "3", casework.NotFound},
		"version 0":                  {admin, "0", casework.Malformed},
		"a version that is no count": {admin, "one", casework.Malformed},
		"a version past any":         {admin, "4294967297", casework.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			for _, act := range []string{"activate", "deactivate"} {
				w.refused(t, test.code, post(test.user, definitions+"/review/versions/"+test.version+"/"+act, ""))
			}
		})
	}
	t.Run("of a process that is not", func(t *testing.T) {
		w.refused(t, casework.NotFound, post(admin, definitions+"/other/versions/1/activate", ""))
	})
}

func TestDefinitionsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.deploy(t, strings.Replace(review, "Look", fmt.Sprint("Look ", i), 1))
		w.deploy(t, model(fmt.Sprint("other", i), ""))
	}
	var versions []int
	path := definitions + "?processKey=review&limit=2"
	for next := path; next != ""; {
		page := into[modelList](t, w.do(t, 200, get(carlos, next)))
		for _, d := range page.Items {
			require.Equal(t, "review", d.ProcessKey)
			versions = append(versions, d.Version)
		}
		w.deploy(t, strings.Replace(review, "Look", fmt.Sprint("New ", len(versions)), 1)) // does not disturb the pages to come
		next = ""
		if page.NextCursor != "" {
			next = path + "&cursor=" + page.NextCursor
		}
	}
	require.Equal(t, []int{5, 4, 3, 2, 1}, versions)
}

func TestADefinitionThatIsNotIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	for _, path := range []string{"/other", "/other/versions/1", "/review/versions/2", "/review/versions/2/xml", "/other%2Fone", "/Review", "/..%2Freview"} {
		t.Run(path, func(t *testing.T) { w.refused(t, casework.NotFound, get(sarah, definitions+path)) })
	}
	for _, path := range []string{"/review/versions/x", "/review/versions/-1/xml", "/a%00b", "/%ff"} {
		t.Run(path, func(t *testing.T) { w.refused(t, casework.Malformed, get(sarah, definitions+path)) })
	}
}
