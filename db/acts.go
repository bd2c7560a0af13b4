package db

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// verdict is what the functions of migrations 000007 and 000014 answer.
type verdict struct {
	Refused  casework.Code  `json:"refused"`
	Rule     string         `json:"rule"`
	At       string         `json:"at"`     // member of the request that is wrong
	Status   string         `json:"status"` // of the instance, where the act was about one
	Task     *casework.Task `json:"task"`
	Delivery *delivery      `json:"delivery"`
}

type delivery struct {
	OutboxID int64             `json:"outboxId"`
	Start    *casework.Start   `json:"start"`
	Command  *casework.Command `json:"command"`
}

func (d *delivery) out() *casework.Delivery {
	if d == nil || d.OutboxID == 0 {
		return nil
	}
	return &casework.Delivery{OutboxID: d.OutboxID, Start: d.Start, Command: d.Command}
}

func read(raw json.RawMessage, err error) (verdict, error) {
	var v verdict
	if err != nil {
		return v, interpret(err)
	}
	if len(raw) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("verdict of an act: %w", err)
	}
	return v, v.problem()
}

// rules says what each rule that can refuse an act asks for.
var rules = map[string]string{
	"assignee":           "the task is held by somebody else",
	"candidate":          "you are not a candidate of this task",
	"excluded-user":      "you are excluded from this task",
	"four-eyes":          "you have completed, or somebody for you, a task of this case that somebody else must check",
	"max-tasks-per-user": "you hold as many tasks of this queue as your role allows",
	"operate":            "this needs the permission operate",
	"only-retry":         "what failed says where the case goes on: it can only be tried again",
	"reassign":           "this needs the permission reassign, or supervise for the task's queue",
	"skills":             "you do not have all the skills that this task requires",
	"supervise":          "this needs the permission supervise for the task's queue",
	"escalate":           "only who holds the task, may claim it or supervises its queue raises it",
}

// mistakes says what each rule finds wrong with a member of a request.
var mistakes = map[string]string{
	"active-user":        "is no active user",
	"candidate":          "is no candidate of this task",
	"excluded-user":      "is excluded from this task",
	"four-eyes":          "has completed, or somebody for them, a task of this case that somebody else must check",
	"max-tasks-per-user": "holds as many tasks of this queue as their role allows",
	"skills":             "does not have all the skills that this task requires",
	"somebody-else":      "holds or owns the task already",
	"active-queue":       "is no active queue",
	"staffed-queue":      "is a queue on which no role works",
	"future-date":        "lies in the past",
}

func (v verdict) problem() error {
	switch v.Refused {
	case "":
		return nil
	case casework.NotFound:
		return casework.Errorf(casework.NotFound, "there is nothing of that name that you may see")
	case casework.Forbidden:
		return &casework.Error{Code: casework.Forbidden, Message: rules[v.Rule], Rule: v.Rule}
	case casework.Invalid:
		return &casework.Error{
			Code: casework.Invalid, Message: v.At + " " + mistakes[v.Rule], Rule: v.Rule,
			Fields: []casework.Field{{Message: mistakes[v.Rule], Location: "body." + v.At}},
		}
	}
	if v.Task != nil {
		return &casework.Error{Code: casework.Conflict, Message: "the task is " + string(v.Task.Status), Current: v.Task}
	}
	return &casework.Error{Code: casework.Conflict, Message: cmp.Or(rules[v.Rule], "the process instance is "+v.Status), Current: map[string]string{"status": v.Status}}
}

// ClaimNext gives the best claimable task of the named queues, or of all the caller works on, to the caller; nil when
// there is none. The same command id again answers the same task.
func (s *Store) ClaimNext(ctx context.Context, caller string, queues []string, commandID uuid.UUID) (*casework.Task, error) {
	v, err := read(s.as(caller).TaskClaimNext(ctx, dbsqlc.TaskClaimNextParams{UserID: caller, QueueNames: queues, CommandID: commandID}))
	return v.Task, err
}

