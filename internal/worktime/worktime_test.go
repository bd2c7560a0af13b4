package worktime

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // the zones are those of the tests, whatever the machine has

	"github.com/stretchr/testify/require"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func office(t testing.TB, holidays ...string) *Calendar {
	t.Helper()
	c, err := Parse("Europe/Berlin", []byte(`{"monday": [["13:00","17:00"],["09:00","12:00"]], "tuesday": [["09:00","12:00"],["13:00","17:00"]],
		"wednesday": [["09:00","12:00"],["13:00","17:00"]], "thursday": [["09:00","12:00"],["13:00","17:00"]], "friday": [["09:00","15:00"]]}`), toJSON(holidays))
	require.NoError(t, err)
	return c
}

func toJSON(texts []string) []byte {
	s := "["
	for i, text := range texts {
		if i > 0 {
			s += ","
		}
		s += fmt.Sprintf("%q", text)
	}
	return []byte(s + "]")
}

func at(t testing.TB, c *Calendar, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, c.zone)
	require.NoError(t, err)
	return v
}

func TestMinutesCountInWorkingTimeOnly(t *testing.T) {
	t.Parallel()
	c := office(t, "2026-04-03", "2026-04-06")
	for name, tc := range map[string]struct {
		from string
		add  time.Duration
		want string
	}{
		"within an interval":           {"2026-03-24 09:30", time.Hour, "2026-03-24 10:30"},
		"over lunch":                   {"2026-03-24 11:30", time.Hour, "2026-03-24 13:30"},
		"to the very end of an hour":   {"2026-03-24 16:00", time.Hour, "2026-03-24 17:00"},
		"over night":                   {"2026-03-24 16:30", time.Hour, "2026-03-25 09:30"},
		"from before the day begins":   {"2026-03-24 06:00", time.Hour, "2026-03-24 10:00"},
		"over the weekend":             {"2026-03-27 14:30", time.Hour, "2026-03-30 09:30"},
		"from the weekend":             {"2026-03-28 14:30", time.Hour, "2026-03-30 10:00"},
		"over Good Friday and Monday":  {"2026-04-02 16:30", time.Hour, "2026-04-07 09:30"},
		"a week":                       {"2026-03-16 09:00", 34 * time.Hour, "2026-03-20 15:00"},
		"back over night":              {"2026-03-25 09:30", -time.Hour, "2026-03-24 16:30"},
		"back to the very beginning":   {"2026-03-25 10:00", -time.Hour, "2026-03-25 09:00"},
		"back over the long weekend":   {"2026-04-07 09:30", -time.Hour, "2026-04-02 16:30"},
		"nothing, on a free day":       {"2026-04-03 10:00", 0, "2026-04-03 10:00"},
		"back from the early morning":  {"2026-03-24 06:00", -time.Hour, "2026-03-23 16:00"},
		"a second before the interval": {"2026-03-24 12:59", time.Minute, "2026-03-24 13:01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.Add(at(t, c, tc.from), tc.add)
			require.Equal(t, tc.want, got.In(c.zone).Format("2006-01-02 15:04"))
			require.Equal(t, tc.add, c.Between(at(t, c, tc.from), got))
		})
	}
}

func TestClocksThatChange(t *testing.T) {
	t.Parallel()
	always := [7][]Interval{}
	night := [7][]Interval{}
	for d := range always {
		always[d] = []Interval{{0, 24 * 60}}
		night[d] = []Interval{{0, 150}, {150, 300}}
	}
	for name, tc := range map[string]struct {
		zone     string
		week     [7][]Interval
		from, to string // UTC
		want     time.Duration
	}{
		"a day of 23 hours":                  {"Europe/Berlin", always, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23 * time.Hour},
		"a day of 25 hours":                  {"Europe/Berlin", always, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25 * time.Hour},
		"00:00 to 05:00 of the short night":  {"Europe/Berlin", night, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 4 * time.Hour},
		"00:00 to 05:00 of the long night":   {"Europe/Berlin", night, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 6 * time.Hour},
		"half an hour in Lord Howe":          {"Australia/Lord_Howe", always, "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 23*time.Hour + 30*time.Minute},
		"a day that Samoa never had":         {"Pacific/Apia", always, "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z", 48 * time.Hour},
		"hours that Samoa never had":         {"Pacific/Apia", night, "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", 5 * time.Hour},
		"midnight that Beirut never had":     {"Asia/Beirut", night, "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z", 4 * time.Hour},
		"a zone that never changes its time": {"Asia/Kolkata", night, "2026-03-28T18:30:00Z", "2026-03-29T18:30:00Z", 5 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := New(zone(t, tc.zone), tc.week, nil)
			require.NoError(t, err)
			from, err := time.Parse(time.RFC3339, tc.from)
			require.NoError(t, err)
			to, err := time.Parse(time.RFC3339, tc.to)
			require.NoError(t, err)
			require.Equal(t, tc.want, c.Between(from, to))
			require.Equal(t, -tc.want, c.Between(to, from))
		})
	}
}

func TestWhatIsNoCalendarIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ zone, hours, holidays, want string }{
		"no working time":    {"UTC", `{"monday": []}`, `[]`, ErrNoWorkingTime.Error()},
		"past midnight":      {"UTC", `{"monday": [["22:00","06:00"]]}`, `[]`, "is no part of a day"},
		"overlap":            {"UTC", `{"monday": [["09:00","12:00"],["11:59","13:00"]]}`, `[]`, "overlap"},
		"unknown zone":       {"Mars/Olympus", `{"monday": [["09:00","12:00"]]}`, `[]`, "time zone"},
		"unknown day":        {"UTC", `{"montag": [["09:00","12:00"]]}`, `[]`, "no day of the week"},
		"no time of day":     {"UTC", `{"monday": [["9:00","12:00"]]}`, `[]`, "no time of day"},
		"no date":            {"UTC", `{"monday": [["09:00","12:00"]]}`, `["2026-02-30"]`, "no date"},
		"not hours at all":   {"UTC", `[]`, `[]`, "working hours"},
		"not dates at all":   {"UTC", `{}`, `{}`, "holidays"},
		"not time of day 25": {"UTC", `{"monday": [["09:00","25:00"]]}`, `[]`, "no time of day"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(tc.zone, []byte(tc.hours), []byte(tc.holidays))
			require.ErrorContains(t, err, tc.want)
		})
	}
}

