package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Store is what the handlers need of the database. Every method acts for the caller it is given.
type Store interface {
	definitionStore
	caseStore
	instanceStore
	taskStore
	eventStore
	notificationStore
	findingStore
	keyStore
	userStore
	queueStore
	organisationStore
}

type definitionStore interface {
	Deploy(ctx context.Context, caller string, ds []casework.Deployment) ([]casework.Definition, error)
	Definitions(ctx context.Context, caller, key string, page casework.Page) (casework.List[casework.Definition], error)
	Definition(ctx context.Context, caller, key string, version int) (casework.Definition, error)
	DefinitionXML(ctx context.Context, caller, key string, version int) ([]byte, error)
	ActivateDefinition(ctx context.Context, caller, key string, version int, active bool) (casework.Definition, error)
	ChangeDefinition(ctx context.Context, caller, key string, version int, apply func(*casework.DefinitionSettings) error) (casework.Definition, error)
}

type caseStore interface {
	StartCase(ctx context.Context, caller string, instanceID uuid.UUID, def casework.Definition, engineRev int, c casework.CaseStart) (casework.StartedCase, *casework.Delivery, error)
	Cases(ctx context.Context, caller string, f casework.CaseFilter) (casework.List[casework.Case], error)
	Case(ctx context.Context, caller string, caseID int64) (casework.Case, error)
}

type instanceStore interface {
	Instance(ctx context.Context, caller, id string) (casework.Instance, error)
	InstanceStarted(ctx context.Context, caller, id string) (bool, error)
	InstanceActivities(ctx context.Context, caller, id string, page casework.Page) (casework.List[casework.Activity], error)
	InstanceHistory(ctx context.Context, caller, id string, page casework.Page) (casework.List[casework.TaskAction], error)
	InstanceVariables(ctx context.Context, caller, id string) (map[string]any, error)
	RetryIncident(ctx context.Context, caller, instanceID, incidentID string, commandID uuid.UUID, variables map[string]any) (*casework.Delivery, error)
	ResolveIncident(ctx context.Context, caller, instanceID, incidentID string, commandID uuid.UUID, variables map[string]any) (*casework.Delivery, error)
	SuspendInstance(ctx context.Context, caller, instanceID string, commandID uuid.UUID, suspend bool) ([]casework.Delivery, error)
	TerminateInstance(ctx context.Context, caller, instanceID string, commandID uuid.UUID, reason string) (*casework.Delivery, error)
}

type eventStore interface {
	SendMessage(ctx context.Context, caller string, id uuid.UUID, engineRev int, m casework.Message) (casework.MessageAnswer, *casework.Delivery, error)
	SendSignal(ctx context.Context, caller string, id uuid.UUID, engineRev int, s casework.Signal) (casework.SignalAnswer, []casework.Delivery, error)
	ConditionalStarts(ctx context.Context, caller string) ([]casework.TriggeredStart, error)
	SetVariables(ctx context.Context, caller, instanceID string, commandID uuid.UUID, variables map[string]any) (*casework.Delivery, error)
	ActivateElements(ctx context.Context, caller, instanceID, elementInstanceID string, commandID uuid.UUID, elements []string) (*casework.Delivery, error)
	CompleteElements(ctx context.Context, caller, instanceID, elementInstanceID string, commandID uuid.UUID) (*casework.Delivery, error)
}

type taskStore interface {
	Tasks(ctx context.Context, caller string, f casework.TaskFilter) (casework.List[casework.Task], error)
	Task(ctx context.Context, caller, taskID string) (casework.Task, error)
	TaskHistory(ctx context.Context, caller, taskID string, page casework.Page) (casework.List[casework.TaskAction], error)
	OpenTasksOf(ctx context.Context, caller, instanceID string) ([]casework.Task, error)
	ClaimNext(ctx context.Context, caller string, queues []string, commandID uuid.UUID) (*casework.Task, error)
	ActOnTask(ctx context.Context, caller, taskID string, commandID uuid.UUID, a casework.TaskAct) (casework.Task, *casework.Delivery, error)
	TaskComments(ctx context.Context, caller, taskID string, page casework.Page) (casework.List[casework.Comment], error)
	NextTasks(ctx context.Context, caller, instanceID, commandID string) ([]casework.Task, error)
	CommandSettled(ctx context.Context, caller, commandID string) (bool, error)
}

