package db

import (
	"context"
	"encoding/json"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

var departments = subject[casework.Department]{
	what: "department", permission: casework.PermitManageUsers,
	read: func(ctx context.Context, q *dbsqlc.Queries, code string) (json.RawMessage, error) {
		return q.DepartmentGet(ctx, code)
	},
	check: checkParent,
	save: func(ctx context.Context, q *dbsqlc.Queries, v casework.Department, settings json.RawMessage, isNew bool) error {
		return q.DepartmentSave(ctx, dbsqlc.DepartmentSaveParams{DepartmentCode: v.DepartmentCode, Settings: settings, IsNew: isNew})
	},
}

func departmentSettings(v *casework.Department) *casework.DepartmentSettings {
	return &v.DepartmentSettings
}

// checkParent notes a parent that is not there or lies below.
func checkParent(ctx context.Context, q *dbsqlc.Queries, v casework.Department) (casework.Mistakes, error) {
	m := v.Mistakes()
	if v.Parent == nil {
		return m, nil
	}
	if err := checkDepartment(ctx, q, &m, "body.parent", v.Parent); err != nil {
		return m, err
	}
	below, err := q.DepartmentIsBelow(ctx, dbsqlc.DepartmentIsBelowParams{DepartmentCode: *v.Parent, Other: v.DepartmentCode})
	if below || *v.Parent == v.DepartmentCode {
		m.Add("body.parent", *v.Parent, "must not be the department itself or lie below it")
	}
	return m, err
}

// Departments lists departments by code.
func (s *Store) Departments(ctx context.Context, caller string, p casework.Page) (casework.List[casework.Department], error) {
	after, err := nameCursor(p.Cursor)
	if err != nil {
		return casework.List[casework.Department]{}, err
	}
	rows, err := s.as(caller).DepartmentList(ctx, dbsqlc.DepartmentListParams{After: after, Most: most(p)})
	return page(rows, err, p, func(v casework.Department) string { return v.DepartmentCode })
}

// Department reads one department. Errors: NotFound.
func (s *Store) Department(ctx context.Context, caller, code string) (casework.Department, error) {
	return departments.get(ctx, s.as(caller), code)
}

// CreateDepartment stores a new department. It needs the permission manage-users. Errors: Invalid, Forbidden, Conflict.
func (s *Store) CreateDepartment(ctx context.Context, caller, code string, settings casework.DepartmentSettings) (casework.Department, error) {
	return create(ctx, s, caller, departments, code, casework.Department{DepartmentCode: code, DepartmentSettings: settings}, departmentSettings)
}

// ChangeDepartment applies a function to a department. It needs the permission manage-users. Errors: NotFound, Invalid,
// Forbidden.
func (s *Store) ChangeDepartment(ctx context.Context, caller, code string, apply func(*casework.DepartmentSettings) error) (casework.Department, error) {
	return change(ctx, s, caller, departments, code, departmentSettings, apply)
}

var roles = subject[casework.Role]{
	what: "role", permission: casework.PermitManageUsers,
	read: func(ctx context.Context, q *dbsqlc.Queries, code string) (json.RawMessage, error) {
		return q.RoleGet(ctx, code)
	},
	check: checkRole,
	save: func(ctx context.Context, q *dbsqlc.Queries, v casework.Role, settings json.RawMessage, isNew bool) error {
		return asBeyondOwn(q.RoleSave(ctx, dbsqlc.RoleSaveParams{RoleCode: v.RoleCode, Settings: settings, IsNew: isNew}))
	},
}

func roleSettings(v *casework.Role) *casework.RoleSettings {
	if v.Permissions == nil {
		v.Permissions = casework.Permissions{}
	}
	return &v.RoleSettings
}

// checkRole notes what a role refers to and is not there.
func checkRole(ctx context.Context, q *dbsqlc.Queries, v casework.Role) (casework.Mistakes, error) {
	m := v.Mistakes()
	if err := checkDepartment(ctx, q, &m, "body.department", v.Department); err != nil {
		return m, err
	}
	return m, checkNames(ctx, q, &m, casework.EscalationNames{Queues: optional("body.queueName", v.QueueName)})
}

// mayGive is a Forbidden error where a role allows something that the caller may not do.
func mayGive(ctx context.Context, q *dbsqlc.Queries, role string) error {
	may, err := q.RoleMayBeGiven(ctx, role)
	if err != nil || may {
		return err
	}
	return beyondOwn()
}

// asBeyondOwn is the error of a function that refuses what goes beyond the caller's own permissions. That they may administer
// was asked before.
func asBeyondOwn(err error) error {
	if casework.CodeOf(interpret(err)) == casework.Forbidden {
		return beyondOwn()
	}
	return err
}

func beyondOwn() error {
	return &casework.Error{Code: casework.Forbidden, Message: "the role allows something that you may not do yourself", Rule: "beyond-own"}
}

// Roles lists roles by code.
func (s *Store) Roles(ctx context.Context, caller string, p casework.Page) (casework.List[casework.Role], error) {
	after, err := nameCursor(p.Cursor)
	if err != nil {
		return casework.List[casework.Role]{}, err
	}
	rows, err := s.as(caller).RoleList(ctx, dbsqlc.RoleListParams{After: after, Most: most(p)})
	return page(rows, err, p, func(v casework.Role) string { return v.RoleCode })
}

// Role reads one role. Errors: NotFound.
func (s *Store) Role(ctx context.Context, caller, code string) (casework.Role, error) {
	return roles.get(ctx, s.as(caller), code)
}

// CreateRole stores a new role. It needs the permission manage-users, and those that the role gives. Errors: Invalid,
// Forbidden, Conflict.
func (s *Store) CreateRole(ctx context.Context, caller, code string, settings casework.RoleSettings) (casework.Role, error) {
	return create(ctx, s, caller, roles, code, casework.Role{RoleCode: code, RoleSettings: settings}, roleSettings)
}

// ChangeRole applies a function to a role. It needs the permission manage-users, and those that the role gives before and
// after. Errors: NotFound, Invalid, Forbidden.
func (s *Store) ChangeRole(ctx context.Context, caller, code string, apply func(*casework.RoleSettings) error) (casework.Role, error) {
	return change(ctx, s, caller, roles, code, roleSettings, apply)
}