// RetryIncident asks a case to try again what failed, with variables (a JSON object, or nil) set first. The delivery is nil
// when the command id is known: the same request again.
func (s *Store) RetryIncident(ctx context.Context, caller, instanceID, incidentID string, commandID uuid.UUID, variables map[string]any) (*casework.Delivery, error) {
	details := map[string]any{}
	if variables != nil {
		details["variables"] = variables
	}
	return s.operate(ctx, casework.CommandRetryIncident, caller, instanceID, incidentID, commandID, details)
}

// ResolveIncident asks a case to go on as if what failed were done, with variables (a JSON object, or nil) as its result. The
// delivery is nil when the command id is known. Conflict where it can only be tried again.
func (s *Store) ResolveIncident(ctx context.Context, caller, instanceID, incidentID string, commandID uuid.UUID, variables map[string]any) (*casework.Delivery, error) {
	details := map[string]any{}
	if variables != nil {
		details["variables"] = variables
	}
	return s.operate(ctx, casework.CommandResolveIncident, caller, instanceID, incidentID, commandID, details)
}

// TerminateInstance asks a case to end now. The delivery is nil when the command id is known.
func (s *Store) TerminateInstance(ctx context.Context, caller, instanceID string, commandID uuid.UUID, reason string) (*casework.Delivery, error) {
	return s.operate(ctx, casework.CommandTerminate, caller, instanceID, "", commandID, map[string]any{"reason": reason})
}

func (s *Store) operate(ctx context.Context, kind casework.CommandKind, caller, instanceID, incidentID string, commandID uuid.UUID, details map[string]any) (*casework.Delivery, error) {
	contents, err := packIn(details)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(details)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	v, err := read(s.act(ctx, caller, contents, func(q *dbsqlc.Queries) (json.RawMessage, error) {
		return q.InstanceOperate(ctx, dbsqlc.InstanceOperateParams{
			Kind: string(kind), InstanceID: instanceID, IncidentID: incidentID, UserID: caller, CommandID: commandID, Details: body,
		})
	}))
	if err != nil {
		return nil, err
	}
	return v.Delivery.out(), nil
}

// StartCase stores a case of a definition and its start. The delivery is nil when the instance id is known already: the
// same request again.
func (s *Store) StartCase(ctx context.Context, caller string, instanceID uuid.UUID, def casework.Definition, engineRev int, c casework.CaseStart) (casework.StartedCase, *casework.Delivery, error) {
	priority := 50
	if c.Priority != nil {
		priority = *c.Priority
	}
	request := map[string]any{
		"instanceId": instanceID, "workflowId": def.WorkflowID, "engineRev": engineRev, "startEventId": c.StartEventID,
		"title": c.Title, "caseType": c.CaseType, "severity": c.Severity, "priority": priority,
	}
	if c.BusinessKey != "" {
		request["businessKey"] = c.BusinessKey
	}
	if c.Variables != nil {
		request["variables"] = c.Variables
	}
	contents, err := packIn(request)
	if err != nil {
		return casework.StartedCase{}, nil, err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return casework.StartedCase{}, nil, fmt.Errorf("encode case: %w", err)
	}
	raw, err := s.act(ctx, caller, contents, func(q *dbsqlc.Queries) (json.RawMessage, error) {
		return q.CaseStart(ctx, dbsqlc.CaseStartParams{Request: body, UserID: caller})
	})
	if err != nil {
		return casework.StartedCase{}, nil, interpret(err)
	}
	var d delivery
	if err := json.Unmarshal(raw, &d); err != nil {
		return casework.StartedCase{}, nil, fmt.Errorf("answer of a start: %w", err)
	}
	return casework.StartedCase{
		CaseID: d.Start.CaseID, CaseNumber: d.Start.CaseNumber, ProcessInstanceID: d.Start.InstanceID,
		Status: string(casework.InstanceActive), Tasks: []casework.Task{},
	}, d.out(), nil
}
