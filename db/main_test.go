package db_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/sample"
	"github.com/onecms/nextgen-workflow/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// What the tests use of the sample organisation.
const (
	robert = "robert.eo" // of the department of a unit's queue, with another role
	lisa   = "lisa.hr"   // of another department
	admin  = "mike.admin"
)

const (
	apiRole    = "nextgen_api"
	workerRole = "nextgen_worker"
	ownerRole  = "nextgen_owner"
)

// world is a database with the sample organisation and one deployed process.
type world struct {
	url         string
	api, worker *db.Store
	super       *pgxpool.Pool // as superuser: no policy holds
	definition  casework.Definition
}

// unit is a queue with a role and a person that work on it: what a test has for itself in a world.
type unit struct {
	*world
	name              string // prefix of its task ids
	queue, role, user string
}

var common struct {
	once sync.Once
	*world
}

// newUnit returns a unit of the database that tests share: rows of others are there as well.
func newUnit(t *testing.T) *unit {
	t.Helper()
	common.once.Do(func() { common.world = settle(t, context.Background(), testdb.Persistent(t)) })
	require.NotNil(t, common.world)
	return common.found(t)
}

// newWorld returns a unit in a database of the test's own, for what looks at all rows.
func newWorld(t *testing.T) *unit {
	t.Helper()
	w := settle(t, t.Context(), testdb.DB(t))
	t.Cleanup(func() { w.api.Close(); w.worker.Close(); w.super.Close() })
	return w.found(t)
}

// settle fills a new database. The context is not always that of the test: what tests share outlives it.
func settle(t *testing.T, ctx context.Context, url string) *world {
	t.Helper()
	w := &world{url: url}
	w.super = w.connect(t, ctx, "", 4)
	var err error
	w.api, err = db.Open(ctx, db.Config{URL: url, Role: apiRole, MaxConns: 4})
	require.NoError(t, err)
	w.worker, err = db.Open(ctx, db.Config{URL: url, Role: workerRole, MaxConns: 4})
	require.NoError(t, err)
	org, err := sample.OneCMS()
	require.NoError(t, err)
	require.NoError(t, w.worker.Seed(ctx, org))
	defs, err := w.worker.DeployAsSystem(ctx, []casework.Deployment{deployment("intake", "1")})
	require.NoError(t, err)
	w.definition = defs[0]
	return w
}

// found adds a queue of the Ethics Office, a role that works on it and a person with that role.
func (w *world) found(t *testing.T) *unit {
	t.Helper()
	name := uuid.NewString()[:8]
	u := &unit{world: w, name: name, queue: name + "-queue", role: "GROUP_" + name}
	w.exec(t, `INSERT INTO flowable.workflow_queues (queue_name, department_id, sla_minutes)
		SELECT $1, department_id, 60 FROM entitlements.departments WHERE department_code = 'EO'`, u.queue)
	w.exec(t, "INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name) VALUES ($1, $1, 'CUSTOM', $2)", u.role, u.queue)
	w.exec(t, `INSERT INTO flowable.queue_assignments (queue_id, role_id)
		SELECT q.queue_id, r.role_id FROM flowable.workflow_queues q, entitlements.workflow_roles r
		WHERE q.queue_name = $1 AND r.role_code = $2`, u.queue, u.role)
	u.user = u.hire(t, 1)[0]
	return u
}

func deployment(key, version string) casework.Deployment {
	return casework.Deployment{
		ProcessKey: key, ProcessName: "Process " + key, BusinessApp: "onecms", XML: []byte("<definitions/>" + version),
		SHA256: fmt.Sprintf("%064s", version), Warnings: json.RawMessage("[]"),
	}
}

