package delegate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/onecms/nextgen-workflow/activities/delegate"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// charge is the example of docs/service-tasks.md.
func charge(_ context.Context, in delegate.Input) (map[string]any, error) {
	var amount json.Number
	if err := delegate.Variable(in, "amount", &amount); err != nil {
		return nil, err
	}
	var currency string
	if err := delegate.Field(in, "currency", &currency); err != nil {
		return nil, err
	}
	if amount == "0" {
		return nil, delegate.BpmnError("NOTHING_TO_PAY", "the amount is zero", map[string]any{"paid": false})
	}
	return map[string]any{"receipt": fmt.Sprintf("%s %s for %s", amount, currency, in.IdempotencyKey())}, nil
}

// run runs charge as a Temporal activity, with everything crossing as JSON.
func run(t *testing.T, variables, fields map[string]json.RawMessage) (map[string]any, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivityWithOptions(charge, activity.RegisterOptions{Name: "charge"})
	value, err := env.ExecuteActivity("charge", casework.ActivityInput{ProcessInstanceID: "i", ElementInstanceID: "pay:2", Variables: variables, Fields: fields})
	if err != nil {
		return nil, err
	}
	var result map[string]any
	require.NoError(t, value.Get(&result))
	return result, nil
}

func TestADelegateReadsVariablesAndFields(t *testing.T) {
	t.Parallel()
	got, err := run(t, map[string]json.RawMessage{"amount": json.RawMessage("12345678901234567890.5")}, map[string]json.RawMessage{"currency": json.RawMessage(`"EUR"`)})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"receipt": "12345678901234567890.5 EUR for i:pay:2"}, got)
	got, err = run(t, nil, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"receipt": "  for i:pay:2"}, got)
}

func TestADelegateThrowsBpmnErrors(t *testing.T) {
	t.Parallel()
	_, err := run(t, map[string]json.RawMessage{"amount": json.RawMessage("0")}, nil)
	var failed *temporal.ApplicationError
	require.True(t, errors.As(err, &failed))
	require.Equal(t, []any{casework.BpmnErrorType, true, "the amount is zero"}, []any{failed.Type(), failed.NonRetryable(), failed.Message()})
	var code string
	var variables map[string]any
	require.NoError(t, failed.Details(&code, &variables))
	require.Equal(t, "NOTHING_TO_PAY", code)
	require.Equal(t, map[string]any{"paid": false}, variables)
	require.True(t, errors.As(delegate.BpmnError("A", "b", nil), &failed))
	require.NoError(t, failed.Details(&code))
	require.Equal(t, "A", code)
}

func TestAVariableOfAnotherKindIsAFailure(t *testing.T) {
	t.Parallel()
	_, err := run(t, map[string]json.RawMessage{"amount": json.RawMessage(`{}`)}, nil)
	require.ErrorContains(t, err, "the variable amount is not what is expected")
	_, err = run(t, nil, map[string]json.RawMessage{"currency": json.RawMessage(`7`)})
	require.ErrorContains(t, err, "the field currency is not what is expected")
}
