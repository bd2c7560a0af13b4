package httpcall

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// statusCodes are codes such as 404, and classes such as 5XX.
type statusCodes []string

func readStatusCodes(f *service.Fields, name string) (codes statusCodes) {
	for _, code := range f.List(name) {
		code = strings.ToUpper(code)
		n, err := strconv.Atoi(strings.ReplaceAll(code, "XX", "00"))
		if err != nil || n < 300 || n > 599 || len(code) != 3 {
			f.Problem("field %s holds %q; it takes status codes from 300 on such as 404, and classes such as 5XX", name, service.Shorten(code))
			continue
		}
		codes = append(codes, code)
	}
	return codes
}

func (c statusCodes) has(status int) bool {
	return slices.Contains(c, strconv.Itoa(status)) || slices.Contains(c, strconv.Itoa(status/100)+"XX")
}

// statusError is a status that the model calls a failure, or handles as a BPMN error.
type statusError struct {
	status  int
	place   string
	method  string
	handled bool
	pause   time.Duration // that the server asks for
}

func (e statusError) code() string { return "HTTP" + strconv.Itoa(e.status) }

func (e statusError) Error() string {
	return fmt.Sprintf("%s %s answered %d %s", e.method, e.place, e.status, http.StatusText(e.status))
}

// passing reports whether the same call may succeed later.
func (e statusError) passing() bool {
	return e.status >= 500 && e.status != http.StatusNotImplemented || e.status == http.StatusTooManyRequests ||
		e.status == http.StatusRequestTimeout || e.status == http.StatusTooEarly
}

// maxPause bounds the pause that a server may ask for.
const maxPause = time.Hour

// judge looks whether the status is one that the model handles or calls a failure. Others are not failures.
func (r *request) judge(resp *http.Response) error {
	failed := statusError{status: resp.StatusCode, place: r.place(), method: r.method}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		failed.pause = min(time.Duration(min(seconds, int(maxPause/time.Second)))*time.Second, maxPause)
	}
	if r.handle.has(resp.StatusCode) {
		failed.handled = true
		return failed
	}
	if r.fail.has(resp.StatusCode) {
		return failed
	}
	return nil
}

// saveResponse saves what the model wants of the response as variables.
func (r *request) saveResponse(resp *http.Response, body []byte, variables map[string]json.RawMessage) error {
	if r.saveResponseAs.parameters {
		variables[r.prefix+"ResponseProtocol"] = asJSON(resp.Proto)
		variables[r.prefix+"ResponseStatusCode"] = asJSON(resp.StatusCode)
		variables[r.prefix+"ResponseReason"] = asJSON(http.StatusText(resp.StatusCode))
		variables[r.prefix+"ResponseHeaders"] = asJSON(storable(headerLines(resp.Header)))
	}
	value, err := r.bodyValue(resp, body)
	if err != nil {
		return err
	}
	variables[r.saveResponseAs.body] = value
	return nil
}

// headerLines are headers as text, in the order of their names.
func headerLines(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// storable replaces what no variable holds.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// bodyValue is the body as the value of a variable: text, or what its JSON says. No body is null.
func (r *request) bodyValue(resp *http.Response, body []byte) (json.RawMessage, error) {
	if len(body) == 0 {
		return json.RawMessage("null"), nil
	}
	text, err := decoded(resp.Header.Get("Content-Type"), body)
	if err != nil || !service.Storable(text) {
		return nil, responseError{"the response of " + r.place() + " is not text"}
	}
	if !r.saveResponseAs.json {
		return asJSON(text), nil
	}
	value, err := expr.FromJSON([]byte(text))
	if err != nil || !service.Storable(value) {
		return nil, responseError{"the response of " + r.place() + " is not JSON that can be kept"}
	}
	return expr.ToJSON(value)
}

// decoded is a body as text, by the encoding that its type names; UTF-8 if it names none.
func decoded(contentType string, body []byte) (string, error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if label := parameters["charset"]; err == nil && label != "" && !strings.EqualFold(label, "utf-8") {
		encoding, err := htmlindex.Get(label)
		if err != nil {
			return "", err
		}
		if body, err = encoding.NewDecoder().Bytes(body); err != nil {
			return "", err
		}
	}
	if !utf8.Valid(body) {
		return "", fmt.Errorf("not UTF-8")
	}
	return string(body), nil
}
