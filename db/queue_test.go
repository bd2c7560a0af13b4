package db_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestAClaimThatIsNotCarriedIsQueuedAfterASecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	instance, id := w.claimed(t)
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.outbox"), "a completion may carry it yet")
	require.Empty(t, lease(t, w, 10))
	w.dueNow(t)
	due := lease(t, w, 10)
	require.Len(t, due, 1)
	command := one[string](t, w.super, "SELECT command_id || ' ' || seq FROM flowable.task_commands")
	got := *due[0].Command
	require.Equal(t, command, got.CommandID+" "+one[string](t, w.super, "SELECT $1::BIGINT::TEXT", got.Seq))
	require.Equal(t, casework.Command{
		CommandID: got.CommandID, Seq: got.Seq, Kind: casework.CommandClaim, InstanceID: instance, TaskID: id, ActorID: w.user, Assignee: w.user,
	}, got)
	require.Equal(t, 1, due[0].Attempts)
	require.Empty(t, lease(t, w, 10), "leased")

	_, err := w.api.UnclaimTask(t.Context(), w.user, id, uuid.New())
	require.NoError(t, err)
	w.dueNow(t)
	kinds := []casework.CommandKind{}
	for _, d := range lease(t, w, 10) {
		kinds = append(kinds, d.Command.Kind)
	}
	slices.Sort(kinds)
	require.Equal(t, []casework.CommandKind{casework.CommandClaim, casework.CommandUnclaim}, kinds)
	require.Equal(t, 2, one[int](t, w.super, "SELECT count(*) FROM flowable.outbox"), "each is queued once")

	// What a relay has queued is taken out by the step that settles it.
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: got.CommandID, Actor: w.user})
	require.Equal(t, []string{"unclaim"}, rows[string](t, w.super, "SELECT payload ->> 'kind' FROM flowable.outbox"))
}

func TestAClaimWaitsForTheCompletionThatCarriesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	instance, id := w.claimed(t)
	command := uuid.New()
	_, _, err := w.api.CompleteTask(t.Context(), w.user, id, command, approve)
	require.NoError(t, err)
	w.dueNow(t)
	due := lease(t, w, 10)
	require.Len(t, due, 1, "however long the completion takes")
	require.Equal(t, command.String(), due[0].Command.CommandID)
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, CommandID: command.String(), Actor: w.user})
	require.Equal(t, []string{"APPLIED", "APPLIED"}, rows[string](t, w.super, "SELECT state FROM flowable.task_commands"))
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.outbox"))
}

func TestRelaysAtOnceQueueEachClaimOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(t, 100)
	ids := w.open(t, 40)
	for _, id := range ids {
		_, err := w.api.ClaimTask(t.Context(), w.user, id, uuid.New())
		require.NoError(t, err)
	}
	w.dueNow(t)
	got := together(6, func(int) []string {
		var mine []string
		for {
			due, err := w.worker.DueDeliveries(t.Context(), 4, time.Minute)
			if err != nil || len(due) == 0 {
				return mine
			}
			for _, d := range due {
				mine = append(mine, d.Command.TaskID)
			}
		}
	})
	all := slices.Concat(got...)
	for _, d := range lease(t, w, 100) { // a relay stops when the others hold all that it sees
		all = append(all, d.Command.TaskID)
	}
	slices.Sort(all)
	require.Equal(t, ids, all)
}

func TestTheEndOfACaseLeavesNoClaimToQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	instance, _ := w.claimed(t)
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, End: &casework.InstanceEnd{Status: casework.InstanceTerminated}})
	w.dueNow(t)
	require.Empty(t, lease(t, w, 10))
	require.Equal(t, []string{"REJECTED"}, rows[string](t, w.super, "SELECT state FROM flowable.task_commands"))
}
