package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Deploy stores the processes of one file, all or none. The same bytes again are the same version; others become the next
// and active one. It needs the permission deploy.
func (s *Store) Deploy(ctx context.Context, caller string, ds []casework.Deployment) ([]casework.Definition, error) {
	return s.deploy(ctx, caller, ds, func(q *dbsqlc.Queries) error {
		may, err := q.CallerMay(ctx, "deploy")
		if err == nil && !may {
			return &casework.Error{Code: casework.Forbidden, Message: "deploying needs the permission deploy", Rule: "deploy"}
		}
		return err
	})
}

// DeployAsSystem is Deploy for operators at the command line, whose right is the database login.
func (s *Store) DeployAsSystem(ctx context.Context, ds []casework.Deployment) ([]casework.Definition, error) {
	return s.deploy(ctx, "SYSTEM", ds, func(*dbsqlc.Queries) error { return nil })
}

func (s *Store) deploy(ctx context.Context, caller string, ds []casework.Deployment, allowed func(*dbsqlc.Queries) error) ([]casework.Definition, error) {
	deployment := uuid.NewString()
	sorted := slices.SortedFunc(slices.Values(ds), func(a, b casework.Deployment) int { return strings.Compare(a.ProcessKey, b.ProcessKey) })
	defs := make([]casework.Definition, 0, len(ds))
	err := s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		if err := allowed(q); err != nil {
			return err
		}
		for _, d := range sorted { // sorted: two deployments lock in the same order
			row, err := deployOne(ctx, q, caller, deployment, d)
			if err != nil {
				return err
			}
			defs = append(defs, toDefinition(row))
		}
		return nil
	})
	return defs, err
}

func deployOne(ctx context.Context, q *dbsqlc.Queries, caller, deployment string, d casework.Deployment) (dbsqlc.FlowableWorkflowDefinition, error) {
	if err := q.DefinitionLock(ctx, d.ProcessKey); err != nil {
		return dbsqlc.FlowableWorkflowDefinition{}, err
	}
	row, err := q.DefinitionBySource(ctx, dbsqlc.DefinitionBySourceParams{ProcessKey: d.ProcessKey, Sha256: d.SHA256})
	if !isNoRows(err) {
		return row, err
	}
	if err := q.DefinitionDeactivate(ctx, d.ProcessKey); err != nil {
		return row, err
	}
	if d.StartEvents == nil {
		d.StartEvents = []casework.StartEvent{} // never null
	}
	starts, err := json.Marshal(d.StartEvents)
	if err != nil {
		return row, fmt.Errorf("encode start events: %w", err)
	}
	return q.DefinitionInsert(ctx, dbsqlc.DefinitionInsertParams{
		ProcessKey: d.ProcessKey, ProcessName: d.ProcessName, BusinessApp: d.BusinessApp, DeploymentID: deployment,
		BpmnXml: string(d.XML), Sha256: d.SHA256, StartEvents: starts, Warnings: d.Warnings, DeployedBy: caller,
	})
}

// Definition reads a version of a process; version 0 is the active one.
func (s *Store) Definition(ctx context.Context, caller, key string, version int) (casework.Definition, error) {
	row, err := s.as(caller).DefinitionGet(ctx, dbsqlc.DefinitionGetParams{ProcessKey: key, Version: int32(version)})
	if isNoRows(err) {
		return casework.Definition{}, noDefinition(key, version)
	}
	return toDefinition(row), interpret(err)
}

// DefinitionXML reads the source of a version.
func (s *Store) DefinitionXML(ctx context.Context, caller, key string, version int) ([]byte, error) {
	row, err := s.as(caller).DefinitionGet(ctx, dbsqlc.DefinitionGetParams{ProcessKey: key, Version: int32(version)})
	if isNoRows(err) {
		return nil, noDefinition(key, version)
	}
	return []byte(row.BpmnXml), interpret(err)
}

func noDefinition(key string, version int) error {
	if version == 0 {
		return casework.Errorf(casework.NotFound, "there is no active process %q", key)
	}
	return casework.Errorf(casework.NotFound, "there is no version %d of a process %q", version, key)
}

