// Command nextgen-temporal is a Temporal server with its Web UI in one process, on PostgreSQL, for development. It is a
// module of its own, so that the product does not depend on the server (docs/adr/0004).
//
// When it is ready it prints one line of JSON to stdout: {"address", "uiUrl", "namespace"}. Everything else goes to stderr.
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
	"time"
)

func main() {
	cfg, err := parseFlags(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "nextgen-temporal:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if cfg.exitWithStdin {
		ctx = untilEOF(ctx, os.Stdin)
	}
	if err := run(ctx, cfg, os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "nextgen-temporal:", err)
		os.Exit(1)
	}
}

// untilEOF ends the context when the other end of the pipe is closed: the parent has died.
func untilEOF(ctx context.Context, r io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, r)
		cancel()
	}()
	return ctx
}

// ready is the line that tells a parent where the server is.
type ready struct {
	Address   string `json:"address"`
	UIURL     string `json:"uiUrl,omitempty"`
	Namespace string `json:"namespace"`
}

// run brings the server up and keeps it up until ctx ends.
func run(ctx context.Context, cfg settings, out io.Writer) error {
	if err := cfg.checkPorts(ctx); err != nil {
		return err
	}
	unlock, err := lockDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	defer unlock()
	log := newLogger(cfg.logLevel)
	if err := prepareDatabases(ctx, cfg, log); err != nil {
		return err
	}
	server, err := startServer(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer stopWithin(10*time.Second, server)
	if err := ensureNamespace(ctx, cfg); err != nil {
		return err
	}
	r := ready{Address: cfg.address(), Namespace: cfg.namespace}
	if cfg.uiPort != 0 {
		ui := startUI(cfg)
		defer ui.Stop()
		r.UIURL = fmt.Sprintf("http://%s:%d", cfg.ip, cfg.uiPort)
	}
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	<-ctx.Done()
	return nil
}
