package db_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// announced returns a hub that hears of the steps of a worker's store in its own process.
func (w *world) announced(t *testing.T) (*db.StepHub, *db.Store) {
	t.Helper()
	worker := w.store(t, workerRole, 2)
	hub := db.NewStepHub(w.api, zap.NewNop())
	db.NewAnnouncer(worker, hub, zap.NewNop())
	return hub, worker
}

// heard takes the news that a step has left, without waiting.
func heard(t *testing.T, news <-chan casework.StepNews) casework.StepNews {
	t.Helper()
	select {
	case n := <-news:
		return n
	default:
		require.Fail(t, "a step was not told")
		return casework.StepNews{}
	}
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

func mayClaim(users ...string) func(*casework.NewTask) {
	return func(n *casework.NewTask) { n.CandidateUsers = users }
}

func heldBy(user string) func(*casework.NewTask) {
	return func(n *casework.NewTask) { n.Assignee = user }
}

// What a waiter is given with the step is what a query as that caller answers after it, whoever the caller is. The rule is one
// function, which the policies of the table use; this is what would notice if they no longer did.
func TestTheNextTasksOfAStepAreThoseThatTheCallerSees(t *testing.T) {
	t.Parallel()
	w, others := newUnit(t), newUnit(t)
	colleague := w.hire(t, 1)[0]
	w.set(t, "INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name) VALUES ('SEES_{name}', 'x', 'CUSTOM', '{queue}')")
	onlooker := others.hire(t, 1)[0] // works on the queue by a role that is no candidate of anything
	w.grant(t, onlooker, "SEES_"+w.name)
	hub, worker := w.announced(t)
	seen := map[string]int{}
	for _, caller := range []string{w.user, colleague, onlooker, others.user, robert, lisa, admin, "nobody.at.all"} {
		instance := w.start(t, admin)
		id := func(what string) string { return what + "-" + uuid.NewString()[:8] }
		held := id("held")
		w.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{
			w.task(held), w.task(id("parallel")), w.task(id("away"), forGroups(others.role)),
		}})
		_, err := w.api.ClaimTask(t.Context(), w.user, w.id(held), uuid.New())
		require.NoError(t, err)
		command := uuid.New()
		_, _, err = w.api.CompleteTask(t.Context(), w.user, w.id(held), command, approve)
		require.NoError(t, err)
		news, stop := hub.Watch(casework.Waiting{InstanceID: instance, CommandID: command.String(), Caller: caller})
		_, err = worker.CommitStep(t.Context(), filled(casework.StepCommit{
			InstanceID: instance, Step: 2, CommandID: command.String(), Actor: w.user,
			NewTasks: []casework.NewTask{
				w.task(id("group"), due(time.Hour)), w.task(id("other group"), forGroups(others.role)), w.task(id("by name"), forGroups(), mayClaim(colleague, lisa)),
				w.task(id("held"), heldBy(robert)), w.task(id("held here"), heldBy(others.user)), w.task(id("nobody"), forGroups()),
			},
		}))
		require.NoError(t, err)
		got := heard(t, news).Next
		stop()
		want, err := w.api.OpenTasksOf(t.Context(), caller, instance)
		require.NoError(t, err)
		require.NotNil(t, got, "asked for, so answered, with nothing if need be")
		require.JSONEq(t, inJSON(t, want), inJSON(t, got), caller)
		seen[caller] = len(got)
	}
	require.Equal(t, map[string]int{
		w.user: 4, colleague: 5, onlooker: 6, others.user: 3, robert: 1, lisa: 1, admin: 8, "nobody.at.all": 0,
	}, seen)
}

