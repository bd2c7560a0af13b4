package db_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// dueNow makes all deliveries due, as time would.
func (w *world) dueNow(t *testing.T) {
	t.Helper()
	w.exec(t, "UPDATE flowable.outbox SET due_at = now() - interval '1 second'")
	w.exec(t, "UPDATE flowable.task_commands SET accepted_at = now() - interval '2 seconds' WHERE NOT queued")
}

func lease(t *testing.T, w *unit, most int) []casework.Delivery {
	t.Helper()
	due, err := w.worker.DueDeliveries(t.Context(), most, time.Minute)
	require.NoError(t, err)
	return due
}

func TestACaseIsStoredBeforeItsWorkflowIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, high := uuid.New(), 80
	request := casework.CaseStart{
		StartEventID: "start", BusinessKey: "BK-1", Title: "A report", CaseType: "ethics", Severity: "high", Priority: &high,
		Variables: map[string]any{"amount": 1.5},
	}
	started, delivery, err := w.api.StartCase(t.Context(), w.user, id, w.definition, 7, request)
	require.NoError(t, err)
	require.Regexp(t, `^CASE-\d{4}-\d{6}$`, started.CaseNumber)
	c, err := w.api.Case(t.Context(), w.user, started.CaseID)
	require.NoError(t, err)
	require.Equal(t, []any{"A report", "ethics", "high", 80, "OPEN", w.user, id.String(), "intake", "BK-1"},
		[]any{c.Title, c.CaseType, c.Severity, c.Priority, c.Status, c.CreatedBy, c.ProcessInstanceID, c.ProcessKey, c.BusinessKey})
	isStarted, err := w.api.InstanceStarted(t.Context(), w.user, id.String())
	require.NoError(t, err)
	require.False(t, isStarted)
	require.Empty(t, lease(t, w, 10), "whoever stored the row sends it first")

	w.dueNow(t)
	due := lease(t, w, 10)
	require.Len(t, due, 1)
	require.Equal(t, delivery.OutboxID, due[0].OutboxID)
	require.Equal(t, *delivery.Start, *due[0].Start)
	require.Equal(t, []any{id.String(), "intake", 1, w.definition.SHA256, 7, "start", started.CaseID, w.user, []string{w.role}, 80},
		[]any{due[0].Start.InstanceID, due[0].Start.ProcessKey, due[0].Start.DefinitionVersion, due[0].Start.SHA256, due[0].Start.EngineRev,
			due[0].Start.StartEventID, due[0].Start.CaseID, due[0].Start.Initiator, due[0].Start.InitiatorRoles, due[0].Start.Priority})

	again, delivery, err := w.api.StartCase(t.Context(), w.user, id, w.definition, 7, request)
	require.NoError(t, err)
	require.Nil(t, delivery)
	require.Equal(t, started, again, "the same request again is the same case")
	w.step(t, casework.StepCommit{InstanceID: id.String(), Step: 1})
	isStarted, err = w.api.InstanceStarted(t.Context(), w.user, id.String())
	require.NoError(t, err)
	require.True(t, isStarted)
	require.Equal(t, []int{1, 0, 1}, rows[int](t, w.super, `SELECT unnest(ARRAY[(SELECT count(*) FROM onecms.cases),
		(SELECT count(*) FROM flowable.outbox), (SELECT count(*) FROM onecms.case_workflow_mapping)])`), "the first step has taken the start out")
}

func TestStartsOfOneCaseAtOnceStoreOne(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	id, store := uuid.New(), w.store(t, apiRole, 8)
	type outcome struct {
		started   casework.StartedCase
		delivered bool
		err       error
	}
	outcomes := together(8, func(int) outcome {
		started, delivery, err := store.StartCase(t.Context(), w.user, id, w.definition, 1, casework.CaseStart{StartEventID: "start"})
		return outcome{started, delivery != nil, err}
	})
	delivered := 0
	for _, o := range outcomes {
		require.NoError(t, o.err, "the same request again is the same case")
		require.Equal(t, outcomes[0].started, o.started)
		if o.delivered {
			delivered++
		}
	}
	require.Equal(t, 1, delivered)
	require.Equal(t, 1, one[int](t, w.super, "SELECT count(*) FROM flowable.outbox WHERE process_instance_id = $1", id))
	require.Equal(t, 1, one[int](t, w.super, "SELECT count(*) FROM onecms.cases WHERE created_by = $1", w.user))
}

func TestACaseThatCannotBeStoredLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	over := 101
	for name, request := range map[string]casework.CaseStart{
		"a priority that is out of range": {Priority: &over},
		"a title that is too long":        {Title: strings.Repeat("x", 501)},
		"a zero character":                {Variables: map[string]any{"a": "\x00"}},
	} {
		request.StartEventID = "start"
		_, _, err := w.api.StartCase(t.Context(), w.user, uuid.New(), w.definition, 1, request)
		hasCode(t, err, casework.Invalid)
		require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM onecms.cases WHERE created_by = $1", w.user), name)
	}
}

func TestRelaysAtOnceGetDifferentDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const waiting = 60
	for range waiting {
		w.start(t, admin)
	}
	w.dueNow(t)
	got := together(6, func(int) []int64 {
		var mine []int64
		for {
			due, err := w.worker.DueDeliveries(t.Context(), 4, time.Minute)
			if err != nil || len(due) == 0 {
				return mine
			}
			for _, d := range due {
				mine = append(mine, d.OutboxID)
			}
		}
	})
	all := slices.Concat(got...)
	slices.Sort(all)
	require.Equal(t, rows[int64](t, w.super, "SELECT outbox_id FROM flowable.outbox ORDER BY 1"), all, "none left out, none to two relays")
	require.Equal(t, 1, one[int](t, w.super, "SELECT max(attempts) FROM flowable.outbox"))
	require.Empty(t, lease(t, w, 100), "all are leased")

	w.dueNow(t) // the relays died: their leases run out
	back := lease(t, w, 100)
	require.Len(t, back, waiting)
	require.Equal(t, 2, back[0].Attempts)
}

func TestACrashedRelayHoldsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 4 {
		w.start(t, admin)
	}
	w.dueNow(t)
	conn := w.conn(t, workerRole)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	mine, err := dbsqlc.New(tx).OutboxLease(t.Context(), dbsqlc.OutboxLeaseParams{LeaseSeconds: 60, Most: 2})
	require.NoError(t, err)
	require.Len(t, mine, 2)
	others := lease(t, w, 100)
	require.Len(t, others, 2, "what a relay is taking is passed over")
	for _, o := range others {
		require.False(t, slices.ContainsFunc(mine, func(m dbsqlc.OutboxLeaseRow) bool { return m.OutboxID == o.OutboxID }))
	}

	// An advisory lock tells when the server has noticed the end of the connection.
	_, err = tx.Exec(t.Context(), "SELECT pg_advisory_xact_lock(4711)")
	require.NoError(t, err)
	require.True(t, one[bool](t, w.super, "SELECT pg_terminate_backend($1)", conn.PgConn().PID()))
	w.exec(t, "SELECT pg_advisory_lock(4711)")
	back := lease(t, w, 100)
	require.Len(t, back, 2)
	for _, d := range back {
		require.True(t, slices.ContainsFunc(mine, func(m dbsqlc.OutboxLeaseRow) bool { return m.OutboxID == d.OutboxID }))
		require.Equal(t, 1, d.Attempts, "the first lease never was")
	}
}

func TestTheOldestDeliveriesComeFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for range 5 {
		ids = append(ids, w.start(t, admin))
	}
	for i, id := range ids {
		w.exec(t, "UPDATE flowable.outbox SET due_at = now() - make_interval(mins => $2) WHERE process_instance_id = $1", id, i+1)
	}
	var got []string
	for range 5 {
		got = append(got, lease(t, w, 1)[0].Start.InstanceID)
	}
	slices.Reverse(ids)
	require.Equal(t, ids, got)
}

func TestDeliveriesThatFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, id := w.claimed(t)
	w.dueNow(t)
	claim := lease(t, w, 10)
	require.Len(t, claim, 1)
	require.Equal(t, []any{casework.CommandClaim, id, w.user}, []any{claim[0].Command.Kind, claim[0].Command.TaskID, claim[0].Command.ActorID})
	state := func() string {
		return one[string](t, w.super, "SELECT concat_ws(' ', dead, attempts, last_error, (due_at > now() + interval '50 minutes')) FROM flowable.outbox")
	}
	require.NoError(t, w.worker.DeliveryFailed(t.Context(), claim[0].OutboxID, "no answer", time.Hour))
	require.Equal(t, "f 1 no answer t", state())
	require.Empty(t, lease(t, w, 10), "not before its time")
	require.NoError(t, w.worker.DeliveryFailed(t.Context(), claim[0].OutboxID, "no answer", 0))
	require.Len(t, lease(t, w, 10), 1)
	require.NoError(t, w.worker.DeliveryDead(t.Context(), claim[0].OutboxID, "no such workflow"))
	w.dueNow(t)
	require.Empty(t, lease(t, w, 10), "given up")
	require.Equal(t, "t 2 no such workflow f", state(), "the row stays, with the reason")
}

func TestADeliveryThatCannotBeReadHoldsNoOtherBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, id := w.claimed(t)
	_, err := w.api.UnclaimTask(t.Context(), w.user, id, uuid.New())
	require.NoError(t, err)
	w.dueNow(t)
	require.Len(t, lease(t, w, 10), 2)
	w.exec(t, `UPDATE flowable.outbox SET payload = payload || '{"seq": "seven"}' WHERE outbox_id = (SELECT min(outbox_id) FROM flowable.outbox)`)
	w.dueNow(t)
	require.Len(t, lease(t, w, 10), 1)
	require.Equal(t, 1, one[int](t, w.super, "SELECT count(*) FROM flowable.outbox WHERE dead AND last_error LIKE 'the payload cannot be read%'"))
}

func TestCommandsHaveTheOrderOfTheirActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, id := w.claimed(t)
	_, err := w.api.UnclaimTask(t.Context(), w.user, id, uuid.New())
	require.NoError(t, err)
	_, err = w.api.ClaimTask(t.Context(), w.user, id, uuid.New())
	require.NoError(t, err)
	w.dueNow(t)
	require.Len(t, lease(t, w, 10), 3)
	_, _, err = w.api.CompleteTask(t.Context(), w.user, id, uuid.New(), approve)
	require.NoError(t, err)
	w.dueNow(t)
	due := lease(t, w, 10)
	slices.SortFunc(due, func(a, b casework.Delivery) int { return cmp.Compare(a.Command.Seq, b.Command.Seq) })
	var kinds []casework.CommandKind
	for _, d := range due {
		kinds = append(kinds, d.Command.Kind)
	}
	require.Equal(t, []casework.CommandKind{casework.CommandClaim, casework.CommandUnclaim, casework.CommandClaim, casework.CommandComplete}, kinds)
}

// What is not committed is not sent: act, history, command and signal are one transaction.
func TestAnActThatIsRolledBackLeavesNoSignal(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	_, id := w.claimed(t)
	require.ErrorIs(t, w.as(t, apiRole, w.user, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "SELECT flowable.complete_task($1, $2, gen_random_uuid(), '{}')", id, w.user)
		require.NoError(t, err)
		require.Equal(t, 1, one[int](t, tx, "SELECT count(*) FROM flowable.outbox WHERE payload ->> 'kind' = 'complete' AND payload ->> 'taskId' = $1", id))
		return errUndo
	}), errUndo)
	require.Equal(t, marks{}, w.marks(t, id, "COMPLETE"))
	require.Equal(t, "CLAIMED", one[string](t, w.super, "SELECT status FROM flowable.workflow_tasks WHERE task_id = $1", id))
}
