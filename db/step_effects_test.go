package db_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestWhereATaskGoes(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	at := time.Now().UTC().Truncate(time.Millisecond)
	given := at.Add(90 * time.Minute)
	for name, tc := range map[string]struct {
		change func(*casework.NewTask)
		want   casework.TaskPlaced
	}{
		"to the queue of its group, with the queue's time": {func(*casework.NewTask) {}, casework.TaskPlaced{QueueName: w.queue, DueDate: new(at.Add(time.Hour))}},
		"to that of its first group that has one":          {forGroups("NO_SUCH_GROUP", w.role, "GROUP_EO_HEAD"), casework.TaskPlaced{QueueName: w.queue, DueDate: new(at.Add(time.Hour))}},
		"to the queue that its lane names": {func(n *casework.NewTask) { n.CandidateGroups, n.Lane = nil, "eo-head-queue" },
			casework.TaskPlaced{QueueName: "eo-head-queue", DueDate: new(at.Add(24 * time.Hour))}},
		"to the default": {func(n *casework.NewTask) { n.CandidateGroups, n.Lane = nil, "Some lane" },
			casework.TaskPlaced{QueueName: "default-queue", DueDate: new(at.Add(8 * time.Hour))}},
		"with the model's due date": {func(n *casework.NewTask) { n.DueDate = &given }, casework.TaskPlaced{QueueName: w.queue, DueDate: &given}},
		"to its assignee": {func(n *casework.NewTask) { n.Assignee = w.user },
			casework.TaskPlaced{QueueName: w.queue, DueDate: new(at.Add(time.Hour)), Status: casework.TaskClaimed, Assignee: w.user}},
		"to its queue if its assignee is nobody": {func(n *casework.NewTask) { n.Assignee = "nobody" },
			casework.TaskPlaced{QueueName: w.queue, DueDate: new(at.Add(time.Hour))}},
		"to its queue if its assignee is not active": {func(n *casework.NewTask) { n.Assignee = "SYSTEM" },
			casework.TaskPlaced{QueueName: w.queue, DueDate: new(at.Add(time.Hour))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instance, id := w.start(t, admin), uuid.NewString()
			placed := w.step(t, casework.StepCommit{InstanceID: instance, Step: 1, At: at, NewTasks: []casework.NewTask{w.task(id, tc.change)}}).Tasks[0]
			tc.want.TaskID, tc.want.EscalateAt = w.id(id), tc.want.DueDate
			if tc.want.Status == "" {
				tc.want.Status = casework.TaskOpen
			}
			require.Equal(t, jsonOf(t, tc.want), jsonOf(t, placed))
		})
	}
}

// What an expression makes of a priority or a candidate keeps no case back.
func TestATaskTakesWhateverPriorityAndCandidatesAreEvaluated(t *testing.T) {
	t.Parallel()
	u := newWorld(t)
	u.configure(t, `{"levels": [{"afterMinutes": 0, "actions": [{"action": "raisePriority", "by": 100}]}]}`)
	u.exec(t, "UPDATE flowable.workflow_definitions SET routing_rules = $1", `{"rules": [{"when": {"field": "priority", "gt": 100}, "queue": "default-queue"}]}`)
	long := rand.Text()
	for len(long) < 20_000 { // does not compress
		long += rand.Text()
	}
	u.place(t, u.task("high", priority(math.MaxInt), due(-time.Second)), u.task("low", priority(math.MinInt)),
		u.task("routed", priority(math.MaxInt), forGroups()),
		u.task("long", forGroups(u.role, long), func(n *casework.NewTask) { n.CandidateUsers = []string{long} }))
	u.late(t, "high")
	require.Equal(t, 1_000_000, u.see(t, u.user, u.id("high")).Priority)
	require.Equal(t, []int{1_000_000, -1_000_000}, rows[int](t, u.super, "SELECT priority FROM flowable.workflow_tasks WHERE task_id IN ($1, $2) ORDER BY 1 DESC", u.id("routed"), u.id("low")))
	require.Equal(t, fmt.Sprintf("{%s,%s} {%[2]s}", u.role, long[:255]), one[string](t, u.super,
		"SELECT candidate_groups::TEXT || ' ' || candidate_users::TEXT FROM flowable.workflow_tasks WHERE task_id = $1", u.id("long")))
	require.Contains(t, one[string](t, u.super, "SELECT comments FROM flowable.task_history WHERE task_id = $1 AND action_type = 'CREATE'", u.id("long")),
		"longer than 255 characters were cut: '"+long[:40]+"…'")
	require.ElementsMatch(t, []string{"high", "low", "long"}, u.claimsAll(t, u.user))
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	if p, ok := v.(casework.TaskPlaced); ok && p.DueDate != nil { // one zone
		p.DueDate, p.EscalateAt = new(p.DueDate.UTC()), new(p.EscalateAt.UTC())
		v = p
	}
	raw, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(raw)
}

