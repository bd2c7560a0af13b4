package db

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Instance reads a process instance with its variables and open incidents.
func (s *Store) Instance(ctx context.Context, caller, id string) (casework.Instance, error) {
	row, err := s.as(caller).InstanceGet(ctx, id)
	if err != nil {
		return casework.Instance{}, interpret(err)
	}
	i := toInstance(row)
	if i.Variables, err = s.variables(ctx, caller, id); err != nil {
		return casework.Instance{}, err
	}
	incidents, err := s.as(caller).InstanceIncidents(ctx, dbsqlc.InstanceIncidentsParams{ProcessInstanceID: id})
	i.Incidents, err = many(incidents, err, toIncident)
	return i, err
}

// InstanceVariables reads the variables of an instance that the caller may see. Numbers are json.Number: exact.
func (s *Store) InstanceVariables(ctx context.Context, caller, id string) (map[string]any, error) {
	if _, err := s.as(caller).InstanceGet(ctx, id); err != nil {
		return nil, interpret(err)
	}
	return s.variables(ctx, caller, id)
}

func (s *Store) variables(ctx context.Context, caller, id string) (map[string]any, error) {
	rows, err := s.as(caller).InstanceVariables(ctx, &id)
	if err != nil {
		return nil, interpret(err)
	}
	vars := make(map[string]any, len(rows))
	for _, r := range rows {
		if vars[r.VariableName], err = decodeVariable(r.VariableName, r.VariableJson, r.Content); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

// decodeVariable reads a value, or the content of a large one.
func decodeVariable(name string, raw json.RawMessage, content *string) (v any, err error) {
	if content != nil {
		raw = json.RawMessage(*content)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("variable %q: %w", name, err)
	}
	return v, nil
}

// InstanceActivities lists the visited flow nodes, oldest first.
func (s *Store) InstanceActivities(ctx context.Context, caller, id string, page casework.Page) (casework.List[casework.Activity], error) {
	after, err := s.pageOf(ctx, caller, id, page)
	if err != nil {
		return casework.List[casework.Activity]{}, err
	}
	rows, err := s.as(caller).InstanceActivities(ctx, dbsqlc.InstanceActivitiesParams{ProcessInstanceID: id, AfterID: after, Most: most(page)})
	if err != nil {
		return casework.List[casework.Activity]{}, interpret(err)
	}
	list := cut(rows, page, func(r dbsqlc.FlowableActivityHistory) string { return strconv.FormatInt(r.ActivityHistoryID, 10) })
	items, err := many(list.Items, nil, toActivity)
	return casework.List[casework.Activity]{Items: items, NextCursor: list.NextCursor}, err
}

// InstanceHistory lists what was done to the tasks of an instance, oldest first.
func (s *Store) InstanceHistory(ctx context.Context, caller, id string, page casework.Page) (casework.List[casework.TaskAction], error) {
	after, err := s.pageOf(ctx, caller, id, page)
	if err != nil {
		return casework.List[casework.TaskAction]{}, err
	}
	rows, err := s.as(caller).InstanceHistory(ctx, dbsqlc.InstanceHistoryParams{ProcessInstanceID: id, AfterID: after, Most: most(page)})
	items, err := many(rows, err, toAction)
	return cut(items, page, func(a casework.TaskAction) string { return strconv.FormatInt(a.HistoryID, 10) }), err
}

// pageOf checks that the caller may see the instance and reads the cursor.
func (s *Store) pageOf(ctx context.Context, caller, id string, page casework.Page) (int64, error) {
	if _, err := s.as(caller).InstanceGet(ctx, id); err != nil {
		return 0, interpret(err)
	}
	return numberCursor(page.Cursor, 0)
}

// InstanceStarted reports whether the workflow of an instance has committed its first step.
func (s *Store) InstanceStarted(ctx context.Context, caller, id string) (bool, error) {
	started, err := s.as(caller).InstanceStarted(ctx, id)
	return started, interpret(err)
}

func toInstance(r dbsqlc.InstanceGetRow) casework.Instance {
	p := r.FlowableProcessInstance
	i := casework.Instance{
		ProcessInstanceID: p.ProcessInstanceID, ProcessKey: r.ProcessKey, Version: int(r.ProcessVersion), CaseID: value(p.CaseID),
		BusinessKey: value(p.BusinessKey), Status: casework.InstanceStatus(p.Status), CurrentActivities: []string{},
		StartedBy: p.StartedBy, StartedAt: p.StartedAt.UTC(), CompletedAt: utc(p.CompletedAt), EndEventID: value(p.EndEventID),
		SLADueDate: utc(p.SlaDueDate), ParentInstanceID: value(p.ParentProcessID),
	}
	if open := value(p.CurrentActivity); open != "" {
		i.CurrentActivities = strings.Split(open, ",")
	}
	return i
}

func toIncident(r dbsqlc.FlowableIncident) casework.Incident {
	return casework.Incident{
		IncidentID: r.IncidentID, ActivityID: r.ActivityID, Kind: r.Kind, Message: r.Message, State: r.State, Resolvable: r.Resolvable,
		CreatedAt: r.CreatedAt.UTC(), ResolvedAt: utc(r.ResolvedAt),
	}
}

func toActivity(r dbsqlc.FlowableActivityHistory) casework.Activity {
	return casework.Activity{
		ElementInstanceID: r.ElementInstanceID, ActivityID: r.ActivityID, ActivityType: r.ActivityType, Name: r.ActivityName, State: casework.ActivityState(r.State),
		StartedAt: r.StartedAt.UTC(), EndedAt: utc(r.EndedAt),
	}
}
