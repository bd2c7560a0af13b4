package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"context"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

var errAway = errors.New("the database is away")

func TestAStepIsCommittedOnceHoweverOftenTheCommitFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		failures int
		regular  int // attempts of the regular activity
	}{
		"at first try":                          {0, 0},
		"at the second try of the local one":    {1, 0},
		"by the regular activity":               {2, 1},
		"by the regular activity, after a time": {7, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(twoTasks))
			regular := 0
			c.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
				require.Equal(t, "commit:2", info.ActivityID)
				regular++
			})
			c.at(time.Hour, func() {
				c.store.fail = func(attempt int, _ casework.StepCommit) error {
					if attempt <= 1+tc.failures {
						return errAway
					}
					return nil
				}
				c.complete("first")
			})
			c.at(2*time.Hour, func() {
				require.Equal(t, []string{"second"}, c.store.open())
				require.Equal(t, tc.regular, regular)
				c.complete("second")
			})
			require.NoError(t, c.run())
			require.Len(t, c.store.commits, 3)
			require.Equal(t, began.Add(time.Hour), c.store.commits[1].At, "the step keeps its time")
		})
	}
}

func TestACommitWhoseAnswerIsLostIsNotWrittenTwice(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		lost := false
		c.store.fail = func(_ int, commit casework.StepCommit) error {
			if lost {
				return nil
			}
			lost = true
			_, err := c.store.write(commit)
			return errors.Join(err, errAway)
		}
		c.complete("first")
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, []string{"second"}, c.store.open())
		require.Len(t, c.state().Tasks, 1)
		c.complete("second")
	})
	require.NoError(t, c.run())
	require.Len(t, c.store.commits, 3)
}

func TestACommandIsJudgedOnceTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		c.store.fail = func(attempt int, _ casework.StepCommit) error {
			if attempt < 5 {
				return errAway
			}
			return nil
		}
		c.send(casework.Command{CommandID: "forged", Seq: 1, Kind: casework.CommandTerminate, InstanceID: c.start.InstanceID})
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, 1, c.store.refused)
		c.complete("first")
	})
	c.stopAt(3 * time.Hour)
	require.NoError(t, c.run())
	require.Equal(t, int64(3), c.store.lastCommit().Step, "a refused step leaves its number to the next")
}

func TestARunStopsWhereTheDatabaseHasAnotherPathOnRecord(t *testing.T) {
	t.Parallel()
	for name, failures := range map[string]int{"seen by the local activity": 0, "seen by the regular activity": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(twoTasks))
			c.at(time.Hour, func() {
				c.store.fail = func(attempt int, _ casework.StepCommit) error {
					if attempt <= 1+failures {
						return errAway
					}
					return nil
				}
				c.store.results[2] = casework.StepResult{Fingerprint: "of another path"}
				c.complete("first")
			})
			require.ErrorContains(t, c.run(), "step 2 took another path than the one on record")
			require.Len(t, c.store.commits, 1)
		})
	}
}

func TestTheFingerprintOfARefusedStepIsNotCompared(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.store.change = func(_ casework.StepCommit, r casework.StepResult) casework.StepResult {
		if r.Refused {
			r.Fingerprint = ""
		}
		return r
	}
	c.at(time.Hour, func() {
		c.send(casework.Command{CommandID: "forged", Seq: 1, Kind: casework.CommandTerminate, InstanceID: c.start.InstanceID})
	})
	c.stopAt(2 * time.Hour)
	require.NoError(t, c.run())
	require.Equal(t, 1, c.store.refused)
}

// An attempt at the workflow task that crashed has put the second command on record, because the first had not come yet.
func TestWhatIsOnRecordComesFirst(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	var claim, release casework.Command
	crashed := began.Add(time.Hour - time.Second)
	c.store.fail = func(_ int, step casework.StepCommit) error {
		if step.Step == 2 && len(c.store.commits) == 1 {
			_, err := c.store.write(casework.StepCommit{Step: 2, At: crashed, Cause: release.CommandID, CommandID: release.CommandID, Fingerprint: step.Fingerprint})
			return err
		}
		return nil
	}
	c.at(time.Hour, func() {
		of := func(cmd *casework.Command) { cmd.TaskID = c.store.taskOf("first").TaskID }
		claim, release = c.order(casework.CommandClaim, of), c.order(casework.CommandUnclaim, of)
		c.send(claim)
		c.send(release)
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, []string{release.CommandID, claim.CommandID}, c.store.applied, "each once, in the order on record")
		require.Equal(t, int64(3), c.state().Step)
		require.Empty(t, c.state().Inbox)
		require.Empty(t, c.state().Tasks[0].Assignee, "the release was later than the claim")
		c.complete("first")
	})
	c.at(3*time.Hour, func() { c.complete("second") })
	require.NoError(t, c.run())
	require.Zero(t, c.store.refused)
}
