package workflows_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/workflows"
)

// Recorded histories, one file per run: <process key>-<what happens>[-<run>]-r<engine revision>.json. The models are kept
// beside them by hash, so that a history stays replayable when a model changes.
const (
	historyFolder = "testdata/histories"
	modelFolder   = "testdata/histories/models"
	valueFolder   = "testdata/histories/values" // contents of large values, by their hash
)

// keptData bounds a payload in a recorded history: a longer one is there only to make the history long.
const keptData = 64 << 10

// saveRuns writes the histories of a case, one file per run.
func saveRuns(ctx context.Context, t *testing.T, temporal client.Client, instanceID, name string) {
	t.Helper()
	var runs [][]byte
	latest, err := temporal.DescribeWorkflowExecution(ctx, instanceID, "")
	require.NoError(t, err)
	for runID := latest.GetWorkflowExecutionInfo().GetFirstRunId(); runID != ""; {
		history := &historypb.History{}
		iter := temporal.GetWorkflowHistory(ctx, instanceID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for iter.HasNext() {
			event, err := iter.Next()
			require.NoError(t, err)
			history.Events = append(history.Events, event)
		}
		runs = append(runs, encodeHistory(t, history))
		runID = history.Events[len(history.Events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
	for i, run := range runs {
		file := fmt.Sprintf("%s-r%d.json", name, engine.Rev)
		if len(runs) > 1 {
			file = fmt.Sprintf("%s-%d-r%d.json", name, i+1, engine.Rev)
		}
		require.NoError(t, os.WriteFile(filepath.Join(historyFolder, file), run, 0o644))
	}
}

// encodeHistory writes one event per line, without what belongs to the machine that recorded it.
func encodeHistory(t *testing.T, history *historypb.History) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString(`{"events": [` + "\n")
	for i, event := range history.Events {
		raw, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(event)
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(raw, &fields))
		scrub(fields)
		line, err := json.Marshal(fields)
		require.NoError(t, err)
		out.Write(line)
		if i < len(history.Events)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("]}\n")
	return out.Bytes()
}

func scrub(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			scrub(item)
		}
	case map[string]any:
		if v["kind"] == "TASK_QUEUE_KIND_STICKY" {
			v["name"] = "sticky" // it names the host
		}
		for key, item := range v {
			text, isText := item.(string)
			switch {
			case key == "identity" && isText:
				v[key] = "nextgen"
			case key == "stackTrace" && isText, key == "binaryChecksum", key == "workerVersion":
				delete(v, key)
			case key == "data" && isText && len(text) > keptData:
				v[key] = "e30=" // {}
			default:
				scrub(item)
			}
		}
	}
}

// saveModel keeps the source of a recorded process.
func saveModel(t *testing.T, source []byte) {
	t.Helper()
	sum := sha256.Sum256(source)
	require.NoError(t, os.WriteFile(filepath.Join(modelFolder, hex.EncodeToString(sum[:])+".bpmn"), source, 0o644))
}

// recordedModels are the sources of all recorded processes.
func recordedModels(t *testing.T) sources {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(modelFolder, "*.bpmn"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	models := sources{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, filepath.Base(file), models.add(source)+".bpmn", "the file was changed: its name is its hash")
	}
	return models
}

// recordedValues are the contents of the large values of all recorded cases.
type recordedValues struct{}

// LargeValue implements workflows.ContentStore.
func (recordedValues) LargeValue(_ context.Context, sha string) ([]byte, error) {
	return os.ReadFile(filepath.Join(valueFolder, sha+".json"))
}

// recordedHistories are the names of the recorded histories, sorted.
func recordedHistories(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(historyFolder, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, file := range files {
		files[i] = filepath.Base(file)
	}
	slices.Sort(files)
	return files
}

func readHistory(t *testing.T, file string) *historypb.History {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(historyFolder, file))
	require.NoError(t, err)
	history, err := client.HistoryFromJSON(bytes.NewReader(raw), client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}

// inputOf is what a recorded run began with.
func inputOf(t *testing.T, history *historypb.History) workflows.Input {
	t.Helper()
	payloads := history.Events[0].GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()
	require.Len(t, payloads, 1)
	var in workflows.Input
	require.NoError(t, json.Unmarshal(payloads[0].GetData(), &in))
	return in
}
