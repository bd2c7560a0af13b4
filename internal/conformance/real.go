package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/onecms/nextgen-workflow/internal/conformance/live"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/localpg"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// realPrefix begins the names of suites that were played on the product.
const realPrefix = "real-"

// playReal plays what the options ask for on the product, which it starts, and says what is left out. Suites of which
// nothing can be played are missing.
func playReal(o options, out io.Writer) ([]*report.Suite, error) {
	wanted, err := realSuites(o)
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "nextgen-conformance-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the server's user passes through it
		return nil, err
	}
	port, err := stack.FreePort()
	if err != nil {
		return nil, err
	}
	pg, err := localpg.Start(ctx, localpg.Config{Dir: filepath.Join(dir, "pg"), Port: port, Volatile: true})
	if err != nil {
		return nil, err
	}
	defer pg.Stop()
	s, err := stack.Start(ctx, stack.Config{Binary: "bin/nextgen", TemporalBinary: "bin/nextgen-temporal", DatabaseURL: pg.URL, Log: os.Stderr})
	if err != nil {
		return nil, fmt.Errorf("start the product (make build): %w", err)
	}
	defer s.Stop()
	p, err := live.Connect(ctx, s, pg.URL)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var played []*report.Suite
	for _, suite := range wanted {
		outcome, err := p.PlaySuite(ctx, suite)
		if err != nil {
			return nil, err
		}
		played = append(played, outcome)
	}
	live.PrintLeft(out, wanted)
	return played, nil
}

// realSuites are the suites that the options ask for, without those of which nothing can be played.
func realSuites(o options) ([]live.Suite, error) {
	all, err := live.Load(o.dir)
	if err != nil {
		return nil, err
	}
	var wanted []live.Suite
	for _, s := range all {
		if o.suite != "" && s.Name != realPrefix+o.suite {
			continue
		}
		if o.id != "" {
			s = s.Only(o.id)
		}
		if len(s.Playable) > 0 {
			wanted = append(wanted, s)
		}
	}
	return wanted, nil
}
