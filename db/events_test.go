package db_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// waits starts an instance that waits for events, and returns it.
func (w *world) waits(t *testing.T, subscriptions ...casework.Subscription) string {
	t.Helper()
	instance := w.start(t, admin)
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 1, Events: &casework.StepEvents{Subscribed: subscriptions}})
	return instance
}

func subscription(id, kind, name string) casework.Subscription {
	return casework.Subscription{SubscriptionID: id, Kind: kind, Name: name, ElementID: "wait"}
}

func closing(ids ...string) *casework.StepEvents { return &casework.StepEvents{Unsubscribed: ids} }

func (w *world) message(t *testing.T, m casework.Message) (casework.MessageAnswer, *casework.Delivery, error) {
	t.Helper()
	return w.api.SendMessage(t.Context(), admin, uuid.New(), 2, m)
}

// outcome tells what became of a message or signal.
func (w *world) outcome(t *testing.T, name string) []string {
	t.Helper()
	return rows[string](t, w.super, `SELECT concat_ws(' ', outcome, receivers, reason) FROM flowable.event_messages WHERE event_name = $1 ORDER BY seq`, name)
}

func TestEachMessageHasOneReceiverHoweverManyComeAtOnce(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Paid " + u.name
	for range 5 {
		u.waits(t, subscription("wait:2", "message", name))
	}
	type result struct {
		instance string
		err      error
	}
	store := u.store(t, apiRole, 8)
	results := together(8, func(int) result {
		a, _, err := store.SendMessage(t.Context(), admin, uuid.New(), 2, casework.Message{Name: name})
		return result{a.ProcessInstanceID, err}
	})
	received := map[string]int{}
	for _, r := range results {
		if r.err != nil {
			hasCode(t, r.err, casework.NotFound)
			continue
		}
		received[r.instance]++
	}
	require.Len(t, received, 5)
	require.Equal(t, 5, one[int](t, u.super, "SELECT count(DISTINCT taken_by) FROM flowable.event_subscriptions WHERE event_name = $1", name))
	require.Equal(t, 5, one[int](t, u.super, "SELECT count(*) FROM flowable.event_messages WHERE event_name = $1 AND outcome = 'DELIVERED'", name))
}

func TestTheSameMessageAgainIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Paid " + u.name
	first := u.waits(t, subscription("wait:2", "message", name))
	u.waits(t, subscription("wait:2", "message", name))
	id, store := uuid.New(), u.store(t, apiRole, 4)
	deliveries := 0
	for _, d := range together(4, func(int) *casework.Delivery {
		a, d, err := store.SendMessage(t.Context(), admin, id, 2, casework.Message{Name: name})
		require.NoError(t, err)
		require.Equal(t, first, a.ProcessInstanceID)
		return d
	}) {
		if d != nil {
			deliveries++
		}
	}
	require.Equal(t, 1, deliveries)
}

// A timer that would close what a message was accepted for is told so, and writes nothing; the message comes first.
func TestAMessageThatWasAcceptedIsNotClosedByATimer(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Paid " + u.name
	instance := u.waits(t, subscription("wait:2", "message", name))
	_, d, err := u.message(t, casework.Message{Name: name})
	require.NoError(t, err)
	late := u.step(t, casework.StepCommit{InstanceID: instance, Step: 2, Events: closing("wait:2")})
	require.Equal(t, []string{"wait:2"}, late.Taken)
	require.Equal(t, int64(1), one[int64](t, u.super, "SELECT last_step FROM flowable.process_instances WHERE process_instance_id = $1", instance))

	applied := casework.StepCommit{InstanceID: instance, Step: 2, CommandID: d.Command.CommandID, CommandKind: casework.CommandMessage, Events: closing("wait:2")}
	require.Empty(t, u.step(t, applied).Taken)
	require.Zero(t, one[int](t, u.super, "SELECT count(*) FROM flowable.event_subscriptions WHERE process_instance_id = $1", instance))
	require.Equal(t, []string{"DELIVERED 1"}, u.outcome(t, name))
}

