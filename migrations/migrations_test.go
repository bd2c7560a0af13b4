package migrations_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/testdb"
	"github.com/onecms/nextgen-workflow/migrations"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// objects lists everything the schemas hold, with its definition where PostgreSQL gives one.
const objects = `
SELECT n.nspname || '.' || c.relname || ' ' || c.relkind::TEXT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('entitlements', 'flowable', 'onecms')
UNION ALL SELECT n.nspname || '.' || p.proname || ' ' || pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('entitlements', 'flowable', 'onecms')
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('entitlements', 'flowable', 'onecms'))
UNION ALL SELECT schemaname || '.' || tablename || ' ' || policyname || ' ' || cmd || ' ' || COALESCE(qual, '') || COALESCE(with_check, '') FROM pg_policies
ORDER BY 1`

func schema(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), objects)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}

func TestUpDownUpGivesTheSameSchema(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	require.NoError(t, migrations.Up(t.Context(), url))
	first := schema(t, url)
	require.NotEmpty(t, first)
	version, dirty, err := migrations.Version(t.Context(), url)
	require.NoError(t, err)
	require.False(t, dirty)

	for version > 0 { // one by one: each down undoes exactly its up
		require.NoError(t, migrations.Down(t.Context(), url, 1), "down from %d", version)
		version, dirty, err = migrations.Version(t.Context(), url)
		require.NoError(t, err)
		require.False(t, dirty)
	}
	require.Empty(t, schema(t, url))
	require.NoError(t, migrations.Up(t.Context(), url))
	require.Equal(t, first, schema(t, url))
	require.NoError(t, migrations.Up(t.Context(), url), "up again changes nothing")
}
