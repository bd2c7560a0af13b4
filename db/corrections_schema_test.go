package db_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestCorrectionsOfTheSchema(t *testing.T) {
	t.Parallel()
	corrected(t, []correction{
		{"02 three schemas hold what the design lists", threeSchemas},
		{"02 nothing depends on the search path", nothingDependsOnTheSearchPath},
		{"03 a process has many versions and one active one", manyVersionsOneActive},
		{"15 every time has a zone", everyTimeHasAZone},
		{"18 history is never changed", historyIsNeverChanged},
		{"18 no month of history is emptied", noMonthIsEmptied},
		{"18 history is partitioned by month", historyIsPartitionedByMonth},
		{"20 hops are appended", hopsAreAppended},
	})
}

// The design qualifies no table, so that everything lands in public.
func threeSchemas(t *testing.T) {
	w := newUnit(t)
	require.Empty(t, rows[string](t, w.super, `SELECT relname::TEXT FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'schema_migrations%'`), "in public")
	for _, object := range []string{
		"entitlements.departments", "entitlements.users", "entitlements.workflow_roles", "entitlements.user_workflow_roles",
		"flowable.workflow_definitions", "flowable.process_instances", "flowable.workflow_tasks", "flowable.workflow_queues",
		"flowable.queue_assignments", "flowable.task_history", "flowable.workflow_variables", "onecms.case_workflow_mapping",
		"flowable.v_active_tasks_by_queue", "flowable.v_user_workload", "flowable.v_process_performance", "flowable.v_queue_performance_dashboard",
		// what the design needs and does not list
		"flowable.task_commands", "flowable.outbox", "flowable.activity_history", "flowable.incidents", "flowable.escalations",
		"onecms.cases", "onecms.case_routing", "entitlements.audit_log", "flowable.business_calendars",
	} {
		require.NotNil(t, one[*string](t, w.super, "SELECT to_regclass($1)::TEXT", object), object)
	}
	for _, routine := range []string{
		"flowable.claim_next_task(character varying,text[])", "flowable.escalate_overdue_tasks()", "flowable.update_queue_statistics()",
		"flowable.archive_completed_tasks(integer)", "flowable.rebalance_queue_loads()",
	} {
		require.NotNil(t, one[*string](t, w.super, "SELECT to_regprocedure($1)::TEXT", routine), routine)
	}
}

// errUndo rolls a transaction back.
var errUndo = errors.New("undo")

// A routine with names that are not qualified works only where the caller's search path happens to fit.
func nothingDependsOnTheSearchPath(t *testing.T) {
	w := newWorld(t)
	w.place(t, w.task("late", due(-time.Hour)), w.task("young"))
	for _, role := range []string{"", workerRole} {
		conn := w.conn(t, role)
		for _, sql := range []string{"SET search_path = ''", "CALL flowable.escalate_overdue_tasks()"} { // it commits by itself
			_, err := conn.Exec(t.Context(), sql)
			require.NoError(t, err)
		}
		require.ErrorIs(t, w.as(t, role, w.user, func(tx pgx.Tx) error {
			for _, sql := range []string{
				"SET LOCAL search_path = ''", "CALL flowable.update_queue_statistics()",
				"CALL flowable.rebalance_queue_loads()", "CALL flowable.archive_completed_tasks(90)", "SELECT flowable.ensure_history_partitions()",
				"SELECT * FROM flowable.claim_next_task('" + w.user + "', NULL)", "SELECT * FROM flowable.v_active_tasks_by_queue",
				"SELECT * FROM flowable.v_user_workload", "SELECT * FROM flowable.v_process_performance", "SELECT * FROM flowable.v_queue_performance_dashboard",
				"SELECT flowable.complete_task(task_id, assignee_id, gen_random_uuid(), '{}') FROM flowable.workflow_tasks WHERE status = 'CLAIMED'",
			} {
				if _, err := tx.Exec(t.Context(), sql); err != nil {
					return err
				}
			}
			require.Equal(t, 1, one[int](t, tx, "SELECT count(*) FROM flowable.workflow_tasks WHERE status = 'COMPLETED'"))
			return errUndo
		}), errUndo, "as %q", role)
	}
}

