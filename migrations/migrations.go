// Package migrations holds the database schema as numbered migrations, embedded in the binary.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/url"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5" // the pgx5:// driver
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

//go:embed sql/*.sql
var files embed.FS

// Up brings the schema to the newest version; it is safe to repeat, and two at once wait for each other. The login of
// databaseURL (postgres://) needs CREATEROLE and CREATE on the database, or to be a superuser.
func Up(ctx context.Context, databaseURL string) error {
	return with(ctx, databaseURL, func(m *migrate.Migrate) error { return m.Up() })
}

// Down undoes the newest steps migrations; 0 undoes all. Data goes with the tables.
func Down(ctx context.Context, databaseURL string, steps int) error {
	return with(ctx, databaseURL, func(m *migrate.Migrate) error {
		if steps == 0 {
			return m.Down()
		}
		return m.Steps(-steps)
	})
}

// Version returns the version of the schema, 0 for an empty database, and whether the last migration failed half-way.
func Version(ctx context.Context, databaseURL string) (version uint, dirty bool, err error) {
	err = with(ctx, databaseURL, func(m *migrate.Migrate) error {
		var err error
		version, dirty, err = m.Version()
		if errors.Is(err, migrate.ErrNilVersion) {
			return nil
		}
		return err
	})
	return version, dirty, err
}

// with opens a migrator, runs fn and closes it. The URL is a secret: it is in no error.
func with(ctx context.Context, databaseURL string, fn func(*migrate.Migrate) error) error {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return errors.New("migrate: the database URL cannot be read")
	}
	u.Scheme = "pgx5"
	source, err := iofs.New(files, "sql")
	if err != nil {
		return fmt.Errorf("migrate: read migrations: %w", err)
	}
	m, err := migrate.NewWithSourceInstance("iofs", source, u.String())
	if err != nil {
		return fmt.Errorf("migrate: open database: %w", err)
	}
	defer m.Close()
	stop := context.AfterFunc(ctx, func() { m.GracefulStop <- true })
	defer stop()
	if err := fn(m); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("migrate: %w", err)
	}
	return ctx.Err()
}
