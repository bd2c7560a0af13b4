package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/sample"
	"github.com/onecms/nextgen-workflow/internal/testdb"
)

// People of the sample organisation.
const (
	sarah  = "sarah.legal" // works on the legal queue
	james  = "james.legal" // so does he
	carlos = "carlos.inv"  // works elsewhere and sees nothing of legal's
	admin  = "mike.admin"  // may deploy and operate; starts the cases of the tests
)

const (
	legal      = "GROUP_LEGAL_INTAKE_ANALYST"
	legalQueue = "legal-intake-analyst-queue"
)

// world is a database that a test has for itself, with the sample organisation, and an API on it.
type world struct {
	url    string
	super  *pgxpool.Pool // as superuser: no policy holds
	store  *db.Store     // as the API has it
	worker *db.Store
	hub    *db.StepHub
	engine *engine
	server *api.Server
}

// idle are worlds whose tests have ended: making a database takes longer than most tests.
var idle struct {
	sync.Mutex
	worlds []*world
}

// newWorld returns a world in which nothing has happened; change adapts what its server depends on.
func newWorld(t *testing.T, change ...func(*api.Deps)) *world {
	t.Helper()
	var w *world
	idle.Lock()
	if last := len(idle.worlds) - 1; last >= 0 {
		w, idle.worlds = idle.worlds[last], idle.worlds[:last]
	}
	idle.Unlock()
	if w == nil {
		w = settle(t, context.Background())
	}
	t.Cleanup(func() {
		w.forget(t)
		idle.Lock()
		defer idle.Unlock()
		idle.worlds = append(idle.worlds, w)
	})
	w.engine = &engine{worker: w.worker, steps: map[string]int64{}, failed: func(err error) { t.Error("the workflow:", err) }}
	w.server = w.serve(t, change...)
	return w
}

// newOwnWorld returns a world that no other test gets, for one that changes the organisation.
func newOwnWorld(t *testing.T) *world {
	t.Helper()
	w := settle(t, t.Context())
	t.Cleanup(func() { w.super.Close(); w.store.Close(); w.worker.Close() })
	w.engine = &engine{worker: w.worker, steps: map[string]int64{}, failed: func(err error) { t.Error("the workflow:", err) }}
	w.server = w.serve(t)
	return w
}

// settle makes a world that outlives its first test, whose own context ends too early for it.
func settle(t *testing.T, ctx context.Context) *world {
	t.Helper()
	w := &world{url: testdb.Persistent(t)}
	var err error
	w.super, err = pgxpool.New(ctx, w.url)
	require.NoError(t, err)
	plans.watch(t, ctx, w.super)
	w.store, err = db.Open(ctx, db.Config{URL: w.url, Role: "nextgen_api", MaxConns: 4, Notice: plans.read})
	require.NoError(t, err)
	w.worker, err = db.Open(ctx, db.Config{URL: w.url, Role: "nextgen_worker", MaxConns: 4})
	require.NoError(t, err)
	org, err := sample.OneCMS()
	require.NoError(t, err)
	require.NoError(t, w.worker.Seed(ctx, org))
	w.hub = db.NewStepHub(w.store, zap.NewNop())
	db.NewAnnouncer(w.worker, w.hub, zap.NewNop()) // tells the hub of steps at once; there is no other process to tell
	return w
}

// forget deletes everything but the organisation. The superuser's role of a replica leaves the guards of the tables aside.
func (w *world) forget(t *testing.T) {
	t.Helper()
	_, err := w.super.Exec(context.WithoutCancel(t.Context()), `DO $$
		DECLARE
			v_table REGCLASS;
		BEGIN
			SET LOCAL session_replication_role = replica;
			FOR v_table IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('flowable', 'onecms')
				  AND c.relname NOT IN ('workflow_queues', 'queue_assignments') LOOP
				EXECUTE format('DELETE FROM %s', v_table);
			END LOOP;
		END $$`)
	require.NoError(t, err)
}