// Definitions lists versions, newest first; key narrows the list where it is not empty.
func (s *Store) Definitions(ctx context.Context, caller, key string, page casework.Page) (casework.List[casework.Definition], error) {
	before, err := numberCursor(page.Cursor, newest)
	if err != nil {
		return casework.List[casework.Definition]{}, err
	}
	rows, err := s.as(caller).DefinitionList(ctx, dbsqlc.DefinitionListParams{BeforeID: before, ProcessKey: key, Most: most(page)})
	items, err := many(rows, err, toDefinition)
	return cut(items, page, func(d casework.Definition) string { return strconv.FormatInt(d.WorkflowID, 10) }), err
}

// ActivateDefinition makes a version the one that new cases get, or takes that from it. It needs the permission deploy.
func (s *Store) ActivateDefinition(ctx context.Context, caller, key string, version int, active bool) (casework.Definition, error) {
	var d casework.Definition
	err := s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		may, err := q.CallerMay(ctx, "deploy")
		if err != nil {
			return err
		}
		if !may {
			return &casework.Error{Code: casework.Forbidden, Message: "activating needs the permission deploy", Rule: "deploy"}
		}
		if err := q.DefinitionLock(ctx, key); err != nil {
			return err
		}
		if active {
			if err := q.DefinitionDeactivate(ctx, key); err != nil {
				return err
			}
		}
		row, err := q.DefinitionActivate(ctx, dbsqlc.DefinitionActivateParams{ProcessKey: key, Version: int32(version), Active: active})
		if isNoRows(err) {
			return noDefinition(key, version)
		}
		d = toDefinition(row)
		return err
	})
	return d, err
}

// ChangeDefinition applies a function to the settings of a version. It needs the permission deploy. Errors: NotFound,
// Invalid, Forbidden.
func (s *Store) ChangeDefinition(ctx context.Context, caller, key string, version int, apply func(*casework.DefinitionSettings) error) (casework.Definition, error) {
	var d casework.Definition
	err := s.administer(ctx, caller, casework.PermitDeploy, func(q *dbsqlc.Queries) error {
		if err := q.DefinitionLock(ctx, key); err != nil {
			return err
		}
		row, err := q.DefinitionSettingsGet(ctx, dbsqlc.DefinitionSettingsGetParams{ProcessKey: key, Version: int32(version)})
		if isNoRows(err) {
			return noDefinition(key, version)
		}
		if err != nil {
			return err
		}
		settings := casework.DefinitionSettings{RoutingRules: row.RoutingRules, SLAConfig: row.SlaConfig}
		if err := apply(&settings); err != nil {
			return err
		}
		named, mistakes := settings.Mistakes()
		if err := checkNames(ctx, q, &mistakes, named); err != nil {
			return err
		}
		if err := mistakes.Err(); err != nil {
			return err
		}
		changed, err := q.DefinitionSettingsSave(ctx, dbsqlc.DefinitionSettingsSaveParams{
			ProcessKey: key, Version: int32(version), RoutingRules: settings.RoutingRules, SlaConfig: settings.SLAConfig,
		})
		d = toDefinition(changed)
		return err
	})
	return d, err
}

// DefinitionBySHA reads a source by its hash, for workers.
func (s *Store) DefinitionBySHA(ctx context.Context, sha256 string) ([]byte, error) {
	xml, err := s.q().DefinitionSource(ctx, sha256)
	return []byte(xml), interpret(err)
}

func toDefinition(r dbsqlc.FlowableWorkflowDefinition) casework.Definition {
	d := casework.Definition{
		WorkflowID: r.WorkflowID, ProcessKey: r.ProcessKey, ProcessName: r.ProcessName, Version: int(r.ProcessVersion),
		BusinessApp: r.BusinessApp, SHA256: r.Sha256, Active: r.IsActive, Warnings: r.Warnings,
		DeployedBy: r.DeployedBy, DeployedAt: r.DeployedAt.UTC(), StartEvents: []casework.StartEvent{},
		DefinitionSettings: casework.DefinitionSettings{RoutingRules: r.RoutingRules, SLAConfig: r.SlaConfig},
	}
	_ = json.Unmarshal(r.StartEvents, &d.StartEvents) // written by deployOne
	for i := range d.StartEvents {
		if d.StartEvents[i].Type == "" { // deployed before start events had types
			d.StartEvents[i].Type = casework.StartNone
		}
	}
	return d
}
