package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/localpg"
)

const productDatabase = "nextgen"

// postgres starts the embedded PostgreSQL, unless an address was given, and returns the URL of the product's database.
func (s *devStack) postgres(ctx context.Context) (string, error) {
	if s.cfg.databaseURL != "" {
		return s.cfg.databaseURL, nil
	}
	port, err := strconv.Atoi(s.cfg.postgresPort)
	if err != nil {
		return "", err
	}
	log, err := s.logFile("postgres.log")
	if err != nil {
		return "", err
	}
	start := func(ctx context.Context) (child, error) {
		pg, err := localpg.Start(ctx, localpg.Config{Dir: filepath.Join(s.cfg.dataDir, "postgresql"), Port: port, Log: log})
		if err != nil {
			return child{}, fmt.Errorf("%w (see %s)", err, log.Name())
		}
		s.cfg.databaseURL = pg.URL
		return child{stop: pg.Stop, done: pg.Done()}, nil
	}
	if err := s.supervise(ctx, "PostgreSQL", start); err != nil {
		return "", err
	}
	return createDatabase(ctx, s.cfg.databaseURL)
}

// createDatabase makes the product's database beside the maintenance one and returns its URL.
func createDatabase(ctx context.Context, maintenance string) (string, error) {
	conn, err := pgx.Connect(ctx, maintenance)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", productDatabase).Scan(&exists); err != nil {
		return "", err
	}
	if !exists {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+productDatabase); err != nil {
			return "", err
		}
	}
	u, err := url.Parse(maintenance)
	if err != nil {
		return "", err
	}
	u.Path = "/" + productDatabase
	return u.String(), nil
}

// temporal starts the embedded Temporal server, unless an address was given, and returns its address.
func (s *devStack) temporal(ctx context.Context) (string, error) {
	if s.cfg.temporalAddress != "" {
		return s.cfg.temporalAddress, nil
	}
	binary, err := temporalBinary()
	if err != nil {
		return "", err
	}
	log, err := s.logFile("temporal.log")
	if err != nil {
		return "", err
	}
	start := func(ctx context.Context) (child, error) {
		cmd := exec.Command(binary, "--port", s.cfg.temporalPort, "--ui-port", s.cfg.uiPort, "--namespace", s.cfg.namespace, "--exit-with-stdin") //nolint:noctx // lives until stopped
		cmd.Env = append(cmd.Environ(), "DATABASE_URL="+s.cfg.databaseURL)                                                                        // no argument: those are for everybody to see
		return startTemporal(ctx, log, cmd)
	}
	if err := s.supervise(ctx, "Temporal", start); err != nil {
		return "", err
	}
	return "127.0.0.1:" + s.cfg.temporalPort, nil
}

// temporalBinary lies beside this program, where make puts both.
func temporalBinary() (string, error) {
	if path := os.Getenv("NEXTGEN_TEMPORAL_BINARY"); path != "" {
		return path, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(self), "nextgen-temporal")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the embedded Temporal server is not at %s; \"make build\" makes it, or give the address of another with --temporal-address", path)
	}
	return path, nil
}

// startTemporal starts the server and waits for the line that says it is ready. The open pipe to its stdin keeps it
// alive: it goes down with this process, whatever that dies of.
func startTemporal(ctx context.Context, log *os.File, cmd *exec.Cmd) (child, error) {
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C in the terminal is for us
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return child{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return child{}, err
	}
	if err := cmd.Start(); err != nil {
		return child{}, err
	}
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		if lines.Scan() && json.Valid(lines.Bytes()) {
			close(ready)
		}
		_, _ = io.Copy(io.Discard, stdout)
		done <- cmd.Wait()
	}()
	c := child{done: done, stop: func() {
		_ = stdin.Close()
		select {
		case err := <-done:
			done <- err
		case <-time.After(15 * time.Second):
			_ = cmd.Process.Kill()
		}
	}}
	select {
	case <-ready:
		return c, nil
	case err := <-done:
		return child{}, fmt.Errorf("it ended at its start: %w (see %s)", errors.Join(err), log.Name())
	case <-ctx.Done():
		c.stop()
		return child{}, ctx.Err()
	}
}

// child is a server process.
type child struct {
	stop func()
	done <-chan error // one value when it has ended by itself
}

// supervise starts a server and starts it again when it ends by itself, until the stack stops.
func (s *devStack) supervise(ctx context.Context, name string, start func(context.Context) (child, error)) error {
	c, err := start(ctx)
	if err != nil {
		return err
	}
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stopping:
				c.stop()
				return
			case exit := <-c.done:
				s.log.Error("a server ended by itself; starting it again", zap.String("server", name), zap.NamedError("exit", exit))
			}
			if c, err = start(context.WithoutCancel(ctx)); err != nil {
				s.log.Error("it does not start again", zap.String("server", name), zap.Error(err))
				<-stopping
				return
			}
		}
	}()
	s.stops = append(s.stops, func() {
		close(stopping)
		<-stopped
	})
	return nil
}

func (s *devStack) logFile(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(s.cfg.dataDir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}
