package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/onecms/nextgen-workflow/api"
)

// contract holds requests and answers against openapi.yaml, and remembers which declared answers it has seen.
type contract struct {
	doc        *openapi3.T
	operations []*operation

	mu   sync.Mutex
	seen map[string]bool
}

// operation is one method of one path of the document.
type operation struct {
	*openapi3.Operation
	method, path string
	item         *openapi3.PathItem
}

func (o *operation) String() string { return o.method + " " + o.path }

// theContract is read once: it does not change.
var theContract = sync.OnceValues(func() (*contract, error) {
	openapi3filter.RegisterBodyDecoder("application/xml", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/xml", openapi3filter.FileBodyDecoder)
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(api.OpenAPI)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(loader.Context, openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	c := &contract{doc: doc, seen: map[string]bool{}}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.operations = append(c.operations, &operation{Operation: op, method: method, path: path, item: item})
		}
	}
	sort.Slice(c.operations, func(i, j int) bool { return c.operations[i].String() < c.operations[j].String() })
	return c, nil
})

// find returns the operation of a request with its path parameters; nil where there is none.
func (c *contract) find(r *http.Request) (*operation, map[string]string) {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for _, op := range c.operations {
		if params, ok := match(strings.Split(op.path, "/"), parts); ok && op.method == r.Method {
			return op, params
		}
	}
	return nil, nil
}

func match(template, parts []string) (map[string]string, bool) {
	if len(template) != len(parts) {
		return nil, false
	}
	params := map[string]string{}
	for i, want := range template {
		name, isParam := strings.CutPrefix(want, "{")
		if !isParam {
			if want != parts[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(parts[i])
		if err != nil || value == "" {
			return nil, false
		}
		params[strings.TrimSuffix(name, "}")] = value
	}
	return params, true
}

// check says how an exchange breaks the document. The request must be as it says where it was served.
func (c *contract) check(r *http.Request, body []byte, answer *httptest.ResponseRecorder, requestToo bool) error {
	op, params := c.find(r)
	if op == nil {
		return c.checkUnknown(r, answer)
	}
	r = r.Clone(r.Context())
	r.Body = http.NoBody
	if len(body) > 0 {
		r.Body = readCloser{bytes.NewReader(body)}
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params,
		Route: &routers.Route{Spec: c.doc, Path: op.path, PathItem: op.item, Method: op.method, Operation: op.Operation},
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true, SkipSettingDefaults: true,
		},
	}
	if requestToo && answer.Code < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			return fmt.Errorf("%s was served, but openapi.yaml does not allow the request: %w", op, err)
		}
	}
	if err := openapi3filter.ValidateResponse(r.Context(), c.answerOf(input, answer)); err != nil {
		return fmt.Errorf("%s answered %d, which openapi.yaml does not allow: %w\n%s", op, answer.Code, err, answer.Body)
	}
	declared := op.Responses.Status(answer.Code).Value
	if err := checkRest(declared, answer); err != nil {
		return fmt.Errorf("%s answered %d: %w", op, answer.Code, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[fmt.Sprintf("%s: %d", op, answer.Code)] = true
	return nil
}

func (c *contract) answerOf(input *openapi3filter.RequestValidationInput, answer *httptest.ResponseRecorder) *openapi3filter.ResponseValidationInput {
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Code, Header: answer.Header(), Options: input.Options,
	}
	return output.SetBodyBytes(answer.Body.Bytes())
}

// checkRest is what the library leaves out: headers that are not declared, and a body where none is.
func checkRest(declared *openapi3.Response, answer *httptest.ResponseRecorder) error {
	known := []string{"Content-Type", "Content-Length"}
	for name := range declared.Headers {
		known = append(known, http.CanonicalHeaderKey(name))
	}
	for name := range answer.Header() {
		if !slices.Contains(known, name) {
			return fmt.Errorf("the header %s is not declared", name)
		}
	}
	if len(declared.Content) == 0 && answer.Body.Len() > 0 {
		return fmt.Errorf("a body is not declared: %s", answer.Body)
	}
	return nil
}

// checkUnknown holds the answer to a request that the document does not have against the two problems there are for it.
func (c *contract) checkUnknown(r *http.Request, answer *httptest.ResponseRecorder) error {
	name := map[int]string{http.StatusNotFound: "NotFound", http.StatusMethodNotAllowed: "MethodNotAllowed"}[answer.Code]
	if name == "" {
		return fmt.Errorf("%s %s is not in openapi.yaml and was answered with %d", r.Method, r.URL, answer.Code)
	}
	responses := openapi3.NewResponses(openapi3.WithStatus(answer.Code, c.doc.Components.Responses[name]))
	input := &openapi3filter.RequestValidationInput{
		Request: r, Options: &openapi3filter.Options{IncludeResponseStatus: true},
		Route: &routers.Route{Spec: c.doc, Operation: &openapi3.Operation{Responses: responses}},
	}
	if err := openapi3filter.ValidateResponse(r.Context(), c.answerOf(input, answer)); err != nil {
		return fmt.Errorf("%s %s, which is not in openapi.yaml: %w", r.Method, r.URL, err)
	}
	return checkRest(c.doc.Components.Responses[name].Value, answer)
}

// unseen lists the declared answers that no test has brought about.
func (c *contract) unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []string
	for _, op := range c.operations {
		for status := range op.Responses.Map() {
			if answer := fmt.Sprintf("%s: %s", op, status); !c.seen[answer] {
				missing = append(missing, answer)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

type readCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (readCloser) Close() error { return nil }
