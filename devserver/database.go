package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	_ "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql" // the postgres12_pgx plugin
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// lockKey is the advisory lock that one server holds: two would take each other's shards.
const lockKey = 0x6e657874656d70

// lockDatabase waits a little for a server that is just going down, and fails if there is another one.
func lockDatabase(ctx context.Context, cfg settings) (func(), error) {
	conn, err := pgx.Connect(ctx, cfg.postgres.String())
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	release := func() { _ = conn.Close(context.WithoutCancel(ctx)) }
	retry := time.NewTicker(200 * time.Millisecond)
	defer retry.Stop()
	for range 50 {
		var held bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(lockKey)).Scan(&held); err != nil {
			release()
			return nil, fmt.Errorf("lock the Temporal databases: %w", err)
		}
		if held {
			return release, nil
		}
		select {
		case <-ctx.Done():
			release()
			return nil, ctx.Err()
		case <-retry.C:
		}
	}
	release()
	return nil, fmt.Errorf("another Temporal server runs on the database %q", cfg.database)
}

func sqlConfig(cfg settings, database string) *config.SQL {
	password, _ := cfg.postgres.User.Password()
	return &config.SQL{
		PluginName: "postgres12_pgx", User: cfg.postgres.User.Username(), Password: password,
		ConnectAddr: cfg.postgres.Host, ConnectProtocol: "tcp", DatabaseName: database,
		MaxConns: 30, MaxIdleConns: 30, MaxConnLifetime: time.Hour,
	}
}

// prepareDatabases makes both databases and brings their schemas to the version of this server.
func prepareDatabases(ctx context.Context, cfg settings, logger log.Logger) error {
	conn, err := pgx.Connect(ctx, cfg.postgres.String())
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, db := range []struct{ name, schema string }{
		{cfg.database, "postgresql/v12/temporal"}, {cfg.visibility, "postgresql/v12/visibility"},
	} {
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", db.name).Scan(&exists); err != nil {
			return fmt.Errorf("look for database %s: %w", db.name, err)
		}
		if !exists {
			if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{db.name}.Sanitize()); err != nil {
				return fmt.Errorf("create database %s: %w", db.name, err)
			}
		}
		// The rows of the visibility store lag anyway, and in one cluster they are on disk before what says that they were
		// written: their commits need not wait for the disk.
		if db.name == cfg.visibility {
			if _, err := conn.Exec(ctx, "ALTER DATABASE "+pgx.Identifier{db.name}.Sanitize()+" SET synchronous_commit = off"); err != nil {
				return fmt.Errorf("settings of %s: %w", db.name, err)
			}
		}
		if err := migrate(cfg, db.name, db.schema, logger); err != nil {
			return fmt.Errorf("schema of %s: %w", db.name, err)
		}
	}
	return nil
}

func migrate(cfg settings, database, schemaName string, logger log.Logger) error {
	conn, err := sql.NewConnection(sqlConfig(cfg, database), logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ReadSchemaVersion(); err != nil { // a new database: it has no version yet
		if err := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, logger).Run(); err != nil {
			return err
		}
	}
	return schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{DBName: database, SchemaName: schemaName}, logger).Run()
}
