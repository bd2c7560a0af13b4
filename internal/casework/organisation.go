package casework

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// DepartmentSettings are the part of a department that an administrator writes.
type DepartmentSettings struct {
	DepartmentName string  `json:"departmentName"`
	Description    string  `json:"description"`
	Parent         *string `json:"parent"` // code of the department it belongs to
	Active         bool    `json:"active"`
}

// NewDepartmentSettings are what a department has that its creator says nothing about.
func NewDepartmentSettings() DepartmentSettings { return DepartmentSettings{Active: true} }

// Department is a unit of the organisation.
type Department struct {
	DepartmentCode string `json:"departmentCode"`
	DepartmentSettings
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Mistakes says what is wrong with the settings by themselves.
func (s DepartmentSettings) Mistakes() Mistakes {
	var m Mistakes
	m.label("body.departmentName", s.DepartmentName, 100)
	m.text("body.description", s.Description, 10_000)
	return m
}

// label notes what is wrong with a name for people, which must not be empty.
func (m *Mistakes) label(location, text string, most int) {
	if strings.TrimSpace(text) == "" {
		m.Add(location, text, "must not be empty")
		return
	}
	m.text(location, text, most)
}

// Permissions are what a role allows beside its tasks.
type Permissions map[string]bool

// UnmarshalJSON takes the place of what was there, whole.
func (p *Permissions) UnmarshalJSON(raw []byte) error {
	all := map[string]bool{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	*p = all
	return nil
}

// The permissions that there are. admin has all the others in it.
const (
	PermitAdmin        = "admin"
	PermitDeploy       = "deploy"
	PermitOperate      = "operate"
	PermitReassign     = "reassign"
	PermitSupervise    = "supervise"
	PermitManageQueues = "manage-queues"
	PermitManageUsers  = "manage-users"
)

var permissions = []string{PermitAdmin, PermitDeploy, PermitManageQueues, PermitManageUsers, PermitOperate, PermitReassign, PermitSupervise}

// AllPermissions lists the permissions that there are, sorted.
func AllPermissions() []string { return slices.Clone(permissions) }

// Given lists the permissions that are true, sorted.
func (p Permissions) Given() []string {
	given := []string{}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if p[name] {
			given = append(given, name)
		}
	}
	return given
}

// RoleSettings are the part of a role that an administrator writes.
type RoleSettings struct {
	RoleName    string      `json:"roleName"`
	RoleType    string      `json:"roleType"`   // SYSTEM, DEPARTMENT, CUSTOM
	Department  *string     `json:"department"` // code
	QueueName   *string     `json:"queueName"`  // where tasks go whose first candidate group this is
	Permissions Permissions `json:"permissions"`
	Active      bool        `json:"active"`
}

// NewRoleSettings are what a role has that its creator says nothing about.
func NewRoleSettings() RoleSettings {
	return RoleSettings{RoleType: "CUSTOM", Permissions: Permissions{}, Active: true}
}

// Role is a candidate group of tasks, and what its people may do.
type Role struct {
	RoleCode string `json:"roleCode"`
	RoleSettings
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Mistakes says what is wrong with the settings by themselves.
func (s RoleSettings) Mistakes() Mistakes {
	var m Mistakes
	m.label("body.roleName", s.RoleName, 200)
	if !slices.Contains([]string{"SYSTEM", "DEPARTMENT", "CUSTOM"}, s.RoleType) {
		m.Add("body.roleType", s.RoleType, "must be one of SYSTEM, DEPARTMENT, CUSTOM")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Permissions)) {
		if !slices.Contains(permissions, name) {
			m.Add("body.permissions"+pointer(name), nil, "is no permission; there are %s", strings.Join(permissions, ", "))
		}
	}
	return m
}

// UserSettings are the part of a user that an administrator writes.
type UserSettings struct {
	Username   string   `json:"username"`
	Email      string   `json:"email"`
	FirstName  string   `json:"firstName"`
	LastName   string   `json:"lastName"`
	Department *string  `json:"department"` // code
	Supervisor *string  `json:"supervisor"` // user id
	Skills     []string `json:"skills"`     // SPECIALIZED queues ask for them
	Active     bool     `json:"active"`
}

// NewUserSettings are what a user has that their creator says nothing about.
func NewUserSettings() UserSettings { return UserSettings{Skills: []string{}, Active: true} }

// User is a person.
type User struct {
	UserID string `json:"userId"`
	UserSettings
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// maxSkills is how many skills a user has at most.
const maxSkills = 100

// Mistakes says what is wrong with the settings by themselves.
func (s UserSettings) Mistakes() Mistakes {
	var m Mistakes
	m.name("body.username", s.Username, 100)
	m.text("body.firstName", s.FirstName, 100)
	m.text("body.lastName", s.LastName, 100)
	m.text("body.email", s.Email, 255)
	if at := strings.Index(s.Email, "@"); s.Email != "" && (at < 1 || at == len(s.Email)-1 || strings.ContainsAny(s.Email, " \t\r\n,;<>")) {
		m.Add("body.email", s.Email, "is no address for mail")
	}
	if len(s.Skills) > maxSkills {
		m.Add("body.skills", nil, "has more than %d items", maxSkills)
		return m
	}
	for i, skill := range s.Skills {
		m.name("body.skills"+index(i), skill, 100)
	}
	return m
}

// GrantSettings say from when to when somebody has a role.
type GrantSettings struct {
	ValidFrom  *time.Time `json:"validFrom"`  // nil: from now on
	ValidUntil *time.Time `json:"validUntil"` // exclusive; nil: without end
	Primary    bool       `json:"primary"`
}

// Grant is a role that somebody has.
type Grant struct {
	RoleCode string `json:"roleCode"`
	GrantSettings
	AssignedBy string    `json:"assignedBy"`
	AssignedAt time.Time `json:"assignedAt"`
}

// Mistakes says what is wrong with the settings at a time.
func (s GrantSettings) Mistakes(now time.Time) Mistakes {
	var m Mistakes
	from := now
	if s.ValidFrom != nil {
		from = *s.ValidFrom
	}
	if s.ValidUntil != nil && !s.ValidUntil.After(from) {
		m.Add("body.validUntil", s.ValidUntil, "must be after the beginning")
	}
	return m
}

// NewAbsence is when somebody is away, and who acts for them.
type NewAbsence struct {
	From         *time.Time `json:"from"`
	Until        *time.Time `json:"until"` // exclusive
	SubstituteID *string    `json:"substituteId"`
	Reason       string     `json:"reason"`
}

// Absence is a NewAbsence on record.
type Absence struct {
	AbsenceID int64  `json:"absenceId"`
	UserID    string `json:"userId"`
	NewAbsence
	CreatedBy string    `json:"createdBy"`
	CreatedAt time.Time `json:"createdAt"`
}

// Mistakes says what is wrong with an absence of a user at a time.
func (a NewAbsence) Mistakes(userID string, now time.Time) Mistakes {
	var m Mistakes
	m.text("body.reason", a.Reason, 1_000)
	switch {
	case a.From == nil:
		m.Add("body.from", nil, "is missing")
	case a.Until == nil:
		m.Add("body.until", nil, "is missing")
	case !a.Until.After(*a.From):
		m.Add("body.until", a.Until, "must be after the beginning")
	case !a.Until.After(now):
		m.Add("body.until", a.Until, "is in the past")
	}
	if a.SubstituteID != nil && *a.SubstituteID == userID {
		m.Add("body.substituteId", userID, "must be somebody else")
	}
	return m
}

// Me is what the caller is and may do.
type Me struct {
	User        User     `json:"user"`
	Roles       []string `json:"roles"`       // codes of those that are valid now
	Permissions []string `json:"permissions"` // that these roles give
	Queues      []string `json:"queues"`      // that the caller works on
	ActingFor   []string `json:"actingFor"`   // users whom the caller stands in for now
}

// UserFilter narrows a list of users. Zero fields do not filter.
type UserFilter struct {
	RoleCode   string // a role that is valid now
	Department string
	Page       Page
}

// ActQuestion asks whether a user may do something: act on a task, work on a queue, or use a permission.
type ActQuestion struct {
	UserID    string `json:"userId"` // "": the caller
	Action    string `json:"action"`
	TaskID    string `json:"taskId"`
	QueueName string `json:"queueName"` // beside a task: where it is to be moved
	To        string `json:"to"`        // delegate, reassign: who is to have it
}

// SeeTask is the question whether somebody sees a task.
const SeeTask = "see"

// queueQuestions are what can be asked about a queue.
var queueQuestions = []string{"work", PermitSupervise}

func taskQuestions() []string {
	all := []string{SeeTask}
	for _, kind := range ActKinds() {
		all = append(all, string(kind))
	}
	return all
}

// Mistakes says what is wrong with the question by itself.
func (a ActQuestion) Mistakes() Mistakes {
	var m Mistakes
	known, about := permissions, "where it is about no task and no queue"
	switch {
	case a.TaskID != "":
		known, about = taskQuestions(), "about a task"
	case a.QueueName != "":
		known, about = queueQuestions, "about a queue"
	}
	if !slices.Contains(known, a.Action) {
		m.Add("body.action", a.Action, "must be one of %s, %s", strings.Join(known, ", "), about)
		return m
	}
	kind := ActKind(a.Action)
	if gives := kind == ActDelegate || kind == ActReassign; gives != (a.To != "") {
		m.Add("body.to", a.To, "must be given with delegate and reassign, and only there")
	}
	if a.TaskID != "" && (kind == ActMove) != (a.QueueName != "") {
		m.Add("body.queueName", a.QueueName, "must be given beside a task with move, and only there")
	}
	return m
}

// ActAnswer explains a decision.
type ActAnswer struct {
	UserID  string   `json:"userId"`
	Action  string   `json:"action"`
	Allowed bool     `json:"allowed"`
	Rule    string   `json:"rule"`   // that decides
	Reason  string   `json:"reason"` // for people
	Roles   []string `json:"roles"`  // of the user that count for it
}
