package db_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// private are the tables with row security.
var private = []string{
	"entitlements.audit_log", "entitlements.user_workflow_roles", "flowable.activity_history", "flowable.archived_tasks",
	"flowable.clock_changes", "flowable.commit_steps", "flowable.escalations", "flowable.idempotency_keys", "flowable.incidents",
	"flowable.large_value_uses", "flowable.large_values", "flowable.notifications", "flowable.outbox",
	"flowable.process_instances", "flowable.task_candidates", "flowable.task_commands", "flowable.task_history", "flowable.workflow_tasks",
	"flowable.workflow_variables", "onecms.case_routing", "onecms.case_workflow_mapping", "onecms.cases",
}

// public are the tables without, and why. The API may read them and must not write them.
var public = map[string]string{
	"entitlements.departments":      "the organisation is no secret",
	"entitlements.users":            "colleagues are shown by name",
	"entitlements.workflow_roles":   "roles are the groups of the models",
	"flowable.workflow_definitions": "models are no secret",
	"flowable.workflow_queues":      "queues are no secret",
	"flowable.queue_assignments":    "which role works on which queue is no secret",
	"flowable.business_calendars":   "calendars are no secret",
	"flowable.queue_groups":         "which roles the tasks of a queue name is no secret",
	"flowable.assignment_turns":     "the worker's own: whose turn it is",
}

// hidden are private tables that the API may not even read.
var hidden = []string{"entitlements.audit_log", "flowable.archived_tasks", "flowable.clock_changes", "flowable.commit_steps"}

func TestRowSecurityIsForcedOnEveryTable(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	const tables = `SELECT oid::regclass::TEXT FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
		AND relnamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms') AND (relrowsecurity AND relforcerowsecurity) = $1 ORDER BY 1`
	require.Subset(t, rows[string](t, w.super, tables, true), private)
	for _, table := range rows[string](t, w.super, tables, false) {
		require.Contains(t, public, table, "a table without row security, and no reason for it")
	}
	// The API reaches partitions only through their table, whose policies then hold.
	require.Empty(t, rows[string](t, w.super, `SELECT oid::regclass::TEXT FROM pg_class
		WHERE relispartition AND relkind = 'r' AND has_table_privilege('nextgen_api', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')`))
	// A view with its owner's rights would show its readers nothing, or too much.
	require.Empty(t, rows[string](t, w.super, `SELECT oid::regclass::TEXT FROM pg_class WHERE relkind = 'v'
		AND relnamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms') AND NOT COALESCE('security_invoker=true' = ANY (reloptions), FALSE)
		AND current_setting('server_version_num')::INTEGER >= 150000`))
}

func TestTheAPIWritesNoTableWithoutRowSecurity(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	require.Empty(t, rows[string](t, w.super, `SELECT oid::regclass::TEXT FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relrowsecurity
		AND relnamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms')
		AND has_table_privilege('nextgen_api', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')`))
}

// busy gives the unit rows in every table that the API reads, and a key of its user.
func (u *unit) busy(t *testing.T) (instance, id string) {
	t.Helper()
	instance, id = u.start(t, u.user), u.id("held")
	large := values.Contents{}
	u.step(t, casework.StepCommit{
		InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{u.task("held", due(-time.Minute), func(n *casework.NewTask) { n.CandidateUsers = []string{u.user} })},
		Activities: []casework.ActivityChange{{ElementInstanceID: "review:1", ActivityID: "review", ActivityType: "userTask", State: casework.ActivityActive}},
		Variables: []casework.VariableChange{
			{Name: "secret", Value: []byte(`"` + u.name + `"`)}, {Name: "large", Value: large.Pack([]byte(`"large `+u.name+`"`), 0)},
		},
		Values:      large,
		Incidents:   []casework.IncidentChange{{IncidentID: "i1", ActivityID: "x", Kind: "service", Message: "down"}},
		Escalations: []casework.EscalationDue{{TaskID: id, Level: 1}},
	})
	_, err := u.api.ClaimTask(t.Context(), u.user, id, uuid.New())
	require.NoError(t, err)
	u.exec(t, "INSERT INTO flowable.notifications (recipient_id, kind, process_instance_id, subject, body) VALUES ($1, 'BREACH', $2, 's', 'b')", u.user, instance)
	u.exec(t, `INSERT INTO flowable.outbox (kind, process_instance_id, command_id, payload, created_by)
		SELECT 'SIGNAL', process_instance_id, command_id, '{}', actor_id FROM flowable.task_commands WHERE task_id = $1`, id) // as after a second
	answer, err := u.api.ReserveKey(t.Context(), u.user, u.name, strings.Repeat("0", 64))
	require.NoError(t, err)
	require.Nil(t, answer)
	return instance, id
}

