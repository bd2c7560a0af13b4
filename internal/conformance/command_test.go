package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
)

func TestASmallFolderRunsAsASharedOneDoes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out.json")
	var out strings.Builder
	require.NoError(t, command([]string{"-list", "-json", file, "testdata/small"}, &out, io.Discard), "%s", &out)

	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var results report.Results
	require.NoError(t, json.Unmarshal(raw, &results))
	counts := map[string][4]int{}
	for _, s := range results.Suites {
		counts[s.Name] = [4]int{s.Pass, s.Refused, s.Wrong, s.Aside}
	}
	require.Equal(t, map[string][4]int{
		"betsy": {2, 0, 0, 0}, "invalid": {0, 1, 0, 0}, "scenarios": {2, 0, 0, 1}, "paths": {4, 0, 0, 0}, "interchange": {1, 0, 0, 0},
	}, counts)
	require.Contains(t, out.String(), "refused by dangling-flow")
}

func TestOneCaseIsTraced(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, command([]string{"-case", "the timer fires when its job is run", "testdata/small"}, &out, io.Discard))
	require.Contains(t, out.String(), `i1 < {"kind":"start"`)
	require.Contains(t, out.String(), `"kind":"timer-fired","element":"late"`)
	require.Contains(t, out.String(), "it is 2026-01-05T10:00:00Z")
}

func TestASuiteBelowItsExpectationFails(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := command([]string{"-suite", "invalid", "-expect", "invalid.pass=10", "testdata/small"}, &out, io.Discard)
	require.ErrorContains(t, err, "1 expectations are not met")
	require.Contains(t, out.String(), "invalid: 0.0 % pass, at least 10 % are expected")
}

func TestABadCommandLineIsAnError(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no folder":         {},
		"no such suite":     {"-suite", "other", "testdata/small"},
		"no such case":      {"-case", "other", "testdata/small"},
		"bad expectation":   {"-expect", "betsy=90", "testdata/small"},
		"folder with suite": {"-suite", "betsy", "testdata"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, command(args, io.Discard, io.Discard))
		})
	}
}
