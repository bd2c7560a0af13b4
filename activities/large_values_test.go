package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/onecms/nextgen-workflow/activities"
	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// kept is a ValueStore in memory that fails at first.
type kept struct {
	values.Contents
	failures  int
	instances []string
}

// LargeValue implements activities.ValueStore.
func (k *kept) LargeValue(_ context.Context, sha string) ([]byte, error) { return k.Value(sha) }

// KeepLargeValues implements activities.ValueStore.
func (k *kept) KeepLargeValues(_ context.Context, instanceID string, contents map[string]string) error {
	if k.failures > 0 {
		k.failures--
		return errors.New("the database is away")
	}
	k.instances = append(k.instances, instanceID)
	maps.Copy(k.Contents, contents)
	return nil
}

// execute runs work as one of our own activities.
func execute[R any](t *testing.T, b activities.ByReference[R], work activities.Work[R], in casework.ActivityInput) (result R, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivityWithOptions(b.Wrap(work), activity.RegisterOptions{Name: "Work"})
	value, err := env.ExecuteActivity("Work", in)
	if err == nil {
		err = value.Get(&result)
	}
	return result, err
}

func TestAnActivityThatTakesReferences(t *testing.T) {
	t.Parallel()
	long, other := json.RawMessage(`"`+strings.Repeat("x", 1<<20)+`"`), json.RawMessage(`"`+strings.Repeat("y", 1<<20)+`"`)
	store := &kept{Contents: values.Contents{}}
	reference := store.Pack(long, values.LargeBytes)
	like := values.Contents{}.Pack(json.RawMessage(`"a secret of another case"`), 0)
	in := casework.ActivityInput{
		ProcessInstanceID: "i", Variables: map[string]json.RawMessage{"doc": reference, "small": json.RawMessage("1")},
		Fields:     map[string]json.RawMessage{"body": reference, "like": like},
		References: &casework.References{Variables: []string{"doc"}, Fields: []string{"body"}},
	}
	b := activities.ByReference[map[string]json.RawMessage]{Store: store, Pack: activities.PackVariables}

	t.Run("sees the values themselves and answers with references", func(t *testing.T) {
		store.failures = 2
		result, err := execute(t, b, func(_ context.Context, in casework.ActivityInput) (map[string]json.RawMessage, error) {
			require.Equal(t, string(long), string(in.Variables["doc"]))
			require.Equal(t, string(long), string(in.Fields["body"]))
			require.Equal(t, string(like), string(in.Fields["like"]), "which is data")
			return map[string]json.RawMessage{"answer": other, "small": json.RawMessage("2"), "like": like}, nil
		}, in)
		require.NoError(t, err)
		require.Equal(t, "2", string(result["small"]))
		for name, want := range map[string]json.RawMessage{"answer": other, "like": like} {
			_, isReference := values.Read(result[name])
			require.True(t, isReference, name)
			got, err := values.Resolve(store, result[name])
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), "it is kept, after the database was away")
		}
		require.Equal(t, []string{"i"}, store.instances)
	})
	t.Run("sees fields only, if it looks at nothing else", func(t *testing.T) {
		fields := b
		fields.FieldsOnly = true
		_, err := execute(t, fields, func(_ context.Context, in casework.ActivityInput) (map[string]json.RawMessage, error) {
			require.Equal(t, string(reference), string(in.Variables["doc"]))
			require.Equal(t, string(long), string(in.Fields["body"]))
			return nil, nil
		}, in)
		require.NoError(t, err)
	})
	t.Run("throws errors whose variables are references", func(t *testing.T) {
		_, err := execute(t, b, func(context.Context, casework.ActivityInput) (map[string]json.RawMessage, error) {
			return nil, service.BpmnError("NO", "it says no", map[string]json.RawMessage{"page": other})
		}, in)
		var failed *temporal.ApplicationError
		require.ErrorAs(t, err, &failed)
		require.True(t, failed.NonRetryable())
		require.Equal(t, []string{casework.BpmnErrorType, "it says no"}, []string{failed.Type(), failed.Message()})
		var code string
		var vars map[string]json.RawMessage
		require.NoError(t, failed.Details(&code, &vars))
		require.Equal(t, "NO", code)
		page, err := values.Resolve(store, vars["page"])
		require.NoError(t, err)
		require.Equal(t, string(other), string(page))
	})
	t.Run("fails as it does otherwise", func(t *testing.T) {
		_, err := execute(t, b, func(context.Context, casework.ActivityInput) (map[string]json.RawMessage, error) {
			return nil, service.Passing("Away", "not now")
		}, in)
		require.ErrorContains(t, err, "not now")
	})
	t.Run("whose answer cannot be kept is told so", func(t *testing.T) {
		_, err := execute(t, b, func(context.Context, casework.ActivityInput) (map[string]json.RawMessage, error) {
			return map[string]json.RawMessage{"deep": json.RawMessage(strings.Repeat("[", 65) + strings.Repeat("]", 65))}, nil
		}, in)
		var failed *temporal.ApplicationError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "BadAnswer", failed.Type())
		require.True(t, failed.NonRetryable())
	})
	t.Run("of a value that is not there is tried again", func(t *testing.T) {
		missing := in
		missing.Variables = map[string]json.RawMessage{"doc": like}
		_, err := execute(t, b, func(context.Context, casework.ActivityInput) (map[string]json.RawMessage, error) {
			require.Fail(t, "it is called without its variable")
			return nil, nil
		}, missing)
		var failed *temporal.ApplicationError
		require.ErrorAs(t, err, &failed)
		require.False(t, failed.NonRetryable())
	})
	t.Run("is called by an older case without any", func(t *testing.T) {
		result, err := execute(t, b, func(_ context.Context, in casework.ActivityInput) (map[string]json.RawMessage, error) {
			require.Equal(t, string(like), string(in.Variables["like"]))
			return map[string]json.RawMessage{"answer": other, "like": like}, nil
		}, casework.ActivityInput{Variables: map[string]json.RawMessage{"like": like}})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"answer": string(other), "like": string(like)}, map[string]string{"answer": string(result["answer"]), "like": string(result["like"])})
	})
}

func TestWhatAScriptDidIsPacked(t *testing.T) {
	t.Parallel()
	contents := values.Contents{}
	long := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	packed, err := activities.PackScript(contents, casework.ScriptResult{Result: long, Variables: map[string]json.RawMessage{"a": long, "b": json.RawMessage(`"\u0000"`)}})
	require.NoError(t, err)
	require.Len(t, contents, 1, "the same content once")
	require.Equal(t, string(packed.Result), string(packed.Variables["a"]))
	require.Equal(t, "\"\ufffd\"", string(packed.Variables["b"]), "as PostgreSQL can hold it")
	packed, err = activities.PackScript(contents, casework.ScriptResult{})
	require.NoError(t, err)
	require.Equal(t, "null", string(packed.Result))
}
