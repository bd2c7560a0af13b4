// Package e2e runs the whole product: HTTP in front, PostgreSQL and Temporal behind, as separate processes.
package e2e

import (
	"io"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/internal/testdb"
)

var shared struct {
	once  sync.Once
	stack *stack.Stack
	err   error
}

func TestMain(m *testing.M) {
	testdb.Main(stopAfter{m})
}

// stopAfter stops the shared stack before the database goes.
type stopAfter struct{ m *testing.M }

func (s stopAfter) Run() int {
	code := s.m.Run()
	if shared.stack != nil {
		shared.stack.Stop()
	}
	return code
}

// binaries finds what "make test" has built.
func binaries(t testing.TB) (nextgen, temporal string) {
	t.Helper()
	nextgen, temporal = os.Getenv("NEXTGEN_BINARY"), os.Getenv("NEXTGEN_TEMPORAL_BINARY")
	if nextgen == "" || temporal == "" {
		t.Skip("NEXTGEN_BINARY and NEXTGEN_TEMPORAL_BINARY are not set; \"make test\" builds both and sets them")
	}
	return nextgen, temporal
}

func logs() io.Writer {
	if os.Getenv("E2E_LOG") != "" {
		return os.Stderr
	}
	return io.Discard
}

// product returns the stack that most tests share. Cases are independent of each other.
func product(t testing.TB) *stack.Stack {
	t.Helper()
	nextgen, temporal := binaries(t)
	shared.once.Do(func() {
		shared.stack, shared.err = stack.Start(t.Context(), stack.Config{
			Binary: nextgen, TemporalBinary: temporal, DatabaseURL: testdb.Persistent(t), Log: logs(), Suffix: "_shared",
		})
	})
	require.NoError(t, shared.err)
	return shared.stack
}

// own returns a stack of the test's own, which it may kill.
func own(t testing.TB, name string, workerFlags ...string) *stack.Stack {
	t.Helper()
	nextgen, temporal := binaries(t)
	s, err := stack.Start(t.Context(), stack.Config{
		Binary: nextgen, TemporalBinary: temporal, DatabaseURL: testdb.DB(t), Log: logs(), Suffix: "_" + name, WorkerFlags: workerFlags,
	})
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return s
}
