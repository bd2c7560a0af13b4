package e2e

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// house is a product of which rows and workflows are brought to disagree.
type house struct {
	stack    *stack.Stack
	temporal client.Client
	rows     *pgx.Conn // as superuser
}

func newHouse(t *testing.T, name string) *house {
	t.Helper()
	h := &house{stack: own(t, name)}
	var err error
	h.temporal, err = client.Dial(client.Options{HostPort: h.stack.TemporalAddress, Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(h.temporal.Close)
	h.rows, err = pgx.Connect(t.Context(), h.stack.DatabaseURL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.rows.Close(context.WithoutCancel(t.Context())) })
	return h
}

func (h *house) start(t *testing.T) casework.StartedCase {
	t.Helper()
	started, err := h.stack.As("alice.intake").StartCase(t.Context(), casework.CaseStart{ProcessKey: "quickReview"})
	require.NoError(t, err)
	require.Len(t, started.Tasks, 1)
	return started
}

func (h *house) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := h.rows.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// reconcile runs a reconciliation now. All instances are made old enough to be looked at.
func (h *house) reconcile(t *testing.T) casework.ReconcileTotals {
	t.Helper()
	h.exec(t, `UPDATE flowable.process_instances SET started_at = started_at - INTERVAL '1 hour'`)
	h.exec(t, `UPDATE flowable.commit_steps SET committed_at = committed_at - INTERVAL '1 hour'`)
	run, err := h.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "reconcile-now", TaskQueue: workflows.TaskQueue},
		workflows.ReconcileWorkflow, workflows.Reconciliation{})
	require.NoError(t, err)
	var totals casework.ReconcileTotals
	require.NoError(t, run.Get(t.Context(), &totals))
	return totals
}

func (h *house) findings(t *testing.T, unresolved string) map[casework.FindingKind]casework.Finding {
	t.Helper()
	var list casework.List[casework.Finding]
	_, err := h.stack.As("mike.admin").Do(t.Context(), "GET", "/api/workflow/reconciler-findings?unresolved="+unresolved, nil, &list)
	require.NoError(t, err)
	all := map[casework.FindingKind]casework.Finding{}
	for _, f := range list.Items {
		all[f.Kind] = f
	}
	return all
}

// awaitListed waits until Temporal's list of running workflows, which lags behind, has a workflow or has it no more.
func (h *house) awaitListed(t *testing.T, id string, want bool) {
	t.Helper()
	runs := workflows.NewClient(h.temporal, "default")
	require.Eventually(t, func() bool {
		ids, _, err := runs.Running(t.Context(), nil)
		return err == nil && slices.Contains(ids, id) == want
	}, time.Minute, 100*time.Millisecond)
}

