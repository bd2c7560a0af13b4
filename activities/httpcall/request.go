package httpcall

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// forbidden headers are those that would change how the message is read on its way, or who it is for.
var forbidden = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Keep-Alive",
	"Proxy-Authorization", "Proxy-Connection"}

// request is a call with its fields read.
type request struct {
	method, prefix string
	url            *url.URL
	headers        http.Header
	body           []byte
	bodyText       string
	encoding       string
	timeout        time.Duration
	stay           bool // redirects are not followed
	ignore         bool // failures are left to the model
	fail, handle   statusCodes
	saveRequest    bool
	saveResponseAs responseVariables
	fields         *service.Fields
}

// responseVariables says what of the response becomes variables.
type responseVariables struct {
	body       string // name of the variable
	json       bool
	parameters bool
}

// read reads the fields; every problem with them is told at once.
func (c *Caller) read(in casework.ActivityInput) (*request, error) {
	f := service.NewFields(in.Fields, bpmn.HTTPFields())
	r := &request{
		method: strings.ToUpper(f.Required("requestMethod")), bodyText: f.Text("requestBody"), encoding: f.Trimmed("requestBodyEncoding"),
		stay: f.Bool("disallowRedirects"), ignore: f.Bool("ignoreException"), saveRequest: f.Bool("saveRequestVariables"),
		prefix: f.Trimmed("resultVariablePrefix"), fields: f,
	}
	if r.prefix == "" {
		r.prefix = in.ElementID
	}
	if r.method != "" && !slices.Contains(methods, r.method) {
		f.Problem("field requestMethod is %q; it is one of %s", service.Shorten(r.method), strings.Join(methods, ", "))
	}
	longest := int(c.cfg.MaxTimeout.Milliseconds())
	r.timeout = time.Duration(f.Whole("requestTimeout", int(c.cfg.Timeout.Milliseconds()), 1, longest)) * time.Millisecond
	r.fail, r.handle = readStatusCodes(f, "failStatusCodes"), readStatusCodes(f, "handleStatusCodes")
	f.Bool("saveResponseParametersTransient") // they are variables like others here
	r.saveResponseAs = responseVariables{body: f.Trimmed("responseVariableName"), json: f.Bool("saveResponseVariableAsJson"), parameters: f.Bool("saveResponseParameters")}
	if r.saveResponseAs.body == "" {
		r.saveResponseAs.body = r.prefix + "ResponseBody"
	}
	r.readHeaders(f)
	r.readBody(f)
	target := f.Required("requestUrl")
	var err error
	if r.url, err = url.Parse(target); err != nil {
		f.Problem("field requestUrl cannot be read as a URL") // the error would repeat it
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := c.guard.check(r.url); err != nil {
		return nil, service.Permanent(service.Refused, "%s", err.Error())
	}
	r.headers.Set("Idempotency-Key", url.PathEscape(in.IdempotencyKey()))
	return r, nil
}

// readHeaders reads lines of "Name: value", or a map of them.
func (r *request) readHeaders(f *service.Fields) {
	r.headers = http.Header{"User-Agent": {userAgent}}
	add := func(name, value string) {
		switch canonical := http.CanonicalHeaderKey(name); {
		case !httpguts.ValidHeaderFieldName(name):
			f.Problem("field requestHeaders holds the name %q, which is none of a header", service.Shorten(name))
		case !httpguts.ValidHeaderFieldValue(value):
			f.Problem("field requestHeaders holds a line break or control character in the value of %s", name)
		case slices.Contains(forbidden, canonical):
			f.Problem("field requestHeaders may not set %s", canonical)
		case canonical == "User-Agent":
			r.headers.Set(canonical, value)
		default:
			r.headers.Add(canonical, value)
		}
	}
	f.Lines("requestHeaders", add)
}

// readBody encodes the body and says what it is, if no header does.
func (r *request) readBody(f *service.Fields) {
	if r.bodyText == "" {
		return
	}
	r.body = []byte(r.bodyText)
	label := "utf-8"
	if r.encoding != "" {
		encoding, err := htmlindex.Get(r.encoding)
		if err != nil {
			f.Problem("field requestBodyEncoding is %q, which is no encoding that is known", service.Shorten(r.encoding))
			return
		}
		if r.body, err = encoding.NewEncoder().Bytes(r.body); err != nil {
			f.Problem("field requestBody has characters that %s does not have", r.encoding)
			return
		}
		label = strings.ToLower(r.encoding)
	}
	if r.headers.Get("Content-Type") != "" {
		return
	}
	kind := "text/plain; charset=" + label
	if trimmed := strings.TrimSpace(r.bodyText); label == "utf-8" && strings.IndexAny(trimmed, "{[") == 0 && json.Valid(r.body) {
		kind = "application/json"
	}
	r.headers.Set("Content-Type", kind)
}

// place is the URL for messages: what may be secret is left out.
func (r *request) place() string { return r.url.Scheme + "://" + r.url.Host + r.url.EscapedPath() }

// saveTo saves the fields of the request as variables.
func (r *request) saveTo(variables map[string]json.RawMessage) {
	for field, suffix := range map[string]string{
		"requestUrl": "RequestUrl", "requestHeaders": "RequestHeaders", "requestBody": "RequestBody",
		"requestBodyEncoding": "RequestBodyEncoding", "failStatusCodes": "FailStatusCodes", "handleStatusCodes": "HandleStatusCodes",
	} {
		variables[r.prefix+suffix] = optional(r.fields.Text(field))
	}
	variables[r.prefix+"RequestMethod"] = asJSON(r.method)
	variables[r.prefix+"RequestTimeout"] = asJSON(r.timeout.Milliseconds())
	variables[r.prefix+"DisallowRedirects"] = asJSON(r.stay)
	variables[r.prefix+"IgnoreException"] = asJSON(r.ignore)
	variables[r.prefix+"SaveRequestVariables"] = asJSON(r.saveRequest)
	variables[r.prefix+"SaveResponseParameters"] = asJSON(r.saveResponseAs.parameters)
}

// asJSON encodes texts, numbers and booleans, which always works.
func asJSON(v any) json.RawMessage {
	raw, _ := json.Marshal(v)
	return raw
}

// optional is null for no text.
func optional(s string) json.RawMessage {
	if s == "" {
		return json.RawMessage("null")
	}
	return asJSON(s)
}
