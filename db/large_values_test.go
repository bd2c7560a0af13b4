package db_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// largeText is a text of some bytes that no other test has.
func largeText(bytes int) string { return uuid.NewString() + strings.Repeat("ü<", bytes/3) }

// referred is what is stored behind variables as they travel.
func (w *world) referred(t *testing.T, raw json.RawMessage) map[string]any {
	t.Helper()
	var vars map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &vars))
	found := map[string]any{}
	for name, value := range vars {
		if r, ok := values.Read(value); ok {
			content, err := w.worker.LargeValue(t.Context(), r.SHA256)
			require.NoError(t, err)
			require.Len(t, content, r.Size)
			value = content
		}
		var decoded any
		require.NoError(t, json.Unmarshal(value, &decoded))
		found[name] = decoded
	}
	return found
}

// startWith starts a case with variables.
func (u *unit) startWith(t *testing.T, vars map[string]any) casework.Start {
	t.Helper()
	_, d, err := u.api.StartCase(t.Context(), u.user, uuid.New(), u.definition, 3, casework.CaseStart{Variables: vars})
	require.NoError(t, err)
	return *d.Start
}

func TestWhateverComesInLargeTravelsByReference(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	vars := map[string]any{"doc": map[string]any{"text": largeText(3 << 20)}, "small": 1.0, "like": map[string]any{"$large": map[string]any{"sha256": strings.Repeat("ab", 32), "size": 7.0}}}
	check := func(d *casework.Delivery, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Less(t, len(d.Command.Variables), 1000)
		require.Equal(t, vars, w.referred(t, d.Command.Variables))
	}
	start := w.startWith(t, vars)
	require.Less(t, len(start.Variables), 1000)
	require.Equal(t, vars, w.referred(t, start.Variables))

	id, task := start.InstanceID, uuid.NewString()
	w.step(t, casework.StepCommit{
		InstanceID: id, Step: 1, NewTasks: []casework.NewTask{w.task(task, func(n *casework.NewTask) { n.Assignee = w.user })},
		Incidents: []casework.IncidentChange{{IncidentID: "i", ActivityID: "a", Kind: "service", Message: "m"}},
		Events:    &casework.StepEvents{Subscribed: []casework.Subscription{subscription("m:1", "message", w.name), subscription("s:1", "signal", w.name)}},
	})
	check(w.api.SetVariables(t.Context(), admin, id, uuid.New(), vars))
	check(w.api.RetryIncident(t.Context(), admin, id, "i", uuid.New(), vars))
	_, d, err := w.api.SendMessage(t.Context(), admin, uuid.New(), 3, casework.Message{Name: w.name, Variables: vars})
	check(d, err)
	_, ds, err := w.api.SendSignal(t.Context(), admin, uuid.New(), 3, casework.Signal{Name: w.name, Variables: vars})
	require.Len(t, ds, 1)
	check(&ds[0], err)
	commandID := uuid.New()
	_, d, err = w.api.CompleteTask(t.Context(), w.user, w.id(task), commandID, casework.Completion{Variables: vars})
	check(d, err)
	_, d, err = w.api.CompleteTask(t.Context(), w.user, w.id(task), commandID, casework.Completion{Variables: vars})
	require.NoError(t, err)
	require.Nil(t, d, "the same request again")
	require.Equal(t, 2, one[int](t, w.super, "SELECT count(*) FROM flowable.large_value_uses WHERE process_instance_id = $1", id), "each content once")
}

func TestARefusedActLeavesNoContentBehind(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	start, text := w.startWith(t, nil), largeText(1<<20)
	vars := map[string]any{"doc": text}
	_, err := w.api.SetVariables(t.Context(), w.user, start.InstanceID, uuid.New(), vars)
	require.Equal(t, casework.Forbidden, casework.CodeOf(err))
	_, _, err = w.api.SendMessage(t.Context(), admin, uuid.New(), 3, casework.Message{Name: "nobody waits for " + w.name, Variables: vars})
	require.Equal(t, casework.NotFound, casework.CodeOf(err))
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.large_values WHERE content LIKE '%' || $1 || '%'", text[:36]))
}

func TestAReferenceToNothingIsNotAccepted(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	start := w.startWith(t, nil)
	reference := values.Contents{}.Pack(json.RawMessage(`"`+w.name+`"`), 0)
	err := w.does(t, workerRole, "", `SELECT flowable.accept_command(jsonb_build_object('commandId', gen_random_uuid(), 'kind', 'set-variables', 'instanceId', $1::TEXT,
		'actorId', 'SYSTEM', 'variables', jsonb_build_object('a', $2::JSONB)), INTERVAL '0')`, start.InstanceID, string(reference))
	require.ErrorContains(t, err, "large_value_uses_value_fkey")
}