// seen counts the rows of each table that the API may read.
func (w *world) seen(t *testing.T, role, caller string) map[string]int {
	t.Helper()
	found := map[string]int{}
	require.NoError(t, w.as(t, role, caller, func(tx pgx.Tx) error {
		for _, table := range private {
			if !slices.Contains(hidden, table) {
				found[table] = one[int](t, tx, "SELECT count(*) FROM "+table)
			}
		}
		return nil
	}))
	return found
}

func TestWithoutACallerTheAPISeesAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, id := w.busy(t)
	for table, n := range w.seen(t, apiRole, "") {
		require.Zero(t, n, table)
	}
	for _, table := range hidden {
		require.ErrorContains(t, w.does(t, apiRole, admin, "SELECT FROM "+table), "42501", table)
	}
	for name, sql := range map[string]string{
		"a case":      "INSERT INTO onecms.cases (created_by) VALUES ('{user}')",
		"an instance": "INSERT INTO flowable.process_instances (process_instance_id, workflow_id, started_by, engine_rev, start_event_id) VALUES ('{name}', 1, '{user}', 1, 's')",
		"a mapping":   "INSERT INTO onecms.case_workflow_mapping (case_id, process_instance_id, workflow_type, initiated_by) VALUES (1, '{instance}', 'x', '{user}')",
		"history":     "INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by) VALUES ('{id}', '{instance}', 'COMMENT', '{user}')",
		"a command":   "INSERT INTO flowable.task_commands (command_id, kind, process_instance_id, actor_id) VALUES (gen_random_uuid(), 'terminate', '{instance}', '{user}')",
		"a signal":    "INSERT INTO flowable.outbox (kind, process_instance_id, payload, created_by) VALUES ('START', '{instance}', '{}', '{user}')",
		"a key":       "INSERT INTO flowable.idempotency_keys (user_id, key, request_hash) VALUES ('{user}', 'other', repeat('0', 64))",
		"a start":     `SELECT flowable.start_case('{"instanceId": "{name}", "workflowId": 1, "priority": 1, "engineRev": 1, "startEventId": "s"}', '{user}')`,
	} {
		sql = strings.NewReplacer("{user}", w.user, "{name}", w.name, "{instance}", instance, "{id}", id).Replace(sql)
		refusal := "42501"
		if name == "a start" {
			refusal = "P0002" // it does not even see the definition
		}
		require.ErrorContains(t, w.does(t, apiRole, "", sql), refusal, name)
	}
	require.NoError(t, w.as(t, apiRole, "", func(tx pgx.Tx) error {
		for _, sql := range []string{"UPDATE flowable.workflow_tasks SET priority = 0", "DELETE FROM flowable.idempotency_keys", "UPDATE flowable.idempotency_keys SET status = 1"} {
			tag, err := tx.Exec(t.Context(), sql)
			require.NoError(t, err)
			require.Zero(t, tag.RowsAffected(), sql)
		}
		for _, sql := range []string{"SELECT flowable.claim_task($1, $2, gen_random_uuid())", "SELECT flowable.unclaim_task($1, $2, gen_random_uuid())", "SELECT flowable.complete_task($1, $2, gen_random_uuid(), '{}')"} {
			require.Equal(t, map[string]any{"refused": "not-found"}, one[map[string]any](t, tx, sql, id, w.user))
		}
		require.Nil(t, one[map[string]any](t, tx, "SELECT flowable.claim_next($1, NULL, gen_random_uuid())", w.user))
		return nil
	}))
}

