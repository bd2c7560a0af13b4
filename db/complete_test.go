package db_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

var approve = casework.Completion{Outcome: "approve", OutcomeReason: "all there", Variables: map[string]any{"approved": true}}

var once = marks{History: 1, Commands: 1, Outbox: 1}

func TestTheSameCompletionAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, mine := w.claimed(t)
	command := uuid.New()
	first, delivery, err := w.api.CompleteTask(t.Context(), w.user, mine, command, approve)
	require.NoError(t, err)
	require.Equal(t, casework.TaskCompleted, first.Status)
	require.Equal(t, command.String(), delivery.Command.CommandID)
	require.Equal(t, casework.CommandComplete, delivery.Command.Kind)
	require.Equal(t, instance, delivery.Command.InstanceID)
	require.Equal(t, w.user, delivery.Command.Assignee, "a completion carries who held the task")
	require.JSONEq(t, `{"approved": true}`, string(delivery.Command.Variables))
	require.Equal(t, once, w.marks(t, mine, "COMPLETE"))

	for _, id := range []uuid.UUID{command, uuid.New()} {
		again, delivery, err := w.api.CompleteTask(t.Context(), w.user, mine, id, approve)
		require.NoError(t, err)
		require.Nil(t, delivery)
		require.Equal(t, first, again)
	}
	_, _, err = w.api.CompleteTask(t.Context(), w.user, mine, uuid.New(), casework.Completion{Outcome: "reject"})
	require.Equal(t, casework.TaskCompleted, hasCode(t, err, casework.Conflict).Current.(*casework.Task).Status)
	require.Equal(t, once, w.marks(t, mine, "COMPLETE"))
}

func TestOnlyTheHolderCompletes(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	colleague := w.hire(t, 1)[0]
	_, mine := w.claimed(t)
	for who, want := range map[string]casework.Code{colleague: casework.Forbidden, admin: casework.Forbidden, lisa: casework.NotFound, "": casework.NotFound} {
		_, _, err := w.api.CompleteTask(t.Context(), who, mine, uuid.New(), approve)
		hasCode(t, err, want)
	}
	require.Equal(t, marks{}, w.marks(t, mine, "COMPLETE"))
	require.Equal(t, "CLAIMED", one[string](t, w.super, "SELECT status FROM flowable.workflow_tasks WHERE task_id = $1", mine))
}

func TestCompleteNeedsAClaim(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	id := w.open(t, 1)[0]
	_, _, err := w.api.CompleteTask(t.Context(), w.user, id, uuid.New(), approve)
	require.Equal(t, casework.TaskOpen, hasCode(t, err, casework.Conflict).Current.(*casework.Task).Status)
	require.Equal(t, marks{}, w.marks(t, id, "COMPLETE"))
}

func TestCompletionsAtOnceHaveOneEffect(t *testing.T) {
	t.Parallel()
	type outcome struct {
		said      string
		delivered bool
		err       error
	}
	const callers = 12
	for name, said := range map[string]func(int) string{
		"of the same request": func(int) string { return "approve" },
		"of different people's minds": func(i int) string {
			return []string{"approve", "reject"}[i%2]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUnit(t)
			_, mine := w.claimed(t)
			store := w.store(t, apiRole, callers)
			outcomes := together(callers, func(i int) outcome {
				_, delivery, err := store.CompleteTask(t.Context(), w.user, mine, uuid.New(), casework.Completion{Outcome: said(i)})
				return outcome{said(i), delivery != nil, err}
			})
			won := one[string](t, w.super, "SELECT outcome FROM flowable.workflow_tasks WHERE task_id = $1", mine)
			delivered := 0
			for _, o := range outcomes {
				if o.delivered {
					delivered++
				}
				if o.said == won {
					require.NoError(t, o.err)
				} else {
					hasCode(t, o.err, casework.Conflict)
				}
			}
			require.Equal(t, 1, delivered)
			require.Equal(t, once, w.marks(t, mine, "COMPLETE"))
		})
	}
}

func TestVariablesOfACompletionTravelExactly(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	_, mine := w.claimed(t)
	_, delivery, err := w.api.CompleteTask(t.Context(), w.user, mine, uuid.New(), casework.Completion{Variables: map[string]any{
		"amount": json.Number("12345678901234567890.10"), "cleared": nil, "list": []any{}, "note": "a\"b\\c ü",
	}})
	require.NoError(t, err)
	require.Equal(t, `{"list": [], "note": "a\"b\\c ü", "amount": 12345678901234567890.10, "cleared": null}`, string(delivery.Command.Variables))
	stored := one[string](t, w.super, "SELECT (payload -> 'variables')::TEXT FROM flowable.outbox WHERE command_id = $1", delivery.Command.CommandID)
	require.JSONEq(t, string(delivery.Command.Variables), stored)
}

func TestACompletionThatCannotBeStoredChangesNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	_, mine := w.claimed(t)
	for name, c := range map[string]casework.Completion{
		"an outcome that is too long": {Outcome: string(make([]byte, 101))},
		"a zero character":            {OutcomeReason: "a\x00b"},
	} {
		_, _, err := w.api.CompleteTask(t.Context(), w.user, mine, uuid.New(), c)
		hasCode(t, err, casework.Invalid)
		require.Equal(t, marks{}, w.marks(t, mine, "COMPLETE"), name)
	}
	_, _, err := w.api.CompleteTask(t.Context(), w.user, mine, uuid.New(), approve)
	require.NoError(t, err)
}