// The design makes process_key unique by itself: no second version can be stored.
func manyVersionsOneActive(t *testing.T) {
	w := newUnit(t)
	ctx, key := t.Context(), "versions-"+w.name
	for version, source := range []string{"1", "2", "1"} { // the bytes of version 1 again are version 1
		_, err := w.worker.DeployAsSystem(ctx, []casework.Deployment{deployment(key, source)})
		require.NoError(t, err, version)
	}
	const state = "SELECT process_version || CASE WHEN is_active THEN ' active' ELSE '' END FROM flowable.workflow_definitions WHERE process_key = $1 ORDER BY 1"
	require.Equal(t, []string{"1", "2 active"}, rows[string](t, w.super, state, key))
	require.ErrorContains(t, w.does(t, "", "", "UPDATE flowable.workflow_definitions SET is_active = TRUE WHERE process_key = $1", key),
		"workflow_definitions_one_active")
	require.ErrorContains(t, w.does(t, "", "", "UPDATE flowable.workflow_definitions SET process_version = 1 WHERE process_key = $1", key),
		"workflow_definitions_key_version_key")
	_, err := w.api.ActivateDefinition(ctx, admin, key, 1, true)
	require.NoError(t, err)
	require.Equal(t, []string{"1 active", "2"}, rows[string](t, w.super, state, key))

	for _, err := range together(8, func(i int) error { // each file a version of its own
		_, err := w.worker.DeployAsSystem(ctx, []casework.Deployment{deployment(key, string(rune('a'+i)))})
		return err
	}) {
		require.NoError(t, err)
	}
	require.Equal(t, 10, one[int](t, w.super, "SELECT max(process_version) FROM flowable.workflow_definitions WHERE process_key = $1", key))
	require.Equal(t, 1, one[int](t, w.super, "SELECT count(*) FROM flowable.workflow_definitions WHERE process_key = $1 AND is_active", key))
}

// A TIMESTAMP without a zone is another instant in another session.
func everyTimeHasAZone(t *testing.T) {
	w := newUnit(t)
	require.Empty(t, rows[string](t, w.super, `SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema IN ('entitlements', 'flowable', 'onecms') AND data_type IN ('timestamp without time zone', 'time without time zone')`))
	id := w.open(t, 1)[0]
	const age = "SELECT abs(extract(EPOCH FROM now() - created_at)) < 3000 FROM flowable.workflow_tasks WHERE task_id = $1"
	require.NoError(t, w.as(t, "", "", func(tx pgx.Tx) error {
		for _, zone := range []string{"Pacific/Kiritimati", "UTC", "America/Anchorage"} {
			_, err := tx.Exec(t.Context(), "SELECT set_config('timezone', $1, TRUE)", zone)
			require.NoError(t, err)
			require.True(t, one[bool](t, tx, age, id), zone)
		}
		return nil
	}))
}

// The design's history is immutable by intention only.
func historyIsNeverChanged(t *testing.T) {
	w := newUnit(t)
	id := w.open(t, 1)[0]
	for _, role := range []string{apiRole, workerRole, ownerRole, ""} {
		for _, sql := range []string{
			"UPDATE flowable.task_history SET action_by = 'nobody' WHERE task_id = '" + id + "'",
			"DELETE FROM flowable.task_history WHERE task_id = '" + id + "'", "TRUNCATE flowable.task_history",
			"SELECT set_config('app.archiving', 'on', TRUE); UPDATE flowable.task_history SET action_by = 'nobody' WHERE task_id = '" + id + "'",
		} {
			err := w.as(t, role, admin, func(tx pgx.Tx) error {
				tag, err := tx.Conn().PgConn().Exec(t.Context(), sql).ReadAll()
				if err == nil && role == ownerRole && tag[len(tag)-1].CommandTag.RowsAffected() == 0 {
					return pgx.ErrNoRows // the owner sees no rows to change
				}
				return err
			})
			require.Error(t, err, "%q: %s", role, sql)
		}
	}
	for _, role := range []string{apiRole, workerRole} {
		require.Error(t, w.does(t, role, admin, "DELETE FROM flowable.task_history WHERE set_config('app.archiving', 'on', TRUE) = 'on'"))
	}
	require.Equal(t, "SYSTEM", one[string](t, w.super, "SELECT action_by FROM flowable.task_history WHERE task_id = $1", id))
}