// Whoever has the login but not the permission deploys nothing, and what is deployed is immutable for everybody.
func TestDefinitionsAreNotForged(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	key := "forged-" + w.name
	_, err := w.worker.DeployAsSystem(t.Context(), []casework.Deployment{deployment(key, "1")})
	require.NoError(t, err)
	const count = "SELECT count(*) FROM flowable.workflow_definitions WHERE process_key = $1 AND "
	for _, caller := range []string{"", w.user, admin} {
		_ = w.does(t, apiRole, caller, "UPDATE flowable.workflow_definitions SET bpmn_xml = 'other' WHERE process_key = $1", key)
		assert.Zero(t, one[int](t, w.super, count+"bpmn_xml = 'other'", key), "the source is changed by %q", caller)
		if caller != admin {
			_ = w.does(t, apiRole, caller, "UPDATE flowable.workflow_definitions SET is_active = FALSE WHERE process_key = $1", key)
			assert.Zero(t, one[int](t, w.super, count+"NOT is_active", key), "switched off by %q", caller)
			_ = w.does(t, apiRole, caller, `INSERT INTO flowable.workflow_definitions (process_key, process_version, process_name, business_app, bpmn_xml, sha256, deployed_by)
				VALUES ($1, 2, 'x', 'x', 'x', repeat('2', 64), 'SYSTEM')`, key)
			assert.Zero(t, one[int](t, w.super, count+"process_version = 2", key), "deployed by %q", caller)
		}
	}
}

func TestOthersRowsAreNotSeen(t *testing.T) {
	t.Parallel()
	mine, theirs := newUnit(t), newUnit(t)
	instance, id := mine.busy(t)
	for table, n := range mine.seen(t, apiRole, mine.user) {
		require.Positive(t, n, table)
	}
	for table, n := range mine.seen(t, apiRole, theirs.user) {
		want := 0
		if table == "entitlements.user_workflow_roles" { // their own one
			want = 1
		}
		require.Equal(t, want, n, table)
	}
	ctx, store := t.Context(), mine.api
	caseID := one[int64](t, mine.super, "SELECT case_id FROM flowable.process_instances WHERE process_instance_id = $1", instance)
	for name, ask := range map[string]func(caller string) error{
		"task":      func(c string) error { _, err := store.Task(ctx, c, id); return err },
		"history":   func(c string) error { _, err := store.TaskHistory(ctx, c, id, casework.Page{}); return err },
		"instance":  func(c string) error { _, err := store.Instance(ctx, c, instance); return err },
		"variables": func(c string) error { _, err := store.InstanceVariables(ctx, c, instance); return err },
		"activities": func(c string) error {
			_, err := store.InstanceActivities(ctx, c, instance, casework.Page{})
			return err
		},
		"case":    func(c string) error { _, err := store.Case(ctx, c, caseID); return err },
		"started": func(c string) error { _, err := store.InstanceStarted(ctx, c, instance); return err },
	} {
		for _, caller := range []string{mine.user, admin} {
			require.NoError(t, ask(caller), "%s for %s", name, caller)
		}
		for _, caller := range []string{theirs.user, "nobody", ""} {
			require.Equal(t, casework.NotFound, casework.CodeOf(ask(caller)), "%s for %q", name, caller)
		}
	}
	tasks, err := store.Tasks(ctx, theirs.user, casework.TaskFilter{})
	require.NoError(t, err)
	require.Empty(t, tasks.Items)
	cases, err := store.Cases(ctx, theirs.user, casework.CaseFilter{})
	require.NoError(t, err)
	require.Empty(t, cases.Items)
	colleague, err := store.Tasks(ctx, mine.hire(t, 1)[0], casework.TaskFilter{})
	require.NoError(t, err)
	require.Len(t, colleague.Items, 1, "who works on the queue sees its tasks")
}

