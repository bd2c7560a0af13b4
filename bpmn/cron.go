package bpmn

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Cron is a cron expression, read in UTC. Five fields are minute, hour, day of the month, month and day of the week,
// with Sunday as 0 or 7. Six fields begin with the second, and seven end with the year; in these, as the vendors of the
// dialect have it, Sunday is 1. Names (JAN, MON), *, ?, lists, ranges and steps are read, and L for the last day of the
// month. Where both days are restricted, a day that is either counts.
type Cron struct {
	second, minute, hour, day, month, weekday uint64 // bit n: the value n
	lastDay                                   bool
	anyDay, anyWeekday                        bool
	fromYear, toYear                          int
}

var (
	monthNames   = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	weekdayNames = strings.Fields("SUN MON TUE WED THU FRI SAT")
)

// cronField is one field of an expression with what may stand in it.
type cronField struct {
	name     string
	min, max int
	names    []string
	first    int // number of the first name
}

// ParseCron reads a cron expression.
func ParseCron(source string) (*Cron, error) {
	fields := strings.Fields(strings.ToUpper(source))
	c := &Cron{second: 1, fromYear: 0, toYear: 9999}
	weekday := cronField{"day of the week", 0, 7, weekdayNames, 0}
	var err error
	switch len(fields) {
	case 5:
	case 6, 7:
		weekday = cronField{"day of the week", 1, 7, weekdayNames, 1}
		if c.second, err = (cronField{"second", 0, 59, nil, 0}).parse(fields[0]); err != nil {
			return nil, err
		}
		if len(fields) == 7 {
			if err := c.years(fields[6]); err != nil {
				return nil, err
			}
		}
		fields = fields[1:6]
	default:
		return nil, fmt.Errorf("it has %d fields, not 5, 6 or 7", len(fields))
	}
	if err := c.days(fields[2], fields[4], weekday); err != nil {
		return nil, err
	}
	for i, f := range []struct {
		field cronField
		into  *uint64
	}{{cronField{"minute", 0, 59, nil, 0}, &c.minute}, {cronField{"hour", 0, 23, nil, 0}, &c.hour}, {}, {cronField{"month", 1, 12, monthNames, 1}, &c.month}} {
		if f.into == nil {
			continue
		}
		if *f.into, err = f.field.parse(fields[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// days reads the two fields that choose days.
func (c *Cron) days(day, weekday string, field cronField) (err error) {
	c.anyDay, c.anyWeekday = day == "*" || day == "?", weekday == "*" || weekday == "?"
	if c.lastDay = day == "L"; !c.lastDay {
		if c.day, err = (cronField{"day of the month", 1, 31, nil, 0}).parse(day); err != nil {
			return err
		}
	}
	numbers, err := field.parse(weekday)
	if err != nil {
		return err
	}
	for n := field.min; n <= field.max; n++ {
		if numbers&(1<<n) != 0 {
			c.weekday |= 1 << ((n - field.first) % 7)
		}
	}
	return nil
}

// years reads a year or a range of years.
func (c *Cron) years(text string) error {
	if text == "*" || text == "?" {
		return nil
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	var err1, err2 error
	c.fromYear, err1 = strconv.Atoi(from)
	c.toYear, err2 = strconv.Atoi(to)
	if err := errors.Join(err1, err2); err != nil || c.fromYear > c.toYear || c.toYear > 9999 {
		return fmt.Errorf("the year is %q; it is a year or a range", shorten(text))
	}
	return nil
}

// parse reads the list of a field.
func (f cronField) parse(text string) (uint64, error) {
	var all uint64
	for _, entry := range strings.Split(text, ",") {
		set, err := f.entry(entry)
		if err != nil {
			return 0, err
		}
		all |= set
	}
	return all, nil
}

// entry reads "*", "n", "n-m", each with "/step".
func (f cronField) entry(text string) (uint64, error) {
	bad := fmt.Errorf("the %s is %q; it is between %d and %d", f.name, shorten(text), f.min, f.max)
	span, stepText, hasStep := strings.Cut(text, "/")
	low, high, step := f.min, f.max, 1
	if hasStep {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 || n > f.max {
			return 0, bad
		}
		step = n
	}
	if span != "*" && span != "?" {
		from, to, isRange := strings.Cut(span, "-")
		var ok bool
		if low, ok = f.number(from); !ok {
			return 0, bad
		}
		switch {
		case isRange:
			if high, ok = f.number(to); !ok || high < low {
				return 0, bad
			}
		case !hasStep:
			high = low
		}
	}
	var set uint64
	for n := low; n <= high; n += step {
		set |= 1 << n
	}
	return set, nil
}

func (f cronField) number(text string) (int, bool) {
	for i, name := range f.names {
		if name == text {
			return i + f.first, true
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.min && n <= f.max
}

// maxCronDays bounds the search for the next firing: an expression whose days come less often than that never fires.
const maxCronDays = 366 * 12

// Next returns the first moment after the given one that the expression names, in UTC; false when there is none within
// twelve years.
func (c *Cron) Next(after time.Time) (time.Time, bool) {
	from := after.UTC().Truncate(time.Second).Add(time.Second)
	year, month, day := from.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if midnight.Year() < c.fromYear {
		midnight = time.Date(c.fromYear, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	for range maxCronDays {
		if midnight.Year() > c.toYear {
			break
		}
		if c.matches(midnight) {
			if t, ok := c.within(midnight, from); ok {
				return t, true
			}
		}
		midnight = midnight.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}

// matches reports whether the expression names the day.
func (c *Cron) matches(day time.Time) bool {
	if c.month&(1<<day.Month()) == 0 {
		return false
	}
	byDay := c.day&(1<<day.Day()) != 0 || c.lastDay && day.AddDate(0, 0, 1).Day() == 1
	byWeekday := c.weekday&(1<<day.Weekday()) != 0
	switch {
	case c.anyDay:
		return byWeekday
	case c.anyWeekday:
		return byDay
	}
	return byDay || byWeekday
}

// within returns the first moment of the day that is not before from.
func (c *Cron) within(midnight, from time.Time) (time.Time, bool) {
	for hours := c.hour; hours != 0; hours &= hours - 1 {
		h := midnight.Add(time.Duration(bits.TrailingZeros64(hours)) * time.Hour)
		if !h.Add(time.Hour).After(from) {
			continue
		}
		for minutes := c.minute; minutes != 0; minutes &= minutes - 1 {
			m := h.Add(time.Duration(bits.TrailingZeros64(minutes)) * time.Minute)
			if !m.Add(time.Minute).After(from) {
				continue
			}
			for seconds := c.second; seconds != 0; seconds &= seconds - 1 {
				if s := m.Add(time.Duration(bits.TrailingZeros64(seconds)) * time.Second); !s.Before(from) {
					return s, true
				}
			}
		}
	}
	return time.Time{}, false
}