// serve returns another server on the same database.
func (w *world) serve(t *testing.T, change ...func(*api.Deps)) *api.Server {
	t.Helper()
	deps := api.Deps{Store: w.store, Engine: w.engine, Steps: w.hub, Health: health{{Name: "postgresql", OK: true}}}
	for _, c := range change {
		c(&deps)
	}
	cfg := api.Config{TrustUserHeaderFrom: api.Loopback(), TemporalUIURL: "http://temporal.example/", TemporalNamespace: "cases"}
	server, err := api.New(cfg, deps, zap.NewNop())
	require.NoError(t, err)
	return server
}

// health answers what it holds.
type health []api.ComponentStatus

// Ready implements api.Health.
func (h health) Ready(context.Context) []api.ComponentStatus { return h }

// noStore panics in every method, but for knowing every caller and one queue.
type noStore struct{ api.Store }

// UserActive implements api.Store.
func (noStore) UserActive(context.Context, string) (bool, error) { return true, nil }

// QueueLoads implements api.Store.
func (noStore) QueueLoads(context.Context) ([]casework.QueueLoad, error) {
	return []casework.QueueLoad{{QueueName: "intake", Load: 7, Capacity: 10}}, nil
}

// noSteps never announces anything.
type noSteps struct{}

// Watch implements api.Steps.
func (noSteps) Watch(casework.Waiting) (<-chan casework.StepNews, func()) { return nil, func() {} }

// engine stands for Temporal and its workflows: it applies what it is given at once, the way the workflow of the process
// "review" would. Two tasks follow each other; then the case ends.
type engine struct {
	worker *db.Store
	failed func(error) // told of steps that could not be committed: the API says nothing of them

	mu        sync.Mutex
	down      bool             // nothing reaches Temporal
	steps     map[string]int64 // committed ones of each instance
	delivered []casework.Delivery
}

var errDown = errors.New("connection refused to temporal.internal:7233")

// Deliver implements api.Engine.
func (e *engine) Deliver(ctx context.Context, d casework.Delivery) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		return errDown
	}
	e.delivered = append(e.delivered, d)
	if d.Start != nil {
		variables := []casework.VariableChange{}
		var sent map[string]json.RawMessage
		if err := json.Unmarshal(d.Start.Variables, &sent); err != nil {
			return err
		}
		for name, value := range sent {
			variables = append(variables, casework.VariableChange{Name: name, Value: value})
		}
		return e.commit(ctx, casework.StepCommit{
			InstanceID: d.Start.InstanceID, Variables: variables, NewTasks: []casework.NewTask{task(d.Start.InstanceID, "look")}, Open: []string{"look"},
			Activities: []casework.ActivityChange{
				{ElementInstanceID: "begin:1", ActivityID: "begin", ActivityType: "startEvent", State: casework.ActivityCompleted},
				{ElementInstanceID: "look:2", ActivityID: "look", ActivityType: "userTask", Name: "Look", State: casework.ActivityActive},
			},
		})
	}
	return e.apply(ctx, d.Command)
}

func (e *engine) apply(ctx context.Context, c *casework.Command) error {
	step := casework.StepCommit{InstanceID: c.InstanceID, CommandID: c.CommandID, Actor: c.ActorID}
	switch {
	case c.Kind == casework.CommandTerminate:
		step.End = &casework.InstanceEnd{Status: casework.InstanceTerminated, Reason: c.Reason}
	case c.Kind == casework.CommandRetryIncident, c.Kind == casework.CommandResolveIncident:
		step.Incidents = []casework.IncidentChange{{IncidentID: c.IncidentID, Resolved: true}}
	case c.Kind == casework.CommandMessage:
		step.Events = &casework.StepEvents{Unsubscribed: []string{c.SubscriptionID}}
	case len(c.Placed) > 0, c.Kind == casework.CommandSuspend, c.Kind == casework.CommandResume, c.Kind == casework.CommandSignal, c.Kind == casework.CommandActivate, c.Kind == casework.CommandFinish:
	case c.Kind == casework.CommandSetVariables:
		var set map[string]json.RawMessage
		if err := json.Unmarshal(c.Variables, &set); err != nil {
			return err
		}
		for name, value := range set {
			step.Variables = append(step.Variables, casework.VariableChange{Name: name, Value: value})
		}
	case c.TaskID == taskID(c.InstanceID, "look"):
		step.NewTasks, step.Open = []casework.NewTask{task(c.InstanceID, "decide")}, []string{"decide"}
	default:
		step.End = &casework.InstanceEnd{Status: casework.InstanceCompleted, EndEventID: "done"}
	}
	return e.commit(ctx, step)
}

