package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

var users = subject[casework.User]{
	what: "user", permission: casework.PermitManageUsers,
	read: func(ctx context.Context, q *dbsqlc.Queries, id string) (json.RawMessage, error) {
		return q.UserGet(ctx, id)
	},
	check: checkUser,
	save: func(ctx context.Context, q *dbsqlc.Queries, v casework.User, settings json.RawMessage, isNew bool) error {
		return q.UserSave(ctx, dbsqlc.UserSaveParams{UserID: v.UserID, Settings: settings, IsNew: isNew})
	},
}

func userSettings(v *casework.User) *casework.UserSettings { return &v.UserSettings }

// checkUser notes what a user refers to and is not there, and a supervisor whom the user supervises.
func checkUser(ctx context.Context, q *dbsqlc.Queries, v casework.User) (casework.Mistakes, error) {
	m := v.Mistakes()
	if v.UserID == "SYSTEM" {
		m.Add("body.userId", v.UserID, "is the system's own")
	}
	taken, err := q.UsernameTaken(ctx, dbsqlc.UsernameTakenParams{Username: v.Username, UserID: v.UserID})
	if err != nil {
		return m, err
	}
	if taken {
		m.Add("body.username", v.Username, "is that of another user")
	}
	if err := checkDepartment(ctx, q, &m, "body.department", v.Department); err != nil || v.Supervisor == nil {
		return m, err
	}
	if _, err := q.UserGet(ctx, *v.Supervisor); isNoRows(err) {
		m.Add("body.supervisor", *v.Supervisor, "there is no such user")
		return m, nil
	} else if err != nil {
		return m, err
	}
	loop, err := q.UserIsSupervisedBy(ctx, dbsqlc.UserIsSupervisedByParams{UserID: *v.Supervisor, Other: v.UserID})
	if loop {
		m.Add("body.supervisor", *v.Supervisor, "must not be the user or supervised by the user")
	}
	return m, err
}

// Users lists people by id. Who has a role is told to those who manage users, and to everybody of themselves.
func (s *Store) Users(ctx context.Context, caller string, f casework.UserFilter) (casework.List[casework.User], error) {
	after, err := nameCursor(f.Page.Cursor)
	if err != nil {
		return casework.List[casework.User]{}, err
	}
	rows, err := s.as(caller).UserList(ctx, dbsqlc.UserListParams{After: after, RoleCode: f.RoleCode, Department: f.Department, Most: most(f.Page)})
	return page(rows, err, f.Page, func(v casework.User) string { return v.UserID })
}

// User reads one person; mail address and skills are there for whoever manages them. Errors: NotFound.
func (s *Store) User(ctx context.Context, caller, id string) (casework.User, error) {
	return users.get(ctx, s.as(caller), id)
}

// CreateUser stores a new user. It needs the permission manage-users. Errors: Invalid, Forbidden, Conflict.
func (s *Store) CreateUser(ctx context.Context, caller, id string, settings casework.UserSettings) (casework.User, error) {
	return create(ctx, s, caller, users, id, casework.User{UserID: id, UserSettings: settings}, userSettings)
}

// ChangeUser applies a function to a user. It needs the permission manage-users. Errors: NotFound, Invalid, Forbidden.
func (s *Store) ChangeUser(ctx context.Context, caller, id string, apply func(*casework.UserSettings) error) (casework.User, error) {
	return change(ctx, s, caller, users, id, userSettings, func(settings *casework.UserSettings) error {
		if err := apply(settings); err != nil {
			return err
		}
		var m casework.Mistakes
		if id == caller && !settings.Active {
			m.Add("body.active", false, "must be true: nobody switches themselves off")
		}
		return m.Err()
	})
}

// Grants lists the roles of a user, also those that are valid no more or not yet. Others than the user need the permission
// manage-users. Errors: NotFound, Forbidden.
func (s *Store) Grants(ctx context.Context, caller, userID string, p casework.Page) (casework.List[casework.Grant], error) {
	var list casework.List[casework.Grant]
	after, err := nameCursor(p.Cursor)
	if err != nil {
		return list, err
	}
	err = s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		if _, err := users.get(ctx, q, userID); err != nil {
			return err
		}
		if caller != userID {
			if err := needs(ctx, q, casework.PermitManageUsers); err != nil {
				return err
			}
		}
		rows, err := q.GrantList(ctx, dbsqlc.GrantListParams{UserID: userID, After: after, Most: most(p)})
		list, err = page(rows, err, p, func(v casework.Grant) string { return v.RoleCode })
		return err
	})
	return list, err
}

// Grant gives a role to a user, or changes from when to when they have it. It needs the permission manage-users, and those
// that the role gives. Errors: NotFound, Invalid, Forbidden.
func (s *Store) Grant(ctx context.Context, caller, userID, role string, settings casework.GrantSettings) (casework.Grant, error) {
	var g casework.Grant
	err := s.granting(ctx, caller, userID, role, func(q *dbsqlc.Queries) error {
		if err := settings.Mistakes(time.Now()).Err(); err != nil {
			return err
		}
		raw, err := json.Marshal(settings)
		if err != nil {
			return fmt.Errorf("encode grant: %w", err)
		}
		if err := q.GrantSave(ctx, dbsqlc.GrantSaveParams{UserID: userID, RoleCode: role, Settings: raw}); err != nil {
			return err
		}
		g, err = decoded[casework.Grant](q.GrantGet(ctx, dbsqlc.GrantGetParams{UserID: userID, RoleCode: role}))
		return err
	})
	return g, err
}