// Of two messages of which either closes what waits for the other, the first one accepted is applied; the other is on
// record as unmatched.
func TestTheFirstOfTwoRivalMessagesWins(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	yes, no := "Yes "+u.name, "No "+u.name
	instance := u.waits(t, subscription("yes:2", "message", yes), subscription("no:3", "message", no))
	_, first, err := u.message(t, casework.Message{Name: yes})
	require.NoError(t, err)
	id := uuid.New()
	_, second, err := u.api.SendMessage(t.Context(), admin, id, 2, casework.Message{Name: no})
	require.NoError(t, err)
	step := func(d *casework.Delivery) casework.StepResult {
		return u.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: d.Command.CommandID, CommandKind: casework.CommandMessage, Events: closing("yes:2", "no:3")})
	}
	require.Equal(t, []string{"yes:2"}, step(second).Taken)
	require.Empty(t, step(first).Taken)
	require.Equal(t, []string{"UNMATCHED 1 who waited for it went on first"}, u.outcome(t, no))
	_, _, err = u.api.SendMessage(t.Context(), admin, id, 2, casework.Message{Name: no})
	hasCode(t, err, casework.NotFound) // the same request again
	require.Equal(t, "REJECTED", one[string](t, u.super, "SELECT state FROM flowable.task_commands WHERE command_id = $1", second.Command.CommandID))
	require.Zero(t, one[int](t, u.super, "SELECT count(*) FROM flowable.outbox WHERE command_id = $1", second.Command.CommandID))
}

func TestARepeatingSubscriptionTakesAnyNumberOfMessages(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Note " + u.name
	s := subscription("note:2", "message", name)
	s.Repeats = true
	instance := u.waits(t, s)
	for range 3 {
		a, _, err := u.message(t, casework.Message{Name: name})
		require.NoError(t, err)
		require.Equal(t, instance, a.ProcessInstanceID)
	}
}

func TestWhatAMessageHadTakenIsFreeWhenItIsSettled(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Paid " + u.name
	instance := u.waits(t, subscription("wait:2", "message", name))
	_, d, err := u.message(t, casework.Message{Name: name})
	require.NoError(t, err)
	_, _, err = u.message(t, casework.Message{Name: name})
	hasCode(t, err, casework.NotFound)
	u.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: d.Command.CommandID, CommandKind: casework.CommandMessage})
	_, _, err = u.message(t, casework.Message{Name: name})
	require.NoError(t, err)
}

func TestOperatorsAloneSendMessagesAndSignals(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Paid " + u.name
	u.waits(t, subscription("wait:2", "message", name))
	_, _, err := u.api.SendMessage(t.Context(), u.user, uuid.New(), 2, casework.Message{Name: name})
	require.Equal(t, "operate", hasCode(t, err, casework.Forbidden).Rule)
	_, _, err = u.api.SendSignal(t.Context(), u.user, uuid.New(), 2, casework.Signal{Name: name})
	require.Equal(t, "operate", hasCode(t, err, casework.Forbidden).Rule)
	_, err = u.api.ConditionalStarts(t.Context(), u.user)
	hasCode(t, err, casework.Forbidden)
	for _, sql := range []string{
		"UPDATE flowable.event_subscriptions SET taken_by = gen_random_uuid() RETURNING 1",
		"SELECT 1 FROM flowable.event_subscriptions WHERE event_name = '" + name + "'", "SELECT 1 FROM flowable.event_messages",
	} {
		require.NoError(t, u.does(t, apiRole, u.user, "DO $$ BEGIN PERFORM 1; END $$"))
		tag, err := u.pool(t, apiRole, 1).Exec(t.Context(), sql)
		require.NoError(t, err)
		require.Zero(t, tag.RowsAffected(), sql)
	}
	for _, sql := range []string{"DELETE FROM flowable.event_subscriptions", "UPDATE flowable.event_messages SET outcome = 'BROADCAST'",
		"UPDATE flowable.event_subscriptions SET event_name = 'x'"} {
		require.ErrorContains(t, u.does(t, apiRole, admin, sql), "42501", sql)
	}
}