// oracle knows, minute by minute, whether it is working time: a wall clock is watched, and the latest time that it has ever
// shown is what counts.
type oracle struct {
	from    time.Time
	working []bool
}

func watch(c *Calendar, from time.Time, days int) oracle {
	o := oracle{from: from.Truncate(time.Minute), working: make([]bool, days*24*60)}
	var latest time.Time
	for n := -2 * 24 * 60; n < len(o.working); n++ {
		shown := o.from.Add(time.Duration(n) * time.Minute).In(c.zone)
		wall := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), 0, 0, time.UTC)
		if wall.After(latest) {
			latest = wall
		}
		if n < 0 || c.holidays[dateOf(latest)] {
			continue
		}
		minute := latest.Hour()*60 + latest.Minute()
		for _, in := range c.week[latest.Weekday()] {
			o.working[n] = o.working[n] || in.From <= minute && minute < in.To
		}
	}
	return o
}

func (o oracle) between(from, to int) (minutes int) {
	for _, working := range o.working[from:to] {
		if working {
			minutes++
		}
	}
	return minutes
}

func TestRandomCalendarsCountAsAWatchedClockDoes(t *testing.T) {
	t.Parallel()
	const days = 21
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "America/Santiago", "Antarctica/Troll", "UTC", "Asia/Kathmandu", "Africa/Casablanca"}
	for n := range 120 {
		seed := uint64(n)
		r := rand.New(rand.NewPCG(seed, 1))
		c := random(t, r, zones[n%len(zones)])
		from := time.Date(2026, 1, 1, 0, r.IntN(365*24*60), 0, 0, time.UTC)
		if n%2 == 0 { // around a change of the clocks
			if _, change := from.In(c.zone).ZoneBounds(); !change.IsZero() {
				from = change.UTC().Truncate(time.Minute).Add(-time.Duration(r.IntN(10*24*60)) * time.Minute)
			}
		}
		o := watch(c, from, days)
		for range 20 {
			a, b := r.IntN(days*24*60), r.IntN(days*24*60)
			if a > b {
				a, b = b, a
			}
			begin, end := from.Add(time.Duration(a)*time.Minute), from.Add(time.Duration(b)*time.Minute)
			want := time.Duration(o.between(a, b)) * time.Minute
			require.Equal(t, want, c.Between(begin, end), "seed %d: %s to %s in %s", seed, begin, end, c.zone)
			if want == 0 {
				continue
			}
			due, warn := c.Add(begin, want), c.Add(end, -want)
			require.Equal(t, want, c.Between(begin, due), "seed %d", seed)
			require.False(t, due.After(end), "seed %d: the earliest", seed)
			require.Equal(t, want-time.Minute, c.Between(begin, due.Add(-time.Minute)), "seed %d: the earliest", seed)
			require.Equal(t, want, c.Between(warn, end), "seed %d", seed)
			require.False(t, warn.Before(begin), "seed %d: the latest", seed)
			require.Equal(t, want-time.Minute, c.Between(warn.Add(time.Minute), end), "seed %d: the latest", seed)
		}
	}
}

// random makes a calendar with some working time and some holidays in 2026.
func random(t testing.TB, r *rand.Rand, zoneName string) *Calendar {
	t.Helper()
	var week [7][]Interval
	for d := range week {
		for minute := r.IntN(300); minute < 24*60 && r.IntN(4) > 0; {
			to := min(minute+1+r.IntN(500), 24*60)
			week[d] = append(week[d], Interval{minute, to})
			minute = to + r.IntN(2)*r.IntN(200)
		}
	}
	week[r.IntN(7)] = []Interval{{0, 24 * 60}}
	var holidays []string
	for range r.IntN(40) {
		holidays = append(holidays, time.Date(2026, 1, 1+r.IntN(365), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	c, err := New(zone(t, zoneName), week, holidays)
	require.NoError(t, err)
	return c
}

func TestWhatIsFarAwayIsCutOff(t *testing.T) {
	t.Parallel()
	c, err := New(time.UTC, [7][]Interval{{{0, 1}}}, nil)
	require.NoError(t, err)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.WithinDuration(t, from.AddDate(20, 0, 0), c.Add(from, 1<<62), 30*24*time.Hour)
	require.WithinDuration(t, from.AddDate(-20, 0, 0), c.Add(from, -1<<62), 30*24*time.Hour)
}

func BenchmarkAddADay(b *testing.B) {
	c := office(b)
	from := at(b, c, "2026-03-24 16:30")
	for b.Loop() {
		c.Add(from, 8*time.Hour)
	}
}

func BenchmarkAddAYear(b *testing.B) {
	c := office(b)
	from := at(b, c, "2026-03-24 16:30")
	for b.Loop() {
		c.Add(from, 52*34*time.Hour)
	}
}

func BenchmarkBetweenAMonth(b *testing.B) {
	c := office(b)
	from, to := at(b, c, "2026-03-24 16:30"), at(b, c, "2026-04-24 16:30")
	for b.Loop() {
		c.Between(from, to)
	}
}