func TestNobodyActsInTheNameOfAnother(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	colleague := w.hire(t, 1)[0]
	_, held := w.claimed(t)
	ids := w.open(t, 1)
	for name, sql := range map[string]string{
		"claim":      "SELECT flowable.claim_task('" + ids[0] + "', $1, gen_random_uuid())",
		"claim next": "SELECT flowable.claim_next($1, NULL, gen_random_uuid())",
		"unclaim":    "SELECT flowable.unclaim_task('" + held + "', $1, gen_random_uuid())",
		"complete":   "SELECT flowable.complete_task('" + held + "', $1, gen_random_uuid(), '{}')",
	} {
		require.ErrorContains(t, w.does(t, apiRole, colleague, sql, w.user), "42501", name)
	}
	require.ErrorContains(t, w.does(t, workerRole, colleague, "SELECT flowable.claim_next($1, NULL, gen_random_uuid())", w.user), "42501",
		"what is found for one is not given to another, whoever asks")
	require.Equal(t, marks{}, w.marks(t, held, "COMPLETE"))
}

func TestTheCallerIsForgottenWithTheTransaction(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	_, id := w.claimed(t)
	store := w.store(t, apiRole, 1)
	session := func() string { // on the one connection there is
		return one[string](t, store.Pool(), `SELECT pg_backend_pid() || '/' || COALESCE(current_setting('app.current_user_id', TRUE), '')
			|| COALESCE(current_setting('app.caller_roles', TRUE), '') || '/' || (SELECT count(*) FROM flowable.workflow_tasks)`)
	}
	clean := session()
	require.True(t, strings.HasSuffix(clean, "//0"), clean)
	for name, use := range map[string]func() error{
		"a statement that answers": func() error { _, err := store.Task(t.Context(), w.user, id); return err },
		"a list":                   func() error { _, err := store.Tasks(t.Context(), w.user, casework.TaskFilter{}); return err },
		"an act that is refused": func() error {
			_, _, err := store.CompleteTask(t.Context(), admin, id, uuid.New(), approve)
			hasCode(t, err, casework.Forbidden)
			return nil
		},
		"a statement that fails": func() error {
			_, _, err := store.CompleteTask(t.Context(), w.user, id, uuid.New(), casework.Completion{Outcome: strings.Repeat("x", 101)})
			hasCode(t, err, casework.Invalid)
			return nil
		},
		"a transaction that is refused": func() error {
			_, err := store.Deploy(t.Context(), w.user, []casework.Deployment{deployment("other", "1")})
			hasCode(t, err, casework.Forbidden)
			return nil
		},
	} {
		require.NoError(t, use(), name)
		require.Equal(t, clean, session(), "after %s", name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Task(ctx, w.user, id)
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, strings.HasSuffix(session(), "//0"), "after a request that was cancelled")
}

func TestRolesOfOneCallerAreNotThoseOfTheNext(t *testing.T) {
	t.Parallel()
	a, b := newUnit(t), newUnit(t)
	a.open(t, 1)
	b.open(t, 2)
	conn := a.conn(t, apiRole)
	for range 8 { // often enough for plans that are kept
		require.NoError(t, pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			for user, want := range map[string]int{a.user: 1, b.user: 2, "nobody": 0, "": 0} {
				_, err := tx.Exec(t.Context(), "SELECT set_config('app.current_user_id', $1, TRUE)", user)
				require.NoError(t, err)
				require.Equal(t, want, one[int](t, tx, "SELECT count(*) FROM flowable.workflow_tasks"), "%q", user)
			}
			return nil
		}))
	}
}

// changes is what each login may change or take away; whatever is not here it may only add to, read or not even that.
var changes = map[string]string{
	apiRole: "flowable.idempotency_keys UPDATE DELETE, flowable.workflow_tasks UPDATE",
	workerRole: "entitlements.departments UPDATE, entitlements.user_workflow_roles UPDATE, entitlements.users UPDATE, entitlements.workflow_roles UPDATE, " +
		"flowable.activity_history UPDATE, flowable.assignment_turns UPDATE, flowable.clock_changes UPDATE DELETE, flowable.event_messages UPDATE, flowable.event_subscriptions UPDATE DELETE, flowable.idempotency_keys UPDATE DELETE, flowable.incidents UPDATE, flowable.notifications UPDATE DELETE, flowable.outbox UPDATE DELETE, " +
		"flowable.process_instances UPDATE, flowable.queue_assignments UPDATE, flowable.reconciler_findings UPDATE, flowable.task_commands UPDATE DELETE, " +
		"flowable.workflow_queues UPDATE, flowable.workflow_tasks UPDATE, flowable.workflow_variables UPDATE, onecms.case_workflow_mapping UPDATE, onecms.cases UPDATE",
}

