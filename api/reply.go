package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// reply is what a handler answers with: a body as JSON, or raw bytes of another type.
type reply struct {
	status int
	body   any
	raw    []byte
	typ    string
	header map[string]string
}

func ok(body any) (reply, error)      { return reply{status: http.StatusOK, body: body}, nil }
func created(body any) (reply, error) { return reply{status: http.StatusCreated, body: body}, nil }

// handler answers one operation. Its error becomes a problem document.
type handler func(c *gin.Context) (reply, error)

// plain answers without a caller.
func (s *Server) plain(h handler) gin.HandlerFunc {
	return func(c *gin.Context) { s.write(c, s.run(c, h)) }
}

// wrap answers for a caller, and remembers the answer of a request that carries an Idempotency-Key.
func (s *Server) wrap(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		for _, p := range c.Params {
			if !isText(p.Value) {
				s.write(c, s.problem(c, malformed("path."+p.Key, "must be text in UTF-8 without U+0000", nil)))
				return
			}
		}
		if c.Request.Method == http.MethodPost {
			s.write(c, s.idempotent(c, h))
			return
		}
		s.write(c, s.run(c, h))
	}
}

// run calls a handler and turns what it answers, or its error, into bytes.
func (s *Server) run(c *gin.Context, h handler) reply {
	r, err := h(c)
	if err != nil {
		return s.problem(c, err)
	}
	if r.raw != nil || r.body == nil {
		return r
	}
	raw, err := json.Marshal(r.body)
	if err != nil {
		return s.problem(c, err)
	}
	r.raw, r.typ = raw, "application/json; charset=utf-8"
	return r
}

func (s *Server) write(c *gin.Context, r reply) {
	for name, value := range r.header {
		c.Header(name, value)
	}
	if r.raw == nil {
		c.Status(r.status)
		c.Writer.WriteHeaderNow()
		return
	}
	c.Data(r.status, r.typ, r.raw)
}

// problemDocument is RFC 9457 with the members of this API.
type problemDocument struct {
	Type        string           `json:"type"`
	Title       string           `json:"title"`
	Status      int              `json:"status"`
	Detail      string           `json:"detail"`
	Code        casework.Code    `json:"code"`
	Instance    string           `json:"instance"`
	Rule        string           `json:"rule,omitempty"`
	Errors      []casework.Field `json:"errors"`
	Current     any              `json:"current,omitempty"`
	Diagnostics []finding        `json:"diagnostics,omitempty"`
}

type problemKind struct {
	status int
	title  string
}

// problems is the only place where codes become statuses.
var problems = map[casework.Code]problemKind{
	casework.Malformed:   {http.StatusBadRequest, "Malformed request"},
	casework.NoCaller:    {http.StatusUnauthorized, "Unknown caller"},
	casework.Forbidden:   {http.StatusForbidden, "Not allowed"},
	casework.NotFound:    {http.StatusNotFound, "Not found"},
	methodCode:           {http.StatusMethodNotAllowed, "Method not allowed"},
	casework.Conflict:    {http.StatusConflict, "Conflicting state"},
	casework.TooLarge:    {http.StatusRequestEntityTooLarge, "Too large"},
	mediaCode:            {http.StatusUnsupportedMediaType, "Unsupported media type"},
	casework.Invalid:     {http.StatusUnprocessableEntity, "Invalid content"},
	casework.Duplicate:   {http.StatusUnprocessableEntity, "Idempotency-Key used before"},
	casework.Unavailable: {http.StatusServiceUnavailable, "A dependency is down"},
	casework.Internal:    {http.StatusInternalServerError, "Internal error"},
}

// Codes that only HTTP has.
const (
	methodCode casework.Code = "method-not-allowed"
	mediaCode  casework.Code = "unsupported-media-type"
)

// document is what a person outside is told of an error.
func document(c *gin.Context, err error) problemDocument {
	e := outside(err)
	doc := problemDocument{
		Type: "/problems/" + string(e.Code), Title: problems[e.Code].title, Status: problems[e.Code].status, Detail: e.Message, Code: e.Code,
		Instance: requestIDOf(c), Rule: e.Rule, Errors: e.Fields, Current: e.Current,
	}
	if doc.Errors == nil {
		doc.Errors = []casework.Field{}
	}
	var model *diagnosed
	if errors.As(err, &model) {
		doc.Diagnostics = model.diagnostics
	}
	return doc
}

// problem makes the problem document of an error and logs what is not for people outside.
func (s *Server) problem(c *gin.Context, err error) reply {
	doc := document(c, err)
	if doc.Status >= http.StatusInternalServerError && c.Request.Context().Err() == nil {
		s.log.Error("request failed", zap.String("requestId", requestIDOf(c)), zap.String("path", c.FullPath()), zap.Error(err))
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		s.log.Error("problem document not encoded", zap.Error(err))
	}
	r := reply{status: doc.Status, raw: raw, typ: "application/problem+json"}
	switch doc.Status {
	case http.StatusServiceUnavailable:
		r.header = map[string]string{"Retry-After": "2"}
	case http.StatusUnauthorized:
		r.header = map[string]string{"WWW-Authenticate": "Bearer"}
	}
	return r
}
