package worker_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// timerStarts are what is active at the moment.
type timerStarts struct {
	list []casework.TriggeredStart
	err  error
}

// TimerStarts implements worker.TimerStarts.
func (s *timerStarts) TimerStarts(context.Context) ([]casework.TriggeredStart, error) {
	return s.list, s.err
}

func hourly(key string, version int, text string) casework.TriggeredStart {
	return casework.TriggeredStart{
		Definition: casework.Definition{ProcessKey: key, ProcessName: "Process " + key, Version: version},
		Event:      casework.StartEvent{ID: "due", Type: casework.StartTimer, Timer: "timeCycle", Trigger: text},
		ActiveFrom: time.Now().Add(-time.Minute),
	}
}

// temporalSchedules stand in for those of a Temporal server.
type temporalSchedules struct {
	client.ScheduleClient
	kept       map[string]client.ScheduleOptions
	writes     []string
	backfilled []string
	fail       error // of what is not a creation or an update
}

func (s *temporalSchedules) Create(_ context.Context, o client.ScheduleOptions) (client.ScheduleHandle, error) {
	if _, is := s.kept[o.ID]; is {
		return nil, temporal.ErrScheduleAlreadyRunning
	}
	s.kept[o.ID] = o
	s.writes = append(s.writes, "create "+o.ID)
	return nil, nil
}

func (s *temporalSchedules) GetHandle(_ context.Context, id string) client.ScheduleHandle {
	return &scheduleHandle{all: s, id: id}
}

func (s *temporalSchedules) List(context.Context, client.ScheduleListOptions) (client.ScheduleListIterator, error) {
	return &scheduleList{ids: slices.Sorted(maps.Keys(s.kept))}, nil
}

type scheduleHandle struct {
	client.ScheduleHandle
	all *temporalSchedules
	id  string
}

func (h *scheduleHandle) Delete(context.Context) error {
	if h.all.fail != nil {
		return h.all.fail
	}
	if _, is := h.all.kept[h.id]; !is {
		return serviceerror.NewNotFound("no such schedule")
	}
	delete(h.all.kept, h.id)
	h.all.writes = append(h.all.writes, "delete "+h.id)
	return nil
}

func (h *scheduleHandle) Update(_ context.Context, o client.ScheduleUpdateOptions) error {
	kept := h.all.kept[h.id]
	update, err := o.DoUpdate(client.ScheduleUpdateInput{Description: client.ScheduleDescription{
		Schedule: client.Schedule{State: &client.ScheduleState{Note: kept.Note}},
	}})
	if err != nil {
		return err
	}
	kept.Note, kept.Spec, kept.Action = update.Schedule.State.Note, *update.Schedule.Spec, update.Schedule.Action
	kept.Overlap, kept.CatchupWindow = update.Schedule.Policy.Overlap, update.Schedule.Policy.CatchupWindow
	h.all.kept[h.id] = kept
	h.all.writes = append(h.all.writes, "update "+h.id)
	return nil
}

func (h *scheduleHandle) Backfill(context.Context, client.ScheduleBackfillOptions) error {
	if h.all.fail != nil {
		return h.all.fail
	}
	h.all.backfilled = append(h.all.backfilled, h.id)
	return nil
}

type scheduleList struct{ ids []string }

func (l *scheduleList) HasNext() bool { return len(l.ids) > 0 }

func (l *scheduleList) Next() (*client.ScheduleListEntry, error) {
	id := l.ids[0]
	l.ids = l.ids[1:]
	return &client.ScheduleListEntry{ID: id}, nil
}