func TestLoginsMayChangeWhatTheirActsNeed(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	for login, want := range changes {
		t.Run(login, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, strings.Split(want, ", "), rows[string](t, w.super, `SELECT c.oid::regclass || string_agg(' ' || right_of, '' ORDER BY place)
				FROM pg_class c, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) WITH ORDINALITY AS r (right_of, place)
				WHERE c.relkind IN ('r', 'p', 'v') AND relnamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms', 'public')
				  AND has_table_privilege($1, c.oid, right_of) AND ($1, c.relname) <> ('nextgen_api', 'workflow_definitions') 
				GROUP BY c.oid ORDER BY c.oid::regclass::TEXT`, login))
		})
	}
}

func TestTheAPICannotDoTheWorkersActs(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	instance, id := w.busy(t)
	for _, caller := range []string{w.user, admin} { // admin is a permission within the API, not the worker
		for name, sql := range map[string]string{
			"a step":             fmt.Sprintf(`SELECT flowable.commit_step('{"instanceId": "%s", "step": 2, "at": "2026-01-01T00:00:00Z", "fingerprint": "x"}')`, instance),
			"a settled command":  fmt.Sprintf("SELECT flowable.settle_command('%s', (SELECT command_id FROM flowable.task_commands WHERE task_id = '%s'))", instance, id),
			"an escalation":      fmt.Sprintf("SELECT flowable.escalate_task('%s', 2, 'USER')", id),
			"a sweep":            fmt.Sprintf("UPDATE flowable.workflow_tasks SET due_date = now() - interval '1 day' WHERE task_id = '%s'; CALL flowable.escalate_overdue_tasks()", id),
			"a cancelled task":   fmt.Sprintf("SELECT flowable.cancel_tasks('%s', NULL, 'SYSTEM')", instance),
			"statistics":         "CALL flowable.update_queue_statistics()",
			"moved tasks":        "CALL flowable.rebalance_queue_loads()",
			"archived tasks":     "CALL flowable.archive_completed_tasks(1)",
			"history partitions": "SELECT flowable.ensure_history_partitions(1)",
			"a delivery":         "UPDATE flowable.outbox SET dead = TRUE",
			"a variable":         fmt.Sprintf(`SELECT flowable.record_variables('%s', '[{"name": "secret", "value": 1}]', '%s')`, instance, caller),
			"a role":             "INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by) SELECT 'lisa.hr', role_id, 'SYSTEM' FROM entitlements.workflow_roles",
			"an act of SYSTEM":   fmt.Sprintf("INSERT INTO flowable.task_history (task_id, process_instance_id, action_type, action_by) VALUES ('%s', '%s', 'COMMENT', 'SYSTEM')", id, instance),
		} {
			err := w.as(t, apiRole, caller, func(tx pgx.Tx) error {
				_, err := tx.Conn().PgConn().Exec(t.Context(), sql).ReadAll()
				return err
			})
			assert.ErrorContains(t, err, "42501", "%s as %s", name, caller)
		}
	}
}

