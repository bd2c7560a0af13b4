package db_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// fillLarge makes a hundred thousand tasks in twenty queues, four of a case, nine of ten open, with a history of their own. The
// roles of the first two queues are those of "worker"; "named" is a candidate of one task and nothing else.
const fillLarge = `
SET session_replication_role = replica; -- triggers would take most of the time
INSERT INTO flowable.workflow_queues (queue_name) SELECT 'large-' || n FROM generate_series(0, 19) AS n;
INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name) SELECT 'LARGE_' || n, 'x', 'CUSTOM', 'large-' || n FROM generate_series(0, 19) AS n;
INSERT INTO flowable.queue_assignments (queue_id, role_id, max_tasks_per_user)
	SELECT q.queue_id, r.role_id, 1000 FROM flowable.workflow_queues q JOIN entitlements.workflow_roles r USING (queue_name) WHERE q.queue_name LIKE 'large-%';
INSERT INTO flowable.queue_groups SELECT 'large-' || n, 'LARGE_' || n FROM generate_series(0, 19) AS n;
INSERT INTO entitlements.users (user_id, username) VALUES ('worker', 'worker'), ('named', 'named');
INSERT INTO flowable.workflow_definitions (process_key, process_name, business_app, bpmn_xml, sha256, deployed_by) VALUES ('rare', 'Rare', 'x', '-', repeat('1', 64), 'SYSTEM');
INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by)
	SELECT 'worker', role_id, 'SYSTEM' FROM entitlements.workflow_roles WHERE role_code IN ('LARGE_0', 'LARGE_1');
INSERT INTO onecms.cases (case_id, case_number, created_by) OVERRIDING SYSTEM VALUE SELECT 1000000 + n, 'L-' || n, 'SYSTEM' FROM generate_series(0, 24999) AS n;
INSERT INTO flowable.process_instances (process_instance_id, workflow_id, case_id, started_by, engine_rev, start_event_id)
	SELECT 'large-' || n, (SELECT min(workflow_id) FROM flowable.workflow_definitions), 1000000 + n, 'SYSTEM', 1, 'start' FROM generate_series(0, 24999) AS n;
INSERT INTO onecms.case_workflow_mapping (case_id, process_instance_id, workflow_type, initiated_by)
	SELECT 1000000 + n, 'large-' || n, CASE n % 624 WHEN 0 THEN 'rare' ELSE 'intake' END, 'SYSTEM' FROM generate_series(0, 24999) AS n;
INSERT INTO flowable.workflow_tasks (task_id, process_instance_id, task_definition_key, task_name, queue_name, candidate_groups, priority, status, assignee_id,
	completed_by, element_instance_id, case_id, process_key, created_at, due_date, claim_rank)
	SELECT 'large-' || n, 'large-' || n / 4, 'work', 'Work', 'large-' || n % 20, ARRAY['LARGE_' || n % 20], n / 7 % 100, s.status,
		CASE s.status WHEN 'OPEN' THEN NULL ELSE 'robert.eo' END, CASE s.status WHEN 'COMPLETED' THEN 'robert.eo' END, 'work:' || n, 1000000 + n / 4, 'intake',
		CURRENT_TIMESTAMP - make_interval(secs => n), CURRENT_TIMESTAMP + make_interval(secs => n), n / 7 % 100
	FROM generate_series(0, 99999) AS n
	CROSS JOIN LATERAL (SELECT CASE WHEN n / 20 % 10 > 0 THEN 'OPEN' WHEN n / 20 % 20 = 0 THEN 'COMPLETED' ELSE 'CLAIMED' END AS status) AS s;
UPDATE flowable.workflow_tasks SET candidate_users = '{named}' WHERE task_id = 'large-77';
INSERT INTO flowable.task_candidates VALUES ('named', 'large-77');
INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by, new_status)
	SELECT 'large-' || n, 'large-' || n / 4, 'CREATE', 'SYSTEM', 'OPEN' FROM generate_series(0, 99999) AS n;
INSERT INTO flowable.task_commands (command_id, kind, process_instance_id, task_id, actor_id, state)
	SELECT gen_random_uuid(), 'claim', 'large-' || n / 4, 'large-' || n, 'robert.eo', 'APPLIED' FROM generate_series(0, 49999) AS n;
INSERT INTO flowable.activity_history (process_instance_id, element_instance_id, activity_id, activity_type, state, started_at)
	SELECT 'large-' || n / 4, 'work:' || n, 'work', 'userTask', 'ACTIVE', CURRENT_TIMESTAMP FROM generate_series(0, 99999) AS n`

