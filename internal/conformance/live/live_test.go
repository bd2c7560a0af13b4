package live_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/conformance/live"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
)

// shared is the folder of cases that others wrote; it is not part of the project.
const shared = "../../../../shared/conformance"

// load reads the cases of a folder, or skips the test.
func load(t *testing.T, dir string) []live.Suite {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the shared cases are not here: %v", err)
	}
	suites, err := live.Load(dir)
	require.NoError(t, err)
	return suites
}

func TestASampleOfTheSharedCasesPassesOnTheProduct(t *testing.T) {
	t.Parallel()
	suites := load(t, shared)
	p := live.Running(t)
	played := 0
	for _, s := range suites {
		sample := s.Every(sampled)
		played += len(sample.Playable)
		outcome, err := p.PlaySuite(t.Context(), sample)
		require.NoError(t, err)
		var out strings.Builder
		report.Print(&out, []*report.Suite{outcome})
		report.PrintCases(&out, []*report.Suite{outcome}, report.Wrong, report.Refused)
		t.Logf("\n%s", &out)
		require.Zero(t, outcome.Wrong+outcome.Refused)
	}
	require.GreaterOrEqual(t, played, leastPlayed)
}

// sampled is of how many playable cases one is played: all of them are in "make conformance REAL=1".
const sampled = 4

// leastPlayed is how many cases the sample has at least.
const leastPlayed = 60
