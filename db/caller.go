package db

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// setCaller names the caller for the policies of the current transaction.
const setCaller = "SELECT set_config('app.current_user_id', $1, TRUE)"

// callerConn sends the caller's name and one statement in one round trip. PostgreSQL runs a pipeline up to its sync as one
// transaction, so the name is set for exactly that statement.
type callerConn struct {
	pool   *pgxpool.Pool
	caller string
}

func (c callerConn) send(ctx context.Context, sql string, args []any) (pgx.BatchResults, error) {
	batch := &pgx.Batch{}
	batch.Queue(setCaller, c.caller)
	batch.Queue(sql, args...)
	results := c.pool.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close()
		return nil, err
	}
	return results, nil
}

// Exec implements dbsqlc.DBTX.
func (c callerConn) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	results, err := c.send(ctx, sql, args)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := results.Exec()
	if closeErr := results.Close(); err == nil { // the commit happens here
		err = closeErr
	}
	return tag, err
}

// Query implements dbsqlc.DBTX.
func (c callerConn) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	results, err := c.send(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, err
	}
	return &callerRows{Rows: rows, results: results}, nil
}

// QueryRow implements dbsqlc.DBTX.
func (c callerConn) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	results, err := c.send(ctx, sql, args)
	return callerRow{results: results, err: err}
}

type callerRow struct {
	results pgx.BatchResults
	err     error
}

// Scan implements pgx.Row.
func (r callerRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	err := r.results.QueryRow().Scan(dest...)
	if closeErr := r.results.Close(); err == nil {
		err = closeErr
	}
	return err
}

// callerRows ends the pipeline, and with it the transaction, when the last row has been read.
type callerRows struct {
	pgx.Rows
	results pgx.BatchResults
	closed  bool
	err     error
}

// Next implements pgx.Rows.
func (r *callerRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close implements pgx.Rows.
func (r *callerRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = r.results.Close()
}

// Err implements pgx.Rows.
func (r *callerRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}
