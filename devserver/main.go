// Command nextgen-temporal is a Temporal server with its Web UI in one
// process, on PostgreSQL, for local development. `nextgen dev` starts it as a
// child, waits for the one JSON line on its standard output and then uses the
// address found there.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// readyLine is what the process prints, once, when it can be used.
type readyLine struct {
	Address   string `json:"address"`
	UIURL     string `json:"uiUrl,omitempty"`
	Namespace string `json:"namespace"`
}

func main() {
	os.Exit(realMain())
}

// realMain runs the command and returns its exit code: 0 after a clean stop,
// 1 after a failure, 2 for a wrong command line.
func realMain() int {
	// Libraries below print to standard output now and then. It belongs to
	// the ready line alone, so everything else is sent to standard error.
	ready := os.Stdout
	os.Stdout = os.Stderr

	opts, err := parseOptions(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "nextgen-temporal:", err)
		return 2
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	if opts.ExitWithStdin {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go cancelAtEOF(os.Stdin, cancel)
	}

	err = run(ctx, opts, func(line readyLine) error {
		return json.NewEncoder(ready).Encode(line)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "nextgen-temporal:", err)
		return 1
	}
	return 0
}

// cancelAtEOF reads r to its end and then cancels. The parent holds the other
// end of the pipe, so the end means that the parent is gone.
func cancelAtEOF(r io.Reader, cancel context.CancelFunc) {
	_, _ = io.Copy(io.Discard, r)
	cancel()
}
