package expr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

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
	case int, int8, int16, int32, uint, uint8, uint16, uint32, uint64:
		n, _ := number(fmt.Sprint(v))
		return n
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

// ToJSON encodes a value; keys of maps are sorted. An Object is its text; one without is an error.
func ToJSON(v any) (json.RawMessage, error) {
	b := bounded{limit: math.MaxInt}
	if err := writeJSON(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// bounded is a buffer that writeJSON stops to fill at the limit.
type bounded struct {
	bytes.Buffer
	limit int
}

var errTooLarge = errors.New("the text is too large")

func writeJSON(b *bounded, v any) error {
	if b.Len() > b.limit {
		return errTooLarge
	}
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
