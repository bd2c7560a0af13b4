package main

import (
	"bytes"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// command runs a command line in this process.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestEveryConfigurationProblemIsListedAtOnceAndSecretsAreNotPrinted(t *testing.T) {
	t.Setenv("NEXTGEN_LOG_LEVEL", "loud")
	code, _, stderr := command(t, "api", "--database-url", "mysql://me:hunter2@host/db", "--http-address", "nowhere", "--trust-user-header-from", "10.0.0.0/8, perhaps")
	require.Equal(t, 2, code)
	for _, want := range []string{
		"--database-url: is not a PostgreSQL URL",
		`--http-address: "nowhere" is not host:port`,
		`--trust-user-header-from: "10.0.0.0/8, perhaps" is not a list of networks`,
		`NEXTGEN_LOG_LEVEL: "loud" is none of debug, info, warn, error`,
	} {
		require.Contains(t, stderr, want)
	}
	require.NotContains(t, stderr, "hunter2")
}

func TestAWrongCommandLineIsAUsageError(t *testing.T) {
	for _, args := range [][]string{{"fly"}, {"dev", "--speed", "fast"}, {"lint"}, {"migrate", "sideways"}} {
		code, _, stderr := command(t, args...)
		require.Equal(t, 2, code, "%v: %s", args, stderr)
		require.NotEmpty(t, stderr)
	}
}

func TestHelpNamesEveryCommandAndTheEnvironmentVariablesOfFlags(t *testing.T) {
	code, stdout, _ := command(t, "--help")
	require.Zero(t, code)
	for _, name := range []string{"dev", "api", "worker", "migrate", "deploy", "lint", "seed", "health"} {
		require.Contains(t, stdout, "\n  "+name+" ")
	}
	_, stdout, _ = command(t, "dev", "--help")
	for _, name := range []string{"--data-dir", "--port", "--temporal-port", "--ui-port", "NEXTGEN_DATA_DIR", "DATABASE_URL"} {
		require.Contains(t, stdout, name)
	}
}

func TestDevNamesEveryTakenPortAndItsFlag(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, taken, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	code, _, stderr := command(t, "dev", "--data-dir", t.TempDir(), "--port", taken, "--ui-port", "65001", "--temporal-port", "65001")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "port "+taken+" is taken; choose another with --port")
	require.Contains(t, stderr, "port 65001 is taken; choose another with --ui-port")
}