func TestAStepKeepsItsLargeValues(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	start := w.startWith(t, nil)
	made := values.Contents{}
	raw, err := json.Marshal(largeText(2 << 20))
	require.NoError(t, err)
	own, err := json.Marshal(largeText(1 << 20))
	require.NoError(t, err)
	doc, mine := made.Pack(raw, values.LargeBytes), made.Pack(own, values.LargeBytes)
	task := uuid.NewString()
	step := casework.StepCommit{
		InstanceID: start.InstanceID, Step: 1, Fingerprint: "f", Cause: "start", Values: made, Variables: []casework.VariableChange{{Name: "doc", Value: doc}, {Name: "n", Value: json.RawMessage("1")}},
		NewTasks: []casework.NewTask{w.task(task)},
		Events:   &casework.StepEvents{TaskVariables: []casework.TaskVariable{{TaskID: w.id(task), Name: "mine", Value: mine}}},
	}
	w.step(t, step)
	var want, wantMine any
	require.NoError(t, json.Unmarshal(raw, &want))
	require.NoError(t, json.Unmarshal(own, &wantMine))
	vars, err := w.api.InstanceVariables(t.Context(), w.user, start.InstanceID)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"doc": want, "n": json.Number("1")}, vars)
	seen, err := w.api.Task(t.Context(), w.user, w.id(task))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"doc": want, "n": json.Number("1"), "mine": wantMine}, seen.Variables)
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_variables WHERE process_instance_id = $1 AND (variable_json IS NULL) = (large_value IS NULL)", start.InstanceID))

	// The step is on record. Done again it may come to another content, which its case refers to from now on.
	again := values.Contents{}
	other, err := json.Marshal(largeText(1 << 20))
	require.NoError(t, err)
	reference, _ := values.Read(again.Pack(other, values.LargeBytes))
	step.Values = again
	w.step(t, step)
	content, err := w.worker.LargeValue(t.Context(), reference.SHA256)
	require.NoError(t, err)
	require.Equal(t, string(other), string(content))

	w.step(t, casework.StepCommit{InstanceID: start.InstanceID, Step: 2, Cause: "x", Variables: []casework.VariableChange{{Name: "doc", Value: json.RawMessage(`"short"`)}}})
	vars, err = w.api.InstanceVariables(t.Context(), w.user, start.InstanceID)
	require.NoError(t, err)
	require.Equal(t, "short", vars["doc"])
}

func TestAContentIsWhatItsHashSays(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	start := w.startWith(t, nil)
	err := w.worker.KeepLargeValues(t.Context(), start.InstanceID, map[string]string{strings.Repeat("0", 64): `"` + w.name + `"`})
	require.ErrorContains(t, err, "large_value_uses_value_fkey")
}

func TestALargeValueIsSeenWithItsCase(t *testing.T) {
	t.Parallel()
	mine, theirs := newUnit(t), newUnit(t)
	start := mine.startWith(t, map[string]any{"doc": largeText(1 << 20)})
	var vars map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(start.Variables, &vars))
	reference, _ := values.Read(vars["doc"])
	const count = "SELECT count(*) FROM flowable.large_values WHERE sha256 = $1"
	for caller, want := range map[string]int{mine.user: 1, admin: 1, theirs.user: 0, "": 0} {
		require.NoError(t, mine.as(t, apiRole, caller, func(tx pgx.Tx) error {
			require.Equal(t, want, one[int](t, tx, count, reference.SHA256), caller)
			return nil
		}))
	}
	for _, change := range []string{"UPDATE flowable.large_values SET content = '1' WHERE sha256 = $1", "DELETE FROM flowable.large_values WHERE sha256 = $1"} {
		for _, role := range []string{apiRole, workerRole} {
			require.Error(t, mine.does(t, role, mine.user, change, reference.SHA256), "%s as %s", change, role)
		}
	}
}