type notificationStore interface {
	Notifications(ctx context.Context, caller string, unread bool, page casework.Page) (casework.List[casework.Notification], error)
	ReadNotification(ctx context.Context, caller string, id int64) (casework.Notification, error)
}

type findingStore interface {
	Findings(ctx context.Context, caller string, unresolved bool, page casework.Page) (casework.List[casework.Finding], error)
}

type keyStore interface {
	ReserveKey(ctx context.Context, caller, key, hash string) (*casework.Answer, error)
	RememberAnswer(ctx context.Context, caller, key string, a casework.Answer) error
	ForgetKey(ctx context.Context, caller, key string) error
}

type userStore interface {
	UserActive(ctx context.Context, userID string) (bool, error)
}

type queueStore interface {
	loadStore
	Queues(ctx context.Context, caller string, f casework.QueueFilter) (casework.List[casework.Queue], error)
	Queue(ctx context.Context, caller, name string) (casework.Queue, error)
	CreateQueue(ctx context.Context, caller, name string, settings casework.QueueSettings) (casework.Queue, error)
	ChangeQueue(ctx context.Context, caller, name string, apply func(*casework.QueueSettings) error) (casework.Queue, error)
	Assign(ctx context.Context, caller, queue, role string, settings casework.AssignmentSettings) (casework.Queue, error)
	Unassign(ctx context.Context, caller, queue, role string) error
	RebalanceQueue(ctx context.Context, caller, name string) (casework.Queue, error)
	Calendars(ctx context.Context, caller string, page casework.Page) (casework.List[casework.Calendar], error)
	Calendar(ctx context.Context, caller, name string) (casework.Calendar, error)
	CreateCalendar(ctx context.Context, caller, name string, settings casework.CalendarSettings) (casework.Calendar, error)
	ChangeCalendar(ctx context.Context, caller, name string, apply func(*casework.CalendarSettings) error) (casework.Calendar, error)
	DropCalendar(ctx context.Context, caller, name string) error
}

type organisationStore interface {
	Departments(ctx context.Context, caller string, page casework.Page) (casework.List[casework.Department], error)
	Department(ctx context.Context, caller, code string) (casework.Department, error)
	CreateDepartment(ctx context.Context, caller, code string, settings casework.DepartmentSettings) (casework.Department, error)
	ChangeDepartment(ctx context.Context, caller, code string, apply func(*casework.DepartmentSettings) error) (casework.Department, error)
	Roles(ctx context.Context, caller string, page casework.Page) (casework.List[casework.Role], error)
	Role(ctx context.Context, caller, code string) (casework.Role, error)
	CreateRole(ctx context.Context, caller, code string, settings casework.RoleSettings) (casework.Role, error)
	ChangeRole(ctx context.Context, caller, code string, apply func(*casework.RoleSettings) error) (casework.Role, error)
	Users(ctx context.Context, caller string, f casework.UserFilter) (casework.List[casework.User], error)
	User(ctx context.Context, caller, id string) (casework.User, error)
	CreateUser(ctx context.Context, caller, id string, settings casework.UserSettings) (casework.User, error)
	ChangeUser(ctx context.Context, caller, id string, apply func(*casework.UserSettings) error) (casework.User, error)
	Grants(ctx context.Context, caller, userID string, page casework.Page) (casework.List[casework.Grant], error)
	Grant(ctx context.Context, caller, userID, role string, settings casework.GrantSettings) (casework.Grant, error)
	Revoke(ctx context.Context, caller, userID, role string) error
	Absences(ctx context.Context, caller, userID string, page casework.Page) (casework.List[casework.Absence], error)
	AddAbsence(ctx context.Context, caller, userID string, a casework.NewAbsence) (casework.Absence, error)
	DropAbsence(ctx context.Context, caller, userID string, id int64) error
	Me(ctx context.Context, caller string) (casework.Me, error)
	CheckAct(ctx context.Context, caller string, question casework.ActQuestion) (casework.ActAnswer, error)
}