// store opens a store with connections of its own.
func (w *world) store(t *testing.T, role string, conns int) *db.Store {
	t.Helper()
	s, err := db.Open(t.Context(), db.Config{URL: w.url, Role: role, AppName: "nextgen-test", MaxConns: conns})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// pool speaks SQL in a role.
func (w *world) pool(t *testing.T, role string, conns int) *pgxpool.Pool {
	t.Helper()
	pool := w.connect(t, t.Context(), role, conns)
	t.Cleanup(pool.Close)
	return pool
}

func (w *world) connect(t *testing.T, ctx context.Context, role string, conns int) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(w.url)
	require.NoError(t, err)
	cfg.MaxConns = int32(conns)
	if role != "" {
		cfg.ConnConfig.RuntimeParams["role"] = role
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	require.NoError(t, err)
	return pool
}

// conn is a connection of the test's own, in a role.
func (w *world) conn(t *testing.T, role string) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(w.url)
	require.NoError(t, err)
	if role != "" {
		cfg.RuntimeParams["role"] = role
	}
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// as runs fn in one transaction of a role for a caller and returns what it or the commit says.
func (w *world) as(t *testing.T, role, caller string, fn func(pgx.Tx) error) error {
	t.Helper()
	return pgx.BeginFunc(t.Context(), w.conn(t, role), func(tx pgx.Tx) error {
		if caller != "" {
			if _, err := tx.Exec(t.Context(), "SELECT set_config('app.current_user_id', $1, TRUE)", caller); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// does is as for one statement.
func (w *world) does(t *testing.T, role, caller, sql string, args ...any) error {
	t.Helper()
	return w.as(t, role, caller, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	})
}

func (w *world) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := w.super.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// rows reads one column.
func rows[T any](t *testing.T, q querier, sql string, args ...any) []T {
	t.Helper()
	found, err := q.Query(t.Context(), sql, args...)
	require.NoError(t, err)
	items, err := pgx.CollectRows(found, pgx.RowTo[T])
	require.NoError(t, err)
	return items
}

// one reads one value.
func one[T any](t *testing.T, q querier, sql string, args ...any) T {
	t.Helper()
	items := rows[T](t, q, sql, args...)
	require.Len(t, items, 1)
	return items[0]
}

// start stores a case of a caller and returns its process instance.
func (w *world) start(t *testing.T, caller string) string {
	t.Helper()
	started, delivery, err := w.api.StartCase(t.Context(), caller, uuid.New(), w.definition, 1, casework.CaseStart{StartEventID: "start"})
	require.NoError(t, err)
	require.NotNil(t, delivery)
	return started.ProcessInstanceID
}

// step commits a burst; its fingerprint and time are filled in where they are missing.
func (w *world) step(t *testing.T, c casework.StepCommit) casework.StepResult {
	t.Helper()
	result, err := w.worker.CommitStep(t.Context(), filled(c))
	require.NoError(t, err)
	return result
}

// moments are those of steps for which a test names none: the same step again is one from the same moment.
var moments sync.Map

func filled(c casework.StepCommit) casework.StepCommit {
	if c.Fingerprint == "" {
		c.Fingerprint = fmt.Sprintf("fingerprint of %d", c.Step)
	}
	if c.At.IsZero() {
		at, _ := moments.LoadOrStore(fmt.Sprint(c.InstanceID, " ", c.Step), time.Now())
		c.At = at.(time.Time)
	}
	if c.Cause == "" {
		c.Cause = cmp.Or(c.CommandID, "timers-due")
	}
	return c
}

// task is a new task for the unit's role; change adapts it.
func (u *unit) task(id string, change ...func(*casework.NewTask)) casework.NewTask {
	n := casework.NewTask{
		TaskID: u.id(id), ElementInstanceID: "review:" + id, DefinitionKey: "review", Name: "Review " + id, CandidateGroups: []string{u.role},
	}
	for _, c := range change {
		c(&n)
	}
	return n
}

// id is the id of a task of the unit.
func (u *unit) id(task string) string { return u.name + "-" + task }

func forGroups(groups ...string) func(*casework.NewTask) {
	return func(n *casework.NewTask) { n.CandidateGroups = groups }
}

// due sets the due date from now.
func due(in time.Duration) func(*casework.NewTask) {
	at := time.Now().Add(in)
	return func(n *casework.NewTask) { n.DueDate = &at }
}

func priority(p int) func(*casework.NewTask) { return func(n *casework.NewTask) { n.Priority = &p } }

// place starts a case whose first step creates tasks, and returns its process instance.
func (u *unit) place(t *testing.T, tasks ...casework.NewTask) string {
	t.Helper()
	instance := u.start(t, admin)
	require.Len(t, u.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: tasks}).Tasks, len(tasks))
	return instance
}

// open places n tasks and returns their ids, sorted.
func (u *unit) open(t *testing.T, n int) []string {
	t.Helper()
	var tasks []casework.NewTask
	var ids []string
	for i := range n {
		tasks = append(tasks, u.task(fmt.Sprintf("%03d", i)))
		ids = append(ids, tasks[i].TaskID)
	}
	u.place(t, tasks...)
	return ids
}

// claimed places one task that the unit's user holds.
func (u *unit) claimed(t *testing.T) (instance, id string) {
	t.Helper()
	instance, id = u.place(t, u.task("held")), u.id("held")
	_, err := u.api.ClaimTask(t.Context(), u.user, id, uuid.New())
	require.NoError(t, err)
	return instance, id
}

// hire adds people with the unit's role and returns their ids.
func (u *unit) hire(t *testing.T, n int) []string {
	t.Helper()
	var ids []string
	for range n {
		id := u.name + "." + uuid.NewString()[:8]
		u.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ($1, $1)", id)
		u.grant(t, id, u.role)
		ids = append(ids, id)
	}
	return ids
}

func (w *world) grant(t *testing.T, user, role string) {
	t.Helper()
	w.exec(t, `INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by)
		SELECT $1, r.role_id, 'SYSTEM' FROM entitlements.workflow_roles r WHERE r.role_code = $2`, user, role)
}

// limit sets how many tasks of the unit's queue one person may hold.
func (u *unit) limit(t *testing.T, most int) {
	t.Helper()
	u.exec(t, `UPDATE flowable.queue_assignments a SET max_tasks_per_user = $1
		FROM flowable.workflow_queues q WHERE q.queue_id = a.queue_id AND q.queue_name = $2`, most, u.queue)
}

// set runs SQL in which {user}, {role}, {queue} and {name} stand for those of the unit.
func (u *unit) set(t *testing.T, sql string) {
	t.Helper()
	u.exec(t, strings.NewReplacer("{user}", u.user, "{role}", u.role, "{queue}", u.queue, "{name}", u.name).Replace(sql))
}

// together runs fn n times at the same moment and returns the results in order.
func together[T any](n int, fn func(i int) T) []T {
	results := make([]T, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			results[i] = fn(i)
		})
	}
	close(begin)
	all.Wait()
	return results
}

// hasCode checks the code of an error and returns the error that people outside see.
func hasCode(t *testing.T, err error, code casework.Code) casework.Error {
	t.Helper()
	var outside *casework.Error
	require.ErrorAs(t, err, &outside)
	require.Equal(t, code, outside.Code, err)
	return *outside
}

// marks counts what acts on a task leave behind. The signal of a command is in the outbox, or has yet to be put there.
type marks struct{ History, Commands, Outbox int }

func (w *world) marks(t *testing.T, taskID, action string) marks {
	t.Helper()
	var m marks
	err := w.super.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM flowable.task_history WHERE task_id = $1 AND action_type = $2),
		(SELECT count(*) FROM flowable.task_commands WHERE task_id = $1 AND kind = lower($2)),
		(SELECT count(*) FROM flowable.task_commands c LEFT JOIN flowable.outbox o USING (command_id)
			WHERE c.task_id = $1 AND c.kind = lower($2) AND (o.outbox_id IS NOT NULL OR (c.state = 'ACCEPTED' AND NOT c.queued)))`,
		taskID, action).Scan(&m.History, &m.Commands, &m.Outbox)
	require.NoError(t, err)
	return m
}
