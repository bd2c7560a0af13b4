package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	v12 "go.temporal.io/server/schema/postgresql/v12"
)

// TestSchemaUpdate brings old databases to the current version step by step,
// and repeats the last step as after an interruption.
func TestSchemaUpdate(t *testing.T) {
	ctx := context.Background()
	db, err := newDatabase(startPostgres(t))
	require.NoError(t, err)
	o := &options{Database: "old", VisibilityDatabase: "old_visibility"}
	require.NoError(t, db.createMissing(ctx, o.Database, o.VisibilityDatabase))
	require.NoError(t, db.createMissing(ctx, o.Database, o.VisibilityDatabase), "creating databases twice")
	logger, _ := newLogger("error")

	current := map[string]string{o.Database: v12.Version, o.VisibilityDatabase: v12.VisibilityVersion}
	before := map[string]string{o.Database: "1.17", o.VisibilityDatabase: "1.12"}
	for _, versions := range []map[string]string{{o.Database: "0.0", o.VisibilityDatabase: "0.0"}, before} {
		for name, version := range versions {
			pool := db.open(name)
			defer pool.Close()
			target := &schemaDB{ctx: ctx, run: pool, name: name}
			require.NoError(t, target.CreateSchemaVersionTables())
			require.NoError(t, target.UpdateSchemaVersion(version, version))
		}
		require.NoError(t, setUpSchemas(ctx, db, o, logger))
		for name, version := range current {
			pool := db.open(name)
			defer pool.Close()
			reached, err := (&schemaDB{ctx: ctx, run: pool, name: name}).ReadSchemaVersion()
			require.NoError(t, err)
			require.Equal(t, version, reached)
		}
	}
}
