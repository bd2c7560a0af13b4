package db

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// interpret translates what PostgreSQL says into the words of casework, once. What it does not know stays internal.
func interpret(err error) error {
	var known *casework.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case isNoRows(err):
		return casework.Errorf(casework.NotFound, "there is nothing of that name that you may see")
	case errors.As(err, &connect):
		return down("the database does not answer", err)
	case errors.As(err, &pg):
		return interpretPg(pg)
	case errors.Is(err, context.Canceled):
		return err
	case isConnection(err):
		return down("the database does not answer", err)
	}
	return err
}

// unavailable is the casework error with what is behind it, for the log.
type unavailable struct {
	outside *casework.Error
	cause   error
}

func down(message string, cause error) error {
	return &unavailable{outside: casework.Errorf(casework.Unavailable, "%s", message), cause: cause}
}

// Error implements error.
func (u *unavailable) Error() string { return u.outside.Error() + ": " + u.cause.Error() }

// Unwrap lets errors.As find the casework error and the cause.
func (u *unavailable) Unwrap() []error { return []error{u.outside, u.cause} }

func interpretPg(pg *pgconn.PgError) error {
	switch pg.Code {
	case "42501": // insufficient_privilege: a policy refused
		return casework.Errorf(casework.Forbidden, "you may not do this")
	case "22P05", "22021": // a character that text cannot hold
		return casework.Errorf(casework.Invalid, "the text holds a character that cannot be stored, such as \\u0000")
	case "22001": // string_data_right_truncation
		return casework.Errorf(casework.Invalid, "a text is too long")
	case "23514": // check_violation
		return casework.Errorf(casework.Invalid, "a value is not one of those that are allowed")
	case "23505": // unique_violation
		if pg.ConstraintName == "task_commands_pkey" {
			return casework.Errorf(casework.Conflict, "this request was carried out before, and things have changed since")
		}
	case "55P03", "40001", "40P01": // lock timeout, serialization, deadlock
		return down("the database is busy; try again", pg)
	}
	if strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "08") {
		return down("the database does not answer", pg)
	}
	return pg
}

func isConnection(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err)
}