// Revoke takes a role from a user. It needs what Grant needs. Errors: NotFound, Forbidden.
func (s *Store) Revoke(ctx context.Context, caller, userID, role string) error {
	return s.granting(ctx, caller, userID, role, func(q *dbsqlc.Queries) error {
		dropped, err := q.GrantDrop(ctx, dbsqlc.GrantDropParams{UserID: userID, RoleCode: role})
		if err == nil && !dropped {
			return casework.Errorf(casework.NotFound, "the user %q does not have the role %q", userID, role)
		}
		return err
	})
}

func (s *Store) granting(ctx context.Context, caller, userID, role string, fn func(*dbsqlc.Queries) error) error {
	return s.administer(ctx, caller, casework.PermitManageUsers, func(q *dbsqlc.Queries) error {
		if _, err := users.get(ctx, q, userID); err != nil {
			return err
		}
		if _, err := roles.get(ctx, q, role); err != nil {
			return err
		}
		if err := mayGive(ctx, q, role); err != nil {
			return err
		}
		return fn(q)
	})
}

// Absences lists the absences of a user, the newest entry first, to the user, their supervisor, their substitutes as far as
// they are concerned, and those who manage users. Errors: NotFound.
func (s *Store) Absences(ctx context.Context, caller, userID string, p casework.Page) (casework.List[casework.Absence], error) {
	before, err := numberCursor(p.Cursor, newest)
	if err != nil {
		return casework.List[casework.Absence]{}, err
	}
	if _, err := s.User(ctx, caller, userID); err != nil {
		return casework.List[casework.Absence]{}, err
	}
	rows, err := s.as(caller).AbsenceList(ctx, dbsqlc.AbsenceListParams{UserID: userID, BeforeID: before, Most: most(p)})
	if err != nil {
		return casework.List[casework.Absence]{}, interpret(err)
	}
	items := make([]casework.Absence, 0, len(rows))
	for _, raw := range rows {
		a, err := decoded[casework.Absence](raw, nil)
		if err != nil {
			return casework.List[casework.Absence]{}, err
		}
		items = append(items, a)
	}
	return cut(items, p, func(a casework.Absence) string { return strconv.FormatInt(a.AbsenceID, 10) }), nil
}

// AddAbsence notes when a user is away and who acts for them. Those may who keep the user's absences: the user, their
// supervisor, and those who manage users. Errors: NotFound, Forbidden, Invalid, such as for a loop of substitutes.
func (s *Store) AddAbsence(ctx context.Context, caller, userID string, a casework.NewAbsence) (casework.Absence, error) {
	var v casework.Absence
	err := s.keepingAbsences(ctx, caller, userID, func(q *dbsqlc.Queries) error {
		m := a.Mistakes(userID, time.Now())
		if err := checkSubstitute(ctx, q, &m, userID, a); err != nil {
			return err
		}
		if err := m.Err(); err != nil {
			return err
		}
		raw, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("encode absence: %w", err)
		}
		id, err := q.AbsenceAdd(ctx, dbsqlc.AbsenceAddParams{UserID: userID, Absence: raw})
		if err != nil {
			return err
		}
		v, err = decoded[casework.Absence](q.AbsenceGet(ctx, id))
		return err
	})
	return v, err
}

// checkSubstitute notes a substitute who is nobody, or for whom the user would stand in at the same time.
func checkSubstitute(ctx context.Context, q *dbsqlc.Queries, m *casework.Mistakes, userID string, a casework.NewAbsence) error {
	if a.SubstituteID == nil || len(*m) > 0 {
		return nil
	}
	substitute, err := users.get(ctx, q, *a.SubstituteID)
	switch {
	case casework.CodeOf(err) == casework.NotFound || err == nil && !substitute.Active:
		m.Add("body.substituteId", *a.SubstituteID, "there is no such active user")
		return nil
	case err != nil:
		return err
	}
	loop, err := q.SubstituteLoop(ctx, dbsqlc.SubstituteLoopParams{UserID: userID, SubstituteID: *a.SubstituteID, AbsentFrom: *a.From, AbsentUntil: *a.Until})
	if len(loop) > 0 {
		m.Add("body.substituteId", *a.SubstituteID, "would go round in a circle: %s", strings.Join(loop, " → "))
	}
	return err
}

// DropAbsence takes an absence back, or ends it. It needs what AddAbsence needs. Errors: NotFound, Forbidden.
func (s *Store) DropAbsence(ctx context.Context, caller, userID string, id int64) error {
	return s.keepingAbsences(ctx, caller, userID, func(q *dbsqlc.Queries) error {
		dropped, err := q.AbsenceDrop(ctx, dbsqlc.AbsenceDropParams{UserID: userID, AbsenceID: id})
		if err == nil && !dropped {
			return casework.Errorf(casework.NotFound, "there is no such absence")
		}
		return err
	})
}

func (s *Store) keepingAbsences(ctx context.Context, caller, userID string, fn func(*dbsqlc.Queries) error) error {
	return s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		if _, err := users.get(ctx, q, userID); err != nil {
			return err
		}
		manages, err := q.CallerManages(ctx, userID)
		if err != nil {
			return err
		}
		if !manages {
			return &casework.Error{Code: casework.Forbidden, Message: "only the user, their supervisor and those who manage users may do this", Rule: casework.PermitManageUsers}
		}
		if err := q.AdministrationLock(ctx); err != nil {
			return err
		}
		return fn(q)
	})
}
