package worker

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// horizon is how many exact moments a schedule holds, where Temporal cannot say them by a rule. Later ones are added in time.
const horizon = 100

// timerPlan is when a timer start event fires.
type timerPlan struct {
	spec  client.ScheduleSpec
	until time.Time // the last moment that the specification holds; zero if it holds all
}

// planTimer says when a timer start event fires that is in force from a moment on. It is armed at that moment, as the
// engine arms a timer. A moment that has passed stays in the plan for a minute: a schedule may be a little late.
func planTimer(e casework.StartEvent, from, now time.Time) (timerPlan, error) {
	switch bpmn.TimerKind(e.Timer) {
	case bpmn.TimerDate:
		at, err := bpmn.ParseDateTime(e.Trigger)
		if err != nil || at.Before(from) { // it had passed when the version became the active one
			return timerPlan{}, err
		}
		return timerPlan{spec: exactly(at)}, nil
	case bpmn.TimerDuration:
		d, err := bpmn.ParseDuration(e.Trigger)
		if err != nil {
			return timerPlan{}, err
		}
		return timerPlan{spec: exactly(d.AddTo(from))}, nil
	case bpmn.TimerCycle:
		c, err := bpmn.ParseCycle(e.Trigger)
		if err != nil {
			return timerPlan{}, err
		}
		if every, fixed := fixedLength(e.Trigger); fixed {
			return timerPlan{spec: interval(c, every, from)}, nil
		}
		return planMoments(c, from, now), nil
	}
	return timerPlan{}, fmt.Errorf("%q is no kind of timer", e.Timer)
}

// exactly is one moment, in whole seconds.
func exactly(at time.Time) client.ScheduleSpec {
	if whole := at.Truncate(time.Second); whole.Before(at) {
		at = whole.Add(time.Second)
	}
	at = at.UTC()
	one := func(n int) []client.ScheduleRange { return []client.ScheduleRange{{Start: n}} }
	return client.ScheduleSpec{Calendars: []client.ScheduleCalendarSpec{{
		Second: one(at.Second()), Minute: one(at.Minute()), Hour: one(at.Hour()),
		DayOfMonth: one(at.Day()), Month: one(int(at.Month())), Year: one(at.Year()),
	}}}
}

// fixedLength finds the length of a repeating interval that is always equally long; a cron expression has none, and months
// differ.
func fixedLength(cycle string) (time.Duration, bool) {
	for part := range strings.SplitSeq(cycle, "/") {
		if !strings.HasPrefix(part, "P") {
			continue
		}
		d, err := bpmn.ParseDuration(part)
		if err != nil || d.Years != 0 || d.Months != 0 {
			return 0, false
		}
		var zero time.Time
		return max(d.AddTo(zero).Sub(zero).Round(time.Second), time.Second), true
	}
	return 0, false
}

// interval is a cycle as a rule that Temporal knows: every so often, from its first moment on.
func interval(c bpmn.Cycle, every time.Duration, from time.Time) client.ScheduleSpec {
	first := c.First(from)
	if first.IsZero() {
		return client.ScheduleSpec{}
	}
	first = first.Truncate(time.Second)
	spec := client.ScheduleSpec{
		Intervals: []client.ScheduleIntervalSpec{{Every: every, Offset: time.Duration(first.UnixNano()) % every}},
		StartAt:   first, EndAt: c.End,
	}
	times := c.Repeat
	if !c.Start.IsZero() && times > 0 { // the moments between the start and the first one have passed
		times = max(times-int(first.Sub(c.Start.Truncate(time.Second))/every), 1)
	}
	if times > 0 {
		last := first.Add(time.Duration(times-1) * every)
		if spec.EndAt.IsZero() || last.Before(spec.EndAt) {
			spec.EndAt = last
		}
	}
	return spec
}

// planMoments lists the next moments of a cycle that no rule of Temporal's says: in months, or by a cron expression.
func planMoments(c bpmn.Cycle, from, now time.Time) timerPlan {
	var p timerPlan
	recent := now.Add(-time.Minute)
	if c.Repeat < 0 && c.Start.IsZero() && !hasInterval(c, from) && recent.After(from) {
		from = recent // what a cron expression said before does not matter
	}
	at := c.First(from)
	for n := 1; !at.IsZero() && len(p.spec.Calendars) < horizon && (c.Repeat < 0 || n <= c.Repeat); n++ {
		if !at.Before(recent) {
			p.spec.Calendars = append(p.spec.Calendars, exactly(at).Calendars...)
			p.until = at
		}
		at = c.Next(at)
	}
	if len(p.spec.Calendars) < horizon {
		p.until = time.Time{}
	}
	return p
}

// hasInterval reports whether the moments of a cycle depend on the one at which it is armed.
func hasInterval(c bpmn.Cycle, from time.Time) bool {
	return !c.First(from).Equal(c.First(from.Add(time.Nanosecond)))
}

// errNever means that a timer does not fire any more.
var errNever = errors.New("the timer does not fire any more")

func (p timerPlan) check() error {
	if len(p.spec.Calendars)+len(p.spec.Intervals) == 0 {
		return errNever
	}
	return nil
}