// The functions that write the organisation ask for the permission themselves.
func TestAdministrationNeedsItsPermissionInTheDatabase(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	settings := `{"queueType": "STANDARD", "maxCapacity": 1, "slaMinutes": 1, "escalationConfig": {}, "routingRules": {}, "priorityWeights": {}, "active": true,
		"strategy": "MANUAL", "maxTasksPerUser": 1, "autoAssign": false, "priorityLevel": 1, "timeZone": "UTC", "workingHours": {}, "holidays": [],
		"departmentName": "x", "roleName": "x", "roleType": "CUSTOM", "permissions": {}, "username": "x", "primary": false,
		"from": "2099-01-01T00:00:00Z", "until": "2099-01-02T00:00:00Z"}`
	for name, sql := range map[string]string{
		"a queue":            "SELECT flowable.save_queue('x', $1, TRUE)",
		"a queue's settings": "SELECT flowable.save_queue('default-queue', $1, FALSE)",
		"an assignment":      "SELECT flowable.save_assignment('default-queue', 'ADMINISTRATOR', $1)",
		"its end":            "SELECT flowable.drop_assignment('default-queue', 'ADMINISTRATOR'), $1::JSONB",
		"a rebalance":        "SELECT flowable.rebalance_now('default-queue'), $1::JSONB",
		"a calendar":         "SELECT flowable.save_calendar('x', $1, TRUE)",
		"no calendar":        "SELECT flowable.drop_calendar('x'), $1::JSONB",
		"a department":       "SELECT entitlements.save_department('x', $1, TRUE)",
		"a role":             "SELECT entitlements.save_role('x', $1, TRUE)",
		"a user":             "SELECT entitlements.save_user('x', $1, TRUE)",
		"a grant":            "SELECT entitlements.save_grant('lisa.hr', 'GROUP_EO_HEAD', $1)",
		"no grant":           "SELECT entitlements.drop_grant('mike.admin', 'ADMINISTRATOR'), $1::JSONB",
		"an absence":         "SELECT entitlements.add_absence('lisa.hr', $1)",
		"no absence":         "SELECT entitlements.drop_absence('lisa.hr', 1), $1::JSONB",
		"rules":              "UPDATE flowable.workflow_definitions SET routing_rules = $1",
		"a table":            "INSERT INTO flowable.workflow_queues (queue_name, metadata) VALUES ('x', $1)",
	} {
		for _, caller := range []string{w.user, ""} {
			err := w.does(t, apiRole, caller, sql, settings)
			if name == "rules" { // the policy hides the rows
				require.NoError(t, err)
				require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_definitions WHERE routing_rules <> '{}'"))
				continue
			}
			assert.ErrorContains(t, err, "42501", "%s as %q", name, caller)
		}
	}
	require.NoError(t, w.does(t, apiRole, w.user, "SELECT entitlements.add_absence($1, $2)", w.user, settings), "one's own")
	require.ErrorContains(t, w.does(t, apiRole, admin, "SELECT entitlements.save_user('SYSTEM', $1, FALSE)", settings), "42501")
}

func TestTheWorkerCannotRewriteTheRecord(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	_, id := w.busy(t)
	for name, sql := range map[string]string{
		"history":          "DELETE FROM flowable.task_history WHERE task_id = '" + id + "'",
		"an escalation":    "UPDATE flowable.escalations SET escalation_level = 0 WHERE task_id = '" + id + "'",
		"a step":           "DELETE FROM flowable.commit_steps",
		"a security event": "INSERT INTO entitlements.audit_log (actor_id, action, object_type) VALUES ('x', 'INSERT', 'x')",
		"security events":  "DELETE FROM entitlements.audit_log",
		"a task":           "DELETE FROM flowable.workflow_tasks WHERE task_id = '" + id + "'",
		"the archive":      "INSERT INTO flowable.archived_tasks (task_id, task, history) VALUES ('x', '{}', '[]')",
	} {
		require.ErrorContains(t, w.does(t, workerRole, "", sql), "42501", name)
	}
}

func TestChangesOfEntitlementsAreOnRecord(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	require.NoError(t, w.does(t, workerRole, admin, "UPDATE entitlements.user_workflow_roles SET valid_until = now() + interval '1 day' WHERE user_id = $1", w.user))
	event := one[string](t, w.super, `SELECT actor_id || ' ' || action || ' ' || object_type || ' ' || (old_value ->> 'valid_until' IS NULL) || (new_value ->> 'valid_until' IS NULL)
		FROM entitlements.audit_log WHERE new_value ->> 'user_id' = $1 AND action = 'UPDATE'`, w.user)
	require.Equal(t, "mike.admin UPDATE entitlements.user_workflow_roles truefalse", event)
}
