package bpmn

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is an ISO 8601 duration. Its calendar part has no fixed length: a month is as long as the month it is added
// to. The zero value is no time at all.
type Duration struct {
	Years, Months, Weeks, Days int
	Hours, Minutes             int
	Seconds                    int
	Nanoseconds                int // fraction of the last second, 0 to 999999999
}

// maxDurationPart bounds each number of a duration, so that adding it to a date of our time cannot overflow.
const maxDurationPart = 1_000_000

// AddTo returns the moment that lies the duration after t, in UTC. Years and months are added to the calendar date
// first, a day that the month does not have becomes its last one; then weeks, days and the time.
func (d Duration) AddTo(t time.Time) time.Time {
	t = t.UTC()
	year, month, day := t.Date()
	first := time.Date(year+d.Years, month+time.Month(d.Months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	midnight := first.AddDate(0, 0, min(day, last)-1+7*d.Weeks+d.Days)
	clock := t.Sub(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
	return midnight.Add(clock +
		time.Duration(d.Hours)*time.Hour + time.Duration(d.Minutes)*time.Minute +
		time.Duration(d.Seconds)*time.Second + time.Duration(d.Nanoseconds))
}

// maxFixedDays bounds the days of a duration whose length is counted.
const maxFixedDays = 10_000

// Length is how long a duration without years and months is; zero for one with them, or with more than 10,000 days.
func (d Duration) Length() time.Duration {
	days := 7*d.Weeks + d.Days
	if d.Years != 0 || d.Months != 0 || days > maxFixedDays {
		return 0
	}
	return time.Duration(days)*24*time.Hour + time.Duration(d.Hours)*time.Hour + time.Duration(d.Minutes)*time.Minute +
		time.Duration(d.Seconds)*time.Second + time.Duration(d.Nanoseconds)
}

// ParseDuration reads an ISO 8601 duration such as "P1Y2M3W4DT5H6M7.5S". Only seconds may have a fraction. Negative
// durations, lower-case letters, parts out of order and a duration without any part are refused.
func ParseDuration(iso string) (Duration, error) {
	var d Duration
	rest, ok := strings.CutPrefix(iso, "P")
	if !ok {
		return d, fmt.Errorf("%q is not an ISO 8601 duration; it begins with P", shorten(iso))
	}
	date, clock, hasClock := strings.Cut(rest, "T")
	if date == "" && clock == "" || hasClock && clock == "" {
		return d, fmt.Errorf("the duration %q is incomplete", shorten(iso))
	}
	if err := d.parts(date, "YMWD", []*int{&d.Years, &d.Months, &d.Weeks, &d.Days}); err != nil {
		return Duration{}, fmt.Errorf("the duration %q %w", shorten(iso), err)
	}
	if err := d.parts(clock, "HMS", []*int{&d.Hours, &d.Minutes, &d.Seconds}); err != nil {
		return Duration{}, fmt.Errorf("the duration %q %w", shorten(iso), err)
	}
	return d, nil
}

// parts reads "<number><unit>" pairs whose units come in the given order.
func (d *Duration) parts(text, units string, into []*int) error {
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != ',' })
		if end < 0 {
			return fmt.Errorf("ends with a number without unit")
		}
		number, unit := text[:end], text[end]
		at := strings.IndexByte(units, unit)
		if at < 0 {
			return fmt.Errorf("has %q where one of %s is expected, in this order", cut(text[end:], 4), strings.Join(strings.Split(units, ""), ", "))
		}
		if whole, fraction, found := strings.Cut(strings.Replace(number, ",", ".", 1), "."); found {
			if unit != 'S' {
				return fmt.Errorf("has a fraction of something other than seconds")
			}
			nanoseconds, err := parseFraction(fraction)
			if err != nil {
				return err
			}
			number, d.Nanoseconds = whole, nanoseconds
		}
		value, err := strconv.Atoi(number)
		if err != nil || value > maxDurationPart {
			return fmt.Errorf("has the number %q; it is between 0 and %d", shorten(number), maxDurationPart)
		}
		*into[at] = value
		text, units, into = text[end+1:], units[at+1:], into[at+1:]
	}
	return nil
}

// parseFraction reads the digits after the decimal sign as nanoseconds; further digits are dropped.
func parseFraction(digits string) (int, error) {
	if digits == "" || len(digits) > 30 || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("has the fraction %q", shorten(digits))
	}
	padded := (digits + "000000000")[:9]
	return strconv.Atoi(padded)
}

// dateTimeLayouts are tried in order; those without a zone mean UTC.
var dateTimeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly,
}

// ParseDateTime reads an ISO 8601 date-time as of RFC 3339, with or without zone and seconds, or a date alone, which is
// its midnight. Without a zone it is UTC. The result is in UTC.
func ParseDateTime(s string) (time.Time, error) {
	for _, layout := range dateTimeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not an ISO 8601 date-time", shorten(s))
}
