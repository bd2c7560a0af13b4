package db

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// verdict is what the functions of migration 000006 answer.
type verdict struct {
	Refused  casework.Code  `json:"refused"`
	Rule     string         `json:"rule"`
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
	"skills":             "you do not have all the skills that this task requires",
}

func (v verdict) problem() error {
	switch v.Refused {
	case "":
		return nil
	case casework.NotFound:
		return casework.Errorf(casework.NotFound, "there is nothing of that name that you may see")
	case casework.Forbidden:
		return &casework.Error{Code: casework.Forbidden, Message: rules[v.Rule], Rule: v.Rule}
	}
	if v.Task != nil {
		return &casework.Error{Code: casework.Conflict, Message: "the task is " + string(v.Task.Status), Current: v.Task}
	}
	return &casework.Error{Code: casework.Conflict, Message: "the process instance is " + v.Status, Current: map[string]string{"status": v.Status}}
}

// ClaimTask gives a task to the caller. Claiming what the caller holds already answers the task again. Errors: NotFound,
// Forbidden with the rule, Conflict with the task as it is.
func (s *Store) ClaimTask(ctx context.Context, caller, taskID string, commandID uuid.UUID) (casework.Task, error) {
	v, err := read(s.as(caller).TaskClaim(ctx, dbsqlc.TaskClaimParams{TaskID: taskID, UserID: caller, CommandID: commandID}))
	if err != nil {
		return casework.Task{}, err
	}
	return *v.Task, nil
}

// ClaimNext gives the best claimable task of the named queues, or of all the caller works on, to the caller; nil when
// there is none. The same command id again answers the same task.
func (s *Store) ClaimNext(ctx context.Context, caller string, queues []string, commandID uuid.UUID) (*casework.Task, error) {
	v, err := read(s.as(caller).TaskClaimNext(ctx, dbsqlc.TaskClaimNextParams{UserID: caller, QueueNames: queues, CommandID: commandID}))
	return v.Task, err
}

// UnclaimTask gives a task back to its queue. Errors as ClaimTask.
func (s *Store) UnclaimTask(ctx context.Context, caller, taskID string, commandID uuid.UUID) (casework.Task, error) {
	v, err := read(s.as(caller).TaskUnclaim(ctx, dbsqlc.TaskUnclaimParams{TaskID: taskID, UserID: caller, CommandID: commandID}))
	if err != nil {
		return casework.Task{}, err
	}
	return *v.Task, nil
}

// CompleteTask completes a task that the caller holds. The delivery is to be sent to Temporal now; it is nil when the
// task was completed before by the same request, which changes nothing. Errors as ClaimTask.
func (s *Store) CompleteTask(ctx context.Context, caller, taskID string, commandID uuid.UUID, c casework.Completion) (casework.Task, *casework.Delivery, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return casework.Task{}, nil, fmt.Errorf("encode completion: %w", err)
	}
	v, err := read(s.as(caller).TaskComplete(ctx, dbsqlc.TaskCompleteParams{TaskID: taskID, UserID: caller, CommandID: commandID, Completion: body}))
	if err != nil {
		return casework.Task{}, nil, err
	}
	return *v.Task, v.Delivery.out(), nil
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

// TerminateInstance asks a case to end now. The delivery is nil when the command id is known.
func (s *Store) TerminateInstance(ctx context.Context, caller, instanceID string, commandID uuid.UUID, reason string) (*casework.Delivery, error) {
	return s.operate(ctx, casework.CommandTerminate, caller, instanceID, "", commandID, map[string]any{"reason": reason})
}

func (s *Store) operate(ctx context.Context, kind casework.CommandKind, caller, instanceID, incidentID string, commandID uuid.UUID, details map[string]any) (*casework.Delivery, error) {
	body, err := json.Marshal(details)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	v, err := read(s.as(caller).InstanceOperate(ctx, dbsqlc.InstanceOperateParams{
		Kind: string(kind), InstanceID: instanceID, IncidentID: incidentID, UserID: caller, CommandID: commandID, Details: body,
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
	body, err := json.Marshal(request)
	if err != nil {
		return casework.StartedCase{}, nil, fmt.Errorf("encode case: %w", err)
	}
	raw, err := s.as(caller).CaseStart(ctx, dbsqlc.CaseStartParams{Request: body, UserID: caller})
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
