package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// actRequest has the members of every act on a task; which of them a kind takes is said by actMembers.
type actRequest struct {
	Version       *int64          `json:"version"`
	To            *string         `json:"to"`
	Reason        *string         `json:"reason"`
	Text          *string         `json:"text"`
	QueueName     *string         `json:"queueName"`
	Priority      *int            `json:"priority"`
	DueDate       json.RawMessage `json:"dueDate"`
	FollowUpDate  json.RawMessage `json:"followUpDate"`
	Outcome       *string         `json:"outcome"`
	OutcomeReason *string         `json:"outcomeReason"`
	Variables     map[string]any  `json:"variables"`
	FormData      map[string]any  `json:"formData"`
}

// actMembers are what each kind takes beside the version. Those in required must be there.
var actMembers = map[casework.ActKind]struct{ required, optional []string }{
	casework.ActClaim:    {},
	casework.ActUnclaim:  {},
	casework.ActComplete: {optional: []string{"outcome", "outcomeReason", "variables", "formData"}},
	casework.ActDelegate: {required: []string{"to"}},
	casework.ActResolve:  {},
	casework.ActReassign: {required: []string{"to"}},
	casework.ActEscalate: {required: []string{"reason"}},
	casework.ActMove:     {required: []string{"queueName"}},
	casework.ActUpdate:   {optional: []string{"priority", "dueDate", "followUpDate"}},
	casework.ActComment:  {required: []string{"text"}},
	casework.ActPause:    {required: []string{"reason"}},
	casework.ActResume:   {},
}

// given lists the members that the request has, in a fixed order.
func (r *actRequest) given() (names []string) {
	for _, m := range []struct {
		name string
		has  bool
	}{
		{"version", r.Version != nil},
		{"to", r.To != nil},
		{"reason", r.Reason != nil},
		{"text", r.Text != nil},
		{"queueName", r.QueueName != nil},
		{"priority", r.Priority != nil},
		{"dueDate", r.DueDate != nil},
		{"followUpDate", r.FollowUpDate != nil},
		{"outcome", r.Outcome != nil},
		{"outcomeReason", r.OutcomeReason != nil},
		{"variables", r.Variables != nil},
		{"formData", r.FormData != nil},
	} {
		if m.has {
			names = append(names, m.name)
		}
	}
	return names
}

// act checks a request and makes the act of a kind of it.
func (r *actRequest) act(kind casework.ActKind) (casework.TaskAct, error) {
	members, given := actMembers[kind], r.given()
	for _, name := range given {
		if name != "version" && !slices.Contains(members.required, name) && !slices.Contains(members.optional, name) {
			return casework.TaskAct{}, malformed("body."+name, "is not a member of this request", nil)
		}
	}
	for _, name := range members.required {
		if !slices.Contains(given, name) {
			return casework.TaskAct{}, invalid("body."+name, "is required", nil)
		}
	}
	if kind == casework.ActUpdate && r.Priority == nil && r.DueDate == nil && r.FollowUpDate == nil {
		return casework.TaskAct{}, invalid("body", "has at least one of "+strings.Join(members.optional, ", "), nil)
	}
	a := casework.TaskAct{Kind: kind, Version: r.Version, Priority: r.Priority}
	if err := r.readTexts(&a); err != nil {
		return a, err
	}
	if a.Priority != nil && (*a.Priority < 0 || *a.Priority > 100) {
		return a, invalid("body.priority", "must be from 0 to 100", *a.Priority)
	}
	var err error
	if a.DueDate, err = dateChange(r.DueDate, "body.dueDate"); err != nil {
		return a, err
	}
	if a.FollowUpDate, err = dateChange(r.FollowUpDate, "body.followUpDate"); err != nil {
		return a, err
	}
	a.Completion = casework.Completion{Outcome: text(r.Outcome), OutcomeReason: text(r.OutcomeReason), Variables: r.Variables, FormData: r.FormData}
	return a, checkCompletion(a.Completion)
}

func (r *actRequest) readTexts(a *casework.TaskAct) error {
	for _, t := range []struct {
		name string
		from *string
		into *string
		most int // characters
	}{{"to", r.To, &a.To, 50}, {"reason", r.Reason, &a.Reason, maxReason}, {"text", r.Text, &a.Text, maxReason}, {"queueName", r.QueueName, &a.QueueName, 100}} {
		if t.from == nil {
			continue
		}
		if *t.into = *t.from; strings.TrimSpace(*t.from) == "" {
			return invalid("body."+t.name, "is required", nil)
		}
		if utf8.RuneCountInString(*t.from) > t.most || strings.ContainsRune(*t.from, 0) {
			return invalid("body."+t.name, fmt.Sprintf("has at most %d characters, none of them U+0000", t.most), nil)
		}
	}
	return nil
}

// dateChange reads a time, or null, which takes the date away; nil where the member is not there.
func dateChange(raw json.RawMessage, location string) (*casework.DateChange, error) {
	var s string
	switch {
	case raw == nil:
		return nil, nil
	case bytes.Equal(raw, []byte("null")):
		return &casework.DateChange{}, nil
	}
	at, err := time.Time{}, json.Unmarshal(raw, &s)
	if err == nil {
		at, err = time.Parse(time.RFC3339, s)
	}
	if year := at.UTC().Year(); err != nil || year < 1 || year > 9999 { // JSON ends with the year 9999
		return nil, invalid(location, "must be a time as RFC 3339 has it, such as 2030-01-31T12:00:00Z, or null", nil)
	}
	return &casework.DateChange{At: &at}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// readAct reads the act of a request about one task. The version may come as If-Match.
func readAct(c *gin.Context, kind casework.ActKind) (casework.TaskAct, error) {
	var request actRequest
	if err := readJSON(c, &request, len(actMembers[kind].required) == 0); err != nil {
		return casework.TaskAct{}, err
	}
	a, err := request.act(kind)
	if err != nil {
		return a, err
	}
	seen, err := ifMatch(c)
	switch {
	case err != nil:
		return a, err
	case a.Version == nil:
		a.Version = seen
	case seen != nil && *seen != *a.Version:
		return a, malformed("header.If-Match", "is another version than that of the body", c.GetHeader("If-Match"))
	}
	return a, nil
}

// ifMatch reads the version of a task out of If-Match; nil where any will do.
func ifMatch(c *gin.Context) (*int64, error) {
	header := c.GetHeader("If-Match")
	if header == "" || header == "*" {
		return nil, nil
	}
	quoted, isQuoted := strings.CutPrefix(header, `"`)
	number, isClosed := strings.CutSuffix(quoted, `"`)
	version, err := strconv.ParseInt(number, 10, 64)
	if !isQuoted || !isClosed || err != nil || version < 1 || version == math.MaxInt64 {
		return nil, malformed("header.If-Match", `must be the version of the task in quotes, such as "3", or *`, header)
	}
	return &version, nil
}

// versioned answers with a task and its version, as If-Match takes it.
func versioned(t casework.Task, body any) (reply, error) {
	r, err := ok(body)
	r.header = map[string]string{"ETag": `"` + strconv.FormatInt(t.Version, 10) + `"`}
	return r, err
}
