package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/server/tools/common/schema"
)

// The version tables are those of Temporal's own schema tool, so that its
// tool and its server accept a database made here.
const (
	createVersionTable = `CREATE TABLE IF NOT EXISTS schema_version (
	version_partition INT NOT NULL,
	db_name VARCHAR(255) NOT NULL,
	creation_time TIMESTAMP,
	curr_version VARCHAR(64),
	min_compatible_version VARCHAR(64),
	PRIMARY KEY (version_partition, db_name))`

	createHistoryTable = `CREATE TABLE IF NOT EXISTS schema_update_history (
	version_partition INT NOT NULL,
	year INT NOT NULL,
	month INT NOT NULL,
	update_time TIMESTAMP NOT NULL,
	description VARCHAR(255),
	manifest_md5 VARCHAR(64),
	new_version VARCHAR(64),
	old_version VARCHAR(64),
	PRIMARY KEY (version_partition, year, month, update_time))`

	readVersion = `SELECT curr_version FROM schema_version
	WHERE version_partition = 0 AND db_name = $1`

	writeVersion = `INSERT INTO schema_version
	(version_partition, db_name, creation_time, curr_version, min_compatible_version)
	VALUES (0, $1, $2, $3, $4)
	ON CONFLICT (version_partition, db_name) DO UPDATE
	SET creation_time = excluded.creation_time,
		curr_version = excluded.curr_version,
		min_compatible_version = excluded.min_compatible_version`

	writeHistory = `INSERT INTO schema_update_history
	(version_partition, year, month, update_time, old_version, new_version, manifest_md5, description)
	VALUES (0, $1, $2, $3, $4, $5, $6, $7)`
)

const (
	codeUndefinedTable  = "42P01"
	codeUndefinedColumn = "42703"
	codeUndefinedObject = "42704"
)

// errNoSchema says that a database has no schema yet.
var errNoSchema = errors.New("no schema")

// runner is a connection pool or a transaction.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaDB is a database as Temporal's schema tasks want to see one.
type schemaDB struct {
	ctx  context.Context
	run  runner
	name string
}

var _ schema.DB = (*schemaDB)(nil)

// Exec runs one statement. What is to be dropped and already gone is fine:
// an earlier update was interrupted.
func (s *schemaDB) Exec(statement string, args ...any) error {
	_, err := s.run.ExecContext(s.ctx, statement, args...)
	if err == nil {
		return nil
	}
	if isDrop(statement) && hasCode(err, codeUndefinedTable, codeUndefinedColumn, codeUndefinedObject) {
		return nil
	}
	return err
}

// CreateSchemaVersionTables creates the two version tables.
func (s *schemaDB) CreateSchemaVersionTables() error {
	if err := s.Exec(createVersionTable); err != nil {
		return fmt.Errorf("create table schema_version: %w", err)
	}
	if err := s.Exec(createHistoryTable); err != nil {
		return fmt.Errorf("create table schema_update_history: %w", err)
	}
	return nil
}

// ReadSchemaVersion returns the version of the schema, or errNoSchema. The
// first query looks the table up by name, because a query on a table that is
// not there would end the transaction it runs in.
func (s *schemaDB) ReadSchemaVersion() (string, error) {
	var exists bool
	err := s.run.QueryRowContext(s.ctx, "SELECT to_regclass('schema_version') IS NOT NULL").Scan(&exists)
	if err != nil {
		return "", fmt.Errorf("look for table schema_version: %w", err)
	}
	if !exists {
		return "", errNoSchema
	}
	var version string
	err = s.run.QueryRowContext(s.ctx, readVersion, s.name).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errNoSchema
	}
	if err != nil {
		return "", fmt.Errorf("read the schema version: %w", err)
	}
	return version, nil
}

// UpdateSchemaVersion records the version of the schema.
func (s *schemaDB) UpdateSchemaVersion(version, minCompatible string) error {
	return s.Exec(writeVersion, s.name, time.Now().UTC(), version, minCompatible)
}

// WriteSchemaUpdateLog adds a line to the history of the schema.
func (s *schemaDB) WriteSchemaUpdateLog(oldVersion, newVersion, manifestMD5, description string) error {
	now := time.Now().UTC()
	return s.Exec(writeHistory, now.Year(), int(now.Month()), now, oldVersion, newVersion, manifestMD5, description)
}

// DropAllTables is part of the interface, but nothing here ever asks for it.
func (s *schemaDB) DropAllTables() error {
	return errors.New("dropping all tables is not supported")
}

// Close does nothing: the caller owns the connection.
func (s *schemaDB) Close() {}

// Type names the kind of database.
func (s *schemaDB) Type() string { return "sql" }
