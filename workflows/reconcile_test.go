package workflows_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// reconciling runs one run of a reconciliation over pages of two instances each.
func reconciling(t *testing.T, pages int, from workflows.Reconciliation) (*testsuite.TestWorkflowEnvironment, *[]string) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	var asked []string
	env.RegisterWorkflowWithOptions(workflows.Reconcile, workflow.RegisterOptions{Name: workflows.ReconcileWorkflow})
	env.RegisterActivityWithOptions(func(_ context.Context, p casework.ReconcilePage) (casework.ReconcileTotals, error) {
		asked = append(asked, p.After)
		if len(asked) > pages {
			return casework.ReconcileTotals{}, nil
		}
		return casework.ReconcileTotals{Last: fmt.Sprintf("i%04d", len(asked)), Checked: 2, Proven: 1, Findings: 1}, nil
	}, activity.RegisterOptions{Name: workflows.ReconcileActivity})
	env.RegisterActivityWithOptions(func(_ context.Context, began time.Time) (casework.ReconcileTotals, error) {
		asked = append(asked, "unknown")
		return casework.ReconcileTotals{Findings: 1}, nil
	}, activity.RegisterOptions{Name: workflows.ReconcileUnknownActivity})
	env.ExecuteWorkflow(workflows.ReconcileWorkflow, from)
	require.True(t, env.IsWorkflowCompleted())
	return env, &asked
}

func TestAReconciliationLooksAtEveryPageAndThenForStrangers(t *testing.T) {
	t.Parallel()
	env, asked := reconciling(t, 2, workflows.Reconciliation{})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"", "i0001", "i0002", "unknown"}, *asked)
	var totals casework.ReconcileTotals
	require.NoError(t, env.GetWorkflowResult(&totals))
	require.Equal(t, casework.ReconcileTotals{Checked: 4, Proven: 2, Findings: 3}, totals)
}

func TestALongReconciliationGoesOnInANewRun(t *testing.T) {
	t.Parallel()
	env, asked := reconciling(t, 10_000, workflows.Reconciliation{})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	require.Len(t, *asked, 500)

	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	env, asked = reconciling(t, 0, workflows.Reconciliation{Began: began, Totals: casework.ReconcileTotals{Last: "i0500", Checked: 1000}})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"i0500", "unknown"}, *asked)
	var totals casework.ReconcileTotals
	require.NoError(t, env.GetWorkflowResult(&totals))
	require.Equal(t, casework.ReconcileTotals{Checked: 1000, Findings: 1}, totals)
}
