package db_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// eyes makes a task one that whoever has completed "first" of the case may not hold.
func eyes(n *casework.NewTask) { n.FourEyesOf = []string{"first"} }

func keyed(key string) func(*casework.NewTask) {
	return func(n *casework.NewTask) { n.DefinitionKey = key }
}

// checked is a case in which somebody has completed a task "first" and a task "second" is to be done by somebody else.
func (u *unit) checked(t *testing.T, by string) (instance string) {
	t.Helper()
	instance = u.place(t, u.task("first", keyed("first"), priority(100)), u.task("second", keyed("second"), eyes))
	_, err := u.api.ClaimTask(t.Context(), by, u.id("first"), uuid.New())
	require.NoError(t, err)
	_, _, err = u.api.CompleteTask(t.Context(), by, u.id("first"), uuid.New(), approve)
	require.NoError(t, err)
	return instance
}

func TestFourEyes(t *testing.T) {
	t.Parallel()
	second := func(u *unit) string { return u.id("second") }
	t.Run("who has done the one may not claim the other", func(t *testing.T) {
		t.Parallel()
		w := newUnit(t)
		w.checked(t, w.user)
		_, err := w.api.ClaimTask(t.Context(), w.user, second(w), uuid.New())
		require.Equal(t, "four-eyes", hasCode(t, err, casework.Forbidden).Rule)
		w.place(t, w.task("else", priority(1)))
		require.Equal(t, []string{"else"}, w.claimsAll(t, w.user), "it is passed over")
		require.Equal(t, []string{"second"}, w.claimsAll(t, w.hire(t, 1)[0]))
	})
	t.Run("of the same case only", func(t *testing.T) {
		t.Parallel()
		w := newUnit(t)
		w.checked(t, w.user)
		w.place(t, w.task("b", keyed("second"), eyes))
		_, err := w.api.ClaimTask(t.Context(), w.user, w.id("b"), uuid.New())
		require.NoError(t, err)
	})
	t.Run("who holds it cannot complete it after the other", func(t *testing.T) {
		t.Parallel()
		w := newUnit(t)
		w.place(t, w.task("first", keyed("first")), w.task("second", keyed("second"), eyes))
		for _, id := range []string{"first", "second"} {
			_, err := w.api.ClaimTask(t.Context(), w.user, w.id(id), uuid.New())
			require.NoError(t, err)
		}
		_, _, err := w.api.CompleteTask(t.Context(), w.user, w.id("first"), uuid.New(), approve)
		require.NoError(t, err)
		_, _, err = w.api.CompleteTask(t.Context(), w.user, second(w), uuid.New(), approve)
		require.Equal(t, "four-eyes", hasCode(t, err, casework.Forbidden).Rule)
		_, err = w.api.UnclaimTask(t.Context(), w.user, second(w), uuid.New())
		require.NoError(t, err)
		colleague := w.hire(t, 1)[0]
		_, err = w.api.ClaimTask(t.Context(), colleague, second(w), uuid.New())
		require.NoError(t, err)
		_, _, err = w.api.CompleteTask(t.Context(), colleague, second(w), uuid.New(), approve)
		require.NoError(t, err)
	})
	t.Run("nor be given it by others, or by the model", func(t *testing.T) {
		t.Parallel()
		x := newTeam(t)
		instance := x.checked(t, x.user)
		for _, a := range []casework.TaskAct{{Kind: casework.ActReassign, To: x.user}} {
			_, _, err := x.api.ActOnTask(t.Context(), x.boss, second(x.unit), uuid.New(), a)
			require.Contains(t, hasCode(t, err, casework.Invalid).Message, "somebody else must check")
		}
		_, err := x.api.ClaimTask(t.Context(), x.third, second(x.unit), uuid.New())
		require.NoError(t, err)
		_, _, err = x.api.ActOnTask(t.Context(), x.third, second(x.unit), uuid.New(), casework.TaskAct{Kind: casework.ActDelegate, To: x.user})
		require.Contains(t, hasCode(t, err, casework.Invalid).Message, "somebody else must check")
		x.step(t, casework.StepCommit{InstanceID: instance, Step: 2, NewTasks: []casework.NewTask{x.task("third", eyes, func(n *casework.NewTask) { n.Assignee = x.user })}})
		require.Equal(t, "OPEN The assignee '"+x.user+"' may not hold it by the rule four-eyes: the task is offered in its queue.", one[string](t, x.super,
			"SELECT t.status || ' ' || h.comments FROM flowable.workflow_tasks t JOIN flowable.task_history h USING (task_id) WHERE t.task_id = $1", x.id("third")))
	})
	t.Run("nor is it pushed to them", func(t *testing.T) {
		t.Parallel()
		w := newUnit(t)
		w.checked(t, w.user)
		w.pushes(t, casework.RoundRobin, 10)
		require.Empty(t, w.push(t)["second"])
		colleague := w.hire(t, 1)[0]
		require.Equal(t, colleague, w.push(t)["second"])
	})
	t.Run("in the whole case, with the processes that are called", func(t *testing.T) {
		t.Parallel()
		w := newUnit(t)
		instance := w.checked(t, w.user)
		child := uuid.NewString()
		w.call(t, instance, 2, casework.ChildStart{InstanceID: child, ProcessKey: w.called(t, 1)})
		w.step(t, casework.StepCommit{InstanceID: child, Step: 1, NewTasks: []casework.NewTask{w.task("inner", eyes)}})
		_, err := w.api.ClaimTask(t.Context(), w.user, w.id("inner"), uuid.New())
		require.Equal(t, "four-eyes", hasCode(t, err, casework.Forbidden).Rule)
	})
	t.Run("acting for somebody is no way around it", func(t *testing.T) {
		t.Parallel()
		w := newUnit(t)
		w.checked(t, w.user)
		substitute := w.outsider(t)
		w.absent(t, w.user, substitute)
		_, err := w.api.ClaimTask(t.Context(), substitute, second(w), uuid.New())
		require.Equal(t, "four-eyes", hasCode(t, err, casework.Forbidden).Rule, "with the roles of whom it binds")
		got, err := w.api.ClaimNext(t.Context(), substitute, nil, uuid.New())
		require.NoError(t, err)
		require.Nil(t, got)

		b := newUnit(t) // and the other way round: what was done for somebody is done by both
		stand := b.hire(t, 1)[0]
		b.absent(t, b.user, stand)
		b.place(t, b.task("first", keyed("first"), forGroups(), func(n *casework.NewTask) { n.CandidateUsers = []string{b.user} }), b.task("second", keyed("second"), eyes))
		_, err = b.api.ClaimTask(t.Context(), stand, b.id("first"), uuid.New())
		require.NoError(t, err)
		_, _, err = b.api.CompleteTask(t.Context(), stand, b.id("first"), uuid.New(), approve)
		require.NoError(t, err)
		b.back(t, b.user)
		for _, who := range []string{stand, b.user} {
			_, err = b.api.ClaimTask(t.Context(), who, second(b), uuid.New())
			require.Equal(t, "four-eyes", hasCode(t, err, casework.Forbidden).Rule)
		}
	})
	t.Run("nor is delegating what is done for somebody", func(t *testing.T) {
		t.Parallel()
		x := newTeam(t)
		substitute := x.hire(t, 1)[0]
		x.absent(t, x.user, substitute)
		x.place(t, x.task("first", keyed("first"), forGroups(), func(n *casework.NewTask) { n.CandidateUsers = []string{x.user} }), x.task("second", keyed("second"), eyes))
		first := x.id("first")
		x.does(t, substitute, first, casework.TaskAct{Kind: casework.ActClaim})
		x.exec(t, "UPDATE flowable.workflow_tasks SET candidate_groups = $2 WHERE task_id = $1", first, []string{x.role})
		x.does(t, substitute, first, casework.TaskAct{Kind: casework.ActDelegate, To: x.delegate})
		x.does(t, x.delegate, first, casework.TaskAct{Kind: casework.ActDelegate, To: x.third})
		followUp := time.Now().Add(time.Hour)
		x.does(t, substitute, first, casework.TaskAct{Kind: casework.ActUpdate, FollowUpDate: &casework.DateChange{At: &followUp}})
		x.does(t, x.third, first, casework.TaskAct{Kind: casework.ActResolve})
		x.does(t, substitute, first, casework.TaskAct{Kind: casework.ActComplete, Completion: approve})
		acted := " " + substitute + " for " + x.user
		require.Equal(t, []string{"CLAIM" + acted, "DELEGATE" + acted, "DELEGATE " + x.delegate, "UPDATE" + acted, "DELEGATE " + x.third, "COMPLETE" + acted}, x.actedFor(t, first))
		x.back(t, x.user)
		for _, who := range []string{substitute, x.user} {
			_, err := x.api.ClaimTask(t.Context(), who, second(x.unit), uuid.New())
			require.Equal(t, "four-eyes", hasCode(t, err, casework.Forbidden).Rule)
		}
	})
	t.Run("excluded people do not get around it either", func(t *testing.T) {
		t.Parallel()
		w := newUnit(t)
		substitute := w.hire(t, 1)[0]
		id := w.open(t, 1)[0]
		w.set(t, "UPDATE flowable.workflow_tasks SET candidate_groups = '{}', candidate_users = '{{user}}', excluded_users = '{{user}}' WHERE queue_name = '{queue}'")
		w.absent(t, w.user, substitute)
		_, err := w.api.ClaimTask(t.Context(), substitute, id, uuid.New())
		require.Equal(t, "excluded-user", hasCode(t, err, casework.Forbidden).Rule)
	})
}

