// Package localpg runs a private PostgreSQL server for development and tests, from an installed version or from
// binaries that a library fetches.
package localpg

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Config says where and how the server runs.
type Config struct {
	Dir      string    // folder of its own; made if missing
	Port     int       // TCP port on 127.0.0.1
	Log      io.Writer // the server's log; nil drops it
	Volatile bool      // tests only: faster, and a crash of the machine may lose data
}

// superuser is the login of the private server.
const superuser = "nextgen"

// Server is a running PostgreSQL. Stop it once.
type Server struct {
	URL string // of the database "postgres", as superuser; holds the password
	Dir string // where the data lies; not below Config.Dir if the server's user cannot reach that

	cmd    *exec.Cmd
	exited chan error    // delivers how it ended, once
	gone   chan struct{} // closed when it has ended
}

// Start starts the server, on a new data folder after making it, and returns once it answers. The server ends when this
// process dies (on Linux), when it is stopped, or when ctx ends before it answers.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	user, err := serverUser()
	if err != nil {
		return nil, err
	}
	if cfg.Dir, err = reachable(cfg.Dir, user); err != nil {
		return nil, err
	}
	bin, err := binaries(ctx, cfg.Dir)
	if err != nil {
		return nil, err
	}
	password, err := ensureData(ctx, bin, cfg, user)
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: cfg.Dir, exited: make(chan error, 1), gone: make(chan struct{}), URL: (&url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, password),
		Host: "127.0.0.1:" + strconv.Itoa(cfg.Port), Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()}
	if err := awaitNobody(ctx, bin, cfg.Dir, user); err != nil {
		return nil, err
	}
	if err := s.launch(bin, cfg, user); err != nil {
		return nil, err
	}
	if err := s.waitReady(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// ensureData makes the data folder if it is not there and returns the superuser's password, which lies beside it.
func ensureData(ctx context.Context, bin string, cfg Config, user *serverIdentity) (string, error) {
	data, secret := filepath.Join(cfg.Dir, "data"), filepath.Join(cfg.Dir, "password")
	if raw, err := os.ReadFile(secret); err == nil {
		return strings.TrimSpace(string(raw)), nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("postgresql password: %w", err)
	}
	if err := os.RemoveAll(data); err != nil { // left by an initdb that did not end: the password is written last
		return "", fmt.Errorf("postgresql data: %w", err)
	}
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("postgresql password: %w", err)
	}
	password := hex.EncodeToString(key)
	first := filepath.Join(cfg.Dir, "password.new")
	if err := os.WriteFile(first, []byte(password), 0o600); err != nil {
		return "", fmt.Errorf("postgresql password: %w", err)
	}
	if err := user.own(first); err != nil {
		return "", err
	}
	args := []string{"-D", data, "-U", superuser, "--auth=scram-sha-256", "--pwfile", first, "-E", "UTF8", "--locale=C"}
	if cfg.Volatile {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	cmd.Dir, cmd.SysProcAttr = cfg.Dir, user.attr()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	if err := os.Rename(first, secret); err != nil {
		return "", fmt.Errorf("postgresql password: %w", err)
	}
	return password, nil
}

// awaitNobody returns when no server runs on the data folder. One whose parent was killed goes down within a moment.
func awaitNobody(ctx context.Context, bin, dir string, user *serverIdentity) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for {
		status := exec.CommandContext(ctx, filepath.Join(bin, "pg_ctl"), "status", "-D", filepath.Join(dir, "data"))
		status.Dir, status.SysProcAttr = dir, user.attr()
		err := status.Run()
		var answer *exec.ExitError
		switch {
		case errors.As(err, &answer) && answer.Exited(): // with another code than 0: no server is running
			return nil
		case err != nil && ctx.Err() == nil:
			return fmt.Errorf("pg_ctl: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another PostgreSQL is running on %s", dir)
		case <-retry.C:
		}
	}
}

func (s *Server) launch(bin string, cfg Config, user *serverIdentity) error {
	settings := []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300", "timezone=UTC", "jit=off",
		"shared_buffers=256MB", "log_timezone=UTC", "max_wal_size=2GB", "checkpoint_timeout=15min", "autovacuum_naptime=15s",
	}
	if cfg.Volatile {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=off")
	}
	args := []string{"-D", filepath.Join(cfg.Dir, "data"), "-p", strconv.Itoa(cfg.Port)}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), args...) //nolint:noctx // lives until Stop, not until ctx
	s.cmd.Dir, s.cmd.SysProcAttr = cfg.Dir, user.attr()
	if cfg.Log != nil {
		s.cmd.Stdout, s.cmd.Stderr = cfg.Log, cfg.Log
	}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start postgresql: %w", err)
	}
	go func() {
		s.exited <- s.cmd.Wait()
		close(s.gone)
	}()
	return nil
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.gone:
			return fmt.Errorf("postgresql ended at its start: %s (its log says why)", s.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("postgresql does not answer: %w", ctx.Err())
		case <-retry.C:
		}
	}
}

// Stop ends the server: open transactions are rolled back, what is committed is safe. It returns when the process is gone.
func (s *Server) Stop() {
	const patience = 20 * time.Second
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} { // fast, immediate, hard
		_ = s.cmd.Process.Signal(signal)
		select {
		case <-s.gone:
			return
		case <-time.After(patience):
		}
	}
}

// Done is closed to the caller's eyes by a value: it delivers once the server has ended by itself.
func (s *Server) Done() <-chan error { return s.exited }

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
