package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// maxJSONBytes bounds a JSON request; the variables that it may have come on top, with a limit of their own.
const maxJSONBytes = 1 << 20

// mostBytes is the most that a request of a type may have.
func mostBytes(request any) int64 {
	if _, has := reflect.TypeOf(request).Elem().FieldByName("Variables"); has {
		return maxJSONBytes + casework.MaxVariablesBytes
	}
	return maxJSONBytes
}

// readJSON decodes a JSON object. Unknown members are refused, numbers keep their digits. An empty body leaves into as
// it is where optional is set.
func readJSON(c *gin.Context, into any, optional bool) error {
	if err := checkMedia(c, "application/json"); err != nil && c.Request.ContentLength != 0 {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, mostBytes(into)))
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	switch {
	case len(body) == 0 && optional:
		return nil
	case strings.TrimSpace(string(body)) == "null": // the decoder takes it for an object without members
		return malformed("body", "the body must be an object, not null", nil)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return malformed("body", jsonMistake(err), nil)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("body", "there is something after the JSON object", nil)
	}
	return checkMembers(body, into)
}

// checkMembers refuses members of a JSON object that a struct does not have. The decoder would take other cases of a name
// for it.
func checkMembers(body []byte, into any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return malformed("body", jsonMistake(err), nil)
	}
	known := reflect.TypeOf(into).Elem()
	for _, field := range reflect.VisibleFields(known) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		delete(members, name)
	}
	if len(members) == 0 {
		return nil
	}
	e := &casework.Error{Code: casework.Malformed}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		e.Fields = append(e.Fields, casework.Field{Message: "is not a member of this request", Location: "body." + name})
	}
	e.Message = fmt.Sprintf("unknown field %q", strings.TrimPrefix(e.Fields[0].Location, "body."))
	return e
}

func jsonMistake(err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("not JSON: %s at byte %d", syntax, syntax.Offset)
	case errors.As(err, &typ):
		return fmt.Sprintf("%s must be %s, not %s", cmp.Or(strings.TrimPrefix(typ.Field, "."), "the body"), kindName(typ.Type.Kind().String()), typ.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the JSON ends too early"
	}
	return "not JSON"
}

func kindName(kind string) string {
	switch kind {
	case "map", "struct":
		return "an object"
	case "slice":
		return "an array"
	case "string":
		return "a string"
	case "bool":
		return "a boolean"
	}
	return "a whole number"
}

func checkMedia(c *gin.Context, allowed ...string) error {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || !slices.Contains(allowed, media) {
		return &casework.Error{Code: mediaCode, Message: "the Content-Type must be " + strings.Join(allowed, " or "), Fields: []casework.Field{
			{Message: "not one of them", Location: "header.Content-Type", Value: c.GetHeader("Content-Type")},
		}}
	}
	return nil
}

// queryReader reads query parameters and keeps every problem. Parameters that nothing asked for are one.
type queryReader struct {
	c     *gin.Context
	known []string
	bad   []casework.Field
}

func query(c *gin.Context) *queryReader {
	q := &queryReader{c: c}
	if _, err := url.ParseQuery(c.Request.URL.RawQuery); err != nil { // gin leaves out what it cannot read, and with it a filter
		q.bad = append(q.bad, casework.Field{Message: "cannot be read: a % or a ; stands for itself only as %25 and %3B", Location: "query"})
	}
	return q
}

// bare refuses query parameters, for an operation that has none.
func bare(h handler) handler {
	return func(c *gin.Context) (reply, error) {
		if err := query(c).err(); err != nil {
			return reply{}, err
		}
		return h(c)
	}
}

// text reads a parameter that is given once; "" where it is not given.
func (q *queryReader) text(name string) string {
	q.known = append(q.known, name)
	values := q.c.QueryArray(name)
	if len(values) > 1 {
		q.wrong(name, "is given more than once")
	}
	return q.storable(name, q.c.Query(name))
}

// storable refuses what the database could not even compare with.
func (q *queryReader) storable(name, value string) string {
	if !isText(value) {
		q.bad = append(q.bad, casework.Field{Message: "is not text in UTF-8 without U+0000", Location: "query." + name})
		return ""
	}
	return value
}

// isText reports whether PostgreSQL can hold a text.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// list reads a parameter that is repeated, or separated by commas; nil where it is not given.
func (q *queryReader) list(name string) []string {
	q.known = append(q.known, name)
	var values []string
	for _, v := range q.c.QueryArray(name) {
		for part := range strings.SplitSeq(v, ",") {
			if part = q.storable(name, part); part != "" {
				values = append(values, part)
			}
		}
	}
	return values
}

func (q *queryReader) wrong(name, message string) {
	q.bad = append(q.bad, casework.Field{Message: message, Location: "query." + name, Value: q.c.Query(name)})
}

func (q *queryReader) number(name string, least, greatest int64) *int64 {
	s := q.text(name)
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > greatest {
		q.wrong(name, fmt.Sprintf("must be a whole number from %d to %d", least, greatest))
		return nil
	}
	return &n
}

func (q *queryReader) flag(name string) bool {
	s := q.text(name)
	if s != "" && s != "true" && s != "false" {
		q.wrong(name, "must be true or false")
	}
	return s == "true"
}

func (q *queryReader) instant(name string) *time.Time {
	s := q.text(name)
	if s == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		q.wrong(name, "must be a time as RFC 3339 has it, such as 2030-01-31T12:00:00Z")
		return nil
	}
	return &t
}

func (q *queryReader) oneOf(name string, allowed ...string) string {
	s := q.text(name)
	if s != "" && !slices.Contains(allowed, s) {
		q.wrong(name, "must be one of "+strings.Join(allowed, ", "))
	}
	return s
}

func (q *queryReader) page() casework.Page {
	p := casework.Page{Cursor: q.text("cursor")}
	if n := q.number("limit", 1, 200); n != nil {
		p.Limit = int(*n)
	}
	return p
}

// err reports every problem at once.
func (q *queryReader) err() error {
	for name := range q.c.Request.URL.Query() {
		if !slices.Contains(q.known, name) {
			q.wrong(name, "is not a parameter of this operation")
		}
	}
	if len(q.bad) == 0 {
		return nil
	}
	slices.SortFunc(q.bad, func(a, b casework.Field) int { return strings.Compare(a.Location, b.Location) })
	return &casework.Error{Code: casework.Malformed, Message: "the query is not right: " + q.bad[0].Location + " " + q.bad[0].Message, Fields: q.bad}
}

// waitOf reads "Prefer: wait=N" (RFC 7240), N in seconds up to 30.
func (s *Server) waitOf(c *gin.Context) time.Duration {
	for _, preference := range strings.Split(c.GetHeader("Prefer"), ",") {
		if n, found := strings.CutPrefix(strings.TrimSpace(preference), "wait="); found {
			if seconds, err := strconv.Atoi(n); err == nil && seconds >= 0 {
				return min(time.Duration(seconds)*time.Second, 30*time.Second)
			}
		}
	}
	return s.cfg.DefaultWait
}
