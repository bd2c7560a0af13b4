package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	provePage  = 200
	proveQuiet = time.Minute // an instance is looked at when it is as old as this
)

// InstancesToProve lists the open instances after an id, in the order of their ids, a page at a time.
func (s *Store) InstancesToProve(ctx context.Context, after string) ([]casework.OpenInstance, error) {
	raw, err := s.q().InstancesToProve(ctx, dbsqlc.InstancesToProveParams{AfterID: after, QuietSeconds: proveQuiet.Seconds(), Most: provePage})
	if err != nil {
		return nil, interpret(err)
	}
	var open []casework.OpenInstance
	if err := json.Unmarshal(raw, &open); err != nil {
		return nil, fmt.Errorf("instances to prove: %w", err)
	}
	return open, nil
}

// PositionOf reads the place of an instance as its rows have it at one moment. One that is not known has the zero position.
func (s *Store) PositionOf(ctx context.Context, instanceID string) (p casework.Position, err error) {
	raw, err := s.q().PositionOf(ctx, instanceID)
	if err != nil {
		return p, interpret(err)
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("position of %s: %w", instanceID, err)
	}
	return p, nil
}

// RecordFindings notes what was found of an instance at a step, and resolves what was found before and is gone. Nothing found
// proves the step.
func (s *Store) RecordFindings(ctx context.Context, instanceID string, step int64, found []casework.Finding) error {
	if found == nil {
		found = []casework.Finding{}
	}
	raw, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("encode findings: %w", err)
	}
	return interpret(s.q().FindingsRecord(ctx, dbsqlc.FindingsRecordParams{InstanceID: instanceID, Step: step, Findings: raw}))
}

// SettleFindings resolves what a reconciliation that began at a moment has not seen again.
func (s *Store) SettleFindings(ctx context.Context, since time.Time) error {
	return interpret(s.q().FindingsSettle(ctx, since))
}

// CancelOrphanTasks cancels tasks if the instance still is at the step, and reports whether all of them are cancelled now.
func (s *Store) CancelOrphanTasks(ctx context.Context, instanceID string, step int64, taskIDs []string) (bool, error) {
	ids, err := json.Marshal(taskIDs)
	if err != nil {
		return false, fmt.Errorf("encode task ids: %w", err)
	}
	n, err := s.q().OrphansCancel(ctx, dbsqlc.OrphansCancelParams{InstanceID: instanceID, Step: step, TaskIds: ids})
	return int(n) == len(taskIDs), interpret(err)
}

// EndAbandoned ends an instance whose workflow was ended past the product, and reports whether it was open.
func (s *Store) EndAbandoned(ctx context.Context, instanceID, reason string) (bool, error) {
	ended, err := s.q().AbandonedEnd(ctx, dbsqlc.AbandonedEndParams{InstanceID: instanceID, Reason: reason})
	return ended, interpret(err)
}

// ReviveDeliveries sends again what was given up for an instance, and reports whether there was anything.
func (s *Store) ReviveDeliveries(ctx context.Context, instanceID string) (bool, error) {
	n, err := s.q().DeliveriesRevive(ctx, instanceID)
	return n > 0, interpret(err)
}

// UnknownInstances are those of the ids that are no instance.
func (s *Store) UnknownInstances(ctx context.Context, ids []string) ([]string, error) {
	unknown, err := s.q().InstancesUnknown(ctx, ids)
	return unknown, interpret(err)
}

// Findings lists what the reconciler has found, the latest first; only what is not resolved, if asked so. Errors: Forbidden
// without the permission operate.
func (s *Store) Findings(ctx context.Context, caller string, unresolved bool, page casework.Page) (list casework.List[casework.Finding], err error) {
	before, err := numberCursor(page.Cursor, newest)
	if err != nil {
		return list, err
	}
	may, err := s.as(caller).CallerMay(ctx, "operate")
	if err != nil {
		return list, interpret(err)
	}
	if !may {
		return list, &casework.Error{Code: casework.Forbidden, Message: rules["operate"], Rule: "operate"}
	}
	rows, err := s.as(caller).FindingsList(ctx, dbsqlc.FindingsListParams{BeforeID: before, Unresolved: unresolved, Most: most(page)})
	items, err := many(rows, err, toFinding)
	return cut(items, page, func(f casework.Finding) string { return strconv.FormatInt(f.FindingID, 10) }), err
}

func toFinding(r dbsqlc.FlowableReconcilerFinding) casework.Finding {
	return casework.Finding{
		FindingID: r.FindingID, ProcessInstanceID: r.ProcessInstanceID, TaskID: r.TaskID, Kind: casework.FindingKind(r.Kind), Detail: r.Detail,
		Repaired: r.Repaired, FoundAt: r.FoundAt.UTC(), SeenAt: r.SeenAt.UTC(), Times: int(r.Times), ResolvedAt: utc(r.ResolvedAt),
	}
}
