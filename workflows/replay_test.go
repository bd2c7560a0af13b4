package workflows_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

func replay(t *testing.T, programs workflows.Programs, history *historypb.History) error {
	t.Helper()
	replayer, err := sdk.NewWorkflowReplayerWithOptions(sdk.WorkflowReplayerOptions{DisableDeadlockDetection: true})
	require.NoError(t, err)
	replayer.RegisterDynamicWorkflow((&workflows.ProcessInstance{Programs: programs, Values: workflows.NewValueCache(recordedValues{}, 0)}).Run, workflow.DynamicRegisterOptions{})
	return replayer.ReplayWorkflowHistory(worker.SDKLogger(zap.NewNop()), history)
}

func TestEveryRecordedHistoryReplays(t *testing.T) {
	t.Parallel()
	library := workflows.NewLibrary(recordedModels(t))
	for _, file := range recordedHistories(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replay(t, library, readHistory(t, file)))
		})
	}
}

// TestEveryBeginningOfARecordedHistoryReplays replays what a worker without a cache sees: a history up to any of its
// workflow tasks.
func TestEveryBeginningOfARecordedHistoryReplays(t *testing.T) {
	t.Parallel()
	library := workflows.NewLibrary(recordedModels(t))
	for _, file := range recordedHistories(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			history := readHistory(t, file)
			for i, event := range history.Events {
				if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED {
					beginning := &historypb.History{Events: history.Events[:i+1]}
					require.NoError(t, replay(t, library, beginning), "up to event %d", event.GetEventId())
				}
			}
		})
	}
}

var historyName = regexp.MustCompile(`^(\w+)-[a-z0-9-]+-r(\d+)\.json$`)

func TestEveryEngineRevisionHasAHistory(t *testing.T) {
	t.Parallel()
	recorded := map[int]bool{}
	for _, file := range recordedHistories(t) {
		name := historyName.FindStringSubmatch(file)
		require.NotNil(t, name, "%s is not named <process key>-<what happens>-r<engine revision>.json", file)
		in := inputOf(t, readHistory(t, file))
		require.Equal(t, in.Start.ProcessKey, name[1], file)
		require.Equal(t, fmt.Sprint(in.Start.EngineRev), name[2], file)
		recorded[in.Start.EngineRev] = true
	}
	for rev := 1; rev <= engine.Rev; rev++ {
		require.True(t, recorded[rev], "no history of engine revision %d", rev)
	}
}

// TestTheRecordedHistoriesShowWhatTheyAreFor says which shapes of a history are kept.
func TestTheRecordedHistoriesShowWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	for part, want := range map[string]map[enumspb.EventType]int{
		"continued-as-new-1": {enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: 1},
		"continued-as-new-2": {enumspb.EVENT_TYPE_TIMER_STARTED: 1, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1},
		"in-a-loop":          {enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1},
		"script-call-and-message": {
			enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: 1, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 2, enumspb.EVENT_TYPE_TIMER_STARTED: 1,
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1,
		},
		"values-by-reference":      {enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: 1, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1},
		"recordedBurst":            {enumspb.EVENT_TYPE_MARKER_RECORDED: 3, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1},
		"Listeners-of-every-event": {enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: 9, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1},
		"recordedTimers-in":        {enumspb.EVENT_TYPE_TIMER_FIRED: 3, enumspb.EVENT_TYPE_TIMER_CANCELED: 1},
		"suspended-and-acted-on": {
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 8, enumspb.EVENT_TYPE_TIMER_CANCELED: 1, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1,
		},
		"paused-and-late": {
			enumspb.EVENT_TYPE_TIMER_FIRED: 2, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 6, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1,
		},
		"database-is-held": {
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: 1, enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: 1,
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 1,
		},
	} {
		found := false
		for _, file := range recordedHistories(t) {
			if !strings.Contains(file, part) {
				continue
			}
			found = true
			count := map[enumspb.EventType]int{}
			for _, event := range readHistory(t, file).Events {
				count[event.GetEventType()]++
			}
			for kind, atLeast := range want {
				require.GreaterOrEqual(t, count[kind], atLeast, "%s: %s", file, kind)
			}
		}
		require.True(t, found, part)
	}
}

func TestARecordedRunIsReadable(t *testing.T) {
	t.Parallel()
	for _, file := range recordedHistories(t) {
		start := inputOf(t, readHistory(t, file)).Start
		pending, most := 0, 0
		for i, event := range readHistory(t, file).Events {
			summary := string(event.GetUserMetadata().GetSummary().GetData())
			switch event.GetEventType() {
			case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
				if event.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId() == "" {
					require.Equal(t, `"`+start.ProcessName+" · case "+start.CaseNumber+`"`, summary, file)
				}
			case enumspb.EVENT_TYPE_TIMER_STARTED:
				pending++
				most = max(most, pending)
				require.Regexp(t, `^"(timer|deadline of) .+ at 2\d\d\d-[-0-9T:.]+Z"$`, summary, "%s: event %d", file, i)
			case enumspb.EVENT_TYPE_TIMER_CANCELED, enumspb.EVENT_TYPE_TIMER_FIRED:
				pending--
			case enumspb.EVENT_TYPE_MARKER_RECORDED, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
				require.Regexp(t, `^"(start|task-assigned|task-completed|timers-due|retry-incident|resolve-incident|terminate|suspend|resume|reassign|delegate|resolve|escalate|update-task|raise overdue tasks|continue|activity-done .+|child-ended .+|message-received .+|.+ \((script|\w+ listener)\)"$)`, summary, "%s: event %d", file, i)
				require.Less(t, len(summary), 400, "Temporal's limit")
			}
		}
		require.LessOrEqual(t, most, 1, "%s: one wake-up timer at a time", file)
	}
}

