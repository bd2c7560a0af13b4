package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// administrationRoutes are the operations on queues, calendars and the organisation.
func (s *Server) administrationRoutes() []route {
	return []route{
		{"GET", "/api/workflow/queues", s.listQueues},
		{"POST", "/api/workflow/queues", bare(creating("queueName", casework.MaxQueueName, casework.NewQueueSettings, s.deps.Store.CreateQueue))},
		{"GET", "/api/workflow/queues/:queueName", bare(reading("queueName", s.deps.Store.Queue))},
		{"PATCH", "/api/workflow/queues/:queueName", bare(changing("queueName", s.deps.Store.ChangeQueue))},
		{"PUT", "/api/workflow/queues/:queueName/assignments/:roleCode", bare(s.assign)},
		{"DELETE", "/api/workflow/queues/:queueName/assignments/:roleCode", bare(s.unassign)},
		{"POST", "/api/workflow/queues/:queueName/rebalance", bare(reading("queueName", s.deps.Store.RebalanceQueue))},
		{"GET", "/api/workflow/calendars", listing(s.deps.Store.Calendars)},
		{"POST", "/api/workflow/calendars", bare(creating("calendarName", casework.MaxCalendarName, casework.NewCalendarSettings, s.deps.Store.CreateCalendar))},
		{"GET", "/api/workflow/calendars/:calendarName", bare(reading("calendarName", s.deps.Store.Calendar))},
		{"PATCH", "/api/workflow/calendars/:calendarName", bare(changing("calendarName", s.deps.Store.ChangeCalendar))},
		{"DELETE", "/api/workflow/calendars/:calendarName", bare(dropping("calendarName", s.deps.Store.DropCalendar))},

		{"GET", "/api/entitlements/departments", listing(s.deps.Store.Departments)},
		{"POST", "/api/entitlements/departments", bare(creating("departmentCode", casework.MaxCode, casework.NewDepartmentSettings, s.deps.Store.CreateDepartment))},
		{"GET", "/api/entitlements/departments/:departmentCode", bare(reading("departmentCode", s.deps.Store.Department))},
		{"PATCH", "/api/entitlements/departments/:departmentCode", bare(changing("departmentCode", s.deps.Store.ChangeDepartment))},
		{"GET", "/api/entitlements/roles", listing(s.deps.Store.Roles)},
		{"POST", "/api/entitlements/roles", bare(creating("roleCode", casework.MaxRoleCode, casework.NewRoleSettings, s.deps.Store.CreateRole))},
		{"GET", "/api/entitlements/roles/:roleCode", bare(reading("roleCode", s.deps.Store.Role))},
		{"PATCH", "/api/entitlements/roles/:roleCode", bare(changing("roleCode", s.deps.Store.ChangeRole))},
		{"GET", "/api/entitlements/users", s.listUsers},
		{"POST", "/api/entitlements/users", bare(creating("userId", casework.MaxCode, casework.NewUserSettings, s.deps.Store.CreateUser))},
		{"GET", "/api/entitlements/users/:userId", bare(reading("userId", s.deps.Store.User))},
		{"PATCH", "/api/entitlements/users/:userId", bare(changing("userId", s.deps.Store.ChangeUser))},
		{"GET", "/api/entitlements/users/:userId/roles", listingOf("userId", s.deps.Store.Grants)},
		{"PUT", "/api/entitlements/users/:userId/roles/:roleCode", bare(s.grant)},
		{"DELETE", "/api/entitlements/users/:userId/roles/:roleCode", bare(s.revoke)},
		{"GET", "/api/entitlements/users/:userId/absences", listingOf("userId", s.deps.Store.Absences)},
		{"POST", "/api/entitlements/users/:userId/absences", bare(s.addAbsence)},
		{"DELETE", "/api/entitlements/users/:userId/absences/:absenceId", bare(s.dropAbsence)},
		{"GET", "/api/entitlements/me", bare(s.getMe)},
		{"POST", "/api/entitlements/check", bare(s.checkAct)},
	}
}

// What administrators write is listed, read, created, changed and deleted in one way: these make the handlers of it out of
// the methods of the store. param is the parameter of the path that names the thing.

func listing[T any](list func(context.Context, string, casework.Page) (casework.List[T], error)) handler {
	return func(c *gin.Context) (reply, error) {
		q := query(c)
		page := q.page()
		if err := q.err(); err != nil {
			return reply{}, err
		}
		return answer(list(c.Request.Context(), callerOf(c), page))
	}
}