// What holds for the table has to hold for each of its partitions.
func noMonthIsEmptied(t *testing.T) {
	w := newWorld(t)
	id := w.open(t, 1)[0]
	month := one[string](t, w.super, "SELECT tableoid::regclass::TEXT FROM flowable.task_history WHERE task_id = $1", id)
	for _, role := range []string{apiRole, workerRole, ownerRole, ""} {
		for _, sql := range []string{"TRUNCATE ", "DELETE FROM ", "UPDATE "} {
			sql += month
			if strings.HasPrefix(sql, "UPDATE") {
				sql += " SET action_by = 'nobody'"
			}
			err := w.as(t, role, admin, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), sql); err != nil {
					return err
				}
				return errUndo // others' history is in there
			})
			assert.ErrorContains(t, err, "42501", "%q: %s", role, sql)
		}
	}
}

// One table for all time cannot be archived but row by row.
func historyIsPartitionedByMonth(t *testing.T) {
	w := newUnit(t)
	id := w.open(t, 1)[0]
	require.Equal(t, "flowable.task_history_"+time.Now().UTC().Format("2006_01"),
		one[string](t, w.super, "SELECT tableoid::regclass::TEXT FROM flowable.task_history WHERE task_id = $1", id))
	for _, months := range []int{-1, 0, 1, 12} {
		month := one[string](t, w.super, "SELECT to_char(now() AT TIME ZONE 'UTC' + make_interval(months => $1), 'YYYY_MM')", months)
		bounds := one[*string](t, w.super, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = to_regclass($1)", "flowable.task_history_"+month)
		require.NotNil(t, bounds, month)
		require.Contains(t, *bounds, month[:4]+"-"+month[5:]+"-01 00:00:00")
	}
	require.NoError(t, w.worker.KeepHouse(t.Context()), "the partitions are there already")
}

// The design rewrites the JSON array routing_history at each hop: it grows quadratically.
func hopsAreAppended(t *testing.T) {
	w := newUnit(t)
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'onecms.case_workflow_mapping'::regclass AND attname = 'routing_history'"))
	instance := w.start(t, admin)
	const versions = "SELECT xmin::TEXT FROM onecms.case_routing WHERE process_instance_id = $1 ORDER BY routing_id"
	before := []string{}
	for i, phase := range []string{"Intake", "Intake", "Triage", "Intake"} {
		step := int64(i + 1)
		n := w.task(string(rune('a' + i)))
		n.Lane = phase
		w.step(t, casework.StepCommit{InstanceID: instance, Step: step, NewTasks: []casework.NewTask{n}, At: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)})
		after := rows[string](t, w.super, versions, instance)
		require.Equal(t, before, after[:len(before)], "earlier hops are not written again")
		before = after
	}
	require.Len(t, before, 3, "to stay is no hop")
	caseID := one[int64](t, w.super, "SELECT case_id FROM flowable.process_instances WHERE process_instance_id = $1", instance)
	c, err := w.api.Case(t.Context(), admin, caseID)
	require.NoError(t, err)
	got, err := json.Marshal(c.RoutingHistory)
	require.NoError(t, err)
	require.JSONEq(t, `[{"department": "EO", "phase": "Intake", "taskId": "`+w.id("a")+`", "at": "2026-01-01T00:00:00Z"},
		{"department": "EO", "phase": "Triage", "taskId": "`+w.id("c")+`", "at": "2026-01-03T00:00:00Z"},
		{"department": "EO", "phase": "Intake", "taskId": "`+w.id("d")+`", "at": "2026-01-04T00:00:00Z"}]`, string(got))
	require.Equal(t, "Intake", c.CurrentPhase)
	_, err = w.api.ClaimTask(t.Context(), w.user, w.id("d"), uuid.New())
	require.NoError(t, err)
	require.Len(t, rows[string](t, w.super, versions, instance), 3, "a claim is no hop")
}
