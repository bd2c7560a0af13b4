package db

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Task reads one task with the variables of its instance, hidden by those that only the task has.
func (s *Store) Task(ctx context.Context, caller, taskID string) (casework.Task, error) {
	row, err := s.as(caller).TaskGet(ctx, taskID)
	if err != nil {
		return casework.Task{}, interpret(err)
	}
	t := toTask(row)
	t.TaskPlace = placeOf(row, time.Now())
	if t.Variables, err = s.InstanceVariables(ctx, caller, t.ProcessInstanceID); err != nil {
		return casework.Task{}, err
	}
	clocks, err := s.as(caller).TaskSLA(ctx, taskID)
	if err != nil {
		return casework.Task{}, interpret(err)
	}
	if err := json.Unmarshal(clocks, &t.SLA); err != nil {
		return casework.Task{}, fmt.Errorf("clocks of task %s: %w", taskID, err)
	}
	own, err := s.as(caller).TaskVariables(ctx, &taskID)
	if err != nil {
		return casework.Task{}, interpret(err)
	}
	for _, r := range own {
		if t.Variables[r.VariableName], err = decodeVariable(r.VariableName, r.VariableJson, r.Content); err != nil {
			return casework.Task{}, err
		}
	}
	return t, nil
}

// TaskHistory lists what was done to a task, oldest first.
func (s *Store) TaskHistory(ctx context.Context, caller, taskID string, page casework.Page) (casework.List[casework.TaskAction], error) {
	if _, err := s.as(caller).TaskGet(ctx, taskID); err != nil {
		return casework.List[casework.TaskAction]{}, interpret(err)
	}
	after, err := numberCursor(page.Cursor, 0)
	if err != nil {
		return casework.List[casework.TaskAction]{}, err
	}
	rows, err := s.as(caller).TaskHistory(ctx, dbsqlc.TaskHistoryParams{TaskID: taskID, AfterID: after, Most: most(page)})
	items, err := many(rows, err, toAction)
	return cut(items, page, func(a casework.TaskAction) string { return strconv.FormatInt(a.HistoryID, 10) }), err
}

// TaskComments lists what people said about a task, oldest first.
func (s *Store) TaskComments(ctx context.Context, caller, taskID string, page casework.Page) (casework.List[casework.Comment], error) {
	if _, err := s.as(caller).TaskGet(ctx, taskID); err != nil {
		return casework.List[casework.Comment]{}, interpret(err)
	}
	after, err := numberCursor(page.Cursor, 0)
	if err != nil {
		return casework.List[casework.Comment]{}, err
	}
	rows, err := s.as(caller).TaskComments(ctx, dbsqlc.TaskCommentsParams{TaskID: taskID, AfterID: after, Most: most(page)})
	items, err := many(rows, err, toComment)
	return cut(items, page, func(c casework.Comment) string { return strconv.FormatInt(c.CommentID, 10) }), err
}

// OpenTasksOf lists the open tasks of an instance that the caller may see, oldest first.
func (s *Store) OpenTasksOf(ctx context.Context, caller, instanceID string) ([]casework.Task, error) {
	rows, err := s.as(caller).TaskOpenOf(ctx, instanceID)
	return many(rows, err, toTask)
}

// NextTasks lists the open tasks that the caller may see once a command about the instance is settled; nil before that.
func (s *Store) NextTasks(ctx context.Context, caller, instanceID, commandID string) ([]casework.Task, error) {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return nil, casework.Errorf(casework.NotFound, "there is no command %q", commandID)
	}
	rows, err := s.as(caller).TaskOpenAfter(ctx, dbsqlc.TaskOpenAfterParams{ProcessInstanceID: instanceID, CommandID: id})
	if err != nil || len(rows) > 0 {
		return many(rows, err, toTask)
	}
	settled, err := s.CommandSettled(ctx, caller, commandID)
	if err != nil || !settled {
		return nil, err
	}
	return s.OpenTasksOf(ctx, caller, instanceID) // settled between the two questions, or there is none
}

// CommandSettled reports whether the workflow has applied or rejected an accepted command.
func (s *Store) CommandSettled(ctx context.Context, caller, commandID string) (bool, error) {
	id, err := uuid.Parse(commandID)
	if err != nil {
		return false, casework.Errorf(casework.NotFound, "there is no command %q", commandID)
	}
	settled, err := s.as(caller).CommandSettled(ctx, id)
	return settled, interpret(err)
}

// Tasks lists the tasks that the caller may see.
func (s *Store) Tasks(ctx context.Context, caller string, f casework.TaskFilter) (casework.List[casework.Task], error) {
	var after taskCursor
	if err := decodeCursor(f.Page.Cursor, &after); err != nil {
		return casework.List[casework.Task]{}, err
	}
	if f.Page.Cursor != "" && after.Sort != f.Sort {
		return casework.List[casework.Task]{}, badCursor()
	}
	search, some := searchOf(f, after)
	if !some {
		return casework.List[casework.Task]{Items: []casework.Task{}}, nil
	}
	body, err := json.Marshal(search)
	if err != nil {
		return casework.List[casework.Task]{}, fmt.Errorf("encode search: %w", err)
	}
	rows, err := s.as(caller).TaskSearch(ctx, body)
	items, err := many(rows, err, toTask)
	return cut(items, f.Page, func(t casework.Task) string {
		return encodeCursor(taskCursor{Sort: f.Sort, ID: t.TaskID, Priority: t.Priority, Created: t.CreatedAt, Due: t.DueDate})
	}), err
}

