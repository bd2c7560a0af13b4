package workflows_test

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/sample"
	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/internal/testdb"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// To record the histories of a new engine revision: make build, set NEXTGEN_BINARY and NEXTGEN_TEMPORAL_BINARY as "make
// test" does, then go test ./workflows -run TestRecordHistories -record. Histories of older revisions are left alone.
var record = flag.Bool("record", false, "record the histories of this engine revision anew, on a real stack")

func TestMain(m *testing.M) { testdb.Main(m) }

// recordings are the cases whose histories are kept, each with what happens in it.
var recordings = map[string]func(d *driver){
	"quickReview-completed": func(d *driver) {
		d.begin("alice.intake", "quickReview", "reportArrived")
		d.complete("reviewReport")
	},
	"quickReview-terminated": func(d *driver) {
		d.begin("alice.intake", "quickReview", "reportArrived")
		d.claim("reviewReport")
		d.post("terminate", map[string]any{"reason": "opened twice"})
	},
	"quickReview-forged": func(d *driver) {
		d.begin("alice.intake", "quickReview", "reportArrived")
		d.signal(casework.Command{CommandID: "0c5a5c7c-0000-4c11-8f53-a3f5a4de9ad3", Kind: casework.CommandTerminate})
		d.complete("reviewReport")
	},
	"quickReview-cancelled-while-the-database-is-held": (*driver).cancelWhileHeld,
	"onecmsUnifiedCase-received": func(d *driver) {
		d.begin("alice.intake", "onecmsUnifiedCase", "caseReceived")
		d.complete("screenReport", "intakeDecision", "CREATE")
		d.complete("recordCase", "recordDecision", "SUBMIT")
		d.complete("assignReview")
		d.complete("headReview", "headDecision", "REJECT")
		d.complete("assignReview")
		d.complete("headReview", "headDecision", "APPROVE")
		d.complete("triageCase", "triageDecision", "SEND_TO_UNIT", "targetUnit", "ER")
		d.complete("erReview", "erDecision", "HAND_OVER")
		d.complete("erHandover")
		d.complete("prepareAssignment", "assignmentDecision", "ASSIGN")
		d.complete("acceptAssignment", "acceptanceDecision", "DECLINE") // the timer goes, the loop comes back to it
		d.complete("prepareAssignment", "assignmentDecision", "ASSIGN")
		d.complete("acceptAssignment", "acceptanceDecision", "ACCEPT")
		d.complete("createPlan")
		d.complete("conductInvestigation")
	},
	"onecmsUnifiedCase-initiated-by-a-manager": func(d *driver) {
		d.begin("jennifer.csismgr", "onecmsUnifiedCase", "caseInitiated")
		d.complete("managerOpensCase", "managerOpeningDecision", "ASSIGN_ANALYST")
		d.complete("vetCase", "vettingDecision", "RECOMMEND")
		d.complete("approveRecommendation", "recommendationDecision", "APPROVE")
		d.complete("prepareAssignment", "assignmentDecision", "SEND_BACK")
		d.complete("csisTriage", "csisTriageDecision", "ASSIGN")
		d.complete("csisAnalysis", "csisAnalysisDecision", "RETAIN")
		d.complete("retainIntelligence")
	},
	"onecmsUnifiedCase-initiated-by-an-analyst": func(d *driver) {
		d.begin("michael.csis", "onecmsUnifiedCase", "caseInitiated")
		d.complete("analystOpensCase", "analystOpeningDecision", "SUBMIT")
		d.complete("reviewAnalystCase", "analystCaseDecision", "REJECT")
		d.complete("analystOpensCase", "analystOpeningDecision", "RETAIN")
	},
	"onecmsUnifiedCase-continued-as-new": func(d *driver) {
		d.begin("jennifer.csismgr", "onecmsUnifiedCase", "caseInitiated")
		d.complete("managerOpensCase", "managerOpeningDecision", "FAST_TRACK")
		d.complete("prepareAssignment", "assignmentDecision", "ASSIGN")
		d.claim("acceptAssignment")
		d.fillHistory()
		d.complete("acceptAssignment", "acceptanceDecision", "ACCEPT")
		d.complete("createPlan")
		d.complete("conductInvestigation")
	},
	"recordedTimers-in-a-loop": func(d *driver) {
		d.begin("alice.intake", "recordedTimers", "asked")
		d.complete("readReminder")
		d.complete("decide", "again", "YES")
		d.complete("decide", "again", "YES")
		d.complete("work")
		d.complete("readReminder")
	},
	"recordedTimers-suspended-and-acted-on": func(d *driver) {
		d.begin("alice.intake", "recordedTimers", "asked")
		d.post("suspend", nil) // both timers become due meanwhile
		d.act("work", "comment", map[string]any{"text": "It stands still."})
		d.until(func() bool { return time.Since(d.task("work").CreatedAt) > 3*time.Second })
		d.post("resume", nil)
		d.act("decide", "reassign", map[string]any{"to": "margaret.eo"})
		d.act("decide", "escalate", map[string]any{"reason": "It waits."})
		d.act("decide", "", map[string]any{"dueDate": time.Now().Add(time.Hour)})
		d.act("decide", "move", map[string]any{"queueName": "eo-officer-queue"})
		d.complete("decide", "again", "NO")
		d.complete("readReminder")
	},
	"recordedDeadlines-paused-and-late": (*driver).passDeadlines,
	"recordedParallel-in-a-loop": func(d *driver) {
		d.begin("alice.intake", "recordedParallel", "asked")
		d.complete("left", "again", "YES")
		d.complete("middle")
		d.complete("middle", "again", "NO")
		d.complete("left")
	},
	"recordedEvents-script-call-and-message": func(d *driver) {
		d.begin("alice.intake", "recordedEvents", "asked")
		d.message("recorded answer")
	},
	"recordedLarge-values-by-reference": func(d *driver) {
		d.begin("alice.intake", "recordedLarge", "asked")
		d.complete("read", "doc", strings.Repeat("long ", 4<<10))
		d.complete("each")
		d.complete("each")
	},
	"recordedBurst-continued": func(d *driver) { d.begin("alice.intake", "recordedBurst", "asked") },
	"recordedDecision-incident": func(d *driver) {
		d.begin("alice.intake", "recordedDecision", "asked")
		d.until(func() bool { return d.task("decide").EscalationLevel == 1 })
		d.complete("decide", "amount", "much")
		d.retry("amount", "more")
		d.retry("amount", "500")
		d.retry("approved", "YES")
	},
}

