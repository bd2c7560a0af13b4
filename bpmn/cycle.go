package bpmn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Cycle is a repetition in time: an ISO 8601 repeating interval, or a cron expression. The zero value never occurs.
type Cycle struct {
	Repeat int       // how often; -1: without end
	Start  time.Time // not before this; zero: one interval after the moment it is armed
	End    time.Time // not after this; zero: no end

	every Duration
	cron  string
}

// ParseCycle reads "R3/PT1H", "R/PT1H", "R/2026-01-01T08:00:00Z/P1D", "R/PT1H/2026-12-31T00:00:00Z", a single duration,
// which occurs once, or a cron expression of five fields, of six with seconds in front, or of seven with a year at the
// end; those with seconds count the days of the week as Quartz does, from Sunday = 1. Cron times are in UTC.
func ParseCycle(s string) (Cycle, error) {
	switch s = strings.TrimSpace(s); {
	case strings.HasPrefix(s, "R"):
		return parseRepeating(s)
	case strings.HasPrefix(s, "P"):
		d, err := ParseDuration(s)
		return Cycle{Repeat: 1, every: d}, err
	}
	return parseCron(s)
}

func parseRepeating(s string) (Cycle, error) {
	parts := strings.Split(s, "/")
	c := Cycle{Repeat: -1}
	if count := parts[0][1:]; count != "" {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > maxDurationPart {
			return Cycle{}, fmt.Errorf("the cycle %q repeats %q times; it is a number from 1 to %d, or nothing for without end", shorten(s), shorten(count), maxDurationPart)
		}
		c.Repeat = n
	}
	var err error
	switch {
	case len(parts) == 2:
		c.every, err = ParseDuration(parts[1])
	case len(parts) == 3 && strings.HasPrefix(parts[1], "P"):
		if c.every, err = ParseDuration(parts[1]); err == nil {
			c.End, err = ParseDateTime(parts[2])
		}
	case len(parts) == 3:
		if c.Start, err = ParseDateTime(parts[1]); err == nil {
			c.every, err = ParseDuration(parts[2])
		}
	default:
		return Cycle{}, fmt.Errorf("%q is not a repeating interval such as R3/PT1H", shorten(s))
	}
	if err != nil {
		return Cycle{}, fmt.Errorf("the cycle %q: %w", shorten(s), err)
	}
	if c.every == (Duration{}) {
		return Cycle{}, fmt.Errorf("the cycle %q has an interval of no time", shorten(s))
	}
	return c, nil
}

func parseCron(s string) (Cycle, error) {
	fields := strings.Fields(s)
	if len(fields) < 5 || len(fields) > 7 {
		return Cycle{}, fmt.Errorf("%q is neither a repeating interval such as R3/PT1H nor a cron expression", shorten(s))
	}
	if len(fields) > 5 {
		fields[5] = quartzDays(fields[5])
	}
	cron := strings.ReplaceAll(strings.Join(fields, " "), "?", "*")
	if !gronx.IsValid(cron) {
		return Cycle{}, fmt.Errorf("the cron expression %q does not parse", shorten(s))
	}
	return Cycle{Repeat: -1, cron: cron}, nil
}

// quartzDays turns days of the week that count from Sunday = 1 to days that count from Sunday = 0.
func quartzDays(field string) string {
	var b strings.Builder
	previous := byte(',')
	for i := range len(field) {
		c := field[i]
		if c >= '1' && c <= '7' && previous != '/' && previous != '#' {
			c--
		}
		b.WriteByte(c)
		previous = field[i]
	}
	return b.String()
}

// First returns the first moment of a cycle that is armed now; zero if there is none.
func (c Cycle) First(now time.Time) time.Time {
	switch {
	case c.cron != "":
		return c.Next(now)
	case !c.Start.IsZero():
		return c.unlessOver(c.from(now))
	}
	return c.unlessOver(c.every.AddTo(now))
}

// from is the first moment of an interval with a start that is not past: the start itself if all moments are past, so
// that it occurs at once. It takes no longer for a start that is long ago.
func (c Cycle) from(now time.Time) time.Time {
	at, length := c.Start, c.every.Length()
	for passed := int64(0); at.Before(now); {
		steps := int64(1)
		if length > 0 {
			steps = max(1, int64(now.Sub(at)/length))
		}
		if passed += steps; c.Repeat > 0 && passed >= int64(c.Repeat) {
			return c.Start
		}
		if length > 0 {
			at = at.Add(length * time.Duration(steps))
		} else {
			at = c.every.AddTo(at)
		}
	}
	return at
}

// Next returns the moment after one of the cycle's moments; zero if there is none. It does not count repetitions.
func (c Cycle) Next(after time.Time) time.Time {
	if c.cron == "" {
		return c.unlessOver(c.every.AddTo(after))
	}
	next, err := gronx.NextTickAfter(c.cron, after.UTC(), false)
	if err != nil || !next.After(after) { // a year that is past gives the same moment again
		return time.Time{}
	}
	return c.unlessOver(next.UTC())
}

func (c Cycle) unlessOver(at time.Time) time.Time {
	if !c.End.IsZero() && at.After(c.End) {
		return time.Time{}
	}
	return at
}
