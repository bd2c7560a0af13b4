package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
)

// Config says what to run.
type Config struct {
	Binary         string    // the nextgen program
	TemporalBinary string    // the embedded Temporal server
	DatabaseURL    string    // an empty database of a PostgreSQL superuser; Start migrates and fills it
	Log            io.Writer // of all processes
	Suffix         string    // of the names of Temporal's databases, so that several stacks share one PostgreSQL
	WorkerFlags    []string  // more flags of "nextgen worker"
}

// Stack is a running product. Stop it once.
type Stack struct {
	API, Worker, Temporal *Process

	URL             string // of the API, without a path
	TemporalAddress string
	UIURL           string
	cfg             Config
}

// Start brings everything up: schema and sample data, Temporal, worker, API.
func Start(ctx context.Context, cfg Config) (*Stack, error) {
	var addresses [4]string
	for i := range addresses {
		var err error
		if addresses[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	s := &Stack{cfg: cfg, URL: "http://" + addresses[0], TemporalAddress: addresses[1], UIURL: "http://" + addresses[2]}
	for _, command := range [][]string{{"migrate", "up"}, {"seed"}} {
		if err := s.run(ctx, command...); err != nil {
			return nil, err
		}
	}
	_, temporalPort, err := net.SplitHostPort(s.TemporalAddress)
	if err != nil {
		return nil, err
	}
	_, uiPort, err := net.SplitHostPort(addresses[2])
	if err != nil {
		return nil, err
	}
	s.Temporal = &Process{
		name: "nextgen-temporal", path: cfg.TemporalBinary, log: cfg.Log, ready: firstLine,
		args: []string{
			"--database", "temporal" + cfg.Suffix, "--visibility-database", "visibility" + cfg.Suffix,
			"--port", temporalPort, "--ui-port", uiPort, "--exit-with-stdin",
		},
		env: []string{"DATABASE_URL=" + cfg.DatabaseURL},
	}
	s.Worker = &Process{
		name: "nextgen worker", path: cfg.Binary, log: cfg.Log, ready: answers("http://" + addresses[3] + "/healthz"),
		args: append([]string{"worker", "--health-address", addresses[3], "--temporal-address", s.TemporalAddress, "--log-level", "error"}, cfg.WorkerFlags...),
		env:  []string{"DATABASE_URL=" + cfg.DatabaseURL},
	}
	s.API = &Process{
		name: "nextgen api", path: cfg.Binary, log: cfg.Log, ready: answers(s.URL + "/readyz"),
		args: []string{"api", "--http-address", addresses[0], "--temporal-address", s.TemporalAddress, "--temporal-ui-url", s.UIURL, "--trust-user-header-from", "127.0.0.0/8", "--log-level", "error"},
		env:  []string{"DATABASE_URL=" + cfg.DatabaseURL},
	}
	for _, p := range []*Process{s.Temporal, s.Worker, s.API} {
		if err := p.Start(ctx); err != nil {
			s.Stop()
			return nil, err
		}
	}
	return s, nil
}

// StartDev brings everything up as "nextgen dev" does: worker and API in one process, and PostgreSQL too if the
// configuration names no database. The data folder is dir. The parts cannot be killed one by one.
func StartDev(ctx context.Context, cfg Config, dir string) (*Stack, error) {
	var ports [4]string
	for i := range ports {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		if _, ports[i], err = net.SplitHostPort(address); err != nil {
			return nil, err
		}
	}
	s := &Stack{cfg: cfg, URL: "http://127.0.0.1:" + ports[0], TemporalAddress: "127.0.0.1:" + ports[1], UIURL: "http://127.0.0.1:" + ports[2]}
	s.API = &Process{
		name: "nextgen dev", path: cfg.Binary, log: cfg.Log, ready: answers(s.URL + "/readyz"),
		args: []string{"dev", "--data-dir", dir, "--port", ports[0], "--temporal-port", ports[1], "--ui-port", ports[2], "--postgres-port", ports[3], "--log-level", "error"},
		env:  []string{"DATABASE_URL=" + cfg.DatabaseURL, "NEXTGEN_TEMPORAL_BINARY=" + cfg.TemporalBinary},
	}
	if err := s.API.Start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// DatabaseURL is the product's database, as superuser.
func (s *Stack) DatabaseURL() string { return s.cfg.DatabaseURL }

// Stop ends what runs, in the order of an orderly stop.
func (s *Stack) Stop() {
	for _, p := range []*Process{s.API, s.Worker, s.Temporal} {
		if p != nil {
			p.Stop()
		}
	}
}

// Deploy deploys BPMN files with the product's command line.
func (s *Stack) Deploy(ctx context.Context, files ...string) error {
	return s.run(ctx, append([]string{"deploy"}, files...)...)
}

func (s *Stack) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, s.cfg.Binary, args...)
	cmd.Env = append(cmd.Environ(), "DATABASE_URL="+s.cfg.DatabaseURL)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("nextgen %v: %w", args, err), errors.New(string(out)))
	}
	return nil
}