// large are the tables that a query of the API must not read as a whole; their partitions count as theirs.
const large = "'workflow_tasks', 'task_history', 'process_instances', 'task_commands', 'activity_history', 'cases'"

// reads tells what was read of the large tables: rows found by reading a table as a whole, and by an index.
type reads struct{ whole, indexed int64 }

func (w *world) reads(t *testing.T) (r reads) {
	t.Helper()
	require.NoError(t, w.super.QueryRow(t.Context(), `SELECT sum(seq_tup_read), sum(COALESCE(idx_tup_fetch, 0)) FROM pg_stat_user_tables
		WHERE relname IN (`+large+`) OR relname LIKE 'task\_history\_%'`).Scan(&r.whole, &r.indexed))
	return r
}

// casesOf are filters of lists of cases.
var casesOf = map[string]casework.CaseFilter{
	"all": {}, "open": {Status: "OPEN"}, "closed": {Status: "CLOSED"}, "of a process": {ProcessKey: "intake"}, "of no process": {ProcessKey: "x"},
	"of a rare process": {ProcessKey: "rare"}, "open, of a rare process": {ProcessKey: "rare", Status: "OPEN"},
	"of somebody": {CreatedBy: "SYSTEM"}, "of somebody else": {CreatedBy: "worker"},
}

// nothingThere is no failure here: what counts is the search.
func nothingThere(err error) error {
	if casework.CodeOf(err) == casework.NotFound {
		return nil
	}
	return err
}

