package migrations_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/testdb"
)

// found runs a query of one column of text.
func found(t *testing.T, tx pgx.Tx, sql string) []string {
	t.Helper()
	rows, err := tx.Query(t.Context(), sql)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

var (
	comment    = regexp.MustCompile(`--.*`)
	constraint = regexp.MustCompile(`(?i)\b(PRIMARY KEY|UNIQUE\s*\(|UNIQUE\s*,|CHECK\s*\(|REFERENCES|EXCLUDE\s)`)
	named      = regexp.MustCompile(`(?i)\b(CONSTRAINT\s+\w+|WITH CHECK)`)
)

// A name that PostgreSQL makes up often looks like one that was chosen, so the place where it is chosen is read as well.
func TestEveryConstraintIsNamedWhereItIsMade(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("sql/*.up.sql")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for i, line := range strings.Split(string(text), "\n") {
			line = comment.ReplaceAllString(line, "")
			if constraint.MatchString(line) {
				require.Regexp(t, named, line, "%s:%d", path, i+1)
			}
		}
	}
}

// The convention: the table's name first, then what it is about; keys of tables end in _pkey, foreign ones in _fkey.
func TestNamesOfConstraintsTellTheirTable(t *testing.T) {
	t.Parallel()
	tx := testdb.Tx(t)
	require.Empty(t, found(t, tx, `
		SELECT conrelid::regclass || '.' || conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		WHERE connamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms') AND conparentid = 0 AND NOT c.relispartition
		  AND (conname ~ '[0-9]$' OR NOT starts_with(conname, c.relname || '_')
			OR (contype = 'p' AND conname <> c.relname || '_pkey') OR (contype = 'f' AND conname !~ '_fkey$')
			OR (contype = 'c' AND conname = c.relname || '_check') OR NOT convalidated)`))
	require.Empty(t, found(t, tx, `
		SELECT indexrelid::regclass::TEXT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
		WHERE r.relnamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms') AND NOT r.relispartition
		  AND (c.relname ~ '_idx[0-9]*$' OR NOT i.indisvalid)`), "indexes whose name PostgreSQL made up")
}

// withoutIndex are the foreign keys whose columns no index begins with, and why that is well.
var withoutIndex = map[string]string{
	"entitlements.departments.departments_parent_fkey":             "a few dozen rows",
	"flowable.outbox.outbox_instance_fkey":                         "instances are never deleted; rows leave the table when they are delivered",
	"flowable.workflow_variables.workflow_variables_instance_fkey": "those of the instance itself have one, those of a task are found by the task",
}

func TestEveryForeignKeyHasAnIndex(t *testing.T) {
	t.Parallel()
	tx := testdb.Tx(t)
	for _, key := range found(t, tx, `
		SELECT conrelid::regclass || '.' || conname FROM pg_constraint k
		WHERE contype = 'f' AND conparentid = 0 AND connamespace::regnamespace::TEXT IN ('entitlements', 'flowable', 'onecms')
		  AND NOT EXISTS (
			SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid
			  AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) ~ '^\(\w+ IS NOT NULL\)$')
			  AND (i.indkey::SMALLINT[])[0:cardinality(k.conkey) - 1] = k.conkey)
		ORDER BY 1`) {
		require.Contains(t, withoutIndex, key, "a foreign key without an index, and no reason for it")
	}
}