// One person who does two things at once: whichever comes first, four eyes see the case.
func TestFourEyesHoldForOnePersonAtOnce(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.limit(t, 1000)
	for i := range 12 {
		first, second := fmt.Sprintf("first%d", i), fmt.Sprintf("second%d", i)
		w.place(t, w.task(first, keyed("first")), w.task(second, keyed("second"), eyes))
		for _, id := range []string{first, second} {
			_, err := w.api.ClaimTask(t.Context(), w.user, w.id(id), uuid.New())
			require.NoError(t, err)
		}
		store := w.store(t, apiRole, 2)
		errs := together(2, func(n int) error {
			_, _, err := store.CompleteTask(t.Context(), w.user, w.id([]string{first, second}[n]), uuid.New(), approve)
			return err
		})
		require.NoError(t, errs[0])
		if errs[1] != nil {
			require.Equal(t, "four-eyes", hasCode(t, errs[1], casework.Forbidden).Rule)
			continue
		}
		require.True(t, one[bool](t, w.super, `SELECT (SELECT history_id FROM flowable.task_history WHERE task_id = $1 AND action_type = 'COMPLETE')
			< (SELECT history_id FROM flowable.task_history WHERE task_id = $2 AND action_type = 'COMPLETE')`, w.id(second), w.id(first)), "the check came before")
	}
}

