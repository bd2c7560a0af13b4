package bpmn

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cycle is a repeating interval: ISO 8601 (R3/PT1H, R/PT1H, R3/2026-01-01T00:00:00Z/PT1H, R/PT1H/2026-12-31T00:00:00Z)
// or a cron expression.
type Cycle struct {
	Times int       // how often it fires; -1: without end
	Start time.Time // first firing; zero: one interval after the timer is armed
	Every Duration  // between two firings; zero for a cron expression
	End   time.Time // no firing after this; zero: none
	Cron  *Cron     // nil for an interval
}

// maxCycleTimes bounds the number of repetitions.
const maxCycleTimes = 1_000_000

// Next returns the first firing after the moment, which is the one of arming or of the last firing; false when there is
// none. Times is not looked at: the caller counts.
func (c Cycle) Next(after time.Time) (time.Time, bool) {
	next := c.Every.AddTo(after)
	switch {
	case c.Cron != nil:
		var ok bool
		if next, ok = c.Cron.Next(after); !ok {
			return time.Time{}, false
		}
	case !c.Start.IsZero() && after.Before(c.Start):
		next = c.Start
	}
	if !next.After(after) || !c.End.IsZero() && next.After(c.End) {
		return time.Time{}, false
	}
	return next, true
}

// ParseCycle reads a repeating interval.
func ParseCycle(source string) (Cycle, error) {
	source = strings.TrimSpace(source)
	if !strings.HasPrefix(source, "R") {
		cron, err := ParseCron(source)
		if err != nil {
			return Cycle{}, fmt.Errorf("%q is neither a repeating interval such as R3/PT1H nor a cron expression: %w", shorten(source), err)
		}
		return Cycle{Times: -1, Cron: cron}, nil
	}
	c, err := parseInterval(source)
	if err != nil {
		return Cycle{}, fmt.Errorf("the repeating interval %q %w", shorten(source), err)
	}
	return c, nil
}

func parseInterval(source string) (c Cycle, err error) {
	parts := strings.Split(source, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return c, errors.New("is not R<times>/<duration> or R<times>/<start>/<duration>")
	}
	c.Times = -1
	if times := parts[0][1:]; times != "" {
		if c.Times, err = strconv.Atoi(times); err != nil || c.Times < 1 || c.Times > maxCycleTimes {
			return c, fmt.Errorf("repeats %q times; it is a number between 1 and %d", shorten(times), maxCycleTimes)
		}
	}
	parts = parts[1:]
	if len(parts) == 2 && !strings.HasPrefix(parts[0], "P") {
		if c.Start, err = ParseDateTime(parts[0]); err != nil {
			return c, fmt.Errorf("has a start that does not parse: %w", err)
		}
		parts = parts[1:]
	}
	if c.Every, err = ParseDuration(parts[0]); err != nil {
		return c, fmt.Errorf("does not parse: %w", err)
	}
	if c.Every == (Duration{}) {
		return c, errors.New("repeats without any time between")
	}
	if len(parts) == 2 {
		if c.End, err = ParseDateTime(parts[1]); err != nil {
			return c, fmt.Errorf("has an end that does not parse: %w", err)
		}
	}
	return c, nil
}