func TestTheReconcilerRepairsWhatIsCertainAndReportsTheRest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "reconciler")
	agreeing, ended, odd, short := h.start(t), h.start(t), h.start(t), h.start(t)
	first := h.reconcile(t)
	require.Equal(t, casework.ReconcileTotals{Checked: 4, Proven: 4}, first)
	require.Equal(t, casework.ReconcileTotals{Checked: 4}, h.reconcile(t), "what has not moved since is not asked again")

	require.NoError(t, h.temporal.TerminateWorkflow(t.Context(), ended.ProcessInstanceID, "", "by an operator, past the product"))
	orphan := uuid.NewString()
	h.exec(t, `INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, element_instance_id, process_key)
		SELECT $1, process_instance_id, 'nowhere', 'Nowhere', queue_name, 'nowhere:99', process_key FROM flowable.workflow_tasks WHERE task_id = $2`,
		orphan, odd.Tasks[0].TaskID)
	h.exec(t, "UPDATE flowable.workflow_tasks SET status = 'CANCELLED' WHERE task_id = $1", short.Tasks[0].TaskID)
	h.exec(t, "UPDATE flowable.process_instances SET proven_step = 0 WHERE process_instance_id IN ($1, $2)", odd.ProcessInstanceID, short.ProcessInstanceID)
	stranger := uuid.NewString()
	_, err := h.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: stranger, TaskQueue: "nobody-works-here",
		TypedSearchAttributes: temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword(workflows.AttrProcessKey).ValueSet("quickReview")),
	}, "quickReview", workflows.Input{})
	require.NoError(t, err)
	h.awaitListed(t, stranger, true)

	second := h.reconcile(t)
	require.Equal(t, 4, second.Findings)
	require.Equal(t, 2, second.Repaired)
	all := h.findings(t, "false")
	require.Equal(t, ended.ProcessInstanceID, all[casework.WorkflowClosed].ProcessInstanceID)
	require.True(t, all[casework.WorkflowClosed].Repaired)
	require.Equal(t, orphan, all[casework.OrphanTask].TaskID)
	require.True(t, all[casework.OrphanTask].Repaired)
	open := h.findings(t, "true")
	require.Len(t, open, 2)
	require.Equal(t, short.Tasks[0].TaskID, open[casework.MissingTask].TaskID)
	require.Equal(t, stranger, open[casework.WorkflowUnknown].ProcessInstanceID)

	admin := h.stack.As("mike.admin")
	closed, err := admin.Instance(t.Context(), ended.ProcessInstanceID)
	require.NoError(t, err)
	require.Equal(t, casework.InstanceTerminated, closed.Status)
	for id, status := range map[string]casework.TaskStatus{
		ended.Tasks[0].TaskID: casework.TaskCancelled, orphan: casework.TaskCancelled, odd.Tasks[0].TaskID: casework.TaskOpen, agreeing.Tasks[0].TaskID: casework.TaskOpen,
	} {
		var task casework.Task
		_, err := admin.Do(t.Context(), "GET", "/api/workflow/tasks/"+id, nil, &task)
		require.NoError(t, err)
		require.Equal(t, status, task.Status, id)
	}

	h.exec(t, "UPDATE flowable.workflow_tasks SET status = 'OPEN' WHERE task_id = $1", short.Tasks[0].TaskID)
	require.NoError(t, h.temporal.TerminateWorkflow(t.Context(), stranger, "", ""))
	h.awaitListed(t, stranger, false)
	third := h.reconcile(t)
	require.Zero(t, third.Findings)
	require.Empty(t, h.findings(t, "true"), "what is gone is resolved")

	_, err = h.stack.As("alice.intake").Do(t.Context(), "GET", "/api/workflow/reconciler-findings", nil, nil)
	var problem *stack.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, 403, problem.Status)
}

// A completion whose delivery was given up is delivered again, and the case goes on.
func TestTheReconcilerRevivesDeliveriesThatWereGivenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "revive")
	started := h.start(t)
	alice := h.stack.As("alice.intake")
	h.stack.Temporal.Kill()
	_, err := alice.Claim(t.Context(), started.Tasks[0].TaskID)
	require.NoError(t, err)
	_, err = alice.Complete(t.Context(), started.Tasks[0].TaskID, casework.Completion{}, "Prefer", "wait=0")
	require.NoError(t, err)
	h.exec(t, "UPDATE flowable.outbox SET dead = TRUE WHERE process_instance_id = $1", started.ProcessInstanceID)
	require.NoError(t, h.stack.Temporal.Start(t.Context()))
	require.Eventually(t, func() bool {
		_, err := h.temporal.CheckHealth(t.Context(), &client.CheckHealthRequest{})
		return err == nil
	}, time.Minute, 100*time.Millisecond)
	totals := h.reconcile(t)
	require.Equal(t, 1, totals.Repaired)
	require.Eventually(t, func() bool {
		var left int
		require.NoError(t, h.rows.QueryRow(t.Context(), "SELECT count(*) FROM flowable.outbox WHERE process_instance_id = $1", started.ProcessInstanceID).Scan(&left))
		return left == 0
	}, time.Minute, 100*time.Millisecond)
}