func TestASignalReachesAllButTheInstanceThatThrowsIt(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Alarm " + u.name
	thrower := u.waits(t, subscription("a:2", "signal", name))
	other := u.waits(t, subscription("a:2", "signal", name), subscription("b:3", "signal", name))
	result := u.step(t, casework.StepCommit{InstanceID: thrower, Step: 2, Events: &casework.StepEvents{
		Signals: []casework.Throw{{Name: name, ElementID: "throw", Variables: map[string]json.RawMessage{"level": json.RawMessage("3")}}},
	}})
	require.Len(t, result.Deliveries, 1)
	require.Equal(t, other, result.Deliveries[0].Command.InstanceID)
	require.JSONEq(t, `{"level": 3}`, string(result.Deliveries[0].Command.Variables))
	require.Equal(t, []string{"BROADCAST 1"}, u.outcome(t, name))
}

func TestAThrownMessageIsRoutedOnceOrKeptAsUnmatched(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	name := "Report " + u.name
	thrower := u.start(t, admin)
	throwing := &casework.StepEvents{Messages: []casework.Throw{{Name: name, ElementID: "throw", Variables: map[string]json.RawMessage{"n": json.RawMessage("1")}}}}
	require.Empty(t, u.step(t, casework.StepCommit{InstanceID: thrower, Step: 1, Events: throwing}).Deliveries)
	require.Equal(t, []string{"UNMATCHED 0 nobody waited for it"}, u.outcome(t, name))

	both := *throwing
	both.Subscribed = []casework.Subscription{subscription("own:2", "message", name)} // this instance itself waits when the burst is over
	c := casework.StepCommit{InstanceID: thrower, Step: 2, Events: &both}
	sent := u.step(t, c).Deliveries
	require.Len(t, sent, 1)
	require.Equal(t, thrower, sent[0].Command.InstanceID)
	require.Equal(t, "own:2", sent[0].Command.SubscriptionID)
	require.Empty(t, u.step(t, c).Deliveries, "the same step again sends nothing")
	require.Len(t, u.outcome(t, name), 2)
}

// called deploys a process that can be called.
func (u *unit) called(t *testing.T, versions int) string {
	t.Helper()
	key := "called_" + u.name
	for v := range versions {
		d := deployment(key, fmt.Sprint(v)+u.name)
		d.SHA256 = fmt.Sprintf("%064s", u.name+fmt.Sprint(v))
		d.StartEvents = []casework.StartEvent{{ID: "begin", Name: "begin", Type: casework.StartNone}}
		_, err := u.worker.DeployAsSystem(t.Context(), []casework.Deployment{d})
		require.NoError(t, err)
	}
	return key
}

func (u *unit) call(t *testing.T, parent string, step int64, child casework.ChildStart) casework.StepResult {
	t.Helper()
	if child.Binding == "" {
		child.Binding = "latest"
	}
	child.ElementInstanceID = "call:3"
	return u.step(t, casework.StepCommit{InstanceID: parent, Step: step, Events: &casework.StepEvents{Children: []casework.ChildStart{child}, EngineRev: 2}})
}

