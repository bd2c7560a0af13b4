package db

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// administer runs a change of the organisation for a caller who has a permission. Such changes go one after the other.
func (s *Store) administer(ctx context.Context, caller, permission string, fn func(*dbsqlc.Queries) error) error {
	return s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		if err := needs(ctx, q, permission); err != nil {
			return err
		}
		if err := q.AdministrationLock(ctx); err != nil {
			return err
		}
		return fn(q)
	})
}

// needs is a Forbidden error where the caller does not have a permission.
func needs(ctx context.Context, q *dbsqlc.Queries, permission string) error {
	may, err := q.CallerMay(ctx, permission)
	if err == nil && !may {
		return &casework.Error{Code: casework.Forbidden, Message: "this needs the permission " + permission, Rule: permission}
	}
	return err
}

// subject is a kind of thing that administrators write: queues, roles, users and the like.
type subject[T any] struct {
	what       string // for people
	permission string
	read       func(ctx context.Context, q *dbsqlc.Queries, key string) (json.RawMessage, error)
	check      func(ctx context.Context, q *dbsqlc.Queries, v T) (casework.Mistakes, error)
	save       func(ctx context.Context, q *dbsqlc.Queries, v T, settings json.RawMessage, isNew bool) error
}

// get reads one for a caller. Errors: NotFound.
func (k subject[T]) get(ctx context.Context, q *dbsqlc.Queries, key string) (T, error) {
	raw, err := k.read(ctx, q, key)
	if isNoRows(err) {
		var none T
		return none, casework.Errorf(casework.NotFound, "there is no %s %q", k.what, key)
	}
	return decoded[T](raw, err)
}

// create stores a new one. settings gives the part of it that was written. Errors: Invalid, Forbidden, Conflict with the
// one that is there.
func create[T, S any](ctx context.Context, s *Store, caller string, k subject[T], key string, v T, settings func(*T) *S) (T, error) {
	err := s.administer(ctx, caller, k.permission, func(q *dbsqlc.Queries) error {
		there, err := k.get(ctx, q, key)
		if err == nil {
			return &casework.Error{Code: casework.Conflict, Message: fmt.Sprintf("there is a %s %q already", k.what, key), Current: there}
		}
		if casework.CodeOf(err) != casework.NotFound {
			return err
		}
		v, err = put(ctx, q, k, key, v, settings(&v), true)
		return err
	})
	return v, err
}

// change applies a function to the settings of one and stores it. Errors: NotFound, Invalid, Forbidden, those of apply.
func change[T, S any](ctx context.Context, s *Store, caller string, k subject[T], key string, settings func(*T) *S, apply func(*S) error) (T, error) {
	var v T
	err := s.administer(ctx, caller, k.permission, func(q *dbsqlc.Queries) error {
		var err error
		if v, err = k.get(ctx, q, key); err != nil {
			return err
		}
		if err = apply(settings(&v)); err != nil {
			return err
		}
		v, err = put(ctx, q, k, key, v, settings(&v), false)
		return err
	})
	return v, err
}

func put[T any](ctx context.Context, q *dbsqlc.Queries, k subject[T], key string, v T, settings any, isNew bool) (T, error) {
	mistakes, err := k.check(ctx, q, v)
	if err != nil {
		return v, err
	}
	if err := mistakes.Err(); err != nil {
		return v, err
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		return v, fmt.Errorf("encode %s: %w", k.what, err)
	}
	if err := k.save(ctx, q, v, raw, isNew); err != nil {
		return v, err
	}
	return k.get(ctx, q, key)
}

// decoded reads what a function answered as JSON.
func decoded[T any](raw json.RawMessage, err error) (T, error) {
	var v T
	if err != nil {
		return v, interpret(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}

// page makes a page of rows that are JSON.
func page[T any](rows []json.RawMessage, err error, p casework.Page, key func(T) string) (casework.List[T], error) {
	if err != nil {
		return casework.List[T]{}, interpret(err)
	}
	items := make([]T, 0, len(rows))
	for _, raw := range rows {
		v, err := decoded[T](raw, nil)
		if err != nil {
			return casework.List[T]{}, err
		}
		items = append(items, v)
	}
	return cut(items, p, func(v T) string { return encodeCursor(key(v)) }), nil
}

// nameCursor reads a cursor that is the name of the last item.
func nameCursor(cursor string) (string, error) {
	var after string
	err := decodeCursor(cursor, &after)
	return after, err
}

// optional is a reference that may be missing.
func optional(location string, name *string) []casework.Reference {
	if name == nil {
		return nil
	}
	return []casework.Reference{{Location: location, Name: *name}}
}

// checkDepartment notes a department that is not there.
func checkDepartment(ctx context.Context, q *dbsqlc.Queries, m *casework.Mistakes, location string, code *string) error {
	if code == nil {
		return nil
	}
	_, err := q.DepartmentGet(ctx, *code)
	if isNoRows(err) {
		m.Add(location, *code, "there is no such department")
		return nil
	}
	return err
}
