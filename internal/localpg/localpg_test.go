package localpg_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/localpg"
	"github.com/onecms/nextgen-workflow/internal/testdb"
)

// childFolder makes this test's binary a process that starts a server in that folder and waits to be killed.
const childFolder = "LOCALPG_TEST_CHILD_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		s, err := localpg.Start(context.Background(), localpg.Config{Dir: dir, Port: must(testdb.FreePort())})
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(s.URL)
		fmt.Println("ended", <-s.Done())
		return
	}
	os.Exit(m.Run())
}

func must(port int, err error) int {
	if err != nil {
		panic(err)
	}
	return port
}

// folder is one that the server's user can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "localpg-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return filepath.Join(dir, "pg")
}

func config(dir string) localpg.Config {
	return localpg.Config{Dir: dir, Port: must(testdb.FreePort()), Volatile: true}
}

func start(t *testing.T, cfg localpg.Config) *localpg.Server {
	t.Helper()
	s, err := localpg.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return s
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func run(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

func ask(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	var answer string
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&answer))
	return answer
}

// postmaster is the process that PostgreSQL names in its folder.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	return pid
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// broken returns once the server has dropped the connection.
func broken(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := conn.WaitForNotification(ctx)
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "the connection is still there")
}

func TestAServerStartsAnswersAndStops(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cfg := config(folder(t))
	cfg.Log = &log
	s, err := localpg.Start(t.Context(), cfg)
	require.NoError(t, err)
	conn := connect(t, s.URL)
	require.Equal(t, "127.0.0.1 UTF8 UTC on", ask(t, conn, `SELECT concat_ws(' ', current_setting('listen_addresses'), current_setting('server_encoding'),
		current_setting('timezone'), current_setting('is_superuser'))`))
	pid := postmaster(t, s.Dir)
	info, err := os.Stat(filepath.Join(s.Dir, "data"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NotZero(t, info.Sys().(*syscall.Stat_t).Uid, "PostgreSQL refuses to run as root")

	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	u.User = url.UserPassword(u.User.Username(), "guessed")
	_, err = pgx.Connect(t.Context(), u.String())
	require.ErrorContains(t, err, "password authentication failed")

	s.Stop()
	require.False(t, alive(pid))
	require.NoFileExists(t, filepath.Join(s.Dir, "data", "postmaster.pid"))
	_, err = pgx.Connect(t.Context(), s.URL)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.Contains(t, log.String(), "ready to accept connections")
	require.Contains(t, log.String(), "database system is shut down")
}

func TestStoppingRollsBackWhatIsOpen(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	s := start(t, cfg)
	conn := connect(t, s.URL)
	run(t, conn, "CREATE TABLE kept AS SELECT 1 AS n", "BEGIN", "INSERT INTO kept VALUES (2)")
	s.Stop()

	cfg.Port = must(testdb.FreePort()) // another port, the same data
	again := start(t, cfg)
	require.Equal(t, "1", ask(t, connect(t, again.URL), "SELECT string_agg(n::TEXT, ',') FROM kept"))
	before, err := url.Parse(s.URL)
	require.NoError(t, err)
	after, err := url.Parse(again.URL)
	require.NoError(t, err)
	require.Equal(t, before.User, after.User, "the password stays")
}

func TestASecondServerInTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	for name, port := range map[string]func(int) int{
		"on another port":  func(int) int { return must(testdb.FreePort()) },
		"on the same port": func(port int) int { return port },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(folder(t))
			first := start(t, cfg)
			conn := connect(t, first.URL)
			run(t, conn, "CREATE TABLE kept AS SELECT 1 AS n")
			pid := postmaster(t, first.Dir)

			second := cfg
			second.Port = port(cfg.Port)
			s, err := localpg.Start(t.Context(), second)
			if err == nil {
				s.Stop()
			}
			require.Error(t, err, "two servers believe that the folder is theirs")
			require.Regexp(t, `(?i)(in use|already|another|running)`, err.Error(), "says why")
			require.Equal(t, "1", ask(t, conn, "SELECT n::TEXT FROM kept"), "the first one is as it was")
			require.Equal(t, pid, postmaster(t, first.Dir))
		})
	}
}

