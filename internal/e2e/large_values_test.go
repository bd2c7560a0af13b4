package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// largeDocument has some items and about as many bytes.
func largeDocument(items, size int, letter string) map[string]any {
	list := make([]any, items)
	for i := range list {
		list[i] = map[string]any{"n": float64(i), "text": strings.Repeat(letter, size/items)}
	}
	return map[string]any{"items": list}
}

// waitForTask waits until an element's task is the only open one of a case.
func waitForTask(t *testing.T, c *stack.Client, instance, element string) casework.Task {
	t.Helper()
	var open []casework.Task
	require.Eventually(t, func() bool {
		var err error
		open, err = c.OpenTasks(t.Context(), instance)
		return err == nil && len(open) == 1 && open[0].TaskDefinitionKey == element
	}, time.Minute, 50*time.Millisecond, "no task %s", element)
	return open[0]
}

// echo is a server that answers with what it gets, and tells of it.
func echo(t *testing.T) (address string, got chan []byte) {
	t.Helper()
	got = make(chan []byte, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		got <- body
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), got
}

// checkLarge compares what a case of largeDocument has come to.
func checkLarge(t *testing.T, c *stack.Client, instance string, doc, reviewed map[string]any) {
	t.Helper()
	i, err := c.Instance(t.Context(), instance)
	require.NoError(t, err)
	require.Empty(t, i.Incidents)
	titles, gathered := make([]any, 8), make([]any, 8)
	for n := range titles {
		titles[n] = doc["items"].([]any)[n].(map[string]any)["text"]
		gathered[n] = map[string]any{"of": reviewed["items"].([]any)[n]}
	}
	for name, want := range map[string]any{
		"doc": doc, "titles": titles, "counted": 8.0, "echo": doc, "returned": doc["items"], "reviewed": reviewed, "gathered": gathered, "like": like(),
	} {
		require.Equal(t, want, i.Variables[name], name)
	}
}

// like is data in the form of a reference.
func like() map[string]any {
	return map[string]any{"$large": map[string]any{"sha256": strings.Repeat("ab", 32), "size": 7.0}}
}

// TestLargeVariablesTravelByReference leads a case with documents of several MiB through all that may use them. Temporal
// sees none of them.
func TestLargeVariablesTravelByReference(t *testing.T) {
	t.Parallel()
	server, got := echo(t)
	s := own(t, "large", "--http-allow", server, "--workflow-cache", "0") // each workflow task replays the case
	require.NoError(t, s.Deploy(t.Context(), "testdata/large.bpmn"))
	admin, doc, reviewed := s.As("mike.admin"), largeDocument(8, 3<<20, "x"), largeDocument(8, 2<<20, "y")
	started, err := admin.StartCase(t.Context(), casework.CaseStart{
		ProcessKey: "largeDocument", Variables: map[string]any{"doc": doc, "server": "http://" + server, "like": like()},
	})
	require.NoError(t, err)
	id := started.ProcessInstanceID
	review := waitForTask(t, admin, id, "review")
	var posted any
	require.NoError(t, json.Unmarshal(<-got, &posted))
	require.Equal(t, doc, posted)
	_, err = admin.Complete(t.Context(), review.TaskID, casework.Completion{Variables: map[string]any{"reviewed": reviewed}})
	require.NoError(t, err)
	waitForTask(t, admin, id, "rest")
	checkLarge(t, admin, id, doc, reviewed)

	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	run, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	require.Less(t, run.GetWorkflowExecutionInfo().GetHistorySizeBytes(), int64(128<<10), "a history of references")
	value, err := temporal.QueryWorkflow(t.Context(), id, "", "state")
	require.NoError(t, err)
	var state workflows.RunState
	require.NoError(t, value.Get(&state))
	raw, err := json.Marshal(state)
	require.NoError(t, err)
	require.Less(t, len(raw), 64<<10)
}

// TestLargeVariablesOutliveACrash kills everything while a large value is on its way to a service, and the worker when another
// one has just been accepted.
func TestLargeVariablesOutliveACrash(t *testing.T) {
	t.Parallel()
	server, got := echo(t)
	s := own(t, "crash", "--http-allow", server)
	require.NoError(t, s.Deploy(t.Context(), "testdata/large.bpmn"))
	admin, doc, reviewed := s.As("mike.admin"), largeDocument(8, 3<<20, "x"), largeDocument(8, 2<<20, "y")
	started, err := admin.StartCase(t.Context(), casework.CaseStart{
		ProcessKey: "largeDocument", Variables: map[string]any{"doc": doc, "server": "http://" + server, "like": like()},
	})
	require.NoError(t, err)
	<-got // the answer is on its way
	for _, process := range []*stack.Process{s.Worker, s.API, s.Temporal} {
		process.Kill()
	}
	for _, process := range []*stack.Process{s.Temporal, s.Worker, s.API} {
		require.NoError(t, process.Start(t.Context()))
	}
	review := waitForTask(t, admin, started.ProcessInstanceID, "review")
	_, err = admin.Complete(t.Context(), review.TaskID, casework.Completion{Variables: map[string]any{"reviewed": reviewed}})
	s.Worker.Kill()
	require.NoError(t, err)
	require.NoError(t, s.Worker.Start(t.Context()))
	waitForTask(t, admin, started.ProcessInstanceID, "rest")
	checkLarge(t, admin, started.ProcessInstanceID, doc, reviewed)
}
