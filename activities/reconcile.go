package activities

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ReconcileStore is the side of the rows.
type ReconcileStore interface {
	// InstancesToProve lists open instances after an id, in the order of their ids; an empty list is the end.
	InstancesToProve(ctx context.Context, after string) ([]casework.OpenInstance, error)
	// PositionOf reads the place of an instance at one moment.
	PositionOf(ctx context.Context, instanceID string) (casework.Position, error)
	// RecordFindings notes what was found of an instance at a step; nothing found proves the step.
	RecordFindings(ctx context.Context, instanceID string, step int64, found []casework.Finding) error
	// CancelOrphanTasks cancels tasks if the instance still is at the step, and reports whether all of them are cancelled.
	CancelOrphanTasks(ctx context.Context, instanceID string, step int64, taskIDs []string) (bool, error)
	// EndAbandoned ends an instance whose workflow was ended past the product, and reports whether it was open.
	EndAbandoned(ctx context.Context, instanceID, reason string) (bool, error)
	// ReviveDeliveries sends again what was given up, and reports whether there was anything.
	ReviveDeliveries(ctx context.Context, instanceID string) (bool, error)
	// UnknownInstances are those of the ids that are no instance.
	UnknownInstances(ctx context.Context, ids []string) ([]string, error)
	// SettleFindings resolves what was not seen again since a moment: of instances that have ended, and of workflows
	// without an instance.
	SettleFindings(ctx context.Context, since time.Time) error
}

// Runs is the side of the workflows.
type Runs interface {
	// Position finds out how the workflow of an instance is, and where, if closely is set.
	Position(ctx context.Context, instanceID string, closely bool) (casework.RunPosition, error)
	// Running lists the running workflows of cases, a page after a token.
	Running(ctx context.Context, token []byte) (ids []string, next []byte, err error)
}

// Reconciler compares the rows of cases with their workflows, repairs what is certain and reports the rest (ADR 0013). It may
// run several times at once.
type Reconciler struct {
	Store ReconcileStore
	Runs  Runs
}

// Reconcile looks at a page of open instances. What cannot be found out now is left to the next time.
func (r *Reconciler) Reconcile(ctx context.Context, page casework.ReconcilePage) (casework.ReconcileTotals, error) {
	var totals casework.ReconcileTotals
	instances, err := r.Store.InstancesToProve(ctx, page.After)
	if err != nil {
		return totals, err
	}
	for _, i := range instances {
		activity.RecordHeartbeat(ctx, i.InstanceID)
		found, proven, err := r.look(ctx, i)
		if ctx.Err() != nil {
			return totals, ctx.Err()
		}
		if err != nil {
			activity.GetLogger(ctx).Warn("an instance was not reconciled", "instance", i.InstanceID, "error", err)
		}
		totals.Last = i.InstanceID
		totals.Checked++
		if proven {
			totals.Proven++
		}
		r.count(ctx, &totals, found)
	}
	return totals, nil
}

func (r *Reconciler) count(ctx context.Context, totals *casework.ReconcileTotals, found []casework.Finding) {
	for _, f := range found {
		totals.Findings++
		if f.Repaired {
			totals.Repaired++
		}
		activity.GetLogger(ctx).Warn("rows and workflow disagree", "instance", f.ProcessInstanceID, "task", f.TaskID, "kind", f.Kind,
			"detail", f.Detail, "repaired", f.Repaired)
	}
}

// look compares one instance. What was proven at its present step already is only asked whether it runs.
func (r *Reconciler) look(ctx context.Context, i casework.OpenInstance) (found []casework.Finding, proven bool, err error) {
	closely := i.Step != i.Proven || i.Pending || i.Doubtful || !i.Started
	run, err := r.Runs.Position(ctx, i.InstanceID, closely)
	if err != nil {
		return nil, false, err
	}
	if run.State == casework.RunRunning && !closely && !i.Dead {
		return nil, false, nil
	}
	rows, err := r.Store.PositionOf(ctx, i.InstanceID) // after the workflow: it may be ahead of what was read then, never behind
	if err != nil {
		return nil, false, err
	}
	looked := closely || run.State != casework.RunRunning
	if looked && (i.Started || run.State != casework.RunMissing) { // one that was not started yet is on its way
		found = casework.Differences(i.InstanceID, run, rows)
	}
	if i.Dead && (run.State == casework.RunRunning || !i.Started) {
		found = append(found, casework.Finding{ProcessInstanceID: i.InstanceID, Kind: casework.Undelivered, Detail: "deliveries to the workflow were given up"})
	}
	if len(found) > 0 { // before it is repaired: what was repaired is no longer looked at after a crash
		if err := r.Store.RecordFindings(ctx, i.InstanceID, rows.Step, found); err != nil {
			return nil, false, err
		}
		if err := r.repair(ctx, i.InstanceID, rows.Step, found); err != nil {
			return nil, false, err
		}
		if !slices.ContainsFunc(found, func(f casework.Finding) bool { return f.Repaired }) {
			return found, false, nil
		}
	}
	if !rows.Settled || !i.Started {
		if len(found) == 0 {
			return nil, false, nil // under way: nothing is proven
		}
	}
	return found, closely && len(found) == 0, r.Store.RecordFindings(ctx, i.InstanceID, rows.Step, found)
}

// repair does what is certain to be right, and marks it.
func (r *Reconciler) repair(ctx context.Context, instanceID string, step int64, found []casework.Finding) (err error) {
	var orphans []string
	for i := range found {
		switch f := &found[i]; f.Kind {
		case casework.WorkflowClosed:
			f.Repaired, err = r.Store.EndAbandoned(ctx, instanceID, f.Detail)
		case casework.Undelivered:
			f.Repaired, err = r.Store.ReviveDeliveries(ctx, instanceID)
		case casework.OrphanTask:
			orphans = append(orphans, f.TaskID)
		default: // nobody but a person knows what is right
		}
		if err != nil {
			return err
		}
	}
	if len(orphans) == 0 {
		return nil
	}
	done, err := r.Store.CancelOrphanTasks(ctx, instanceID, step, orphans)
	for i := range found {
		if found[i].Kind == casework.OrphanTask {
			found[i].Repaired = done
		}
	}
	return err
}

// ReconcileUnknown looks for running workflows without an instance, and settles what has not been seen since the
// reconciliation began.
func (r *Reconciler) ReconcileUnknown(ctx context.Context, began time.Time) (casework.ReconcileTotals, error) {
	var totals casework.ReconcileTotals
	for token := []byte(nil); ; {
		activity.RecordHeartbeat(ctx)
		ids, next, err := r.Runs.Running(ctx, token)
		if err != nil {
			return totals, err
		}
		unknown, err := r.Store.UnknownInstances(ctx, ids)
		if err != nil {
			return totals, err
		}
		for _, id := range unknown {
			found := []casework.Finding{{ProcessInstanceID: id, Kind: casework.WorkflowUnknown, Detail: "the workflow runs, and there is no such instance"}}
			if err := r.Store.RecordFindings(ctx, id, 0, found); err != nil {
				return totals, err
			}
			r.count(ctx, &totals, found)
		}
		if token = next; len(token) == 0 {
			return totals, r.Store.SettleFindings(ctx, began)
		}
	}
}
