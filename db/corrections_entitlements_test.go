package db_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestCorrectionsOfEntitlements(t *testing.T) {
	t.Parallel()
	corrected(t, []correction{
		{"01 there are users", thereAreUsers},
		{"01 whoever acts is one of the users", whoeverActsIsAUser},
		{"12 only active users with valid roles have a workload", onlyValidRolesHaveAWorkload},
		{"14 the owner is bound by the policies as well", ownerIsBound},
		{"14 no caller is a refusal, not an error", noCallerIsARefusal},
		{"14 the logins own nothing", loginsOwnNothing},
	})
}

// The design uses users in its diagram and a view, and never creates it: the view fails.
func thereAreUsers(t *testing.T) {
	w := newUnit(t)
	require.Subset(t, rows[string](t, w.super, `SELECT column_name::TEXT FROM information_schema.columns
		WHERE table_schema = 'entitlements' AND table_name = 'users'`), []string{
		"user_id", "username", "email", "first_name", "last_name", "department_id", "is_active", "created_at", "updated_at", "metadata", "attributes",
	})
	require.Equal(t, "character varying(50)", one[string](t, w.super, `SELECT format_type(atttypid, atttypmod) FROM pg_attribute
		WHERE attrelid = 'entitlements.users'::regclass AND attname = 'user_id'`))
	require.Equal(t, 1, one[int](t, w.super, "SELECT count(*) FROM flowable.v_user_workload WHERE user_id = $1", w.user))
	const updated = "SELECT updated_at > created_at FROM entitlements.users WHERE user_id = $1"
	require.False(t, one[bool](t, w.super, updated, w.user))
	w.set(t, "UPDATE entitlements.users SET email = 'a@example.org' WHERE user_id = '{user}'")
	require.True(t, one[bool](t, w.super, updated, w.user))
}

// Without the table nothing says that a user id is one.
func whoeverActsIsAUser(t *testing.T) {
	w := newUnit(t)
	instance, id := w.claimed(t)
	for name, sql := range map[string]string{
		"a role":          "UPDATE entitlements.user_workflow_roles SET user_id = 'nobody' WHERE user_id = '" + w.user + "'",
		"a task":          "UPDATE flowable.workflow_tasks SET assignee_id = 'nobody' WHERE task_id = '" + id + "'",
		"an instance":     "UPDATE flowable.process_instances SET started_by = 'nobody' WHERE process_instance_id = '" + instance + "'",
		"a case":          "UPDATE onecms.cases SET created_by = 'nobody' WHERE case_id = (SELECT case_id FROM flowable.process_instances WHERE process_instance_id = '" + instance + "')",
		"a user who acts": "DELETE FROM entitlements.users WHERE user_id = '" + w.user + "'",
	} {
		require.ErrorContains(t, w.does(t, "", "", sql), "23503", name) // foreign_key_violation
	}
}

// The design's OR binds weaker than its AND: inactive users appear; and a future role counts.
func onlyValidRolesHaveAWorkload(t *testing.T) {
	w := newUnit(t)
	people := w.hire(t, 5)
	const valid = "UPDATE entitlements.user_workflow_roles SET "
	for i, sql := range []string{
		"UPDATE entitlements.users SET is_active = FALSE WHERE user_id = $1",
		valid + "valid_from = now() - interval '2 days', valid_until = now() - interval '1 day' WHERE user_id = $1",
		valid + "valid_from = now() + interval '1 day' WHERE user_id = $1",
		valid + "valid_until = now() + interval '1 day' WHERE user_id = $1",
	} {
		w.exec(t, sql, people[i])
	}
	w.exec(t, "UPDATE entitlements.user_workflow_roles SET valid_until = now() + interval '1 day' WHERE user_id = $1", people[0])
	require.ElementsMatch(t, []string{w.user, people[3], people[4]},
		rows[string](t, w.super, "SELECT user_id FROM flowable.v_user_workload WHERE role_code = $1", w.role))
}

// Policies that are not forced do not hold for the owner of the table.
func ownerIsBound(t *testing.T) {
	w := newUnit(t)
	w.open(t, 1)
	require.NoError(t, w.as(t, ownerRole, "", func(tx pgx.Tx) error {
		for _, table := range private {
			if table == "entitlements.user_workflow_roles" { // the functions that look up roles run as the owner
				continue
			}
			require.Zero(t, one[int](t, tx, "SELECT count(*) FROM "+table), table)
		}
		return nil
	}))
}

// The design reads current_setting('app.current_user_id'), which is an error where nobody has set it.
func noCallerIsARefusal(t *testing.T) {
	w := newUnit(t)
	w.open(t, 1)
	tasks := func(role, caller string) (n int, err error) {
		err = w.as(t, role, caller, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = $1", w.queue).Scan(&n)
		})
		return n, err
	}
	n, err := tasks(apiRole, "")
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = tasks(apiRole, w.user)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// Whoever owns a table can switch its policies off.
func loginsOwnNothing(t *testing.T) {
	w := newUnit(t)
	logins := []string{apiRole, workerRole}
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM pg_class WHERE relowner::regrole::TEXT = ANY ($1)", logins))
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM pg_proc WHERE proowner::regrole::TEXT = ANY ($1)", logins))
	require.Zero(t, one[int](t, w.super, "SELECT count(*) FROM pg_namespace WHERE nspowner::regrole::TEXT = ANY ($1)", logins))
	require.Zero(t, one[int](t, w.super, `SELECT count(*) FROM pg_roles
		WHERE rolname = ANY ($1) AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin)`, append(logins, ownerRole)))
	require.Zero(t, one[int](t, w.super, `SELECT count(*) FROM unnest($1::TEXT[]) AS login
		WHERE pg_has_role(login, 'nextgen_owner', 'MEMBER') OR has_schema_privilege(login, 'flowable', 'CREATE')`, logins))
	for _, login := range logins {
		require.Error(t, w.does(t, login, admin, "ALTER TABLE flowable.workflow_tasks DISABLE ROW LEVEL SECURITY"))
		require.Error(t, w.does(t, login, admin, "SET ROLE nextgen_owner; SET row_security = off; DELETE FROM flowable.outbox"))
	}
}
