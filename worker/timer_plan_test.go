package worker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
)

// moments lists when a specification fires, at most so many times.
func moments(spec client.ScheduleSpec, most int) []string {
	var found []string
	for _, c := range spec.Calendars {
		at := time.Date(c.Year[0].Start, time.Month(c.Month[0].Start), c.DayOfMonth[0].Start, c.Hour[0].Start, c.Minute[0].Start, c.Second[0].Start, 0, time.UTC)
		found = append(found, at.Format(time.RFC3339))
	}
	for _, i := range spec.Intervals {
		at := spec.StartAt.Truncate(time.Second)
		for (time.Duration(at.UnixNano())-i.Offset)%i.Every != 0 || at.Before(spec.StartAt) {
			at = at.Add(time.Second)
		}
		for ; len(found) < most && (spec.EndAt.IsZero() || !at.After(spec.EndAt)); at = at.Add(i.Every) {
			found = append(found, at.UTC().Format(time.RFC3339))
		}
	}
	return found[:min(len(found), most)]
}

func TestATimerStartFiresWhenTheModelSays(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 1, 5, 9, 0, 0, 500_000_000, time.UTC)
	for name, tc := range map[string]struct {
		kind, text string
		want       []string // the first three
		all        bool     // there are no others
	}{
		"a date":                       {"timeDate", "2026-01-06T12:00:00Z", []string{"2026-01-06T12:00:00Z"}, true},
		"a date that has passed":       {"timeDate", "2026-01-04T12:00:00Z", nil, true},
		"a duration":                   {"timeDuration", "PT1H", []string{"2026-01-05T10:00:01Z"}, true},
		"every hour":                   {"timeCycle", "R/PT1H", []string{"2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z"}, false},
		"twice":                        {"timeCycle", "R2/PT1H", []string{"2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z"}, true},
		"from a start on":              {"timeCycle", "R/2026-02-01T00:00:00Z/P1D", []string{"2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"}, false},
		"twice from a start on":        {"timeCycle", "R2/2026-02-01T00:00:00Z/P1D", []string{"2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"}, true},
		"the rest of what has begun":   {"timeCycle", "R3/2026-01-04T00:00:00Z/P1D", []string{"2026-01-06T00:00:00Z"}, true},
		"until an end":                 {"timeCycle", "R/PT1H/2026-01-05T11:30:00Z", []string{"2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z"}, true},
		"every month":                  {"timeCycle", "R3/P1M", []string{"2026-02-05T09:00:01Z", "2026-03-05T09:00:01Z", "2026-04-05T09:00:01Z"}, true},
		"cron, on the hour":            {"timeCycle", "0 * * * *", []string{"2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z"}, false},
		"cron as Quartz, on Mondays":   {"timeCycle", "0 0 8 ? * 2", []string{"2026-01-12T08:00:00Z", "2026-01-19T08:00:00Z", "2026-01-26T08:00:00Z"}, false},
		"less than what Temporal does": {"timeCycle", "R/PT0.1S", []string{"2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z", "2026-01-05T09:00:02Z"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, until, err := worker.PlanTimer(casework.StartEvent{Timer: tc.kind, Trigger: tc.text}, from, from)
			require.NoError(t, err)
			if !tc.all {
				require.Equal(t, tc.want, moments(spec, 3))
				require.Equal(t, len(spec.Calendars) > 0, !until.IsZero(), "exact moments have to be renewed")
				return
			}
			require.Equal(t, tc.want, moments(spec, 100))
			require.Zero(t, until)
		})
	}
}

func TestExactMomentsGoOnFromWhereTheTimeIs(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	now := from.AddDate(1, 0, 0)
	for text, first := range map[string]string{"0 * * * *": "2027-01-05T09:00:00Z", "R/P1M": "2027-01-05T09:00:00Z"} {
		spec, until, err := worker.PlanTimer(casework.StartEvent{Timer: "timeCycle", Trigger: text}, from, now)
		require.NoError(t, err)
		require.Equal(t, first, moments(spec, 1)[0], text)
		require.Len(t, spec.Calendars, 100)
		require.True(t, until.After(now))
	}
	spec, _, err := worker.PlanTimer(casework.StartEvent{Timer: "timeCycle", Trigger: "R3/P1M"}, from, now)
	require.NoError(t, err)
	require.Empty(t, spec.Calendars, "all three have passed")
}

func TestATimerThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	for kind, text := range map[string]string{"timeDate": "tomorrow", "timeDuration": "an hour", "timeCycle": "often", "other": "PT1H"} {
		_, _, err := worker.PlanTimer(casework.StartEvent{Timer: kind, Trigger: text}, time.Now(), time.Now())
		require.Error(t, err, kind)
	}
}
