package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestProblemsWithTheServicesAreListedAndThePasswordIsNotPrinted(t *testing.T) {
	t.Setenv("NEXTGEN_SMTP_PASSWORD", "hunter2")
	code, _, stderr := command(t, "worker", "--database-url", "postgres://a@b/c", "--http-allow", "https://x", "--http-timeout", "soon",
		"--smtp-address", "mail", "--smtp-from", "me", "--smtp-encryption", "rot13", "--script-time", "1ms", "--script-memory", "0", "--script-processes", "-1")
	require.Equal(t, 2, code)
	for _, want := range []string{
		`--http-allow: "https://x" is not a list of hosts`, `--http-timeout: "soon" is not a duration`, `--smtp-address: "mail" is not host:port`,
		`--smtp-from: "me" is not a mail address`, `--smtp-encryption: "rot13" is none of starttls, tls, none`, `--script-time: "1ms" is not a duration`,
		`--script-memory: "0" is not a number`, `--script-processes: "-1" is not a number`,
	} {
		require.Contains(t, stderr, want)
	}
	require.NotContains(t, stderr, "hunter2")
	code, stdout, _ := command(t, "worker", "--help")
	require.Zero(t, code)
	require.NotContains(t, stdout, "hunter2")
}

func TestALoginNeedsItsPassword(t *testing.T) {
	t.Setenv("NEXTGEN_SMTP_USER", "me")
	code, _, stderr := command(t, "worker", "--database-url", "postgres://a@b/c")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "NEXTGEN_SMTP_USER and NEXTGEN_SMTP_PASSWORD are needed together")
}

func TestTheProgramRunsScriptsForItself(t *testing.T) {
	raw, err := json.Marshal(map[string]any{
		"input":  casework.ActivityInput{ElementID: "s", Script: &casework.ScriptSource{Format: "javascript", Source: "6 * 7"}},
		"limits": map[string]any{"Time": 10_000_000_000, "Calls": 100, "SourceBytes": 1000, "ResultBytes": 1000}, "memory": 100 << 20,
	})
	require.NoError(t, err)
	var out, errs bytes.Buffer
	root := rootCommand(&out, &errs)
	root.SetIn(strings.NewReader(string(raw)))
	root.SetArgs([]string{"run-scripts"})
	require.NoError(t, root.ExecuteContext(t.Context()))
	require.JSONEq(t, `{"result": {"result": 42}}`, out.String())
	_, help, _ := command(t, "--help")
	require.NotContains(t, help, "run-scripts")
}
