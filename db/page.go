package db

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

func limit(p casework.Page) int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

// most asks for one row more than the page has: it tells whether there is a next page.
func most(p casework.Page) int32 { return int32(limit(p) + 1) }

// cut makes a page of what was read.
func cut[T any](items []T, p casework.Page, cursor func(T) string) casework.List[T] {
	if len(items) <= limit(p) {
		return casework.List[T]{Items: items}
	}
	items = items[:limit(p)]
	return casework.List[T]{Items: items, NextCursor: cursor(items[len(items)-1])}
}

func badCursor() error {
	return &casework.Error{Code: casework.Malformed, Message: "the cursor is not one that this list has given", Fields: []casework.Field{
		{Message: "not a cursor of this list", Location: "query.cursor"},
	}}
}

func encodeCursor(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // cursors are plain structs of our own
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decodeCursor(cursor string, into any) error {
	if cursor == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || bytes.Contains(raw, []byte(`\u0000`)) || json.Unmarshal(raw, into) != nil { // no text can hold U+0000
		return badCursor()
	}
	return nil
}

// numberCursor reads a cursor that is a row number.
func numberCursor(cursor string, first int64) (int64, error) {
	if cursor == "" {
		return first, nil
	}
	n, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || n < 0 {
		return 0, badCursor()
	}
	return n, nil
}

// newest is the cursor of the first page of a list that goes backwards.
const newest = math.MaxInt64
