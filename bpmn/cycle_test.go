package bpmn_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := bpmn.ParseDateTime(text)
	require.NoError(t, err)
	return at
}

func TestCyclesHaveTheirMoments(t *testing.T) {
	t.Parallel()
	const now = "2026-03-04T10:00:30Z" // a Wednesday
	cases := map[string]struct {
		source string
		repeat int
		first  string // "": none
		next   string // after the first
	}{
		"an interval":                   {"R3/PT1H", 3, "2026-03-04T11:00:30Z", "2026-03-04T12:00:30Z"},
		"one without end":               {"R/P1M", -1, "2026-04-04T10:00:30Z", "2026-05-04T10:00:30Z"},
		"a single duration":             {"PT5M", 1, "2026-03-04T10:05:30Z", "2026-03-04T10:10:30Z"},
		"a start to come":               {"R/2026-05-01T08:00:00Z/P1D", -1, "2026-05-01T08:00:00Z", "2026-05-02T08:00:00Z"},
		"a start that is past":          {"R/2026-03-01T08:00:00Z/P1D", -1, "2026-03-05T08:00:00Z", "2026-03-06T08:00:00Z"},
		"a start that is long past":     {"R/1970-01-01T00:00:00Z/PT1S", -1, "2026-03-04T10:00:30Z", "2026-03-04T10:00:31Z"},
		"a start centuries ago":         {"R/0100-01-01T00:00:00Z/PT1M", -1, "2026-03-04T10:01:00Z", "2026-03-04T10:02:00Z"},
		"a start and months":            {"R/2025-01-31T00:00:00Z/P1M", -1, "2026-03-28T00:00:00Z", "2026-04-28T00:00:00Z"},
		"a start of which all is past":  {"R2/2020-01-01T00:00:00Z/P1D", 2, "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"},
		"an end to come":                {"R/P1D/2026-03-05T12:00:00Z", -1, "2026-03-05T10:00:30Z", ""},
		"an end that is past":           {"R/P1D/2026-03-04T12:00:00Z", -1, "", ""},
		"cron":                          {"0 9 * * *", -1, "2026-03-05T09:00:00Z", "2026-03-06T09:00:00Z"},
		"cron on a Sunday":              {"30 7 * * 0", -1, "2026-03-08T07:30:00Z", "2026-03-15T07:30:00Z"},
		"cron with seconds":             {"0 0/5 * * * ?", -1, "2026-03-04T10:05:00Z", "2026-03-04T10:10:00Z"},
		"cron with names":               {"0 0 8 ? * MON-FRI", -1, "2026-03-05T08:00:00Z", "2026-03-06T08:00:00Z"},
		"cron with Quartz's days":       {"0 0 8 ? * 2", -1, "2026-03-09T08:00:00Z", "2026-03-16T08:00:00Z"},
		"cron with a year":              {"0 0 0 1 1 ? 2027", -1, "2027-01-01T00:00:00Z", ""},
		"cron with a year that is past": {"0 0 0 1 1 ? 2020", -1, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cycle, err := bpmn.ParseCycle(c.source)
			require.NoError(t, err)
			require.Equal(t, c.repeat, cycle.Repeat)
			first := cycle.First(moment(t, now))
			require.Equal(t, c.first, shown(first))
			if c.first != "" {
				require.Equal(t, c.next, shown(cycle.Next(first)))
			}
		})
	}
}

func shown(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339)
}

func TestCyclesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"": "neither a repeating interval", "INVALID": "neither a repeating interval", "R3": "not a repeating interval", "R0/PT1H": "repeats",
		"Rx/PT1H": "repeats", "R3/": "duration", "R3/PT0S": "no time", "R3/P1D/soon": "date-time", "R3/soon/P1D": "date-time",
		"R/2026-01-01T00:00:00Z/2026-01-02T00:00:00Z": "duration", "R/P1D/P1D/P1D": "not a repeating interval", "99 * * * *": "does not parse",
		"* * * * * * * *": "neither a repeating interval", "PT": "incomplete", "0 0 0 ? * FUNDAY": "does not parse",
	}
	for source, message := range cases {
		_, err := bpmn.ParseCycle(source)
		require.ErrorContains(t, err, message, source)
	}
}
