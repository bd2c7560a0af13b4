// Package testdb gives tests a migrated PostgreSQL database of their own.
package testdb

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/localpg"
	"github.com/onecms/nextgen-workflow/migrations"
)

// server is the one PostgreSQL of a test process: TEST_DATABASE_URL (a superuser), else a private one in a temporary
// folder, which ends with the process.
var server struct {
	once     sync.Once
	pg       *localpg.Server
	dir      string
	url      string
	template string
	err      error
}

// Main runs the tests of a package, usually a *testing.M, and stops the server that they started. Call it from TestMain.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if server.pg != nil {
		server.pg.Stop()
		_ = os.RemoveAll(server.dir)
	}
	os.Exit(code)
}

// Server returns the URL of the server's maintenance database, as superuser.
func Server(t testing.TB) string {
	t.Helper()
	server.once.Do(start)
	require.NoError(t, server.err)
	return server.url
}

func start() {
	ctx := context.Background()
	server.url = os.Getenv("TEST_DATABASE_URL")
	if server.url == "" {
		server.err = startPrivate(ctx)
	}
	if server.err != nil {
		return
	}
	server.template = "nextgen_template_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if server.err = execute(ctx, server.url, "CREATE DATABASE "+server.template); server.err != nil {
		return
	}
	server.err = migrations.Up(ctx, urlOf(server.template))
}

func startPrivate(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "nextgen-test-")
	if err != nil {
		return err
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	server.dir = dir
	server.pg, err = localpg.Start(ctx, localpg.Config{Dir: dir + "/pg", Port: port, Volatile: true})
	if err != nil {
		return err
	}
	server.url = server.pg.URL
	return nil
}

// FreePort returns a TCP port of 127.0.0.1 that was free a moment ago.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// DB returns the URL of a migrated database of its own, as superuser; it is dropped when the test ends.
func DB(t testing.TB) string {
	t.Helper()
	Server(t)
	return create(t, " TEMPLATE "+server.template)
}

// Persistent returns the URL of a migrated database that stays until the server stops, for what tests share.
func Persistent(t testing.TB) string {
	t.Helper()
	Server(t)
	name := "nextgen_shared_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	creating.Lock()
	defer creating.Unlock()
	require.NoError(t, execute(t.Context(), server.url, "CREATE DATABASE "+name+" TEMPLATE "+server.template))
	return urlOf(name)
}

// Empty returns the URL of an empty database of its own, as superuser; it is dropped when the test ends.
func Empty(t testing.TB) string {
	t.Helper()
	Server(t)
	return create(t, "")
}

var creating sync.Mutex // one copy of a template at a time

func create(t testing.TB, options string) string {
	t.Helper()
	name := "nextgen_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	creating.Lock()
	err := execute(t.Context(), server.url, "CREATE DATABASE "+name+options)
	creating.Unlock()
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, execute(ctx, server.url, "DROP DATABASE "+name+" WITH (FORCE)"))
	})
	return urlOf(name)
}

// Tx returns a transaction in a migrated database of the test, as superuser; it is rolled back when the test ends.
func Tx(t testing.TB) pgx.Tx {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), DB(t))
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = tx.Rollback(ctx)
		_ = conn.Close(ctx)
	})
	return tx
}

func urlOf(database string) string {
	u, err := url.Parse(server.url)
	if err != nil {
		panic(fmt.Sprintf("database URL: %v", err))
	}
	u.Path = "/" + database
	return u.String()
}

func execute(ctx context.Context, databaseURL, sql string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}