// The tasks of a called process stay until the whole case has ended, since four eyes look at them.
func TestTasksOfACalledProcessAreNotArchivedBeforeTheCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	parent, child := w.start(t, admin), uuid.NewString()
	w.call(t, parent, 1, casework.ChildStart{InstanceID: child, ProcessKey: w.called(t, 1)})
	w.step(t, casework.StepCommit{InstanceID: child, Step: 1, NewTasks: []casework.NewTask{w.task("inner")}})
	w.step(t, casework.StepCommit{InstanceID: child, Step: 2, CancelTasks: []string{w.id("inner")}, End: &casework.InstanceEnd{Status: casework.InstanceCompleted}})
	w.exec(t, "UPDATE flowable.process_instances SET completed_at = now() - interval '200 days' WHERE process_instance_id = $1", child)
	const left = "SELECT count(*) FROM flowable.workflow_tasks WHERE process_instance_id = $1"
	archive := func() {
		_, err := w.conn(t, workerRole).Exec(t.Context(), "CALL flowable.archive_completed_tasks(90)")
		require.NoError(t, err)
	}
	archive()
	require.Equal(t, 1, one[int](t, w.super, left, child))
	w.exec(t, "UPDATE flowable.process_instances SET completed_at = now() - interval '100 days' WHERE process_instance_id = $1", parent)
	archive()
	require.Zero(t, one[int](t, w.super, left, child))
}