type taskCursor struct {
	Sort     casework.TaskSort `json:"s"`
	ID       string            `json:"i"`
	Priority int               `json:"p"`
	Created  time.Time         `json:"c"`
	Due      *time.Time        `json:"d,omitempty"`
}

// taskSearch is what flowable.search_tasks asks for.
type taskSearch struct {
	Sort        casework.TaskSort     `json:"sort"`
	Most        int32                 `json:"most"`
	After       *taskAfter            `json:"after,omitempty"`
	Statuses    []casework.TaskStatus `json:"statuses"`
	Queue       string                `json:"queue,omitempty"`
	Assignee    string                `json:"assignee,omitempty"`
	Candidate   bool                  `json:"candidate,omitempty"`
	Instance    string                `json:"instance,omitempty"`
	Case        int64                 `json:"case,omitempty"`
	Definition  string                `json:"definition,omitempty"`
	MinPriority *int                  `json:"minPriority,omitempty"`
	Overdue     bool                  `json:"overdue,omitempty"`
	DueBefore   *time.Time            `json:"dueBefore,omitempty"`
	FollowUp    *time.Time            `json:"followUpBefore,omitempty"`
}

type taskAfter struct {
	ID       string     `json:"id"`
	Priority int        `json:"priority"`
	Created  time.Time  `json:"created"`
	Due      *time.Time `json:"due,omitempty"`
}

// searchOf is the search of a filter; false if its states exclude each other, so that there is nothing to look for.
func searchOf(f casework.TaskFilter, after taskCursor) (taskSearch, bool) {
	s := taskSearch{
		Sort: cmp.Or(f.Sort, casework.SortPriority), Most: most(f.Page), Statuses: []casework.TaskStatus{}, Queue: f.QueueName, Assignee: f.Assignee,
		Candidate: f.Candidate, Instance: f.ProcessInstanceID, Case: f.CaseID, Definition: f.TaskDefinitionKey,
		MinPriority: f.MinPriority, Overdue: f.Overdue, DueBefore: f.DueBefore, FollowUp: f.FollowUpBefore,
	}
	if f.Page.Cursor != "" {
		s.After = &taskAfter{ID: after.ID, Priority: after.Priority, Created: after.Created, Due: after.Due}
	}
	for _, status := range casework.TaskStatuses {
		asked := len(f.Status) == 0 || slices.Contains(f.Status, status)
		if asked && (!f.Candidate || status.Claimable()) && (!f.Overdue || !status.Ended()) {
			s.Statuses = append(s.Statuses, status)
		}
	}
	return s, len(s.Statuses) > 0
}

func toTask(r dbsqlc.FlowableWorkflowTask) casework.Task {
	return casework.Task{
		TaskID: r.TaskID, ProcessInstanceID: r.ProcessInstanceID, CaseID: value(r.CaseID), CaseNumber: value(r.CaseNumber),
		ProcessKey: r.ProcessKey, TaskDefinitionKey: r.TaskDefinitionKey, TaskName: r.TaskName, QueueName: r.QueueName,
		Status: casework.TaskStatus(r.Status), AssigneeID: r.AssigneeID, CandidateGroups: r.CandidateGroups,
		CandidateUsers: r.CandidateUsers, Priority: int(r.Priority), FormKey: r.FormKey, CreatedAt: r.CreatedAt.UTC(),
		ClaimedAt: utc(r.ClaimedAt), CompletedAt: utc(r.CompletedAt), DueDate: utc(r.DueDate), FollowUpDate: utc(r.FollowUpDate),
		EscalationLevel: int(r.EscalationLevel), Outcome: r.Outcome, OutcomeReason: r.OutcomeReason,
		OwnerID: r.OwnerID, Suspended: r.IsSuspended, ClaimDueDate: utc(r.ClaimDueDate), PausedAt: utc(r.PausedAt), Version: r.Version,
	}
}

// placeOf says by what a task has its place at a time: ranks are what effective priorities were when 2020 began.
func placeOf(r dbsqlc.FlowableWorkflowTask, now time.Time) *casework.TaskPlace {
	p := &casework.TaskPlace{RequiredSkills: r.RequiredSkills, FourEyesOf: r.FourEyesOf, HomeQueue: value(r.HomeQueue)}
	if casework.TaskStatus(r.Status).Claimable() {
		hours := now.Sub(time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)).Hours()
		priority := math.Round((r.ClaimRank+r.ClaimGrowth*hours)*100) / 100
		p.EffectivePriority = &priority
	}
	return p
}

func toAction(r dbsqlc.FlowableTaskHistory) casework.TaskAction {
	a := casework.TaskAction{
		HistoryID: r.HistoryID, TaskID: r.TaskID, ActionType: r.ActionType, ActionBy: r.ActionBy, ActionAt: r.ActionAt.UTC(),
		OldStatus: casework.TaskStatus(value(r.OldStatus)), NewStatus: casework.TaskStatus(value(r.NewStatus)),
		OldAssignee: value(r.OldAssignee), NewAssignee: value(r.NewAssignee),
		DelegateTo: value(r.DelegateTo), Comments: value(r.Comments),
	}
	if string(r.ActionData) != "{}" {
		a.Data = r.ActionData
	}
	return a
}

func toComment(r dbsqlc.FlowableTaskHistory) casework.Comment {
	return casework.Comment{CommentID: r.HistoryID, TaskID: r.TaskID, Text: value(r.Comments), By: r.ActionBy, At: r.ActionAt.UTC()}
}

// value is what p points at, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
