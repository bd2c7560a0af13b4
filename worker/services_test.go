package worker_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/activities/httpcall"
	"github.com/onecms/nextgen-workflow/activities/mail"
	"github.com/onecms/nextgen-workflow/activities/script"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
)

// services makes every service; HTTP calls may go to one host.
func services(t *testing.T, host string) worker.Services {
	t.Helper()
	allow, err := httpcall.ParseAllowList(host)
	require.NoError(t, err)
	caller, err := httpcall.New(httpcall.Config{Allow: allow})
	require.NoError(t, err)
	sender, err := mail.New(mail.Config{})
	require.NoError(t, err)
	runner, err := script.New(script.Config{Command: []string{"/nowhere/at/all"}})
	require.NoError(t, err)
	return worker.Services{HTTP: caller, Mail: sender, Script: runner}
}

// activitiesOnly is a registry for activities.
type activitiesOnly struct {
	*testsuite.TestActivityEnvironment
}

func (activitiesOnly) RegisterDynamicWorkflow(any, workflow.DynamicRegisterOptions) {}

func (activitiesOnly) RegisterWorkflowWithOptions(any, workflow.RegisterOptions) {}

func TestEveryServiceThatThereIsIsRegistered(t *testing.T) {
	t.Parallel()
	r := &registry{}
	worker.Services{}.Register(r, nil)
	require.Empty(t, r.registered)
	services(t, "").Register(r, nil)
	require.Equal(t, []string{"activity HttpCall", "activity SendMail", "activity RunScript"}, r.registered)
}

func TestServicesWorkAsTemporalActivities(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, `{"total": 12345678901234567890}`)
	}))
	t.Cleanup(server.Close)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	s := services(t, strings.TrimPrefix(server.URL, "http://"))
	s.Register(activitiesOnly{env}, nil)
	t.Cleanup(s.Close)
	field := func(v string) json.RawMessage { return json.RawMessage(fmt.Sprintf("%q", v)) }
	in := casework.ActivityInput{ProcessInstanceID: "i", ElementID: "call", ElementInstanceID: "call:1", Fields: map[string]json.RawMessage{
		"requestMethod": field("GET"), "requestUrl": field(server.URL), "saveResponseVariableAsJson": json.RawMessage("true"), "handleStatusCodes": field("404"),
	}}
	value, err := env.ExecuteActivity(casework.ActivityHTTPCall, in)
	require.NoError(t, err)
	var result map[string]json.RawMessage
	require.NoError(t, value.Get(&result))
	require.Equal(t, `{"total":12345678901234567890}`, string(result["callResponseBody"]))

	in.Fields["requestUrl"] = field(server.URL + "/none")
	_, err = env.ExecuteActivity(casework.ActivityHTTPCall, in)
	var failed *temporal.ApplicationError
	require.True(t, errors.As(err, &failed))
	require.Equal(t, []any{casework.BpmnErrorType, true}, []any{failed.Type(), failed.NonRetryable()})
	var code string
	var variables map[string]json.RawMessage
	require.NoError(t, failed.Details(&code, &variables))
	require.Equal(t, "HTTP404", code)
	require.Contains(t, variables, "callResponseBody")

	_, err = env.ExecuteActivity(casework.ActivitySendMail, casework.ActivityInput{ElementID: "send"})
	require.True(t, errors.As(err, &failed))
	require.Equal(t, "NotConfigured", failed.Type())
	_, err = env.ExecuteActivity(casework.ActivityRunScript, casework.ActivityInput{Script: &casework.ScriptSource{Format: "javascript", Source: "1"}})
	require.True(t, errors.As(err, &failed))
	require.Equal(t, []any{"ScriptRunner", false}, []any{failed.Type(), failed.NonRetryable()})
}
