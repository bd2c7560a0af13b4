package casework_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/worktime"
)

// What is accepted here can be counted with, and the other way round: random calendars, many of them wrong.
func TestCalendarsAreAcceptedIfTheyCanBeCountedWith(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	accepted := 0
	for range 5_000 {
		var days []string
		used := map[string]bool{}
		for range r.IntN(4) {
			day := pick("monday", "tuesday", "friday", "sunday", "sunday", "wednesday", "funday")
			if used[day] {
				continue
			}
			used[day] = true
			var intervals []string
			for range r.IntN(3) {
				intervals = append(intervals, fmt.Sprintf(`[%q, %q]`, pick("00:00", "08:00", "09:00", "12:00", "9:00"), pick("08:30", "12:00", "13:00", "17:00", "24:00", "24:01")))
			}
			days = append(days, fmt.Sprintf(`%q: [%s]`, day, strings.Join(intervals, ", ")))
		}
		s := casework.CalendarSettings{
			TimeZone: pick("Europe/Berlin", "UTC", "America/New_York", "Europe/Berlin", "Nowhere"), Holidays: json.RawMessage(pick(`[]`, `["2026-12-25"]`, `["2026-02-30"]`, `["x"]`)),
			WorkingHours: json.RawMessage("{" + strings.Join(days, ", ") + "}"),
		}
		mistakes := s.Mistakes()
		_, err := worktime.Parse(s.TimeZone, s.WorkingHours, s.Holidays)
		require.Equal(t, err == nil, len(mistakes) == 0, "seed %d: %+v: %v, %v", seed, s, mistakes, err)
		if err == nil {
			accepted++
		}
	}
	require.Greater(t, accepted, 100)
}
