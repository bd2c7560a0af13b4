package db

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ActOnTask does an act of the caller to a task. The delivery is to be sent to Temporal now; it is nil where the workflow
// need not know at once, and where the act was done before by the same request, which changes nothing. Errors: NotFound,
// Forbidden and Invalid with the rule, Conflict with the task as it is, or with the status of an instance that is suspended.
func (s *Store) ActOnTask(ctx context.Context, caller, taskID string, commandID uuid.UUID, a casework.TaskAct) (casework.Task, *casework.Delivery, error) {
	vars, contents, err := pack(a.Completion.Variables)
	if err != nil {
		return casework.Task{}, nil, err
	}
	v, err := read(s.act(ctx, caller, contents, func(q *dbsqlc.Queries) (json.RawMessage, error) {
		return act(ctx, q, caller, taskID, commandID, a, vars)
	}))
	if err != nil {
		return casework.Task{}, nil, err
	}
	return *v.Task, v.Delivery.out(), nil
}

// act does an act by the function of its kind, with the variables of a completion packed.
func act(ctx context.Context, q *dbsqlc.Queries, caller, taskID string, commandID uuid.UUID, a casework.TaskAct, vars map[string]json.RawMessage) (json.RawMessage, error) {
	switch a.Kind {
	case casework.ActClaim:
		return q.TaskClaim(ctx, dbsqlc.TaskClaimParams{TaskID: taskID, UserID: caller, CommandID: commandID, Version: a.Version})
	case casework.ActUnclaim:
		return q.TaskUnclaim(ctx, dbsqlc.TaskUnclaimParams{TaskID: taskID, UserID: caller, CommandID: commandID, Version: a.Version})
	case casework.ActComplete:
		a.Completion.Version = a.Version
		body, err := json.Marshal(completion{Completion: a.Completion, Variables: vars})
		if err != nil {
			return nil, fmt.Errorf("encode completion: %w", err)
		}
		return q.TaskComplete(ctx, dbsqlc.TaskCompleteParams{TaskID: taskID, UserID: caller, CommandID: commandID, Completion: body})
	default:
	}
	body, err := json.Marshal(actMembers(caller, commandID, a))
	if err != nil {
		return nil, fmt.Errorf("encode act: %w", err)
	}
	return q.TaskAct(ctx, dbsqlc.TaskActParams{TaskID: taskID, Act: body})
}

// completion is a casework.Completion whose large variables are references.
type completion struct {
	casework.Completion
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
}

// actMembers is an act as flowable.act_on_task reads it.
func actMembers(caller string, commandID uuid.UUID, a casework.TaskAct) map[string]any {
	m := map[string]any{"act": a.Kind, "by": caller, "commandId": commandID}
	for name, text := range map[string]string{"to": a.To, "reason": a.Reason, "text": a.Text, "queueName": a.QueueName} {
		if text != "" {
			m[name] = text
		}
	}
	if a.Priority != nil {
		m["priority"] = *a.Priority
	}
	for name, change := range map[string]*casework.DateChange{"dueDate": a.DueDate, "followUpDate": a.FollowUpDate} {
		if change != nil {
			m[name] = change.At
		}
	}
	if a.Version != nil {
		m["version"] = *a.Version
	}
	return m
}

// ClaimTask gives a task to the caller. Claiming what the caller holds already answers the task again. Errors as ActOnTask.
func (s *Store) ClaimTask(ctx context.Context, caller, taskID string, commandID uuid.UUID) (casework.Task, error) {
	t, _, err := s.ActOnTask(ctx, caller, taskID, commandID, casework.TaskAct{Kind: casework.ActClaim})
	return t, err
}

// UnclaimTask gives a task back to its queue. Errors as ActOnTask.
func (s *Store) UnclaimTask(ctx context.Context, caller, taskID string, commandID uuid.UUID) (casework.Task, error) {
	t, _, err := s.ActOnTask(ctx, caller, taskID, commandID, casework.TaskAct{Kind: casework.ActUnclaim})
	return t, err
}

// CompleteTask completes a task that the caller holds. Errors as ActOnTask.
func (s *Store) CompleteTask(ctx context.Context, caller, taskID string, commandID uuid.UUID, c casework.Completion) (casework.Task, *casework.Delivery, error) {
	return s.ActOnTask(ctx, caller, taskID, commandID, casework.TaskAct{Kind: casework.ActComplete, Version: c.Version, Completion: c})
}

// SuspendInstance suspends an instance with all that it calls, or resumes them. The deliveries are to be sent to Temporal now;
// there is none for what is so already. Errors: NotFound, Forbidden, Conflict with the status of an instance that has ended.
func (s *Store) SuspendInstance(ctx context.Context, caller, instanceID string, commandID uuid.UUID, suspend bool) ([]casework.Delivery, error) {
	raw, err := s.as(caller).InstanceSuspend(ctx, dbsqlc.InstanceSuspendParams{
		InstanceID: instanceID, Suspend: suspend, UserID: caller, CommandID: commandID,
	})
	if err != nil {
		return nil, interpret(err)
	}
	var v struct {
		verdict
		Deliveries []*delivery `json:"deliveries"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("verdict of a suspension: %w", err)
	}
	return outAll(v.Deliveries), v.problem()
}