func TestNoQueryOfTheAPIReadsALargeTableAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn := w.conn(t, "")
	_, err := conn.PgConn().Exec(t.Context(), fillLarge).ReadAll()
	require.NoError(t, err)
	w.exec(t, "VACUUM ANALYZE")
	type query struct {
		name string
		do   func(s *db.Store) error
	}
	var queries []query
	add := func(name string, do func(s *db.Store) error) { queries = append(queries, query{name, do}) }
	list := func(name, caller string, f casework.TaskFilter, least int) {
		for _, sort := range []casework.TaskSort{casework.SortPriority, casework.SortCreated, casework.SortDue} {
			add(fmt.Sprintf("tasks, %s, by %s as %s", name, sort, caller), func(s *db.Store) error {
				f.Sort, f.Page.Cursor = sort, ""
				for page := range 3 {
					found, err := s.Tasks(t.Context(), caller, f)
					if err != nil {
						return err
					}
					if page == 0 && len(found.Items) < least {
						return fmt.Errorf("a page of %d tasks", len(found.Items))
					}
					if f.Page.Cursor = found.NextCursor; f.Page.Cursor == "" {
						return nil
					}
				}
				return nil
			})
		}
	}
	high, soon := 90, time.Now().Add(10*time.Minute)
	for _, caller := range []string{"worker", admin} {
		list("all", caller, casework.TaskFilter{}, 50)
		list("open", caller, casework.TaskFilter{Status: []casework.TaskStatus{casework.TaskOpen}}, 50)
		list("of a queue", caller, casework.TaskFilter{QueueName: "large-1"}, 50)
		list("completed", caller, casework.TaskFilter{Status: []casework.TaskStatus{casework.TaskCompleted}}, 50)
		list("of an instance", caller, casework.TaskFilter{ProcessInstanceID: "large-10"}, 2)
		list("of a case", caller, casework.TaskFilter{CaseID: 1000010}, 2)
		list("urgent", caller, casework.TaskFilter{MinPriority: &high, Status: []casework.TaskStatus{casework.TaskOpen}}, 50)
		list("due soon", caller, casework.TaskFilter{DueBefore: &soon}, 20)
	}
	list("inbox", "worker", casework.TaskFilter{Candidate: true}, 50)
	list("inbox", "named", casework.TaskFilter{Candidate: true}, 1)
	list("all", "named", casework.TaskFilter{}, 1)
	list("held by somebody", admin, casework.TaskFilter{Assignee: "robert.eo", Status: []casework.TaskStatus{casework.TaskClaimed}}, 50)
	list("overdue", "worker", casework.TaskFilter{Overdue: true, QueueName: "large-0"}, 0)
	var claimed string
	add("claim next", func(s *db.Store) error {
		got, err := s.ClaimNext(t.Context(), "worker", nil, uuid.New())
		if err == nil {
			claimed = got.TaskID
		}
		return err
	})
	add("complete", func(s *db.Store) error {
		_, _, err := s.CompleteTask(t.Context(), "worker", claimed, uuid.New(), approve)
		return err
	})
	add("claim and unclaim", func(s *db.Store) error {
		if _, err := s.ClaimTask(t.Context(), "worker", "large-20", uuid.New()); err != nil {
			return err
		}
		_, err := s.UnclaimTask(t.Context(), "worker", "large-20", uuid.New())
		return err
	})
	page := casework.Page{}
	add("a task", func(s *db.Store) error { _, err := s.Task(t.Context(), "worker", "large-21"); return err })
	add("its history", func(s *db.Store) error { _, err := s.TaskHistory(t.Context(), "worker", "large-21", page); return err })
	add("its comments", func(s *db.Store) error { _, err := s.TaskComments(t.Context(), "worker", "large-21", page); return err })
	add("an instance", func(s *db.Store) error { _, err := s.Instance(t.Context(), "worker", "large-5"); return err })
	add("its history", func(s *db.Store) error {
		_, err := s.InstanceHistory(t.Context(), "worker", "large-5", page)
		return err
	})
	add("its activities", func(s *db.Store) error {
		_, err := s.InstanceActivities(t.Context(), "worker", "large-5", page)
		return err
	})
	add("its open tasks", func(s *db.Store) error { _, err := s.OpenTasksOf(t.Context(), "worker", "large-5"); return err })
	add("a case", func(s *db.Store) error { _, err := s.Case(t.Context(), "worker", 1000005); return err })
	for name, f := range casesOf {
		for _, caller := range []string{"worker", "named", admin} {
			add("cases, "+name+" as "+caller, func(s *db.Store) error { _, err := s.Cases(t.Context(), caller, f); return err })
		}
	}
	add("variables", func(s *db.Store) error { _, err := s.InstanceVariables(t.Context(), "worker", "large-5"); return err })
	add("next tasks", func(s *db.Store) error {
		_, err := s.NextTasks(t.Context(), "worker", "large-5", uuid.NewString())
		return err
	})
	add("whether a command is settled", func(s *db.Store) error {
		_, err := s.CommandSettled(t.Context(), "worker", uuid.NewString())
		return nothingThere(err)
	})
	add("notifications", func(s *db.Store) error { _, err := s.Notifications(t.Context(), "worker", true, page); return err })
	add("findings", func(s *db.Store) error { _, err := s.Findings(t.Context(), admin, true, page); return err })
	add("a queue", func(s *db.Store) error { _, err := s.Queue(t.Context(), "worker", "large-0"); return err })
	add("queues", func(s *db.Store) error { _, err := s.Queues(t.Context(), admin, casework.QueueFilter{}); return err })
	add("who am I", func(s *db.Store) error { _, err := s.Me(t.Context(), "worker"); return err })
	add("a message", func(s *db.Store) error {
		_, _, err := s.SendMessage(t.Context(), admin, uuid.New(), 1, casework.Message{Name: "x", BusinessKey: "y"})
		return nothingThere(err)
	})
	add("a message to an instance", func(s *db.Store) error {
		_, _, err := s.SendMessage(t.Context(), admin, uuid.New(), 1, casework.Message{Name: "x", ProcessInstanceID: "large-6"})
		return nothingThere(err)
	})
	add("a signal", func(s *db.Store) error {
		_, _, err := s.SendSignal(t.Context(), admin, uuid.New(), 1, casework.Signal{Name: "x"})
		return err
	})
	add("suspend and terminate", func(s *db.Store) error {
		if _, err := s.SuspendInstance(t.Context(), admin, "large-7", uuid.New(), true); err != nil {
			return err
		}
		_, err := s.TerminateInstance(t.Context(), admin, "large-7", uuid.New(), "x")
		return err
	})
	for taskID, a := range map[string]casework.TaskAct{ // all in the queue of "worker"
		"large-22": {Kind: casework.ActComment, Text: "x"}, "large-40": {Kind: casework.ActEscalate, Reason: "x"}, "large-41": {Kind: casework.ActMove, QueueName: "large-2"},
		"large-60": {Kind: casework.ActReassign, To: "worker"}, "large-61": {Kind: casework.ActUpdate, Priority: &high},
	} {
		add(string(a.Kind), func(s *db.Store) error {
			_, _, err := s.ActOnTask(t.Context(), admin, taskID, uuid.New(), a)
			return err
		})
	}
	add("a start", func(s *db.Store) error {
		_, _, err := s.StartCase(t.Context(), "worker", uuid.New(), w.definition, 1, casework.CaseStart{StartEventID: "start"})
		return err
	})

	for _, q := range queries {
		before := w.reads(t)
		store, err := db.Open(t.Context(), db.Config{URL: w.url, Role: apiRole, AppName: "plans", MaxConns: 1})
		require.NoError(t, err)
		err = q.do(store)
		store.Close()
		require.NoError(t, err, q.name)
		require.Eventually(t, func() bool { // a connection counts what it has read when it ends
			return one[int](t, w.super, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'plans'") == 0
		}, 10*time.Second, 5*time.Millisecond)
		after := w.reads(t)
		require.Zero(t, after.whole-before.whole, "%s reads a table as a whole", q.name)
		most := int64(35_000) // three pages for which all that is held is sorted
		if strings.Contains(q.name, "inbox") || !strings.HasPrefix(q.name, "tasks") {
			most = 2_000
			if strings.HasPrefix(q.name, "cases") { // what row security looks at for each of fifty cases
				most = 5_000
			}
		}
		require.Less(t, after.indexed-before.indexed, most, "%s reads too many rows of 100,000", q.name)
	}

	for _, caller := range []string{"worker", "named", admin} { // row security by itself finds the same, if slowly
		for name, f := range casesOf {
			var expected []int64
			require.NoError(t, w.as(t, apiRole, caller, func(tx pgx.Tx) error {
				return tx.QueryRow(t.Context(), `SELECT ARRAY(
					SELECT c.case_id FROM onecms.cases c JOIN onecms.case_workflow_mapping m USING (case_id)
					WHERE ($1 = '' OR c.status = $1) AND ($2 = '' OR m.workflow_type = $2) AND ($3 = '' OR c.created_by = $3)
					ORDER BY c.case_id DESC LIMIT 30)`, f.Status, f.ProcessKey, f.CreatedBy).Scan(&expected)
			}))
			found := []int64{}
			for f.Page = (casework.Page{Limit: 10}); len(found) < 30; {
				list, err := w.api.Cases(t.Context(), caller, f)
				require.NoError(t, err)
				for _, c := range list.Items {
					found = append(found, c.CaseID)
				}
				if f.Page.Cursor = list.NextCursor; f.Page.Cursor == "" {
					break
				}
			}
			require.Equal(t, expected, found, "cases, %s as %s", name, caller)
		}
	}
}