func TestRecordHistories(t *testing.T) {
	if !*record {
		t.Skip("only with -record")
	}
	nextgen, temporalBinary := os.Getenv("NEXTGEN_BINARY"), os.Getenv("NEXTGEN_TEMPORAL_BINARY")
	require.NotEmpty(t, nextgen)
	require.NotEmpty(t, temporalBinary)
	database := testdb.Persistent(t)
	s, err := stack.Start(t.Context(), stack.Config{
		Binary: nextgen, TemporalBinary: temporalBinary, DatabaseURL: database, Log: os.Stderr, Suffix: "_recording",
	})
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	require.NoError(t, os.MkdirAll(modelFolder, 0o755))
	require.NoError(t, os.MkdirAll(valueFolder, 0o755))
	own, err := filepath.Glob("../bpmn/models/*.bpmn")
	require.NoError(t, err)
	test, err := filepath.Glob("testdata/models/*.bpmn")
	require.NoError(t, err)
	for _, file := range append(own, test...) {
		require.NoError(t, s.Deploy(t.Context(), file))
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		saveModel(t, source)
	}
	t.Run("record", func(t *testing.T) { // its end waits for the parallel ones
		for name, drive := range recordings {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := &driver{t: t, stack: s, temporal: temporal, database: database}
				drive(d)
				require.NoError(t, temporal.GetWorkflow(t.Context(), d.id, "").Get(t.Context(), nil))
				saveRuns(t.Context(), t, temporal, d.id, name)
				d.saveValues()
			})
		}
	})
	t.Run("delegates", func(t *testing.T) {
		s.Worker.Stop()
		serveDelegates(t, database, temporal)
		d := &driver{t: t, stack: s, temporal: temporal, database: database}
		d.begin("alice.intake", "recordedListeners", "asked")
		d.complete("work")
		require.NoError(t, temporal.GetWorkflow(t.Context(), d.id, "").Get(t.Context(), nil))
		saveRuns(t.Context(), t, temporal, d.id, "recordedListeners-of-every-event")
	})
}

