package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/migrations"
	"github.com/onecms/nextgen-workflow/worker"
)

// devConfig is the configuration of the development stack.
type devConfig struct {
	dataDir, postgresPort, level string
	port                         string
	databaseURL                  string
	temporalAddress              string
	temporalPort, uiPort         string
	namespace                    string
	services                     servicesConfig
}

func (c *devConfig) settings() settings {
	return append(settings{
		{flag: "data-dir", env: "NEXTGEN_DATA_DIR", fallback: ".nextgen", help: "folder of the embedded servers' data and logs", target: &c.dataDir},
		{flag: "port", env: "NEXTGEN_PORT", fallback: "8080", help: "port of the API on 127.0.0.1", target: &c.port, check: isPort},
		{flag: "postgres-port", env: "NEXTGEN_POSTGRES_PORT", fallback: "5433", help: "port of the embedded PostgreSQL", target: &c.postgresPort, check: isPort},
		{flag: "temporal-port", env: "NEXTGEN_TEMPORAL_PORT", fallback: "7233", help: "port of the embedded Temporal server", target: &c.temporalPort, check: isPort},
		{flag: "ui-port", env: "NEXTGEN_UI_PORT", fallback: "8233", help: "port of the Temporal Web UI", target: &c.uiPort, check: isPort},
		{flag: "database-url", env: "DATABASE_URL", help: "an existing PostgreSQL; nothing is embedded for it then", target: &c.databaseURL, check: isOptionalPostgresURL, secret: true},
		{flag: "temporal-address", env: "TEMPORAL_ADDRESS", help: "an existing Temporal server; nothing is embedded for it then", target: &c.temporalAddress, check: isOptionalAddress},
		{flag: "temporal-namespace", env: "TEMPORAL_NAMESPACE", fallback: "default", help: "Temporal namespace of the cases", target: &c.namespace},
		{flag: "log-level", env: "NEXTGEN_LOG_LEVEL", fallback: "warn", help: "debug, info, warn or error", target: &c.level, check: isLevel},
	}, c.services.settings()...)
}

func devCommand() *cobra.Command {
	var cfg devConfig
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine: PostgreSQL, Temporal with its Web UI, worker and API, with sample data",
		Long: "Run everything on this machine, for development. The API trusts the X-User-Id header of requests from loopback.\n" +
			"Data lies in --data-dir: the next start goes on where this one stopped. Ctrl-C stops all of it.",
		Args: usage(cobra.NoArgs),
	}
	cfg.settings().bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return ignoreCancel(runDev(cmd.Context(), cfg, cmd.OutOrStdout()))
	}
	return cmd
}

// devStack is the development stack while it comes up and runs. stops are called in reverse order.
type devStack struct {
	cfg   devConfig
	out   io.Writer
	log   *zap.Logger
	began time.Time
	stops []func()

	services worker.Services
}

func runDev(ctx context.Context, cfg devConfig, out io.Writer) error {
	log, err := newLog(cfg.level, true)
	if err != nil {
		return err
	}
	services, err := cfg.services.build()
	if err != nil {
		return err
	}
	s := &devStack{cfg: cfg, out: out, log: log, began: time.Now(), services: services}
	defer s.stop()
	if err := s.up(ctx); err != nil {
		return err
	}
	return nil
}

func (s *devStack) stop() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
	fmt.Fprintln(s.out, "stopped")
}

// stage prints one line of progress before a piece of work and its time after it.
func (s *devStack) stage(name string, work func() error) error {
	start := time.Now()
	fmt.Fprintf(s.out, "%-28s", name+" …")
	if err := work(); err != nil {
		fmt.Fprintln(s.out, "failed")
		return err
	}
	fmt.Fprintf(s.out, "%6.1f s\n", time.Since(start).Seconds())
	return nil
}

