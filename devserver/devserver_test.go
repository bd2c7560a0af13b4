package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// connect opens a gRPC connection to the server.
func connect(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// requireNamespace checks retention and search attributes of a namespace.
func requireNamespace(t *testing.T, line readyLine, retention time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn := connect(t, line.Address)
	described, err := workflowservice.NewWorkflowServiceClient(conn).DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: line.Namespace})
	require.NoError(t, err)
	require.Equal(t, retention, described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	listed, err := operatorservice.NewOperatorServiceClient(conn).ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: line.Namespace})
	require.NoError(t, err)
	require.Equal(t, map[string]enumspb.IndexedValueType{
		"Tenant": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"Amount": enumspb.INDEXED_VALUE_TYPE_DOUBLE,
	}, listed.GetCustomAttributes())
}

// arguments returns the command line for a server on free ports.
func arguments(t *testing.T, url string) []string {
	t.Helper()
	ports, err := freePorts(t.Context(), 2)
	require.NoError(t, err)
	return []string{
		"--postgres-url", url, "--namespace", "engine",
		"--port", strconv.Itoa(ports[0]), "--ui-port", strconv.Itoa(ports[1]),
		"--search-attribute", "Tenant=Keyword", "--search-attribute", "Amount=Double",
	}
}

// TestServerSurvivesKill starts the server on empty databases, kills it and
// starts it again on the same ones.
func TestServerSurvivesKill(t *testing.T) {
	url := startPostgres(t)
	args := arguments(t, url)

	first := start(t, args...)
	line := first.ready(t)
	require.Equal(t, "engine", line.Namespace)
	requireNamespace(t, line, 720*time.Hour)
	response, err := http.Get(line.UIURL + "/api/v1/namespaces/engine")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	workflow := startWorkflow(t, line)

	require.NoError(t, first.cmd.Process.Kill())
	first.wait(t, 10*time.Second)

	second := start(t, append(args, "--retention", "48h")...)
	line = second.ready(t)
	requireNamespace(t, line, 48*time.Hour)
	requireRunning(t, line, workflow)

	t.Run("a second server is refused", func(t *testing.T) {
		other := start(t, arguments(t, url)...)
		require.Equal(t, 1, other.wait(t, 30*time.Second))
		require.Contains(t, other.stderr.String(), "another Temporal server is running on it")
		require.Empty(t, other.stdout.String())
	})

	require.NoError(t, second.cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 0, second.wait(t, 10*time.Second), "%s", second.stderr)
	require.Equal(t, 1, strings.Count(second.stdout.String(), "\n"), "more than the ready line on standard output")
}

// TestKillDuringStart kills the server at several moments of its first start.
// Whatever is left in the databases, the next start must work.
func TestKillDuringStart(t *testing.T) {
	args := arguments(t, startPostgres(t))
	for _, after := range []time.Duration{100, 250, 400, 550, 700, 900, 1200} {
		p := start(t, args...)
		select {
		case <-p.exited:
			require.FailNow(t, "the server failed", "%s", p.stderr)
		case <-time.After(after * time.Millisecond):
		}
		require.NoError(t, p.cmd.Process.Kill())
		p.wait(t, 10*time.Second)
	}
	last := start(t, args...)
	requireNamespace(t, last.ready(t), 720*time.Hour)
}

// TestExitWithStdin stops the server by closing its standard input.
func TestExitWithStdin(t *testing.T) {
	p := start(t, append(arguments(t, startPostgres(t)), "--exit-with-stdin")...)
	p.ready(t)
	require.NoError(t, p.stdin.Close())
	require.Equal(t, 0, p.wait(t, 10*time.Second), "%s", p.stderr)
}

// TestPortTaken names the port that is taken.
func TestPortTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	p := start(t, "--postgres-url", "postgres://nobody@127.0.0.1:1/none", "--port", strconv.Itoa(port))
	require.Equal(t, 1, p.wait(t, 10*time.Second))
	require.Contains(t, p.stderr.String(), fmt.Sprintf("port %d for Temporal is already taken", port))
}