func TestVariablesKeepTheirValueAndType(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	values := map[string]string{
		"text": `"a \"b\" ü"`, "yes": `true`, "none": `null`, "whole": `42`, "long": `12345678901234567890`, "cents": `0.10`,
		"tiny": `0.00000000000000000001`, "list": `[1, {"a": null}]`, "map": `{"a": [1.50]}`,
	}
	var changes []casework.VariableChange
	for name, value := range values {
		changes = append(changes, casework.VariableChange{Name: name, Value: json.RawMessage(value)})
	}
	w.step(t, casework.StepCommit{InstanceID: instance, Step: 1, Variables: changes})
	got, err := w.api.InstanceVariables(t.Context(), admin, instance)
	require.NoError(t, err)
	require.Len(t, got, len(values))
	for name, value := range values {
		raw, err := json.Marshal(got[name])
		require.NoError(t, err)
		require.JSONEq(t, value, string(raw), name)
	}
	require.Equal(t, []any{json.Number("0.10"), json.Number("12345678901234567890")}, []any{got["cents"], got["long"]}, "numbers are exact")
	require.Equal(t, []string{"cents JSON", "list JSON", "long JSON", "map JSON", "none JSON", "text STRING", "tiny JSON", "whole INTEGER", "yes BOOLEAN"},
		rows[string](t, w.super, "SELECT variable_name || ' ' || variable_type FROM flowable.workflow_variables WHERE process_instance_id = $1 ORDER BY 1", instance))

	w.step(t, casework.StepCommit{InstanceID: instance, Step: 2, Actor: w.user, Variables: []casework.VariableChange{{Name: "whole", Value: json.RawMessage(`"now text"`)}}})
	require.Equal(t, "STRING now text "+w.user, one[string](t, w.super, `SELECT concat_ws(' ', variable_type, variable_value, updated_by)
		FROM flowable.workflow_variables WHERE process_instance_id = $1 AND variable_name = 'whole'`, instance))
}

func TestIncidentsOpenResolveAndReopen(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.start(t, admin)
	incident := func(step int64, resolved bool, message string) casework.Instance {
		w.step(t, casework.StepCommit{InstanceID: instance, Step: step, Incidents: []casework.IncidentChange{
			{IncidentID: "i", ActivityID: "service", Kind: "service", Message: message, Resolved: resolved},
		}})
		i, err := w.api.Instance(t.Context(), admin, instance)
		require.NoError(t, err)
		return i
	}
	opened := incident(1, false, "down")
	require.Equal(t, casework.InstanceError, opened.Status)
	require.Equal(t, "down", opened.Incidents[0].Message)
	delivery, err := w.api.RetryIncident(t.Context(), admin, instance, "i", uuid.New(), map[string]any{"url": "other"})
	require.NoError(t, err)
	require.Equal(t, []string{"i", `{"url": "other"}`}, []string{delivery.Command.IncidentID, string(delivery.Command.Variables)})

	resolved := incident(2, true, "")
	require.Equal(t, casework.InstanceActive, resolved.Status)
	require.Empty(t, resolved.Incidents)
	_, err = w.api.RetryIncident(t.Context(), admin, instance, "i", uuid.New(), nil)
	hasCode(t, err, casework.NotFound)
	require.Equal(t, "still down", incident(3, false, "still down").Incidents[0].Message)
	require.Equal(t, 2, one[int](t, w.super, "SELECT occurrences FROM flowable.incidents WHERE process_instance_id = $1", instance))
}