// serveDelegates runs a worker with a delegate of its own in place of the product's.
func serveDelegates(t *testing.T, database string, temporal client.Client) {
	t.Helper()
	store, err := db.Open(t.Context(), db.Config{URL: database, Role: "nextgen_worker"})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	sender := workflows.NewClient(temporal, "default")
	w := sdk.New(temporal, workflows.TaskQueue, sdk.Options{WorkflowPanicPolicy: sdk.BlockWorkflow})
	worker.Register(w, worker.Deps{Programs: workflows.NewLibrary(store), Steps: store, Sender: sender, Timers: store})
	tell := func(_ context.Context, in casework.ActivityInput) (map[string]string, error) {
		return map[string]string{"told": in.Listener.Event}, nil
	}
	w.RegisterActivityWithOptions(tell, activity.RegisterOptions{Name: "Tell"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go worker.NewRelay(store, sender, zap.NewNop(), worker.RelayConfig{}).Run(ctx)
}

// driver is a person at the API who does everybody's work.
type driver struct {
	t        *testing.T
	stack    *stack.Stack
	temporal client.Client
	database string
	id       string // of the process instance
}

func (d *driver) begin(who, process, start string) {
	started, err := d.stack.As(who).StartCase(d.t.Context(), casework.CaseStart{ProcessKey: process, StartEventID: start, Title: "Recorded"})
	require.NoError(d.t, err)
	d.id = started.ProcessInstanceID
}

// until waits for something that happens by itself.
func (d *driver) until(done func() bool) {
	d.t.Helper()
	require.Eventually(d.t, done, time.Minute, 50*time.Millisecond)
}

// task waits for an element's task to be open.
func (d *driver) task(element string) (found casework.Task) {
	d.t.Helper()
	d.until(func() bool {
		open, err := d.stack.As("mike.admin").OpenTasks(d.t.Context(), d.id)
		require.NoError(d.t, err)
		i := slices.IndexFunc(open, func(task casework.Task) bool { return task.TaskDefinitionKey == element })
		if i >= 0 {
			found = open[i]
		}
		return i >= 0
	})
	return found
}

// claim lets somebody who may have a task claim it; it answers who and which.
func (d *driver) claim(element string) (who, taskID string) {
	d.t.Helper()
	task := d.task(element)
	if task.AssigneeID != nil {
		return *task.AssigneeID, task.TaskID
	}
	org, err := sample.OneCMS()
	require.NoError(d.t, err)
	for _, g := range org.Grants {
		if slices.Contains(task.CandidateGroups, g.Role) {
			who = g.User
			break
		}
	}
	_, err = d.stack.As(who).Claim(d.t.Context(), task.TaskID)
	require.NoError(d.t, err, "%s claims %s", who, element)
	return who, task.TaskID
}

func (d *driver) complete(element string, variables ...string) {
	d.t.Helper()
	who, taskID := d.claim(element)
	_, err := d.stack.As(who).Complete(d.t.Context(), taskID, casework.Completion{Variables: anyMap(variables)})
	require.NoError(d.t, err, "%s completes %s", who, element)
}

// retry mends the incident of the case.
func (d *driver) retry(variables ...string) {
	d.t.Helper()
	var incident string
	d.until(func() bool {
		i, err := d.stack.As("mike.admin").Instance(d.t.Context(), d.id)
		require.NoError(d.t, err)
		if len(i.Incidents) == 0 || i.Status != casework.InstanceError {
			return false
		}
		incident = i.Incidents[0].IncidentID
		return true
	})
	d.post("incidents/"+incident+"/retry", map[string]any{"variables": anyMap(variables)})
}

func (d *driver) post(path string, body any) {
	d.t.Helper()
	_, err := d.stack.As("mike.admin").Do(d.t.Context(), http.MethodPost, "/api/workflow/process-instances/"+d.id+"/"+path, body, nil)
	require.NoError(d.t, err)
}

// act does an act to an element's task, as who may do every one; "" changes its dates.
func (d *driver) act(element, name string, body any) {
	d.t.Helper()
	method, path := http.MethodPost, "/api/workflow/tasks/"+d.task(element).TaskID+"/"+name
	if name == "" {
		method, path = http.MethodPatch, strings.TrimSuffix(path, "/")
	}
	_, err := d.stack.As("mike.admin").Do(d.t.Context(), method, path, body, nil)
	require.NoError(d.t, err, name)
}

// passDeadlines lets every clock run out, with a pause in between: to claim, to complete, and of the process.
func (d *driver) passDeadlines() {
	d.ask(http.MethodPatch, "/api/workflow/queues/legal-intake-analyst-queue", `{"escalationConfig": {
		"levels": [{"afterMinutes": 0, "actions": [{"action": "release"}, {"action": "signalProcess", "escalation": "LATE"}]}],
		"claimLevels": [{"afterMinutes": 0, "actions": [{"action": "raisePriority", "by": 10}]}]}}`)
	d.ask(http.MethodPatch, "/api/workflow/definitions/recordedDeadlines/versions/1", `{"slaConfig": {"withinMinutes": 1, "levels": [{"afterMinutes": -1}]}}`)
	d.begin("alice.intake", "recordedDeadlines", "asked")
	d.act("answer", "pause", map[string]any{"reason": "They were asked."})
	d.act("answer", "resume", nil)
	d.until(func() bool { return d.task("answer").Status == casework.TaskEscalated })
	d.claim("answer")
	d.act("answer", "", map[string]any{"dueDate": time.Now().Add(2 * time.Second)})
	d.complete("help")
	require.Nil(d.t, d.task("answer").AssigneeID)
	d.complete("answer")
}

// ask does what an administrator does.
func (d *driver) ask(method, path, body string) {
	d.t.Helper()
	_, err := d.stack.As("mike.admin").Do(d.t.Context(), method, path, json.RawMessage(body), nil)
	require.NoError(d.t, err)
}

// message sends a message to the case as soon as it waits for it.
func (d *driver) message(name string) {
	d.t.Helper()
	body := map[string]any{"messageName": name, "processInstanceId": d.id}
	d.until(func() bool {
		_, err := d.stack.As("mike.admin").Do(d.t.Context(), http.MethodPost, "/api/workflow/messages", body, nil)
		return err == nil
	})
}

// signal sends a command past the database.
func (d *driver) signal(cmd casework.Command) {
	d.t.Helper()
	require.NoError(d.t, d.temporal.SignalWorkflow(d.t.Context(), d.id, "", string(cmd.Kind), cmd))
}

// fillHistory makes the history so large that the server suggests to continue as new, and waits for that.
func (d *driver) fillHistory() {
	d.t.Helper()
	for range 12 {
		d.signal(casework.Command{Kind: casework.CommandClaim, Reason: strings.Repeat("x", 400<<10)})
	}
	d.until(func() bool {
		run, err := d.temporal.DescribeWorkflowExecution(d.t.Context(), d.id, "")
		require.NoError(d.t, err)
		return run.GetWorkflowExecutionInfo().GetFirstRunId() != run.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	})
}

// cancelWhileHeld cancels the workflow while the database cannot commit, until the server retries the commit.
func (d *driver) cancelWhileHeld() {
	ctx := d.t.Context()
	d.begin("alice.intake", "quickReview", "reportArrived")
	conn, err := pgx.Connect(ctx, d.database)
	require.NoError(d.t, err)
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	require.NoError(d.t, err)
	_, err = tx.Exec(ctx, "SELECT FROM flowable.process_instances WHERE process_instance_id = $1 FOR UPDATE", d.id)
	require.NoError(d.t, err)
	require.NoError(d.t, d.temporal.CancelWorkflow(ctx, d.id, ""))
	events := d.temporal.GetWorkflowHistory(ctx, d.id, "", true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(d.t, err)
		if event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			break
		}
	}
	require.NoError(d.t, tx.Rollback(ctx))
}

// saveValues keeps the contents of the large values of the case.
func (d *driver) saveValues() {
	ctx := d.t.Context()
	conn, err := pgx.Connect(ctx, d.database)
	require.NoError(d.t, err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT l.sha256, l.content FROM flowable.large_values l
		JOIN flowable.large_value_uses u ON u.sha256 = l.sha256 WHERE u.process_instance_id = $1`, d.id)
	require.NoError(d.t, err)
	var sha, content string
	_, err = pgx.ForEachRow(rows, []any{&sha, &content}, func() error {
		return os.WriteFile(filepath.Join(valueFolder, sha+".json"), []byte(content), 0o644)
	})
	require.NoError(d.t, err)
}

func anyMap(pairs []string) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// TestEveryStartOfOurModelsIsRecorded says what to record when a model or the engine changes.
func TestEveryStartOfOurModelsIsRecorded(t *testing.T) {
	t.Parallel()
	recorded := map[string]bool{}
	for _, file := range recordedHistories(t) {
		start := inputOf(t, readHistory(t, file)).Start
		recorded[start.ProcessKey+"/"+start.StartEventID] = true
	}
	files, err := filepath.Glob("../bpmn/models/*.bpmn")
	require.NoError(t, err)
	for _, file := range files {
		programs, findings := bpmn.Compile(ownModel(t, filepath.Base(file)))
		require.False(t, findings.HasErrors())
		for _, p := range programs {
			for _, s := range p.Starts {
				require.True(t, recorded[p.Key+"/"+p.Nodes[s].ID], "no history of %s from its start %s", p.Key, p.Nodes[s].ID)
			}
		}
	}
}
