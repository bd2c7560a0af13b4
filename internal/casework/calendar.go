package casework

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// CalendarSettings are the business calendar that an administrator writes.
type CalendarSettings struct {
	TimeZone     string          `json:"timeZone"`     // IANA name, such as Europe/Berlin
	WorkingHours json.RawMessage `json:"workingHours"` // {"monday": [["09:00", "17:00"]], …}
	Holidays     json.RawMessage `json:"holidays"`     // ["2026-12-25", …]
}

// NewCalendarSettings are what a calendar has that its creator says nothing about. Its hours are not among it.
func NewCalendarSettings() CalendarSettings { return CalendarSettings{Holidays: json.RawMessage("[]")} }

// Calendar is a named calendar of working time.
type Calendar struct {
	CalendarName string `json:"calendarName"`
	CalendarSettings
	Version   int       `json:"version"` // counts the changes
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Limits of a calendar.
const (
	maxIntervals = 24    // of a day
	maxHolidays  = 2_000 // some decades
)

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// Mistakes says what is wrong with a calendar: an unknown zone, hours that are none, overlap or go past midnight, a week
// without working time, holidays that are no dates. What it accepts, package worktime accepts.
func (s CalendarSettings) Mistakes() Mistakes {
	var m Mistakes
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		m.Add("body.timeZone", s.TimeZone, "is not the IANA name of a time zone, such as Europe/Berlin")
	}
	hours := &jsonReader{}
	hours.workingHours(s.WorkingHours)
	m.Under("body.workingHours", hours.Mistakes)
	holidays := &jsonReader{}
	holidays.dates(s.Holidays)
	m.Under("body.holidays", holidays.Mistakes)
	return m
}

func (r *jsonReader) workingHours(raw json.RawMessage) {
	v := r.value(raw)
	if len(r.Mistakes) > 0 {
		return
	}
	week := r.object("", v, weekdays...)
	works := false
	for _, day := range slices.Sorted(maps.Keys(week)) {
		works = r.day(pointer(day), week[day]) || works
	}
	if !works && len(r.Mistakes) == 0 {
		r.Add("", nil, "has no working time")
	}
}

// day reads the intervals of a day and reports whether there is one.
func (r *jsonReader) day(at string, v any) bool {
	items := r.list(at, v, 0, maxIntervals)
	type interval struct{ from, to int }
	var found []interval
	for i, item := range items {
		ends := r.list(at+index(i), item, 2, 2)
		if ends == nil {
			continue
		}
		from, to := r.minutes(at+index(i)+"/0", ends[0]), r.minutes(at+index(i)+"/1", ends[1])
		if from < 0 || to < 0 {
			continue
		}
		if from >= to {
			r.Add(at+index(i), item, "must end after it begins; work past midnight ends at 24:00 and goes on the next day")
			continue
		}
		for _, other := range found {
			if from < other.to && other.from < to {
				r.Add(at+index(i), item, "overlaps with another interval of the day")
			}
		}
		found = append(found, interval{from, to})
	}
	return len(found) > 0
}

// minutes reads a time of day from 00:00 to 24:00; -1 where it is none.
func (r *jsonReader) minutes(at string, v any) int {
	s, _ := v.(string)
	if s == "24:00" {
		return 24 * 60
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		r.Add(at, v, "must be a time of day from 00:00 to 24:00, such as 09:00")
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

func (r *jsonReader) dates(raw json.RawMessage) {
	v := r.value(raw)
	if len(r.Mistakes) > 0 {
		return
	}
	for i, item := range r.list("", v, 0, maxHolidays) {
		s, _ := item.(string)
		if _, err := time.Parse(time.DateOnly, s); err != nil || strings.HasPrefix(s, "0000") {
			r.Add(index(i), item, "must be a date, such as 2026-12-25")
		}
	}
}