func TestOnlyOperatorsOperate(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, _ := w.busy(t)
	for caller, want := range map[string]casework.Code{w.user: casework.Forbidden, lisa: casework.NotFound, "": casework.NotFound} {
		_, err := w.api.TerminateInstance(t.Context(), caller, instance, uuid.New(), "no")
		hasCode(t, err, want)
		_, err = w.api.RetryIncident(t.Context(), caller, instance, "i1", uuid.New(), nil)
		hasCode(t, err, want)
	}
	w.set(t, `UPDATE entitlements.workflow_roles SET permissions = '{"operate": true}' WHERE role_code = '{role}'`)
	delivery, err := w.api.TerminateInstance(t.Context(), w.user, instance, uuid.New(), "over")
	require.NoError(t, err)
	require.Equal(t, []any{casework.CommandTerminate, "over", w.user}, []any{delivery.Command.Kind, delivery.Command.Reason, delivery.Command.ActorID})
}

func TestEscalationByTheCasesOwnTimer(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance := w.place(t, w.task("late", due(-time.Minute)))
	escalate := func(step int64, level int, ids ...string) []casework.TaskPlaced {
		var all []casework.EscalationDue
		for _, id := range ids {
			all = append(all, casework.EscalationDue{TaskID: id, Level: level})
		}
		return w.step(t, casework.StepCommit{InstanceID: instance, Step: step, Escalations: all}).Escalated
	}
	first := escalate(2, 1, w.id("late"))[0]
	require.Equal(t, []any{1, casework.TaskEscalated}, []any{first.Level, first.Status})
	require.Equal(t, 4*time.Hour, first.EscalateAt.Sub(*first.DueDate), "when the next level is due")
	require.Equal(t, jsonOf(t, first), jsonOf(t, escalate(3, 1, w.id("late"))[0]), "a level that is reached already")
	require.Equal(t, jsonOf(t, first), jsonOf(t, escalate(4, 2, w.id("late"))[0]), "a level that is not due")
	w.exec(t, "UPDATE flowable.workflow_tasks SET due_date = due_date - interval '9 hours' WHERE task_id = $1", w.id("late"))
	last := escalate(5, 2, w.id("late"))[0]
	require.Equal(t, 3, last.Level, "all that is due")
	require.Nil(t, last.EscalateAt, "there is no fourth level")
	require.Equal(t, []string{"1 TIMER", "2 TIMER", "3 TIMER"}, rows[string](t, w.super, "SELECT escalation_level || ' ' || source FROM flowable.escalations WHERE task_id = $1 ORDER BY 1", w.id("late")))

	_, err := w.api.ClaimTask(t.Context(), w.user, w.id("late"), uuid.New())
	require.NoError(t, err)
	_, _, err = w.api.CompleteTask(t.Context(), w.user, w.id("late"), uuid.New(), approve)
	require.NoError(t, err)
	require.Equal(t, casework.TaskCompleted, escalate(6, 4, w.id("late"))[0].Status, "what has ended is left alone")
}

func TestEscalatingATaskThatIsNotThereAnswersNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	require.Nil(t, one[map[string]any](t, w.super, "SELECT flowable.escalate_task('no such task', 1, 'SWEEP')"), "NULL, as the function's comment says")
}

func TestTheLimitOfAnAssigneeOfTheModelHolds(t *testing.T) {
	t.Parallel()
	u := newUnit(t)
	u.limit(t, 3)
	instances := []string{u.start(t, admin), u.start(t, admin), u.start(t, admin), u.start(t, admin)}
	store := u.store(t, workerRole, len(instances))
	for _, err := range together(len(instances), func(i int) error {
		var tasks []casework.NewTask
		for n := range 2 {
			tasks = append(tasks, u.task(fmt.Sprint(i, "-", n), func(n *casework.NewTask) { n.Assignee = u.user }))
		}
		_, err := store.CommitStep(context.WithoutCancel(t.Context()), filled(casework.StepCommit{InstanceID: instances[i], Step: 1, NewTasks: tasks}))
		return err
	}) {
		require.NoError(t, err)
	}
	require.Equal(t, 3, one[int](t, u.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE assignee_id = $1", u.user))
	require.Equal(t, 5, one[int](t, u.super, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = $1 AND status = 'OPEN'", u.queue))
	require.Equal(t, []string{fmt.Sprintf("The assignee '%s' may not hold it by the rule max-tasks-per-user: the task is offered in its queue.", u.user)},
		rows[string](t, u.super, "SELECT DISTINCT h.comments FROM flowable.task_history h JOIN flowable.workflow_tasks t USING (task_id) WHERE t.queue_name = $1 AND h.comments <> ''", u.queue))
}