// up brings the stack up, stage by stage, and serves until ctx ends.
func (s *devStack) up(ctx context.Context) error {
	unlock, err := lockFolder(s.cfg.dataDir)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, unlock)
	if err := s.checkPorts(ctx); err != nil {
		return err
	}
	temporal := temporalConfig{address: s.cfg.temporalAddress, namespace: s.cfg.namespace, uiURL: "http://127.0.0.1:" + s.cfg.uiPort}
	databaseURL := s.cfg.databaseURL
	var side apiSide
	for _, step := range []struct {
		name string
		work func() error
	}{
		{"PostgreSQL", func() error { databaseURL, err = s.postgres(ctx); return err }},
		{"Temporal", func() error { temporal.address, err = s.temporal(ctx); return err }},
		{"schema", func() error { return migrations.Up(ctx, databaseURL) }},
		{"sample data and models", func() error { return loadSample(ctx, databaseURL) }},
		{"worker and API", func() error { side, err = s.product(ctx, databaseURL, temporal); return err }},
	} {
		if err := s.stage(step.name, step.work); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	s.announce(side.address, temporal)
	return serveAPI(ctx, side)
}

// product starts the worker and prepares the API, in this process.
func (s *devStack) product(ctx context.Context, databaseURL string, temporal temporalConfig) (apiSide, error) {
	side := apiSide{temporal: temporal, address: net.JoinHostPort("127.0.0.1", s.cfg.port), trusted: api.Loopback(), log: s.log}
	var err error
	if side.conn, err = dialTemporal(ctx, temporal, s.log); err != nil {
		return side, err
	}
	s.stops = append(s.stops, side.conn.Close)
	if side.store, err = db.Open(ctx, db.Config{URL: databaseURL, Role: "nextgen_api", AppName: "nextgen-api"}); err != nil {
		return side, err
	}
	s.stops = append(s.stops, side.store.Close)
	side.hub = db.NewStepHub(side.store, s.log)
	workerStore, err := db.Open(ctx, db.Config{URL: databaseURL, Role: "nextgen_worker", AppName: "nextgen-worker"})
	if err != nil {
		return side, err
	}
	s.stops = append(s.stops, workerStore.Close)
	running, err := startWorker(ctx, workerParts{
		store: workerStore, waiters: side.hub, conn: side.conn, namespace: temporal.namespace, services: s.services, log: s.log,
	})
	if err != nil {
		return side, err
	}
	s.stops = append(s.stops, running.stop)
	return side, nil
}

func (s *devStack) announce(address string, temporal temporalConfig) {
	fmt.Fprintf(s.out, `
NextGen Workflow runs (%.1f s). Ctrl-C stops it.

  API              http://%s/api/workflow
  API docs         http://%s/docs
  Temporal Web UI  %s/namespaces/%s/workflows
  data             %s

Say who you are with the X-User-Id header, for example alice.intake or mike.admin.
`, time.Since(s.began).Seconds(), address, address, temporal.uiURL, temporal.namespace, s.cfg.dataDir)
}

// port is one that the stack listens on, and the flag that sets it.
type port struct{ flag, number string }

// checkPorts looks at every port that the stack will listen on. The servers of a stack that was killed go down by
// themselves within a moment, so a taken port gets some time.
func (s *devStack) checkPorts(ctx context.Context) error {
	ports := []port{{"--port", s.cfg.port}}
	if s.cfg.databaseURL == "" {
		ports = append(ports, port{"--postgres-port", s.cfg.postgresPort})
	}
	if s.cfg.temporalAddress == "" {
		ports = append(ports, port{"--temporal-port", s.cfg.temporalPort}, port{"--ui-port", s.cfg.uiPort})
	}
	deadline := time.Now().Add(5 * time.Second)
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for {
		taken := takenPorts(ctx, ports)
		if len(taken) == 0 || time.Now().After(deadline) {
			return errors.Join(taken...)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-retry.C:
		}
	}
}

// takenPorts listens on all ports at once, so that one given twice is found as well.
func takenPorts(ctx context.Context, ports []port) (taken []error) {
	for _, p := range ports {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", p.number))
		if err != nil {
			taken = append(taken, fmt.Errorf("port %s is taken; choose another with %s", p.number, p.flag))
			continue
		}
		defer l.Close()
	}
	return taken
}

// lockFolder makes the data folder and holds it against a second start.
func lockFolder(dir string) (func(), error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := lockFile(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another nextgen dev runs on the data folder %s; stop it, or choose another with --data-dir", dir)
	}
	return func() { _ = f.Close() }, nil
}