func TestAPortThatIsTakenIsRefused(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() { // whoever listens there is no PostgreSQL
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	cfg := config(folder(t))
	cfg.Port = l.Addr().(*net.TCPAddr).Port
	_, err = localpg.Start(t.Context(), cfg)
	require.ErrorContains(t, err, "postgresql ended at its start")
	require.NoFileExists(t, filepath.Join(cfg.Dir, "data", "postmaster.pid"), "nothing is left running")

	cfg.Port = must(testdb.FreePort())
	require.Equal(t, "1", ask(t, connect(t, start(t, cfg).URL), "SELECT 1::TEXT"), "another port will do")
}

func TestAServerThatIsKilledRecovers(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	cfg.Volatile = false // what is committed is safe
	var log bytes.Buffer
	cfg.Log = &log
	s, err := localpg.Start(t.Context(), cfg)
	require.NoError(t, err)
	for round := range 3 {
		conn, open := connect(t, s.URL), connect(t, s.URL)
		run(t, conn, "CREATE TABLE IF NOT EXISTS kept (n INT)", fmt.Sprintf("INSERT INTO kept VALUES (%d)", round))
		run(t, open, "BEGIN", "INSERT INTO kept VALUES (99)")
		require.NoError(t, syscall.Kill(postmaster(t, s.Dir), syscall.SIGKILL))
		require.ErrorContains(t, <-s.Done(), "killed")

		cfg.Port = must(testdb.FreePort())       // the old one may be taken by now
		s, err = localpg.Start(t.Context(), cfg) // at once: the killed server's children may still be there
		if err != nil {
			require.NoError(t, err, "round %d: %s", round, log.String())
		}
		require.Equal(t, strconv.Itoa(round+1), ask(t, connect(t, s.URL), "SELECT count(*)::TEXT FROM kept"))
	}
	s.Stop()
}

func TestStoppingAServerThatHasEndedReturns(t *testing.T) {
	t.Parallel()
	s, err := localpg.Start(t.Context(), config(folder(t)))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(postmaster(t, s.Dir), syscall.SIGKILL))
	require.ErrorContains(t, <-s.Done(), "killed")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Stop()
	}()
	select {
	case <-stopped:
	case <-time.After(5 * time.Second):
		require.Fail(t, "Stop waits for an end that Done has told already")
	}
}

func TestAServerDiesWithItsParent(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells children of the end of their parent")
	}
	dir := folder(t)
	parent := exec.Command(os.Args[0]) //nolint:gosec // this test
	parent.Env = append(os.Environ(), childFolder+"="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address := strings.TrimSpace(line)
	require.True(t, strings.HasPrefix(address, "postgres://"), address)
	conn := connect(t, address)
	run(t, conn, "CREATE TABLE kept AS SELECT 1 AS n")
	pid := postmaster(t, dir)

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	broken(t, conn)
	require.Eventually(t, func() bool { return !alive(pid) }, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, "1", ask(t, connect(t, start(t, config(dir)).URL), "SELECT n::TEXT FROM kept"), "what is committed is there")
}

func TestAnInitializationThatWasInterruptedIsDoneAgain(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	require.NoError(t, os.MkdirAll(filepath.Join(cfg.Dir, "data", "base"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, "data", "PG_VERSION"), []byte("15\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, "password.new"), []byte("half"), 0o600))
	require.Equal(t, "1", ask(t, connect(t, start(t, cfg).URL), "SELECT 1::TEXT"))
}

// onWrite is a log that tells of its first line.
type onWrite func()

// Write implements io.Writer.
func (f onWrite) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

func TestAStartThatIsCancelledLeavesNoServer(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cancelled := cfg
	cancelled.Log = onWrite(cancel) // the server writes before it answers
	_, err := localpg.Start(ctx, cancelled)
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, filepath.Join(cfg.Dir, "data", "postmaster.pid"))
	require.Equal(t, "1", ask(t, connect(t, start(t, cfg).URL), "SELECT 1::TEXT"), "the next start is not hindered")
}

func TestAFolderThatTheServersUserCannotReachIsReplaced(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root starts the server as somebody else")
	}
	closed := filepath.Dir(folder(t))
	require.NoError(t, os.Chmod(closed, 0o700))
	cfg := config(filepath.Join(closed, "pg"))
	s := start(t, cfg)
	t.Cleanup(func() {
		s.Stop()
		require.NoError(t, os.RemoveAll(s.Dir))
	})
	require.NotEqual(t, cfg.Dir, s.Dir)
	run(t, connect(t, s.URL), "CREATE TABLE kept AS SELECT 1 AS n")
	s.Stop()
	again := start(t, cfg)
	require.Equal(t, s.Dir, again.Dir, "found again")
	require.Equal(t, "1", ask(t, connect(t, again.URL), "SELECT n::TEXT FROM kept"))
	again.Stop()
}
