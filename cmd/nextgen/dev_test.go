package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// TestDevGoesOnAfterAKillAndLeavesNothingBehind runs the whole stack on a data folder, kills it with SIGKILL in the middle
// of a case, starts it again on the folder, and stops it in good order.
func TestDevGoesOnAfterAKillAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	cfg := stack.Config{Binary: os.Getenv("NEXTGEN_BINARY"), TemporalBinary: os.Getenv("NEXTGEN_TEMPORAL_BINARY"), Log: io.Discard}
	if cfg.Binary == "" || cfg.TemporalBinary == "" {
		t.Skip("NEXTGEN_BINARY and NEXTGEN_TEMPORAL_BINARY are not set; \"make test\" builds both and sets them")
	}
	dir := dataDir(t)
	s, err := stack.StartDev(t.Context(), cfg, dir)
	require.NoError(t, err)
	t.Cleanup(func() { s.Stop() })
	alice := s.As("alice.intake")
	started, err := alice.StartCase(t.Context(), casework.CaseStart{ProcessKey: "onecmsUnifiedCase", StartEventID: "caseReceived"})
	require.NoError(t, err)
	require.Len(t, started.Tasks, 1)
	task := started.Tasks[0].TaskID
	_, err = alice.Claim(t.Context(), task)
	require.NoError(t, err)

	out, err := exec.CommandContext(t.Context(), cfg.Binary, "dev", "--data-dir", dir).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "another nextgen dev runs on the data folder "+dir)

	s.API.Kill()
	require.NoError(t, s.API.Start(t.Context()), "on the same folder and ports")
	done, err := alice.Complete(t.Context(), task, casework.Completion{Variables: map[string]any{"intakeDecision": "REJECT"}})
	require.NoError(t, err)
	require.Equal(t, casework.TaskCompleted, done.Status)
	i, err := alice.Instance(t.Context(), started.ProcessInstanceID)
	require.NoError(t, err)
	require.Equal(t, casework.InstanceCompleted, i.Status)

	s.API.Stop()
	awaitNoProcessOf(t, dir)
}

// dataDir is a folder that the unprivileged user of PostgreSQL can reach too.
func dataDir(t *testing.T) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "nextgen-dev-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(parent, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	return filepath.Join(parent, "data")
}

// awaitNoProcessOf fails if a process that names the folder in its command line lives on.
func awaitNoProcessOf(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Log("without /proc it is not checked that no process is left")
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		var left []string
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		require.NoError(t, err)
		for _, f := range files {
			if line, err := os.ReadFile(f); err == nil && strings.Contains(string(line), dir) {
				left = append(left, strings.ReplaceAll(string(line), "\x00", " "))
			}
		}
		if len(left) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			require.Empty(t, left, "processes left behind")
		case <-again.C:
		}
	}
}
