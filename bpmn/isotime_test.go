package bpmn_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

func TestDurationsAreAddedByTheCalendar(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ duration, from, want string }{
		"days":                              {"P30D", "2026-01-31T10:00:00Z", "2026-03-02T10:00:00Z"},
		"weeks":                             {"P2W", "2026-02-20T00:00:00Z", "2026-03-06T00:00:00Z"},
		"a month ends with its last day":    {"P1M", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"},
		"a leap year has one day more":      {"P1M", "2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z"},
		"a year after the leap day":         {"P1Y", "2028-02-29T10:00:00Z", "2029-02-28T10:00:00Z"},
		"months before days":                {"P1M1D", "2026-01-31T10:00:00Z", "2026-03-01T10:00:00Z"},
		"months beyond the year":            {"P14M", "2026-11-15T00:00:00Z", "2028-01-15T00:00:00Z"},
		"hours beyond the day":              {"PT36H", "2026-12-31T18:00:00Z", "2027-01-02T06:00:00Z"},
		"all parts":                         {"P1Y2M3W4DT5H6M7.5S", "2026-01-01T00:00:00Z", "2027-03-26T05:06:07.5Z"},
		"a comma is a decimal sign":         {"PT0,25S", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.25Z"},
		"nothing":                           {"PT0S", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		"the result is in UTC":              {"PT1H", "2026-01-01T00:00:00+02:00", "2025-12-31T23:00:00Z"},
		"digits behind nanoseconds are cut": {"PT1.1234567899S", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01.123456789Z"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := bpmn.ParseDuration(c.duration)
			require.NoError(t, err)
			from, err := time.Parse(time.RFC3339Nano, c.from)
			require.NoError(t, err)
			require.Equal(t, c.want, d.AddTo(from).Format(time.RFC3339Nano))
		})
	}
}

func TestWhatIsNoDurationIsRefused(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"", "P", "PT", "P1DT", "1D", "p1d", "-P1D", "P-1D", "P1", "P1H", "PT1D", "P1D2M", "P1M1M", "P1.5D", "PT1.S", "PT.5S",
		"PT1.5.5S", "P1000001D", "P99999999999999999999D", "P1D ", "PTS", "P1Dx", "PT1H-1M", "P١D",
	} {
		d, err := bpmn.ParseDuration(source)
		require.ErrorContains(t, err, "duration", source)
		require.Zero(t, d, source)
	}
}

func TestDateTimesAreReadInUTC(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"2026-03-01T10:00:00Z":           "2026-03-01T10:00:00Z",
		"2026-03-01T10:00:00+02:00":      "2026-03-01T08:00:00Z",
		"2026-03-01T10:00:00.5":          "2026-03-01T10:00:00.5Z",
		"2026-03-01T10:00":               "2026-03-01T10:00:00Z",
		"2026-03-01T10:00-01:00":         "2026-03-01T11:00:00Z",
		"2026-03-01":                     "2026-03-01T00:00:00Z",
		"2026-03-01T10:00:00.123456789Z": "2026-03-01T10:00:00.123456789Z",
	} {
		got, err := bpmn.ParseDateTime(source)
		require.NoError(t, err)
		require.Equal(t, want, got.Format(time.RFC3339Nano), source)
	}
	for _, source := range []string{"", "2026", "2026-02-30", "2026-13-01", "2026-03-01 10:00", "2026-03-01T25:00", "P1D", "tomorrow"} {
		_, err := bpmn.ParseDateTime(source)
		require.ErrorContains(t, err, "not an ISO 8601 date-time", source)
	}
}