func TestSchedulesFollowTheActiveVersions(t *testing.T) {
	t.Parallel()
	starts := &timerStarts{list: []casework.TriggeredStart{hourly("bills", 1, "R/PT1H")}}
	server := &temporalSchedules{kept: map[string]client.ScheduleOptions{"of/somebody/else": {}, "start/old/due": {}}}
	s := worker.NewSchedules(starts, server, zap.NewNop())
	once := func() []string {
		server.writes = nil
		require.NoError(t, s.Once(t.Context()))
		return server.writes
	}
	require.Equal(t, []string{"create start/bills/due", "delete start/old/due"}, once())
	made := server.kept["start/bills/due"]
	require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, made.Overlap)
	require.Equal(t, time.Hour, made.CatchupWindow)
	require.Len(t, made.ScheduleBackfill, 1, "what was due since the activation")
	action := made.Action.(*client.ScheduleWorkflowAction)
	require.Equal(t, workflows.StartByTimerWorkflow, action.Workflow)
	require.Equal(t, []any{casework.TimerStart{ProcessKey: "bills", Version: 1, StartEventID: "due"}}, action.Args)
	require.Empty(t, once(), "nothing has changed")

	starts.list = []casework.TriggeredStart{hourly("bills", 2, "R/PT2H"), hourly("bills", 2, "0 8 * * *")}
	require.Equal(t, []string{"update start/bills/due", "update start/bills/due", "create start/bills/due#2"}, once())
	require.Equal(t, 2*time.Hour, server.kept["start/bills/due"].Spec.Intervals[0].Every)
	require.Equal(t, []string{"start/bills/due"}, server.backfilled)

	again := worker.NewSchedules(starts, server, zap.NewNop()) // another worker, or this one after a restart
	server.writes, server.backfilled = nil, nil
	require.NoError(t, again.Once(t.Context()))
	require.Equal(t, []string{"update start/bills/due", "update start/bills/due#2"}, server.writes)
	require.Empty(t, server.backfilled, "the same version makes up for nothing twice")

	starts.list = nil
	require.Equal(t, []string{"delete start/bills/due", "delete start/bills/due#2"}, once())
	require.Equal(t, []string{"of/somebody/else"}, slices.Collect(maps.Keys(server.kept)))
}

func TestATimerThatNeverFiresAgainHasNoSchedule(t *testing.T) {
	t.Parallel()
	past := hourly("once", 1, "")
	past.Event.Timer, past.Event.Trigger = "timeDate", "2020-01-01T00:00:00Z"
	server := &temporalSchedules{kept: map[string]client.ScheduleOptions{"start/once/due": {}}}
	s := worker.NewSchedules(&timerStarts{list: []casework.TriggeredStart{past}}, server, zap.NewNop())
	require.NoError(t, s.Once(t.Context()))
	require.Empty(t, server.kept)
}

// A failure between two calls leaves something that the next look mends.
func TestAFailureBetweenTwoCallsIsMadeUpFor(t *testing.T) {
	t.Parallel()
	starts := &timerStarts{list: []casework.TriggeredStart{hourly("bills", 1, "R/PT1H")}}
	server := &temporalSchedules{kept: map[string]client.ScheduleOptions{}}
	s := worker.NewSchedules(starts, server, zap.NewNop())
	require.NoError(t, s.Once(t.Context()))

	starts.list = []casework.TriggeredStart{hourly("bills", 2, "R/PT2H")}
	server.fail = serviceerror.NewUnavailable("away")
	require.Error(t, s.Once(t.Context()))
	require.Empty(t, server.backfilled)
	server.fail = nil
	again := worker.NewSchedules(starts, server, zap.NewNop())
	require.NoError(t, again.Once(t.Context()))
	require.Equal(t, []string{"start/bills/due"}, server.backfilled, "what was missed is made up for")

	never := hourly("bills", 3, "2020-01-01T00:00:00Z")
	never.Event.Timer = "timeDate"
	starts.list, server.fail = []casework.TriggeredStart{never}, serviceerror.NewUnavailable("away")
	require.Error(t, again.Once(t.Context()))
	server.fail = nil
	require.NoError(t, again.Once(t.Context()))
	require.Empty(t, server.kept, "the schedule of the old version does not stay")
}
