// Package worktime counts working time on business calendars. PostgreSQL counts it for the product, inside the transaction
// that places a task (migration 000017); this is the same arithmetic in Go, against which that one is tested.
package worktime

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Interval is working time of a day on the wall clock, in minutes since midnight: 0 <= From < To <= 1440.
type Interval struct{ From, To int }

// Calendar says when work is done. It is immutable and safe for concurrent use.
//
// An interval begins when the wall clock of the zone first reaches its beginning, and ends when it first reaches its end.
// So hours that a change of the clocks skips are no working time, and hours that come twice count twice.
type Calendar struct {
	zone     *time.Location
	week     [7][]Interval // by time.Weekday, sorted, disjoint
	holidays map[date]bool
}

type date struct {
	year  int
	month time.Month
	day   int
}

// horizon is how far the arithmetic looks: what would lie further is put there.
const horizon = 20 * 366 // days

// ErrNoWorkingTime is the error of a calendar in whose week nobody works.
var ErrNoWorkingTime = errors.New("the week has no working time")

// New makes a calendar of a zone, the intervals of each day of the week and the dates (YYYY-MM-DD) on which nobody works.
// Intervals of a day may touch but not overlap. Work past midnight is an interval up to 1440 and one of the next day.
func New(zone *time.Location, week [7][]Interval, holidays []string) (*Calendar, error) {
	c := &Calendar{zone: zone, holidays: map[date]bool{}}
	some := false
	for day, intervals := range week {
		c.week[day] = slices.SortedFunc(slices.Values(intervals), func(a, b Interval) int { return a.From - b.From })
		for i, in := range c.week[day] {
			if in.From < 0 || in.From >= in.To || in.To > 24*60 {
				return nil, fmt.Errorf("%s: %d to %d is no part of a day", time.Weekday(day), in.From, in.To)
			}
			if i > 0 && c.week[day][i-1].To > in.From {
				return nil, fmt.Errorf("%s: two intervals overlap", time.Weekday(day))
			}
			some = true
		}
	}
	if !some {
		return nil, ErrNoWorkingTime
	}
	for _, h := range holidays {
		t, err := time.Parse(time.DateOnly, h)
		if err != nil {
			return nil, fmt.Errorf("holiday %q is no date such as 2026-12-25", h)
		}
		c.holidays[date{t.Year(), t.Month(), t.Day()}] = true
	}
	return c, nil
}

// Parse reads a calendar as flowable.business_calendars holds it: the IANA name of a zone, {"monday": [["09:00", "17:00"]]},
// and ["2026-12-25"].
func Parse(zone string, workingHours, holidays json.RawMessage) (*Calendar, error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	var hours map[string][][2]string
	if err := json.Unmarshal(workingHours, &hours); err != nil {
		return nil, fmt.Errorf("working hours: %w", err)
	}
	var free []string
	if err := json.Unmarshal(holidays, &free); err != nil {
		return nil, fmt.Errorf("holidays: %w", err)
	}
	var week [7][]Interval
	for day := range week {
		name := strings.ToLower(time.Weekday(day).String())
		for _, in := range hours[name] {
			from, err := minutes(in[0])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			to, err := minutes(in[1])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			week[day] = append(week[day], Interval{from, to})
		}
		delete(hours, name)
	}
	for name := range hours {
		return nil, fmt.Errorf("%q is no day of the week", name)
	}
	return New(location, week, free)
}

// minutes reads a time of day from 00:00 to 24:00.
func minutes(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, fmt.Errorf("%q is no time of day such as 09:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Add returns the earliest instant that has d of working time between from and itself; for a negative d the latest that
// has -d between itself and from. Adding nothing gives from. What is more than twenty years away is put there.
func (c *Calendar) Add(from time.Time, d time.Duration) time.Time {
	if d < 0 {
		return c.subtract(from, -d)
	}
	if d == 0 {
		return from
	}
	day := dateOf(from.In(c.zone))
	for range horizon {
		for _, in := range c.of(day) {
			begin, end := c.reaches(day, in.From), c.reaches(day, in.To)
			if begin.Before(from) {
				begin = from
			}
			if open := end.Sub(begin); open >= d {
				return begin.Add(d)
			} else if open > 0 {
				d -= open
			}
		}
		day = day.plus(1)
	}
	return c.reaches(day, 0)
}

func (c *Calendar) subtract(from time.Time, d time.Duration) time.Time {
	day := dateOf(from.In(c.zone)).plus(1) // an hour that comes twice may belong to the day after
	for range horizon {
		for _, in := range slices.Backward(c.of(day)) {
			begin, end := c.reaches(day, in.From), c.reaches(day, in.To)
			if end.After(from) {
				end = from
			}
			if open := end.Sub(begin); open >= d {
				return end.Add(-d)
			} else if open > 0 {
				d -= open
			}
		}
		day = day.plus(-1)
	}
	return c.reaches(day, 0)
}

// Between returns the working time between two instants, negative if to comes first. It counts at most twenty years.
func (c *Calendar) Between(from, to time.Time) time.Duration {
	if to.Before(from) {
		return -c.Between(to, from)
	}
	var sum time.Duration
	last := dateOf(to.In(c.zone)).plus(1)
	day := dateOf(from.In(c.zone))
	for n := 0; n < horizon && !last.before(day); n++ {
		for _, in := range c.of(day) {
			begin, end := c.reaches(day, in.From), c.reaches(day, in.To)
			if begin.Before(from) {
				begin = from
			}
			if end.After(to) {
				end = to
			}
			sum += max(end.Sub(begin), 0)
		}
		day = day.plus(1)
	}
	return sum
}

// of returns the intervals of a day.
func (c *Calendar) of(d date) []Interval {
	if c.holidays[d] {
		return nil
	}
	return c.week[time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Weekday()]
}

// reaches returns the first instant at which the wall clock shows a minute of a day, or a later one.
func (c *Calendar) reaches(d date, minute int) time.Time {
	wall := time.Date(d.year, d.month, d.day, 0, minute, 0, 0, time.UTC) // what the clock shows, as if it were UTC
	at := wall.Add(-26 * time.Hour).In(c.zone)                           // no clock is there yet
	for {
		begin, end := at.ZoneBounds()
		_, offset := at.Zone()
		reached := wall.Add(-time.Duration(offset) * time.Second)
		switch {
		case reached.Before(begin) && !begin.IsZero():
			return begin // skipped
		case end.IsZero() || reached.Before(end):
			return reached
		}
		at = end
	}
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

func (d date) plus(days int) date {
	return dateOf(time.Date(d.year, d.month, d.day+days, 0, 0, 0, 0, time.UTC))
}

func (d date) before(o date) bool {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Before(time.Date(o.year, o.month, o.day, 0, 0, 0, 0, time.UTC))
}
