package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestOperatorsReadWhatTheReconcilerHasFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const findings = "/api/workflow/reconciler-findings"
	record := func(instance string, found ...casework.Finding) {
		require.NoError(t, w.worker.RecordFindings(t.Context(), instance, 1, found))
	}
	stuck := casework.Finding{Kind: casework.WorkflowStuck, Detail: "it panics"}
	record("one", stuck)
	record("one", stuck) // seen again
	record("two", casework.Finding{Kind: casework.OrphanTask, TaskID: "t", Detail: "nothing waits", Repaired: true})
	record("three", casework.Finding{Kind: casework.WorkflowBehind, Detail: "at step 1"})
	record("three") // and gone

	all := into[casework.List[casework.Finding]](t, w.do(t, 200, get(admin, findings)))
	require.Len(t, all.Items, 3)
	require.Equal(t, []string{"three", "two", "one"}, []string{all.Items[0].ProcessInstanceID, all.Items[1].ProcessInstanceID, all.Items[2].ProcessInstanceID})
	require.True(t, all.Items[1].Repaired)
	require.NotNil(t, all.Items[1].ResolvedAt)
	require.Equal(t, 2, all.Items[2].Times)
	open := into[casework.List[casework.Finding]](t, w.do(t, 200, get(admin, findings+"?unresolved=true")))
	require.Len(t, open.Items, 1)
	require.Equal(t, "one", open.Items[0].ProcessInstanceID)
	first := into[casework.List[casework.Finding]](t, w.do(t, 200, get(admin, findings+"?limit=2")))
	rest := into[casework.List[casework.Finding]](t, w.do(t, 200, get(admin, findings+"?limit=2&cursor="+first.NextCursor)))
	require.Equal(t, all.Items[2:], rest.Items)

	require.Equal(t, "operate", w.refused(t, casework.Forbidden, get(sarah, findings)).Rule)
}