func TestACalledProcessRunsInTheCaseOfItsCaller(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	key := u.called(t, 2)
	parent, id := u.start(t, admin), uuid.NewString()
	sent := u.call(t, parent, 1, casework.ChildStart{InstanceID: id, ProcessKey: key, BusinessKey: "B-1", Variables: map[string]json.RawMessage{"n": json.RawMessage("7")}}).Deliveries
	require.Len(t, sent, 1)
	start := sent[0].Start
	require.Equal(t, id, start.InstanceID)
	require.Equal(t, 2, start.DefinitionVersion)
	require.Equal(t, "begin", start.StartEventID)
	require.Equal(t, parent, start.ParentInstanceID)
	require.Equal(t, "B-1", start.BusinessKey)
	child, err := u.api.Instance(t.Context(), admin, id)
	require.NoError(t, err)
	mine, err := u.api.Instance(t.Context(), admin, parent)
	require.NoError(t, err)
	require.Equal(t, mine.CaseID, child.CaseID)
	require.Equal(t, parent, child.ParentInstanceID)

	u.step(t, casework.StepCommit{InstanceID: id, Step: 1, NewTasks: []casework.NewTask{u.task("in-child")}, Variables: []casework.VariableChange{{Name: "verdict", Value: json.RawMessage(`"good"`)}}})
	c, err := u.api.Case(t.Context(), admin, mine.CaseID)
	require.NoError(t, err)
	require.Equal(t, "review", c.CurrentPhase, "the task of the called process moves the case")
	ended := u.step(t, casework.StepCommit{InstanceID: id, Step: 2, End: &casework.InstanceEnd{Status: casework.InstanceCompleted}}).Deliveries
	require.Len(t, ended, 1)
	told := ended[0].Command
	require.Equal(t, casework.CommandChildEnded, told.Kind)
	require.Equal(t, parent, told.InstanceID)
	require.Equal(t, "call:3", told.ElementInstanceID)
	require.Equal(t, id, told.ChildID)
	require.Equal(t, "COMPLETED", told.Status)
	require.JSONEq(t, `{"verdict": "good"}`, string(told.Variables))
	require.Equal(t, "OPEN", one[string](t, u.super, "SELECT status FROM onecms.cases WHERE case_id = $1", mine.CaseID), "its caller goes on")
}

func TestTheBindingSaysWhichVersionIsCalled(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	key := u.called(t, 3)
	parent := u.start(t, admin)
	for step, tc := range map[int64]struct {
		child casework.ChildStart
		want  int
		why   string
	}{
		1: {casework.ChildStart{ProcessKey: key, Binding: "version", Version: 2}, 2, ""},
		2: {casework.ChildStart{ProcessKey: key, Binding: "deployment"}, 3, ""},
		3: {casework.ChildStart{ProcessKey: key, Binding: "version", Version: 9}, 0, "there is no version 9"},
		4: {casework.ChildStart{ProcessKey: "nobody", Binding: "latest"}, 0, "there is no active process"},
		5: {casework.ChildStart{ProcessKey: "intake", Binding: "latest"}, 0, "no plain start event"},
	} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			tc.child.InstanceID = uuid.NewString()
			parent := parent
			if step > 1 {
				parent = u.start(t, admin)
			}
			sent := u.call(t, parent, 1, tc.child).Deliveries
			require.Len(t, sent, 1)
			if tc.why == "" {
				require.Equal(t, tc.want, sent[0].Start.DefinitionVersion)
				return
			}
			require.Equal(t, casework.ChildFailed, sent[0].Command.Status)
			require.Contains(t, sent[0].Command.Reason, tc.why)
			require.Equal(t, parent, sent[0].Command.InstanceID)
		})
	}
}

// The end of a child and the cancellation by its caller may cross: whoever comes second finds nobody, and nothing is left
// that is sent for ever.
func TestTheEndOfAChildMayCrossItsCancellation(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	key := u.called(t, 1)
	for range 5 {
		parent, id := u.start(t, admin), uuid.NewString()
		u.call(t, parent, 1, casework.ChildStart{InstanceID: id, ProcessKey: key})
		steps := []casework.StepCommit{
			filled(casework.StepCommit{InstanceID: id, Step: 1, End: &casework.InstanceEnd{Status: casework.InstanceCompleted}}),
			filled(casework.StepCommit{InstanceID: parent, Step: 2, End: &casework.InstanceEnd{Status: casework.InstanceTerminated},
				Events: &casework.StepEvents{CancelChildren: []string{id}}}),
		}
		store := u.store(t, workerRole, 2)
		for _, err := range together(2, func(i int) error { _, err := store.CommitStep(t.Context(), steps[i]); return err }) {
			require.NoError(t, err)
		}
		for _, left := range rows[int64](t, u.super, "SELECT outbox_id FROM flowable.outbox WHERE process_instance_id IN ($1, $2)", parent, id) {
			require.NoError(t, u.worker.DeliveryDead(t.Context(), left, "workflow is closed"))
		}
		require.Zero(t, one[int](t, u.super, "SELECT count(*) FROM flowable.outbox WHERE process_instance_id IN ($1, $2)", parent, id))
		require.Zero(t, one[int](t, u.super, "SELECT count(*) FROM flowable.task_commands WHERE process_instance_id IN ($1, $2) AND state = 'ACCEPTED'", parent, id))
	}
}

