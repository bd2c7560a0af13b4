package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/iancoleman/strcase"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
)

const (
	applicationName = "nextgen-temporal"
	connectTimeout  = 10 * time.Second

	codeDuplicateDatabase = "42P04"
	codeUniqueViolation   = "23505"
)

// database gives connections to any database of one PostgreSQL server.
type database struct {
	base *pgx.ConnConfig
}

// newDatabase reads the URL of --postgres-url. Everything the PostgreSQL
// driver understands may be part of it, Unix sockets and TLS included.
func newDatabase(url string) (*database, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read --postgres-url: %w", err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = applicationName
	}
	return &database{base: cfg}, nil
}

// config returns the connection settings for the named database.
func (d *database) config(name string) *pgx.ConnConfig {
	cfg := d.base.Copy()
	cfg.Database = name
	return cfg
}

// connect opens one connection to the named database.
func (d *database) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, d.config(name))
	if err != nil {
		return nil, fmt.Errorf("connect to database %q: %w", name, err)
	}
	return conn, nil
}

// open returns a connection pool for the named database.
func (d *database) open(name string) *sql.DB {
	return sql.OpenDB(stdlib.GetConnector(*d.config(name), stdlib.OptionAfterConnect(registerTypes)))
}

// temporalPool is the connect function given to the Temporal server. It does
// what the server's own function does, without a detour over a URL that could
// not carry every setting.
func (d *database) temporalPool(cfg *config.SQL) (*sqlx.DB, error) {
	pool := sqlx.NewDb(d.open(cfg.DatabaseName), "pgx")
	pool.SetMaxOpenConns(cfg.MaxConns)
	pool.SetMaxIdleConns(cfg.MaxIdleConns)
	pool.SetConnMaxLifetime(cfg.MaxConnLifetime)
	pool.MapperFunc(strcase.ToSnake)
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, err
	}
	return pool, nil
}

// registerTypes sends durations as the bigint nanoseconds of Temporal's
// tables instead of the interval that pgx would choose.
func registerTypes(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterDefaultPgType(time.Duration(0), "int8")
	conn.TypeMap().RegisterDefaultPgType((*time.Duration)(nil), "int8")
	return nil
}

// createMissing creates those of the named databases that do not exist yet.
func (d *database) createMissing(ctx context.Context, names ...string) error {
	conn, err := pgx.ConnectConfig(ctx, d.base.Copy())
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, name := range names {
		var exists bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
		if err != nil {
			return fmt.Errorf("look for database %q: %w", name, err)
		}
		if exists {
			continue
		}
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
		if err != nil && !hasCode(err, codeDuplicateDatabase, codeUniqueViolation) {
			return fmt.Errorf("create database %q: %w", name, err)
		}
	}
	return nil
}

// hasCode tells whether err is a PostgreSQL error with one of the codes.
func hasCode(err error, codes ...string) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	for _, code := range codes {
		if pgErr.Code == code {
			return true
		}
	}
	return false
}
