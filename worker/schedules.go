package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// TimerStarts reads what timers begin.
type TimerStarts interface {
	// TimerStarts lists the timer start events of active definitions.
	TimerStarts(ctx context.Context) ([]casework.TriggeredStart, error)
}

const (
	schedulePrefix  = "start/"
	scheduleCatchUp = time.Hour        // starts that were missed for at most this long are made up for
	scheduleLook    = 15 * time.Second // between two looks at the active definitions
)

// Schedules keeps one Temporal Schedule for each timer start event of the active versions. Several may run at once: each
// writes what is the same for all.
type Schedules struct {
	starts TimerStarts
	client client.ScheduleClient
	log    *zap.Logger
	now    func() time.Time
	known  map[string]scheduled // by schedule id, as this process has written it
}

// scheduled is what a schedule was written from.
type scheduled struct {
	signature string
	until     time.Time
}

// NewSchedules returns it; Run starts it.
func NewSchedules(starts TimerStarts, c client.ScheduleClient, log *zap.Logger) *Schedules {
	return &Schedules{starts: starts, client: c, log: log.Named("schedules"), now: time.Now, known: map[string]scheduled{}}
}

// Run follows the active versions until ctx ends.
func (s *Schedules) Run(ctx context.Context) {
	tick := time.NewTicker(scheduleLook)
	defer tick.Stop()
	for {
		if err := s.Once(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("timer starts not followed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once makes the schedules what the active definitions say.
func (s *Schedules) Once(ctx context.Context) error {
	starts, err := s.starts.TimerStarts(ctx)
	if err != nil {
		return fmt.Errorf("timer starts: %w", err)
	}
	wanted := map[string]casework.TriggeredStart{}
	for _, start := range starts {
		wanted[scheduleID(wanted, start)] = start
	}
	var failed []error
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		failed = append(failed, s.keep(ctx, id, wanted[id]))
	}
	return errors.Join(append(failed, s.removeOthers(ctx, wanted))...)
}

// scheduleID names the schedule of a start event; the second timer of one event has a number.
func scheduleID(taken map[string]casework.TriggeredStart, start casework.TriggeredStart) string {
	base := schedulePrefix + start.Definition.ProcessKey + "/" + start.Event.ID
	id := base
	for n := 2; ; n++ {
		if _, is := taken[id]; !is {
			return id
		}
		id = fmt.Sprintf("%s#%d", base, n)
	}
}

// keep writes a schedule, unless this process has written it already and it still reaches far enough.
func (s *Schedules) keep(ctx context.Context, id string, start casework.TriggeredStart) error {
	now := s.now()
	signature := fmt.Sprintf("version %d from %s: %s %s", start.Definition.Version, start.ActiveFrom.UTC().Format(time.RFC3339Nano), start.Event.Timer, start.Event.Trigger)
	before, known := s.known[id]
	if known && before.signature == signature && (before.until.IsZero() || now.Before(before.until.Add(-scheduleCatchUp))) {
		return nil
	}
	p, err := planTimer(start.Event, start.ActiveFrom, now)
	if err == nil {
		err = p.check()
	}
	if err != nil { // nothing that trying again could mend
		if !errors.Is(err, errNever) {
			s.log.Error("a timer start event cannot be scheduled", zap.String("schedule", id), zap.Error(err))
		}
		if err := s.remove(ctx, id); err != nil {
			return err
		}
		s.known[id] = scheduled{signature: signature}
		return nil
	}
	if err := s.write(ctx, id, start, p.spec, signature); err != nil {
		return fmt.Errorf("schedule %s: %w", id, err)
	}
	s.known[id] = scheduled{signature: signature, until: p.until}
	return nil
}

// write makes a schedule, or makes it anew. What was due between the activation and this moment is made up for: a moment that
// has had its case already has no second one.
func (s *Schedules) write(ctx context.Context, id string, start casework.TriggeredStart, spec client.ScheduleSpec, note string) error {
	now := s.now()
	missed := client.ScheduleBackfill{Start: later(start.ActiveFrom, now.Add(-scheduleCatchUp)), End: now, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL}
	action := &client.ScheduleWorkflowAction{
		ID: id, Workflow: workflows.StartByTimerWorkflow, TaskQueue: workflows.TaskQueue,
		Args:          []any{casework.TimerStart{ProcessKey: start.Definition.ProcessKey, Version: start.Definition.Version, StartEventID: start.Event.ID}},
		StaticSummary: "start of " + start.Definition.ProcessName,
	}
	_, err := s.client.Create(ctx, client.ScheduleOptions{
		ID: id, Spec: spec, Action: action, Note: note, CatchupWindow: scheduleCatchUp,
		Overlap:          enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, // each case is one of its own
		ScheduleBackfill: []client.ScheduleBackfill{missed},
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	handle := s.client.GetHandle(ctx, id)
	next := client.Schedule{Spec: &spec, Action: action, Policy: &client.SchedulePolicies{
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, CatchupWindow: scheduleCatchUp,
	}}
	changed, err := update(ctx, handle, next, note+catchingUp, note)
	if err != nil || !changed {
		return err
	}
	// Until the last line is done the note says that something is missing, also to the next process after a crash.
	err = handle.Backfill(ctx, client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{missed}})
	if err != nil {
		return err
	}
	_, err = update(ctx, handle, next, note, note)
	return err
}

// catchingUp marks a schedule whose missed moments are not made up for yet.
const catchingUp = ", catching up"

// update changes a schedule and its note, and reports whether the note was another one than the final one.
func update(ctx context.Context, handle client.ScheduleHandle, to client.Schedule, note, final string) (changed bool, err error) {
	err = handle.Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			next := in.Description.Schedule
			changed = next.State.Note != final
			next.Spec, next.Action, next.Policy = to.Spec, to.Action, to.Policy
			if changed {
				next.State.Note = note
			}
			return &client.ScheduleUpdate{Schedule: &next}, nil
		},
	})
	return changed, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// removeOthers deletes the schedules of start events that are not in force any more.
func (s *Schedules) removeOthers(ctx context.Context, wanted map[string]casework.TriggeredStart) error {
	list, err := s.client.List(ctx, client.ScheduleListOptions{PageSize: 1000})
	if err != nil {
		return fmt.Errorf("list schedules: %w", err)
	}
	var failed []error
	for list.HasNext() {
		entry, err := list.Next()
		if err != nil {
			return fmt.Errorf("list schedules: %w", err)
		}
		if _, is := wanted[entry.ID]; !is && strings.HasPrefix(entry.ID, schedulePrefix) {
			failed = append(failed, s.remove(ctx, entry.ID))
			delete(s.known, entry.ID)
		}
	}
	for id := range s.known { // the list may lag behind
		if _, is := wanted[id]; !is {
			failed = append(failed, s.remove(ctx, id))
			delete(s.known, id)
		}
	}
	return errors.Join(failed...)
}

func (s *Schedules) remove(ctx context.Context, id string) error {
	err := s.client.GetHandle(ctx, id).Delete(ctx)
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("delete schedule %s: %w", id, err)
	}
	return nil
}