func TestATaskHidesVariablesOfItsInstanceByItsOwn(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	instance := u.start(t, admin)
	u.step(t, casework.StepCommit{
		InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{u.task("mine")},
		Variables: []casework.VariableChange{{Name: "item", Value: json.RawMessage(`"all"`)}, {Name: "sum", Value: json.RawMessage("1.50")}},
		Events:    &casework.StepEvents{TaskVariables: []casework.TaskVariable{{TaskID: u.id("mine"), Name: "item", Value: json.RawMessage(`{"n": 2}`)}}},
	})
	task, err := u.api.Task(t.Context(), u.user, u.id("mine"))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"item": map[string]any{"n": json.Number("2")}, "sum": json.Number("1.50")}, task.Variables)
	vars, err := u.api.InstanceVariables(t.Context(), u.user, instance)
	require.NoError(t, err)
	require.Equal(t, "all", vars["item"])
}

// Two completions of which each cancels the task of the other do not wait for each other for ever: the first one wins.
func TestTheFirstOfTwoRivalCompletionsWins(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	instance := u.place(t, u.task("a"), u.task("b"))
	commands := map[string]*casework.Delivery{}
	for _, id := range []string{"a", "b"} {
		_, err := u.api.ClaimTask(t.Context(), u.user, u.id(id), uuid.New())
		require.NoError(t, err)
		_, commands[id], err = u.api.CompleteTask(t.Context(), u.user, u.id(id), uuid.New(), casework.Completion{})
		require.NoError(t, err)
	}
	step := func(own, other string) casework.StepResult {
		return u.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: commands[own].Command.CommandID, CancelTasks: []string{u.id(other)}})
	}
	require.Equal(t, []string{u.id("a")}, step("b", "a").Lost)
	require.Empty(t, step("a", "b").Lost)
}

func TestAnAnswerIsKeptToDoItsStepAgain(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	instance := u.start(t, admin)
	answer := json.RawMessage(`{"kind": "activity-done", "token": "charge:2"}`)
	u.step(t, casework.StepCommit{InstanceID: instance, Step: 1, Cause: "activity-done:charge:2:abc", Answer: answer})
	other := u.step(t, casework.StepCommit{InstanceID: instance, Step: 1, Cause: "activity-done:charge:2:def", Answer: json.RawMessage(`{}`)})
	require.NotNil(t, other.Instead)
	require.Equal(t, "activity-done:charge:2:abc", other.Instead.Cause)
	require.JSONEq(t, string(answer), string(other.Instead.Answer))
}

