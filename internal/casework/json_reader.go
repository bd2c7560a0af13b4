package casework

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// jsonReader walks through a JSON value and notes what is not as it should be.
type jsonReader struct{ Mistakes }

// value decodes a JSON value with exact numbers; nil and a mistake where it is not JSON.
func (r *jsonReader) value(raw json.RawMessage) any {
	if len(raw) == 0 {
		r.Add("", nil, "is missing")
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		r.Add("", nil, "is not JSON")
		return nil
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		r.Add("", nil, "is not one JSON value")
		return nil
	}
	return v
}

// object is a value that has to be an object with no other members than those known; nil where it is none.
func (r *jsonReader) object(at string, v any, known ...string) map[string]any {
	o, isObject := v.(map[string]any)
	if !isObject {
		r.Add(at, v, "must be an object")
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(known, name) {
			r.Add(at+pointer(name), nil, "is not known here; known are %s", strings.Join(known, ", "))
		}
	}
	return o
}

// list is a value that has to be a list of so many items at least and at most.
func (r *jsonReader) list(at string, v any, least, most int) []any {
	items, isList := v.([]any)
	if !isList || len(items) < least || len(items) > most {
		r.Add(at, nil, "must be a list of %d to %d items", least, most)
		return nil
	}
	return items
}

// name is a value that has to be a name that a column can hold; "" where it is none.
func (r *jsonReader) name(at string, v any, most int) string {
	s, isText := v.(string)
	if !isText {
		r.Add(at, v, "must be a text")
		return ""
	}
	if message := nameMistake(s, most); message != "" {
		r.Add(at, s, "%s", message)
		return ""
	}
	return s
}

// pointer is one step of a JSON pointer.
func pointer(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func index(i int) string { return "/" + strconv.Itoa(i) }