func listingOf[T any](param string, list func(context.Context, string, string, casework.Page) (casework.List[T], error)) handler {
	return func(c *gin.Context) (reply, error) {
		of := func(ctx context.Context, caller string, page casework.Page) (casework.List[T], error) {
			return list(ctx, caller, c.Param(param), page)
		}
		return listing(of)(c)
	}
}

func reading[T any](param string, read func(context.Context, string, string) (T, error)) handler {
	return func(c *gin.Context) (reply, error) {
		return answer(read(c.Request.Context(), callerOf(c), c.Param(param)))
	}
}

// creating reads the name of the new thing from a member of the body, and its settings, over those that are usual, from the
// others.
func creating[S, T any](member string, most int, usual func() S, create func(context.Context, string, string, S) (T, error)) handler {
	return func(c *gin.Context) (reply, error) {
		body, err := readBody(c)
		if err != nil {
			return reply{}, err
		}
		var members map[string]json.RawMessage
		if err := decode(body, &members); err != nil {
			return reply{}, err
		}
		var name string
		if raw, given := members[member]; given && json.Unmarshal(raw, &name) != nil {
			return reply{}, malformed("body."+member, "must be a string", nil)
		}
		delete(members, member)
		settings := usual()
		if err := overwrite(members, &settings); err != nil {
			return reply{}, err
		}
		var mistakes casework.Mistakes
		mistakes.Name("body."+member, name, most)
		if err := mistakes.Err(); err != nil {
			return reply{}, err
		}
		v, err := create(c.Request.Context(), callerOf(c), name, settings)
		if err != nil {
			return reply{}, err
		}
		return created(v)
	}
}

// changing writes the members of the body over the settings as they are.
func changing[S, T any](param string, change func(context.Context, string, string, func(*S) error) (T, error)) handler {
	return func(c *gin.Context) (reply, error) {
		apply, err := readChange[S](c)
		if err != nil {
			return reply{}, err
		}
		return answer(change(c.Request.Context(), callerOf(c), c.Param(param), apply))
	}
}

func dropping(param string, drop func(context.Context, string, string) error) handler {
	return func(c *gin.Context) (reply, error) {
		return emptied(drop(c.Request.Context(), callerOf(c), c.Param(param)))
	}
}

func answer[T any](v T, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(v)
}

func emptied(err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

// readChange reads the body as a change of settings. What is wrong by itself is an error at once.
func readChange[S any](c *gin.Context) (func(*S) error, error) {
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := decode(body, &members); err != nil {
		return nil, err
	}
	var alone S
	if err := overwrite(members, &alone); err != nil {
		return nil, err
	}
	return func(settings *S) error { return overwrite(members, settings) }, nil
}

// readBody reads a body that has to be a JSON object.
func readBody(c *gin.Context) ([]byte, error) {
	if err := checkMedia(c, "application/json"); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxJSONBytes))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if string(bytes.TrimSpace(body)) == "null" {
		return nil, malformed("body", "the body must be an object, not null", nil)
	}
	return body, nil
}

func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(into); err != nil {
		return malformed("body", jsonMistake(err), nil)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("body", "there is something after the JSON object", nil)
	}
	return nil
}

// overwrite decodes members of an object over a struct. Unknown ones are refused, and null for a field that cannot hold it.
func overwrite(members map[string]json.RawMessage, into any) error {
	body, err := json.Marshal(members)
	if err != nil {
		return fmt.Errorf("encode members: %w", err)
	}
	if err := checkMembers(body, into); err != nil {
		return err
	}
	value := reflect.ValueOf(into).Elem()
	fields := map[string]any{}
	for _, f := range reflect.VisibleFields(value.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = value.FieldByIndex(f.Index).Addr().Interface()
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field := fields[name]
		kind := reflect.TypeOf(field).Elem().Kind()
		if string(members[name]) == "null" && kind != reflect.Pointer && kind != reflect.Slice && kind != reflect.Map {
			return malformed("body."+name, "must not be null", nil)
		}
		if err := json.Unmarshal(members[name], field); err != nil {
			return malformed("body."+name, fieldMistake(field, err), nil)
		}
	}
	return nil
}

// fieldMistake says what is wrong with the value of one member.
func fieldMistake(field any, err error) string {
	var typ *json.UnmarshalTypeError
	switch _, isTime := field.(**time.Time); {
	case isTime:
		return "must be a time as RFC 3339 has it, such as 2030-01-31T12:00:00Z"
	case errors.As(err, &typ):
		return fmt.Sprintf("must be %s, not %s", kindName(typ.Type.Kind().String()), typ.Value)
	}
	return "cannot be read"
}
