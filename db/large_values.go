package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// LargeValue reads the content of a large value by its SHA-256 (hex), for workers.
func (s *Store) LargeValue(ctx context.Context, sha256 string) ([]byte, error) {
	content, err := s.q().LargeValueGet(ctx, sha256)
	if err != nil {
		return nil, interpret(err)
	}
	return []byte(content), nil
}

// KeepLargeValues writes contents, by their SHA-256, that an instance refers to from now on. What is there already stays.
func (s *Store) KeepLargeValues(ctx context.Context, instanceID string, contents map[string]string) error {
	body, err := json.Marshal(contents)
	if err != nil {
		return fmt.Errorf("encode large values: %w", err)
	}
	return interpret(s.q().LargeValuesKeep(ctx, dbsqlc.LargeValuesKeepParams{Contents: body, ProcessInstanceID: &instanceID}))
}

// pack makes references of what is large in variables from outside. nil stays nil. Error: TooLarge.
func pack(vars map[string]any) (map[string]json.RawMessage, values.Contents, error) {
	if vars == nil {
		return nil, nil, nil
	}
	data := make(map[string]json.RawMessage, len(vars))
	for name, value := range vars {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, nil, fmt.Errorf("encode variable %q: %w", name, err)
		}
		data[name] = raw
	}
	contents := values.Contents{}
	packed := contents.PackAll(data)
	if packed == nil {
		return data, nil, nil
	}
	inline := len(`{}`)
	for name, value := range packed {
		inline += len(`"":,`) + len(name) + len(value)
	}
	if inline > casework.MaxInlineBytes {
		return nil, nil, casework.Errorf(casework.TooLarge, "the variables are larger than %d bytes, values of more than %d bytes not counted",
			casework.MaxInlineBytes, values.SmallBytes)
	}
	return packed, contents, nil
}

// packIn is pack for the "variables" of a request, if it has any.
func packIn(request map[string]any) (values.Contents, error) {
	vars, ok := request["variables"].(map[string]any)
	if !ok {
		return nil, nil
	}
	packed, contents, err := pack(vars)
	request["variables"] = packed
	return contents, err
}

// act carries an act of a caller out: in one round trip, unless it brings contents of large values, which are written first in
// the same transaction. It answers the verdict. A refused act leaves nothing behind.
func (s *Store) act(ctx context.Context, caller string, contents values.Contents, run func(*dbsqlc.Queries) (json.RawMessage, error)) (json.RawMessage, error) {
	if len(contents) == 0 {
		return run(s.as(caller))
	}
	body, err := json.Marshal(contents)
	if err != nil {
		return nil, fmt.Errorf("encode large values: %w", err)
	}
	var raw json.RawMessage
	errRefused := errors.New("refused")
	err = s.inTx(ctx, caller, func(q *dbsqlc.Queries) (err error) {
		if err := q.LargeValuesKeep(ctx, dbsqlc.LargeValuesKeepParams{Contents: body}); err != nil {
			return err
		}
		if raw, err = run(q); err != nil {
			return err
		}
		var v verdict
		if json.Unmarshal(raw, &v) == nil && v.Refused != "" {
			return errRefused
		}
		return nil
	})
	if errors.Is(err, errRefused) {
		err = nil
	}
	return raw, err
}
