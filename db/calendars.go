package db

import (
	"context"
	"encoding/json"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

var calendars = subject[casework.Calendar]{
	what: "calendar", permission: casework.PermitManageQueues,
	read: func(ctx context.Context, q *dbsqlc.Queries, name string) (json.RawMessage, error) {
		return q.CalendarGet(ctx, name)
	},
	check: func(ctx context.Context, q *dbsqlc.Queries, v casework.Calendar) (casework.Mistakes, error) {
		m := v.Mistakes()
		if len(m) > 0 {
			return m, nil
		}
		known, err := q.ZoneKnown(ctx, v.TimeZone)
		if err == nil && !known {
			m.Add("body.timeZone", v.TimeZone, "is not known to the database")
		}
		return m, err
	},
	save: func(ctx context.Context, q *dbsqlc.Queries, v casework.Calendar, settings json.RawMessage, isNew bool) error {
		return q.CalendarSave(ctx, dbsqlc.CalendarSaveParams{CalendarName: v.CalendarName, Settings: settings, IsNew: isNew})
	},
}

func calendarSettings(v *casework.Calendar) *casework.CalendarSettings { return &v.CalendarSettings }

// Calendars lists business calendars by name.
func (s *Store) Calendars(ctx context.Context, caller string, p casework.Page) (casework.List[casework.Calendar], error) {
	after, err := nameCursor(p.Cursor)
	if err != nil {
		return casework.List[casework.Calendar]{}, err
	}
	rows, err := s.as(caller).CalendarList(ctx, dbsqlc.CalendarListParams{After: after, Most: most(p)})
	return page(rows, err, p, func(v casework.Calendar) string { return v.CalendarName })
}

// Calendar reads one calendar. Errors: NotFound.
func (s *Store) Calendar(ctx context.Context, caller, name string) (casework.Calendar, error) {
	return calendars.get(ctx, s.as(caller), name)
}

// CreateCalendar stores a new calendar. It needs the permission manage-queues. Errors: Invalid, Forbidden, Conflict.
func (s *Store) CreateCalendar(ctx context.Context, caller, name string, settings casework.CalendarSettings) (casework.Calendar, error) {
	return create(ctx, s, caller, calendars, name, casework.Calendar{CalendarName: name, CalendarSettings: settings}, calendarSettings)
}

// ChangeCalendar applies a function to a calendar. It needs the permission manage-queues. Errors: NotFound, Invalid,
// Forbidden.
func (s *Store) ChangeCalendar(ctx context.Context, caller, name string, apply func(*casework.CalendarSettings) error) (casework.Calendar, error) {
	return change(ctx, s, caller, calendars, name, calendarSettings, apply)
}

// DropCalendar deletes a calendar that no queue, no definition and nothing open has. It needs the permission manage-queues. Errors:
// NotFound, Forbidden, Conflict.
func (s *Store) DropCalendar(ctx context.Context, caller, name string) error {
	return s.administer(ctx, caller, casework.PermitManageQueues, func(q *dbsqlc.Queries) error {
		verdict, err := q.CalendarDrop(ctx, name)
		switch {
		case err != nil:
			return err
		case verdict == "not-found":
			return casework.Errorf(casework.NotFound, "there is no calendar %q", name)
		case verdict == "used":
			return casework.Errorf(casework.Conflict, "a queue, a definition, or an open task or case has the calendar")
		}
		return nil
	})
}
