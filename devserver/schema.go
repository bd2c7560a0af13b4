package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/server/common/log"
	v12 "go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/tools/common/schema"
)

// schemaPart is one of the two schemas of a Temporal server.
type schemaPart struct {
	database string
	files    string // folder of the files embedded in the server
	version  string // version of the files
}

// setUpSchemas brings both databases to the version of the embedded files.
func setUpSchemas(ctx context.Context, db *database, o *options, logger log.Logger) error {
	parts := []schemaPart{
		{o.Database, "postgresql/v12/temporal", v12.Version},
		{o.VisibilityDatabase, "postgresql/v12/visibility", v12.VisibilityVersion},
	}
	for _, part := range parts {
		if err := part.setUp(ctx, db, logger); err != nil {
			return fmt.Errorf("schema of database %q: %w", part.database, err)
		}
	}
	return nil
}

// setUp creates the schema in an empty database or updates an older one.
func (p schemaPart) setUp(ctx context.Context, db *database, logger log.Logger) error {
	pool := db.open(p.database)
	defer pool.Close()
	target := &schemaDB{ctx: ctx, run: pool, name: p.database}
	version, err := target.ReadSchemaVersion()
	switch {
	case errors.Is(err, errNoSchema):
		return p.create(ctx, pool, logger)
	case err != nil:
		return err
	case version == p.version:
		return nil
	}
	update := &schema.UpdateConfig{SchemaName: p.files}
	if err := schema.NewUpdateSchemaTask(target, update, logger).Run(); err != nil {
		return fmt.Errorf("update from version %s to %s: %w", version, p.version, err)
	}
	return nil
}

// create runs the whole schema in one transaction, so that a process killed
// in the middle leaves an empty database and not half a schema.
func (p schemaPart) create(ctx context.Context, pool *sql.DB, logger log.Logger) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// After the commit the rollback does nothing.
	defer func() { _ = tx.Rollback() }()
	target := &schemaDB{ctx: ctx, run: tx, name: p.database}
	setup := &schema.SetupConfig{SchemaName: p.files, InitialVersion: p.version}
	if err := schema.NewSetupSchemaTask(target, setup, logger).Run(); err != nil {
		return fmt.Errorf("create version %s: %w", p.version, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// isDrop tells whether a statement only removes something.
func isDrop(statement string) bool {
	upper := strings.ToUpper(strings.TrimSpace(statement))
	return strings.HasPrefix(upper, "DROP ") ||
		strings.HasPrefix(upper, "ALTER TABLE") && strings.Contains(upper, " DROP ") && !strings.Contains(upper, " ADD ")
}
