package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"
)

// errUnreadable means that a value or a filter cannot be understood, so that nothing can be said about what hangs on it.
var errUnreadable = errors.New("cannot be read")

// decode reads a JSON value; numbers keep their digits.
func decode(raw json.RawMessage) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("value %s: %w", raw, err)
	}
	return v, nil
}

// value reads a JSON value and puts what it refers to in its place.
func (r *run) value(raw json.RawMessage) (any, error) {
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return r.resolve(v)
}

func (r *run) resolve(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = r.resolve(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		return r.resolveMap(v)
	}
	return v, nil
}

func (r *run) resolveMap(v map[string]any) (any, error) {
	if ref, ok := v["$ref"]; ok {
		return r.identity(ref)
	}
	if _, ok := v["of"]; ok {
		return r.identity(v)
	}
	if offset, ok := v["$timeOffsetMs"].(json.Number); ok {
		ms, err := offset.Int64()
		return r.begin.Add(time.Duration(ms) * time.Millisecond).Format(time.RFC3339Nano), err
	}
	if opaque, ok := v["$opaque"]; ok {
		return nil, fmt.Errorf("%v: %w", opaque, errUnreadable)
	}
	out := make(map[string]any, len(v))
	for k, item := range v {
		var err error
		if out[k], err = r.resolve(item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// variables reads variables.
func (r *run) variables(raw map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(raw))
	for name, item := range raw {
		v, err := r.value(item)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
		if out[name], err = json.Marshal(v); err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
	}
	return out, nil
}

// equal compares values; numbers by what they are, not by how they are written.
func equal(a, b any) bool {
	if x, ok := rational(a); ok {
		y, both := rational(b)
		return both && x.Cmp(y) == 0
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			if other, has := b[k]; !has || !equal(a[k], other) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

func rational(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case json.Number:
		return new(big.Rat).SetString(v.String())
	case int:
		return new(big.Rat).SetInt64(int64(v)), true
	}
	return nil, false
}

// order compares two numbers, two texts or two booleans; ok is false for anything else.
func order(a, b any) (result int, ok bool) {
	if x, isNumber := rational(a); isNumber {
		y, both := rational(b)
		if !both {
			return 0, false
		}
		return x.Cmp(y), true
	}
	x, okX := a.(string)
	y, okY := b.(string)
	return strings.Compare(x, y), okX && okY
}

// like matches a pattern with % for any text and _ for any character; \ takes the meaning from both.
func like(text, pattern string) bool {
	if pattern == "" {
		return text == ""
	}
	switch {
	case pattern[0] == '%':
		for i := 0; i <= len(text); i++ {
			if like(text[i:], pattern[1:]) {
				return true
			}
		}
		return false
	case pattern[0] == '\\' && len(pattern) > 1:
		return text != "" && text[0] == pattern[1] && like(text[1:], pattern[2:])
	}
	return text != "" && (pattern[0] == '_' || text[0] == pattern[0]) && like(text[1:], pattern[1:])
}

func show(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
