package expr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Decimal128's exponent range: numbers beyond it stay text.
const maxExponent = 6144

var (
	exact    = apd.Context{Precision: 100, MaxExponent: maxExponent, MinExponent: -maxExponent, Rounding: apd.RoundHalfEven, Traps: traps}
	quotient = apd.Context{Precision: 34, MaxExponent: maxExponent, MinExponent: -maxExponent, Rounding: apd.RoundHalfEven, Traps: traps}
)

const traps = apd.SystemOverflow | apd.SystemUnderflow | apd.Overflow | apd.Underflow | apd.DivisionByZero |
	apd.DivisionUndefined | apd.DivisionImpossible | apd.InvalidOperation

// FromJSON decodes one JSON value, keeping every digit of its numbers. A number outside the range of decimal128 becomes
// its text.
func FromJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("json value: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("json value: more than one value")
	}
	return Normalize(v), nil
}

// Normalize turns values as encoding/json makes them (float64, json.Number) and Go integers into the types of this
// package. It copies lists and maps.
func Normalize(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := number(v.String()); ok {
			return n
		}
		return v.String()
	case float64:
		if n, ok := number(strconv.FormatFloat(v, 'g', -1, 64)); ok {
			return n
		}
		return nil
	case int:
		return int64(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = Normalize(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = Normalize(item)
		}
		return out
	}
	return v
}

// number reads a decimal number; whole numbers that fit are int64.
func number(s string) (any, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	if s == "" || strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("+-.0123456789eE", r) }) >= 0 {
		return nil, false
	}
	d, _, err := apd.NewFromString(s)
	if err != nil || d.Form != apd.Finite || d.Exponent > maxExponent || d.Exponent < -maxExponent || d.NumDigits() > maxExponent {
		return nil, false
	}
	return whole(d), true
}

// whole turns a decimal without a fraction into an int64 where it fits.
func whole(d *apd.Decimal) any {
	if d.Exponent >= 0 && d.Exponent < 19 || d.IsZero() {
		if i, err := d.Int64(); err == nil {
			return i
		}
	}
	if d.Exponent < 0 {
		var r apd.Decimal
		r.Reduce(d)
		if r.Exponent >= 0 && r.Exponent < 19 {
			if i, err := r.Int64(); err == nil {
				return i
			}
		}
	}
	return d
}

// ToJSON encodes a value; keys of maps are sorted. An Object is its text; one without is an error.
func ToJSON(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := writeJSON(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case nil, bool, string, int64:
		raw, err := json.Marshal(v)
		b.Write(raw)
		return err
	case *apd.Decimal:
		b.WriteString(v.Text('G'))
		return nil
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			key, err := json.Marshal(k)
			if err != nil {
				return err
			}
			b.Write(key)
			b.WriteByte(':')
			if err := writeJSON(b, v[k]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	case texter:
		return writeJSON(b, v.ExprText())
	}
	return &EvalError{Code: NotData, Message: fmt.Sprintf("%s is not data and cannot be kept in a variable", kindOf(v))}
}

// Text is a value as text: null is "", numbers have no exponent where they can do without, lists and maps are JSON.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case *apd.Decimal:
		if v.Exponent > 40 || v.Exponent < -40 {
			return v.Text('G')
		}
		return v.Text('f')
	case texter:
		return v.ExprText()
	case Object:
		return "object"
	}
	raw, err := ToJSON(v)
	if err != nil {
		return kindOf(v)
	}
	return string(raw)
}

// kindOf names a value's type for messages.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "text"
	case int64, *apd.Decimal:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return "an object"
}

// plain replaces an object that has a text by it.
func plain(v any) any {
	if t, ok := v.(texter); ok {
		return t.ExprText()
	}
	return v
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, *apd.Decimal:
		return true
	}
	return false
}

func decimal(v any) *apd.Decimal {
	if i, ok := v.(int64); ok {
		return apd.New(i, 0)
	}
	return v.(*apd.Decimal)
}

// toNumber coerces null to 0 and text that reads as a number to it.
func toNumber(v any) (any, bool) {
	switch v := v.(type) {
	case nil:
		return int64(0), true
	case int64, *apd.Decimal:
		return v, true
	case string:
		return number(strings.TrimSpace(v))
	}
	return nil, false
}

// toBool coerces null to false and the texts true and false, in any case, to themselves.
func toBool(v any) (value, ok bool) {
	switch v := plain(v).(type) {
	case nil:
		return false, true
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return false, false
}

// equal compares by the rules of JUEL: a number with text that reads as a number, a boolean with its text. Lists and
// maps are compared item by item.
func equal(a, b any) bool {
	a, b = plain(a), plain(b)
	switch {
	case a == nil || b == nil:
		return a == nil && b == nil
	case isNumber(a) || isNumber(b):
		x, okX := toNumber(a)
		y, okY := toNumber(b)
		return okX && okY && decimal(x).Cmp(decimal(y)) == 0
	}
	switch a := a.(type) {
	case bool:
		y, ok := toBool(b)
		return ok && a == y
	case string:
		if y, isBool := b.(bool); isBool {
			x, ok := toBool(a)
			return ok && x == y
		}
		return a == b
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(a, y, equal)
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, y, equal)
	}
	return false
}

// compare orders two values; ok is false where there is no order between them.
func compare(a, b any) (order int, ok bool) {
	a, b = plain(a), plain(b)
	if isNumber(a) || isNumber(b) {
		x, okX := toNumber(a)
		y, okY := toNumber(b)
		if !okX || !okY {
			return 0, false
		}
		return decimal(x).Cmp(decimal(y)), true
	}
	x, okX := a.(string)
	y, okY := b.(string)
	return strings.Compare(x, y), okX && okY
}
