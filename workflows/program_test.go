package workflows_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/workflows"
)

func TestARunWithoutItsDefinitionStopsAndDoesNotFailTheCase(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(c *testCase)
		want  string
	}{
		"an unknown hash":     {func(c *testCase) { c.start.SHA256 = "0123" }, "no such definition"},
		"another source":      {func(c *testCase) { c.sources[c.start.SHA256] = process(deadline) }, "its source has another hash"},
		"an unknown process":  {func(c *testCase) { c.start.ProcessKey = "q" }, `has no process "q"`},
		"a source with fault": {func(c *testCase) { c.start.SHA256 = c.sources.add([]byte("<definitions>")) }, "no longer compiles"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(twoTasks))
			tc.spoil(c)
			err := c.run()
			// The test environment ends a workflow that panics. A worker blocks it: see the panic policy in package worker.
			var panicked *temporal.PanicError
			require.ErrorAs(t, err, &panicked)
			require.ErrorContains(t, err, tc.want)
			require.Zero(t, c.store.attempts)
		})
	}
}

func TestAnInputThatCannotBeReadFailsTheWorkflow(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.ExecuteWorkflow("p", "not an input")
	require.ErrorContains(t, c.GetWorkflowError(), "read input")

	c = newCase(t, process(twoTasks))
	c.start.Variables = []byte(`"no object"`)
	require.ErrorContains(t, c.run(), "variables of the start")
}

// countingStore counts what it is asked for, and fails first.
type countingStore struct {
	sources
	failures int64
	asked    atomic.Int64
}

// DefinitionBySHA implements workflows.SourceStore.
func (s *countingStore) DefinitionBySHA(ctx context.Context, sha string) ([]byte, error) {
	if s.asked.Add(1) <= s.failures {
		return nil, errors.New("away")
	}
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 3*time.Second {
		return nil, errors.New("a workflow task must not wait for long")
	}
	return s.sources.DefinitionBySHA(ctx, sha)
}

func TestALibraryReadsADefinitionOnce(t *testing.T) {
	t.Parallel()
	store := &countingStore{sources: sources{}, failures: 1}
	sha := store.add(process(twoTasks))
	library := workflows.NewLibrary(store)
	_, err := library.Program(sha, "p")
	require.Error(t, err, "a failure is not kept")
	first, err := library.Program(sha, "p")
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			p, err := library.Program(sha, "p")
			if err != nil || p != first {
				t.Errorf("another program: %p, %v", p, err)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(2), store.asked.Load())
}