func TestATimerStartsACaseOfTheActiveVersionOnce(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	d := deployment("timed_"+u.name, u.name)
	d.SHA256 = fmt.Sprintf("%064s", u.name)
	d.StartEvents = []casework.StartEvent{{ID: "due", Name: "Due", Type: casework.StartTimer, Timer: "timeCycle", Trigger: "R/PT1H"}}
	defs, err := u.worker.DeployAsSystem(t.Context(), []casework.Deployment{d})
	require.NoError(t, err)
	starts, err := u.worker.TimerStarts(t.Context())
	require.NoError(t, err)
	i := slices.IndexFunc(starts, func(s casework.TriggeredStart) bool { return s.Definition.ProcessKey == d.ProcessKey })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, d.StartEvents[0], starts[i].Event)
	require.False(t, starts[i].ActiveFrom.Before(defs[0].DeployedAt))

	ask := casework.TimerStart{ProcessKey: d.ProcessKey, Version: 1, StartEventID: "due", RequestID: "start/" + u.name, EngineRev: 2}
	sent := 0
	for _, delivery := range together(3, func(int) *casework.Delivery {
		delivery, err := u.worker.StartByTimer(t.Context(), ask)
		require.NoError(t, err)
		return delivery
	}) {
		if delivery != nil {
			sent++
			require.Equal(t, "due", delivery.Start.StartEventID)
			require.Equal(t, "SYSTEM", delivery.Start.Initiator)
		}
	}
	require.Equal(t, 1, sent)

	other, older := ask, ask
	other.StartEventID, other.RequestID = "gone", "other"
	older.Version, older.At, older.RequestID = 2, time.Now().Add(time.Minute), "older"
	for _, nothing := range []casework.TimerStart{other, older, {ProcessKey: "gone", StartEventID: "due", RequestID: "x"}} {
		delivery, err := u.worker.StartByTimer(t.Context(), nothing)
		require.NoError(t, err)
		require.Nil(t, delivery)
	}
	older.At = defs[0].DeployedAt.Add(-time.Minute) // due before, but nobody came to it
	late, err := u.worker.StartByTimer(t.Context(), older)
	require.NoError(t, err)
	require.NotNil(t, late)
	_, err = u.api.ActivateDefinition(t.Context(), admin, d.ProcessKey, 1, false)
	require.NoError(t, err)
	ask.RequestID = "later"
	delivery, err := u.worker.StartByTimer(t.Context(), ask)
	require.NoError(t, err)
	require.Nil(t, delivery, "no version is active")
}

// A delivery that Temporal would refuse for its size would be tried for ever, and its receiver wait for ever.
func TestWhatIsTooLargeToBeDeliveredIsToldInstead(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	key, large := u.called(t, 1), json.RawMessage(`"`+strings.Repeat("x", 1<<20)+`"`)
	parent, id := u.start(t, admin), uuid.NewString()
	told := u.call(t, parent, 1, casework.ChildStart{InstanceID: uuid.NewString(), ProcessKey: key, Variables: map[string]json.RawMessage{"v": large}}).Deliveries
	require.Len(t, told, 1)
	require.Equal(t, casework.ChildFailed, told[0].Command.Status)
	require.Contains(t, told[0].Command.Reason, "1 MiB")

	many := make([]casework.VariableChange, 5000)
	for i := range many {
		many[i] = casework.VariableChange{Name: fmt.Sprint("v", i), Value: json.RawMessage(`"` + strings.Repeat("x", 500) + `"`)}
	}
	u.call(t, parent, 2, casework.ChildStart{InstanceID: id, ProcessKey: key})
	told = u.step(t, casework.StepCommit{InstanceID: id, Step: 1, Variables: many, Events: &casework.StepEvents{Escalations: []string{"LATE"}}}).Deliveries
	require.Len(t, told, 1)
	require.Empty(t, told[0].Command.Variables)
	told = u.step(t, casework.StepCommit{InstanceID: id, Step: 2, End: &casework.InstanceEnd{Status: casework.InstanceCompleted}}).Deliveries
	require.Len(t, told, 1)
	require.Equal(t, casework.ChildFailed, told[0].Command.Status)
	require.Contains(t, told[0].Command.Reason, "1 MiB")
	require.Zero(t, one[int](t, u.super, "SELECT count(*) FROM flowable.outbox WHERE process_instance_id = $1 AND octet_length(payload::TEXT) > 1000000", parent))

	name := "Paid " + u.name
	u.waits(t, subscription("wait:2", "message", name))
	u.step(t, casework.StepCommit{InstanceID: parent, Step: 3, Events: &casework.StepEvents{
		Messages: []casework.Throw{{Name: name, ElementID: "throw", Variables: map[string]json.RawMessage{"v": large}}},
	}})
	require.Equal(t, []string{"UNMATCHED 0 it carries more than 1 MiB of variables"}, u.outcome(t, name))
}
