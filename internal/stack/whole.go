package stack

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/onecms/nextgen-workflow/internal/localpg"
)

// StartWhole brings everything up as "nextgen dev" does, on a PostgreSQL of its own that flushes what it commits. The
// programs are those that "make build" has built. stop ends all of it and forgets the data; it is nil with an error.
func StartWhole(ctx context.Context, log io.Writer) (s *Stack, stop func(), err error) {
	var undo []func()
	undoAll := func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}
	defer func() {
		if err != nil {
			undoAll()
		}
	}()
	dir, err := os.MkdirTemp("", "nextgen-")
	if err != nil {
		return nil, nil, err
	}
	undo = append(undo, func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // the server's user passes through it
		return nil, nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, nil, err
	}
	pg, err := localpg.Start(ctx, localpg.Config{Dir: filepath.Join(dir, "pg"), Port: port})
	if err != nil {
		return nil, nil, err
	}
	undo = append(undo, pg.Stop)
	s, err = StartDev(ctx, Config{
		Binary: "bin/nextgen", TemporalBinary: "bin/nextgen-temporal", DatabaseURL: pg.URL, Log: log,
	}, filepath.Join(dir, "dev"))
	if err != nil {
		return nil, nil, err
	}
	undo = append(undo, s.Stop)
	return s, undoAll, nil
}
