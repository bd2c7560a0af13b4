package expr

import (
	"maps"
	"reflect"
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

// number reads a decimal number; whole numbers that fit are int64.
func number(s string) (any, bool) {
	if len(s) > 2*maxExponent { // before anything reads the digits: that takes more time than they are many
		return nil, false
	}
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
	case Object:
		return reflect.ValueOf(a).Comparable() && a == b
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
