package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
)

// shared is the folder of cases that others wrote; it is not part of the project.
const shared = "../../../shared/conformance"

// reached is what the suites have reached: they do not fall behind it.
var reached = report.Expectations{
	"betsy":       {Pass: 100},
	"invalid":     {Refused: 83, Wrong: 17},
	"scenarios":   {Pass: 89, Wrong: 4},
	"paths":       {Pass: 93, Wrong: 0},
	"interchange": {Pass: 100},
}

func TestSharedCasesDoNotFallBehind(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(shared); err != nil {
		t.Skipf("the shared cases are not here: %v", err)
	}
	suites, err := run(options{dir: shared}, nil)
	require.NoError(t, err)
	require.Len(t, suites, len(reached))
	var out strings.Builder
	report.Print(&out, suites)
	t.Logf("\n%s", &out)
	require.Empty(t, reached.Shortfalls(suites))
}

func TestDoubtfulCasesAreThereAndFail(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(shared); err != nil {
		t.Skipf("the shared cases are not here: %v", err)
	}
	doubts, err := readDoubts()
	require.NoError(t, err)
	for _, s := range suites() {
		all, err := s.load(shared)
		require.NoError(t, err)
		there := map[string]test{}
		for _, c := range all {
			there[c.id] = c
		}
		for id, reason := range doubts[s.name] {
			require.NotEmpty(t, reason, id)
			require.Contains(t, there, id, "a doubtful case that is not there")
			require.NotEqual(t, report.Pass, there[id].run(nil).Outcome, "%s passes", id)
		}
	}
}

func TestCaseIDsAreUnique(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(shared); err != nil {
		t.Skipf("the shared cases are not here: %v", err)
	}
	for _, s := range suites() {
		all, err := s.load(shared)
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, c := range all {
			require.False(t, seen[c.id], "%s: %s", s.name, c.id)
			seen[c.id] = true
		}
	}
}
