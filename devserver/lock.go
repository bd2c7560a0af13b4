package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// lockKey is the number of the advisory lock, the letters "ngtemprl".
	lockKey int64 = 0x6e6774656d70726c
	// lockWait is how long a lock is waited for. PostgreSQL needs a moment
	// to notice that a killed server is gone.
	lockWait = 3 * time.Second
	// lockRecovery is how long a lost lock is tried to be taken again, long
	// enough for a restart of PostgreSQL.
	lockRecovery = 30 * time.Second
	lockRetry    = 100 * time.Millisecond
)

// errLocked says that another server owns the database.
var errLocked = errors.New("another Temporal server is running on it")

// lock is the advisory lock on the main database. It lives as long as its
// connection, so it ends with the process however the process ends.
type lock struct {
	db   *database
	name string
	conn *pgx.Conn

	// lost receives the error when the lock is gone for good.
	lost chan error
	// stop ends the guard, done says that it has ended.
	stop context.CancelFunc
	done chan struct{}
}

// takeLock takes the lock on the named database and guards it until release
// is called. The end of ctx does not give it back: the server still works
// with the database while it stops.
func takeLock(ctx context.Context, db *database, name string) (*lock, error) {
	l := &lock{db: db, name: name, lost: make(chan error, 1), done: make(chan struct{})}
	if err := l.connect(ctx); err != nil {
		return nil, err
	}
	waitCtx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	err := retry(waitCtx, lockRetry, func() error { return l.try(ctx) })
	if err != nil {
		l.disconnect()
		return nil, fmt.Errorf("lock database %q: %w", name, err)
	}
	guardCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.guard(guardCtx)
	return l, nil
}

// release gives the lock back.
func (l *lock) release() {
	l.stop()
	<-l.done
	l.disconnect()
}

// connect opens the connection that holds the lock.
func (l *lock) connect(ctx context.Context) error {
	conn, err := l.db.connect(ctx, l.name)
	if err != nil {
		return err
	}
	l.conn = conn
	return nil
}

// try asks for the lock once.
func (l *lock) try(ctx context.Context) error {
	var taken bool
	if err := l.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", lockKey).Scan(&taken); err != nil {
		return fmt.Errorf("ask for the advisory lock: %w", err)
	}
	if !taken {
		return errLocked
	}
	return nil
}

// guard takes the lock again whenever its connection breaks, and reports when
// that is not possible.
func (l *lock) guard(ctx context.Context) {
	defer close(l.done)
	for {
		// Nothing ever notifies: the wait ends with ctx or the connection.
		_, err := l.conn.WaitForNotification(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			continue
		}
		if err := l.retake(ctx); err != nil {
			l.lost <- fmt.Errorf("lost the lock on database %q: %w", l.name, err)
			return
		}
	}
}

// retake connects anew and takes the lock again.
func (l *lock) retake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lockRecovery)
	defer cancel()
	return retry(ctx, lockRetry, func() error {
		l.disconnect()
		if err := l.connect(ctx); err != nil {
			return err
		}
		return l.try(ctx)
	})
}

// disconnect closes the connection, if there is one, and with it frees the
// lock.
func (l *lock) disconnect() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx)
	l.conn = nil
}

// retry calls f every interval until it succeeds or ctx ends, and then
// returns the last error of f.
func retry(ctx context.Context, interval time.Duration, f func() error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}
