package db_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/worktime"
)

// PostgreSQL counts working time as internal/worktime does, which is held against a watched clock.
func TestWorkingTimeIsCountedAsInGo(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	conn := w.conn(t, workerRole)
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Antarctica/Troll", "UTC", "Asia/Kathmandu", "Pacific/Apia"}
	for n := range 64 {
		r := rand.New(rand.NewPCG(uint64(n), 2))
		zone, hours, holidays := zones[n%len(zones)], randomHours(r), randomHolidays(r)
		calendar, err := worktime.Parse(zone, hours, holidays)
		require.NoError(t, err, "seed %d", n)
		name := w.calendar(t, zone, string(hours), string(holidays))
		around := randomInstant(r)
		if location, err := time.LoadLocation(zone); n%2 == 0 && err == nil {
			if _, change := around.In(location).ZoneBounds(); !change.IsZero() && change.Year() < 2026 {
				around = change.UTC()
			}
		}
		for range 12 {
			from := around.Add(time.Duration(r.Int64N(int64(8*24*time.Hour))) - 4*24*time.Hour).Truncate(time.Millisecond)
			to := from.Add(time.Duration(r.Int64N(int64(20*24*time.Hour))) - 10*24*time.Hour).Truncate(time.Millisecond)
			span := (time.Duration(r.Int64N(int64(120*time.Hour))) - 60*time.Hour).Truncate(time.Millisecond)
			at := fmt.Sprintf("seed %d: %s %s, from %s", n, zone, hours, from)
			got := one[time.Time](t, conn, "SELECT flowable.add_working_time($1, $2, $3::FLOAT::NUMERIC)", name, from, span.Seconds())
			require.WithinDuration(t, calendar.Add(from, span), got, time.Microsecond, "%s add %s", at, span)
			seconds := one[float64](t, conn, "SELECT flowable.working_time($1, $2, $3)::FLOAT", name, from, to)
			require.InDelta(t, calendar.Between(from, to).Seconds(), seconds, 1e-6, "%s to %s", at, to)
		}
	}
}

func TestWithoutACalendarAllTimeIsWorkingTime(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	from := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
	for _, calendar := range []*string{nil, ptr("no such calendar")} {
		require.WithinDuration(t, from.Add(25*time.Hour), one[time.Time](t, w.super, "SELECT flowable.add_working_time($1, $2, 90000)", calendar, from), 0)
		require.Equal(t, -90000, one[int](t, w.super, "SELECT flowable.working_time($1, $3, $2)::INTEGER", calendar, from, from.Add(25*time.Hour)))
	}
}

func TestTimeZonesThatTheDatabaseKnows(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	for zone, want := range map[string]bool{"Europe/Berlin": true, "UTC": true, "Mars/Olympus": false, "": false} {
		require.Equal(t, want, one[bool](t, w.super, "SELECT flowable.knows_zone($1)", zone), zone)
	}
}

func TestWorkingTimeFarAwayIsCutOff(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	name := w.calendar(t, "UTC", `{"monday": [["09:00", "09:01"]]}`, "[]")
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, calendar := range []*string{&name, nil} {
		for seconds, years := range map[string]int{"1e9": 20, "-1e18": -20, "1e30": 20} {
			got := one[time.Time](t, w.super, "SELECT flowable.add_working_time($1, $2, "+seconds+")", calendar, from)
			require.WithinDuration(t, from.AddDate(years, 0, 0), got, 30*24*time.Hour)
		}
	}
}

// calendar stores a calendar and returns its name.
func (w *world) calendar(t *testing.T, zone, hours, holidays string) string {
	t.Helper()
	name := "calendar-" + uuid.NewString()[:8]
	w.exec(t, "INSERT INTO flowable.business_calendars (calendar_name, time_zone, working_hours, holidays) VALUES ($1, $2, $3::JSONB, $4::JSONB)", name, zone, hours, holidays)
	return name
}

func randomHours(r *rand.Rand) json.RawMessage {
	hours := map[string][][2]string{}
	clock := func(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
	for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		for minute := r.IntN(300); minute < 24*60 && r.IntN(4) > 0; {
			to := min(minute+1+r.IntN(500), 24*60)
			hours[day] = append(hours[day], [2]string{clock(minute), clock(to)})
			minute = to + r.IntN(2)*r.IntN(200)
		}
	}
	if len(hours) == 0 || r.IntN(8) == 0 {
		hours["sunday"] = [][2]string{{"00:00", "24:00"}}
	}
	raw, err := json.Marshal(hours)
	if err != nil {
		panic(err)
	}
	return raw
}

func randomHolidays(r *rand.Rand) json.RawMessage {
	days := []string{}
	for range r.IntN(30) {
		days = append(days, randomInstant(r).Format(time.DateOnly))
	}
	raw, err := json.Marshal(days)
	if err != nil {
		panic(err)
	}
	return raw
}

// randomInstant lies in years of which every table of time zones knows the same.
func randomInstant(r *rand.Rand) time.Time {
	return time.Date(2010, 1, 1, 0, 0, r.IntN(12*365*24*60*60), 0, time.UTC)
}