func (e *engine) commit(ctx context.Context, c casework.StepCommit) error {
	e.steps[c.InstanceID]++
	c.Step, c.At, c.Fingerprint = e.steps[c.InstanceID], time.Now(), fmt.Sprintf("step %d", e.steps[c.InstanceID])
	_, err := e.worker.CommitStep(ctx, c)
	if err != nil {
		e.failed(err)
	}
	return err
}

// wait lets a case wait for events, as its workflow would.
func (e *engine) wait(t *testing.T, instance string, subscriptions ...casework.Subscription) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	require.NoError(t, e.commit(t.Context(), casework.StepCommit{InstanceID: instance, Events: &casework.StepEvents{Subscribed: subscriptions}}))
}

// fail raises an incident in a case, as its workflow would. One of work outside can be resolved.
func (e *engine) fail(t *testing.T, instance, incident string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	require.NoError(t, e.commit(t.Context(), casework.StepCommit{InstanceID: instance, Incidents: []casework.IncidentChange{
		{IncidentID: incident, ActivityID: "route", Kind: "no-flow", Message: "no flow is open", Resolvable: strings.HasPrefix(incident, "work")},
	}}))
}

func taskID(instance, key string) string { return instance + "-" + key }

func task(instance, key string) casework.NewTask {
	return casework.NewTask{
		TaskID: taskID(instance, key), ElementInstanceID: key + ":2", DefinitionKey: key, Name: "To " + key, CandidateGroups: []string{legal}, FormKey: "form",
	}
}

// deploy deploys a model and returns its first version's definition.
func (w *world) deploy(t *testing.T, model string) casework.Definition {
	t.Helper()
	a := w.do(t, 201, request{method: "POST", path: definitions, user: admin, body: model, media: "application/xml"})
	return into[casework.List[casework.Definition]](t, a).Items[0]
}

// start deploys the process "review", if it is not there yet, and starts a case of it.
func (w *world) start(t *testing.T) casework.StartedCase {
	t.Helper()
	w.deploy(t, review)
	return into[casework.StartedCase](t, w.do(t, 201, post(admin, cases, `{"processKey": "review"}`)))
}

// look starts a case and returns the path of its first task, which is open.
func (w *world) look(t *testing.T) (path, instance string) {
	t.Helper()
	instance = w.start(t).ProcessInstanceID
	return tasks + "/" + taskID(instance, "look"), instance
}

// held is look with the task claimed by sarah.
func (w *world) held(t *testing.T) (path, instance string) {
	t.Helper()
	path, instance = w.look(t)
	w.do(t, 200, post(sarah, path+"/claim", ""))
	return path, instance
}

const (
	definitions = "/api/workflow/definitions"
	cases       = "/api/workflow/cases"
	instances   = "/api/workflow/process-instances"
	tasks       = "/api/workflow/tasks"
)

// snapshot is the content of every table. Idempotency keys are left out where a request carries one.
func (w *world) snapshot(t *testing.T, withKeys bool) map[string]string {
	t.Helper()
	var query string
	err := w.super.QueryRow(t.Context(), `SELECT string_agg(format(
			'SELECT %L AS name, concat(count(*), '' rows, '', sum(hashtextextended(x::TEXT, 0))) AS content FROM %I.%I x', n.nspname || '.' || c.relname, n.nspname, c.relname),
			' UNION ALL ')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('entitlements', 'flowable', 'onecms')
		  AND ($1 OR c.relname <> 'idempotency_keys')`, withKeys).Scan(&query)
	require.NoError(t, err)
	rows, err := w.super.Query(t.Context(), query)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Content string }])
	require.NoError(t, err)
	tables := make(map[string]string, len(found))
	for _, f := range found {
		tables[f.Name] = f.Content
	}
	require.Greater(t, len(tables), 15)
	return tables
}

// count asks for one number.
func (w *world) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, w.super.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

func (w *world) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := w.super.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}
