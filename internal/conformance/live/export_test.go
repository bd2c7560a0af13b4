package live

import (
	"context"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/internal/testdb"
)

// running is the product that the tests share.
var running struct {
	once    sync.Once
	stack   *stack.Stack
	product *Product
	err     error
}

func TestMain(m *testing.M) { testdb.Main(stopAfter{m}) }

// stopAfter stops the product before the database goes.
type stopAfter struct{ m *testing.M }

func (s stopAfter) Run() int {
	code := s.m.Run()
	if running.product != nil {
		running.product.Close()
	}
	if running.stack != nil {
		running.stack.Stop()
	}
	return code
}

// Running is the product that the tests share, or skips the test.
func Running(t *testing.T) *Product {
	t.Helper()
	nextgen, temporal := os.Getenv("NEXTGEN_BINARY"), os.Getenv("NEXTGEN_TEMPORAL_BINARY")
	if nextgen == "" || temporal == "" {
		t.Skip("NEXTGEN_BINARY and NEXTGEN_TEMPORAL_BINARY are not set; \"make test\" builds both and sets them")
	}
	log := io.Discard
	if os.Getenv("E2E_LOG") != "" {
		log = os.Stderr
	}
	running.once.Do(func() {
		ctx := context.WithoutCancel(t.Context())
		url := testdb.Persistent(t)
		running.stack, running.err = stack.Start(ctx, stack.Config{
			Binary: nextgen, TemporalBinary: temporal, DatabaseURL: url, Log: log, Suffix: "_conformance",
		})
		if running.err == nil {
			running.product, running.err = Connect(ctx, running.stack, url)
		}
	})
	require.NoError(t, running.err)
	return running.product
}