func TestRecordedHistoriesHoldNothingOfTheMachine(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	secrets := regexp.MustCompile(`postgres(ql)?://|/home/|/root/|/tmp/|password|\d+@`)
	for _, file := range recordedHistories(t) {
		raw, err := os.ReadFile(filepath.Join(historyFolder, file))
		require.NoError(t, err)
		require.Nil(t, secrets.Find(raw), file)
		require.False(t, len(host) > 3 && bytes.Contains(raw, []byte(host)), "%s names this machine", file)
		require.Less(t, len(raw), 1<<20, "%s is too large to keep", file)
		for _, event := range readHistory(t, file).Events {
			queue := event.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue()
			if queue.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
				require.Equal(t, "sticky", queue.GetName(), file)
			}
		}
	}
}

// otherPrograms gives every program with something replaced in its source.
type otherPrograms struct {
	sources  sources
	old, new string
}

// Program implements workflows.Programs.
func (o otherPrograms) Program(sha, key string) (*bpmn.Program, error) {
	changed := sources{}
	return workflows.NewLibrary(changed).Program(changed.add(bytes.ReplaceAll(o.sources[sha], []byte(o.old), []byte(o.new))), key)
}

// TestAReplayThatTakesAnotherPathIsRejected proves that the replay tests can fail.
func TestAReplayThatTakesAnotherPathIsRejected(t *testing.T) {
	t.Parallel()
	models := recordedModels(t)
	same := workflows.NewLibrary(models)
	for name, tc := range map[string]struct {
		file     string
		programs workflows.Programs
		mutate   func(t *testing.T, h *historypb.History)
		want     string
	}{
		"a definition that leads elsewhere": {
			"onecmsUnifiedCase-received-r1.json", otherPrograms{models, `sourceRef="erHandover" targetRef="prepareAssignment"`, `sourceRef="erHandover" targetRef="csisTriage"`},
			nil, "took another path",
		},
		"a definition that does less": {
			"recordedTimers-in-a-loop-r1.json", otherPrograms{models, "PT1S", "PT9S"}, nil, "TMPRL1100",
		},
		"another fingerprint on record": {"quickReview-completed-r1.json", same, changeFingerprint, "took another path"},
		"a step that was not recorded":  {"quickReview-completed-r1.json", same, dropLastMarker, ""},
		"another timer":                 {"onecmsUnifiedCase-received-r1.json", same, changeTimer, "TMPRL1100"},
		"another activity": {"quickReview-cancelled-while-the-database-is-held-r1.json", same, func(t *testing.T, h *historypb.History) {
			find(t, h, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED).GetActivityTaskScheduledEventAttributes().ActivityId = "commit:7"
		}, "TMPRL1100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			history := readHistory(t, tc.file)
			require.NoError(t, replay(t, same, readHistory(t, tc.file)))
			if tc.mutate != nil {
				tc.mutate(t, history)
			}
			err := replay(t, tc.programs, history)
			require.Error(t, err)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func find(t *testing.T, h *historypb.History, kind enumspb.EventType) *historypb.HistoryEvent {
	t.Helper()
	i := slices.IndexFunc(h.Events, func(e *historypb.HistoryEvent) bool { return e.GetEventType() == kind })
	require.GreaterOrEqual(t, i, 0, kind)
	return h.Events[i]
}

func changeFingerprint(t *testing.T, h *historypb.History) {
	t.Helper()
	marker := find(t, h, enumspb.EVENT_TYPE_MARKER_RECORDED).GetMarkerRecordedEventAttributes()
	digit := regexp.MustCompile(`"fingerprint":\s*"[0-9a-f]`)
	changed := 0
	for _, payloads := range marker.GetDetails() {
		for _, p := range payloads.GetPayloads() {
			p.Data = digit.ReplaceAllFunc(p.GetData(), func(b []byte) []byte {
				changed++
				b = bytes.Clone(b)
				b[len(b)-1] = map[bool]byte{true: '1', false: '0'}[b[len(b)-1] == '0']
				return b
			})
		}
	}
	require.Equal(t, 1, changed)
}

func changeTimer(t *testing.T, h *historypb.History) {
	t.Helper()
	find(t, h, enumspb.EVENT_TYPE_TIMER_STARTED).GetTimerStartedEventAttributes().TimerId = "77"
}

// dropLastMarker makes a marker of another kind of the last one.
func dropLastMarker(t *testing.T, h *historypb.History) {
	t.Helper()
	for _, event := range slices.Backward(h.Events) {
		if marker := event.GetMarkerRecordedEventAttributes(); marker != nil {
			marker.MarkerName, marker.Details = "Version", map[string]*commonpb.Payloads{}
			return
		}
	}
	require.Fail(t, "no marker")
}