func TestLargeValuesGoFromCaseToCase(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	key := w.called(t, 1)
	text := largeText(2 << 20)
	parent := w.startWith(t, map[string]any{"doc": text})
	var vars map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(parent.Variables, &vars))
	child := uuid.NewString()
	started := w.call(t, parent.InstanceID, 1, casework.ChildStart{
		ElementInstanceID: "call:1", InstanceID: child, ProcessKey: key, Binding: "latest", Variables: map[string]json.RawMessage{"theirs": vars["doc"]},
	})
	require.Equal(t, map[string]any{"theirs": text}, w.referred(t, started.Deliveries[0].Start.Variables))

	made := values.Contents{}
	raw, err := json.Marshal(largeText(2 << 20))
	require.NoError(t, err)
	ended, err := w.worker.CommitStep(t.Context(), casework.StepCommit{
		InstanceID: child, Step: 1, Cause: "start", Variables: []casework.VariableChange{{Name: "reply", Value: made.Pack(raw, values.LargeBytes)}}, Values: made,
		End: &casework.InstanceEnd{Status: casework.InstanceCompleted},
	})
	require.NoError(t, err)
	require.Len(t, ended.Deliveries, 1)
	command := ended.Deliveries[0].Command
	require.Equal(t, string(casework.InstanceCompleted), command.Status)
	var want any
	require.NoError(t, json.Unmarshal(raw, &want))
	require.Equal(t, map[string]any{"reply": want}, w.referred(t, command.Variables))
	require.Equal(t, 2, one[int](t, w.super, "SELECT count(*) FROM flowable.large_value_uses WHERE process_instance_id = $1", parent.InstanceID), "the caller refers to it")
}

func TestAContentGoesWithTheLastCaseThatRefersToIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := largeText(1 << 20)
	first, second := w.startWith(t, map[string]any{"doc": text}), w.startWith(t, map[string]any{"doc": text})
	contents := func() int { return one[int](t, w.super, "SELECT count(*) FROM flowable.large_values") }
	require.Equal(t, 1, contents(), "cases share it")
	forget := func(instance string) {
		for _, table := range []string{"flowable.outbox", "onecms.case_workflow_mapping", "flowable.process_instances"} {
			w.exec(t, "DELETE FROM "+table+" WHERE process_instance_id = $1", instance)
		}
		require.NoError(t, w.does(t, workerRole, "", "CALL flowable.forget_large_values()"))
	}
	forget(first.InstanceID)
	require.Equal(t, 1, contents())
	forget(second.InstanceID)
	require.Zero(t, contents())
}

// A content that a transaction is about to refer to is not forgotten under its hands.
func TestAContentIsNotForgottenWhileItIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := w.startWith(t, nil)
	raw, err := json.Marshal(largeText(1 << 20))
	require.NoError(t, err)
	made := values.Contents{}
	reference, _ := values.Read(made.Pack(raw, values.LargeBytes))
	body, err := json.Marshal(made)
	require.NoError(t, err)
	w.exec(t, "SELECT flowable.keep_values($1::JSONB, NULL)", string(body)) // nobody refers to it yet

	tx, err := w.pool(t, workerRole, 1).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT flowable.keep_values($1::JSONB, $2)", string(body), start.InstanceID)
	require.NoError(t, err)
	require.NoError(t, w.does(t, workerRole, "", "CALL flowable.forget_large_values()"))
	require.NoError(t, tx.Commit(t.Context()))
	_, err = w.worker.LargeValue(t.Context(), reference.SHA256)
	require.NoError(t, err)
}

func TestVariablesOfManySmallValuesAreTooLarge(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	vars := map[string]any{}
	for range 600 {
		vars[uuid.NewString()] = strings.Repeat("x", values.SmallBytes-2)
	}
	_, _, err := w.api.StartCase(t.Context(), w.user, uuid.New(), w.definition, 3, casework.CaseStart{Variables: vars})
	require.Equal(t, casework.TooLarge, casework.CodeOf(err))
}

// What a child ends with may be many values of which none is large.
func TestWhatIsTooMuchTogetherIsHandedOverByReference(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	key, parent, child := w.called(t, 1), w.start(t, admin), uuid.NewString()
	w.call(t, parent, 1, casework.ChildStart{InstanceID: child, ProcessKey: key})
	want := map[string]any{"n": 1.0}
	changes := []casework.VariableChange{{Name: "n", Value: json.RawMessage("1")}}
	for i := range 200 {
		name, text := fmt.Sprint("v", i), largeText(10<<10)
		raw, err := json.Marshal(text)
		require.NoError(t, err)
		want[name] = text
		changes = append(changes, casework.VariableChange{Name: name, Value: raw})
	}
	told := w.step(t, casework.StepCommit{InstanceID: child, Step: 1, Variables: changes, Events: &casework.StepEvents{Escalations: []string{"LATE"}}}).Deliveries
	require.Equal(t, want, w.referred(t, told[0].Command.Variables))
	told = w.step(t, casework.StepCommit{InstanceID: child, Step: 2, End: &casework.InstanceEnd{Status: casework.InstanceCompleted}}).Deliveries
	require.Equal(t, string(casework.InstanceCompleted), told[0].Command.Status)
	require.Less(t, len(told[0].Command.Variables), 64<<10)
	require.Equal(t, want, w.referred(t, told[0].Command.Variables))
}
