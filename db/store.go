// Package db is the product's door to PostgreSQL: each method of Store is one use case in one transaction. It speaks
// the words of internal/casework; pgx and the generated queries are seen by nobody else.
package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
)

// Config says how to reach the database.
type Config struct {
	URL      string               // postgres://…; holds a password and is in no error
	Role     string               // database role that every connection takes: nextgen_api or nextgen_worker
	AppName  string               // as PostgreSQL shows the connections; default "nextgen"
	MaxConns int                  // of the pool; default two for each processor, at least four: more of them only take turns
	Notice   func(message string) // gets what the server tells beside its answers; may be nil, and several may call it at once
}

// Store is a pool of connections. It is safe for concurrent use; Close it once.
type Store struct {
	pool     *pgxpool.Pool
	url      string
	announce func(instanceID string) // told of every committed step; may be nil
	waiters  *StepHub                // those in this process who wait for steps; may be nil
}

// Open connects and checks that the database answers.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("database: the URL cannot be read")
	}
	if cfg.AppName == "" {
		cfg.AppName = "nextgen"
	}
	if cfg.MaxConns == 0 {
		cfg.MaxConns = max(4, 2*runtime.GOMAXPROCS(0))
	}
	pc.MaxConns = int32(cfg.MaxConns)
	pc.MinConns = 2
	pc.MaxConnLifetimeJitter = 5 * time.Minute
	params := pc.ConnConfig.RuntimeParams
	params["application_name"], params["timezone"], params["role"] = cfg.AppName, "UTC", cfg.Role
	params["plan_cache_mode"] = "force_generic_plan" // acts are many and alike
	// As in the functions that run as the owner: PostgreSQL plans a statement anew whenever it finds another path.
	params["search_path"] = "pg_catalog"
	params["jit"], params["lock_timeout"], params["idle_in_transaction_session_timeout"] = "off", "10s", "30s"
	if cfg.Notice != nil {
		pc.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { cfg.Notice(n.Message) }
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	s := &Store{pool: pool, url: cfg.URL}
	if err := s.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: %w", err)
	}
	return s, nil
}

// Close returns when every connection is given back and closed.
func (s *Store) Close() { s.pool.Close() }

// Ping asks the database for an answer.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// q runs single statements as the worker: without a caller, so only its role's policies hold.
func (s *Store) q() *dbsqlc.Queries { return dbsqlc.New(s.pool) }

// as runs single statements for a caller, each in one transaction and one round trip.
func (s *Store) as(caller string) *dbsqlc.Queries {
	return dbsqlc.New(callerConn{pool: s.pool, caller: caller})
}

// inTx runs fn in one transaction for a caller; an empty caller is the worker itself.
func (s *Store) inTx(ctx context.Context, caller string, fn func(*dbsqlc.Queries) error) error {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return interpret(err)
	}
	defer func() { // a cancelled request must still roll back; after commit this is a no-op
		rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = tx.Rollback(rctx)
	}()
	if _, err := tx.Exec(ctx, setCaller, caller); err != nil {
		return interpret(err)
	}
	if err := fn(dbsqlc.New(tx)); err != nil {
		return interpret(err)
	}
	return interpret(tx.Commit(ctx))
}

// many maps rows and translates the error of reading them.
func many[R, T any](rows []R, err error, to func(R) T) ([]T, error) {
	if err != nil {
		return nil, interpret(err)
	}
	items := make([]T, 0, len(rows))
	for _, row := range rows {
		items = append(items, to(row))
	}
	return items, nil
}

func isNoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