func TestOneWaiterDoesNotGetWhatAnotherSees(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	hub, worker := w.announced(t)
	instance, id := w.claimed(t)
	command := uuid.New()
	_, _, err := w.api.CompleteTask(t.Context(), w.user, id, command, approve)
	require.NoError(t, err)
	waits := map[string]casework.Waiting{
		"of the command":              {InstanceID: instance, CommandID: command.String(), Caller: w.user},
		"of nothing in particular":    {InstanceID: instance},
		"of another command":          {InstanceID: instance, CommandID: uuid.NewString(), Caller: w.user},
		"of the start":                {InstanceID: instance, Caller: lisa},
		"of another process instance": {InstanceID: uuid.NewString(), CommandID: command.String(), Caller: w.user},
	}
	news := map[string]<-chan casework.StepNews{}
	for name, waiting := range waits {
		ch, stop := hub.Watch(waiting)
		defer stop()
		news[name] = ch
	}
	_, err = worker.CommitStep(t.Context(), filled(casework.StepCommit{
		InstanceID: instance, Step: 2, CommandID: command.String(), Actor: w.user, NewTasks: []casework.NewTask{w.task("next")},
	}))
	require.NoError(t, err)
	next := heard(t, news["of the command"]).Next
	require.Len(t, next, 1)
	require.Equal(t, w.id("next"), next[0].TaskID)
	for _, name := range []string{"of nothing in particular", "of another command", "of the start"} {
		require.Nil(t, heard(t, news[name]).Next, name)
	}
	require.Empty(t, news["of another process instance"])
}

func TestAStepThatIsNotWrittenTellsNoNextTasks(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	hub, worker := w.announced(t)
	instance, _ := w.claimed(t)
	command := uuid.NewString()
	news, stop := hub.Watch(casework.Waiting{InstanceID: instance, CommandID: command, Caller: w.user})
	defer stop()
	result, err := worker.CommitStep(t.Context(), filled(casework.StepCommit{InstanceID: instance, Step: 2, CommandID: command, Actor: w.user}))
	require.NoError(t, err)
	require.True(t, result.Refused, "nobody has accepted this command")
	require.Nil(t, heard(t, news).Next)
}

// The first step of a case is caused by no command.
func TestTheStarterOfACaseIsGivenItsFirstTasks(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	hub, worker := w.announced(t)
	instance := w.start(t, w.user)
	news, stop := hub.Watch(casework.Waiting{InstanceID: instance, Caller: w.user})
	step := filled(casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{w.task("b"), w.task("a")}})
	for range 2 { // the second time it is on record already
		_, err := worker.CommitStep(t.Context(), step)
		require.NoError(t, err)
		var ids []string
		for _, task := range heard(t, news).Next {
			ids = append(ids, task.TaskID)
		}
		require.Equal(t, []string{w.id("a"), w.id("b")}, ids, "oldest first, then by id")
	}
	stop()
	_, err := worker.CommitStep(t.Context(), step)
	require.NoError(t, err)
	require.Empty(t, news, "the watch is over")
}

// Whoever has not taken the last news gets the latest.
func TestNewsDoNotPileUp(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	hub, worker := w.announced(t)
	instance := w.start(t, w.user)
	news, stop := hub.Watch(casework.Waiting{InstanceID: instance, Caller: w.user})
	defer stop()
	for step := range int64(3) {
		_, err := worker.CommitStep(t.Context(), filled(casework.StepCommit{
			InstanceID: instance, Step: step + 1, NewTasks: []casework.NewTask{w.task(string('a' + rune(step)))},
		}))
		require.NoError(t, err)
	}
	require.Len(t, heard(t, news).Next, 3)
	require.Empty(t, news)
}

// As a call, the rule would cost each row of a list several times what it costs as a part of the plan.
func TestWhoSeesATaskIsPartOfThePlan(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	require.NoError(t, w.as(t, apiRole, w.user, func(tx pgx.Tx) error {
		for _, sql := range []string{"SELECT FROM flowable.workflow_tasks", "UPDATE flowable.workflow_tasks SET priority = priority"} {
			plan := strings.Join(rows[string](t, tx, "EXPLAIN (VERBOSE, COSTS OFF) "+sql), "\n")
			require.NotContains(t, plan, "task_is_seen", sql)
			require.Contains(t, plan, "candidate_groups &&", sql)
		}
		return nil
	}))
}
