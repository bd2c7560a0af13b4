package service

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// Fields reads the fields of an element and collects what is wrong with them, so that all of it is told at once.
type Fields struct {
	values   map[string]any
	problems []string
}

// NewFields reads fields as an activity receives them. A name outside of known is a problem.
func NewFields(raw map[string]json.RawMessage, known []string) *Fields {
	f := &Fields{values: map[string]any{}}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains(known, name) {
			f.Problem("field %q is not known; there are: %s", name, strings.Join(known, ", "))
			continue
		}
		value, err := expr.FromJSON(raw[name])
		if err != nil {
			f.Problem("field %s: %v", name, err)
			continue
		}
		f.values[name] = value
	}
	return f
}

// Problem adds something that is wrong.
func (f *Fields) Problem(format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

// Err is a failure of type BadField with every problem; nil if there is none.
func (f *Fields) Err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return Permanent(BadField, "%s", strings.Join(f.problems, "; "))
}

// Value is the value of a field; nil if it is not given.
func (f *Fields) Value(name string) any { return f.values[name] }

// Text is the text of a field; "" if it is not given. Lists and maps are JSON.
func (f *Fields) Text(name string) string { return expr.Text(f.values[name]) }

// Trimmed is the text of a field without space around it.
func (f *Fields) Trimmed(name string) string { return strings.TrimSpace(f.Text(name)) }

// Required is Trimmed; that there is nothing is a problem.
func (f *Fields) Required(name string) string {
	s := f.Trimmed(name)
	if s == "" {
		f.Problem("field %s is missing", name)
	}
	return s
}

// Bool is true or false; false if the field is not given or empty.
func (f *Fields) Bool(name string) bool {
	switch s := strings.ToLower(f.Trimmed(name)); s {
	case "", "false":
		return false
	case "true":
		return true
	default:
		f.Problem("field %s is %q; it is true or false", name, Shorten(s))
		return false
	}
}

// Whole is a whole number between least and greatest; absent if the field is not given or empty.
func (f *Fields) Whole(name string, absent, least, greatest int) int {
	s := f.Trimmed(name)
	if s == "" {
		return absent
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > greatest {
		f.Problem("field %s is %q; it is a whole number from %d to %d", name, Shorten(s), least, greatest)
		return absent
	}
	return n
}

// Lines calls take for each "name: value" of a field: the lines of a text, or the entries of a map in the order of their
// names. A line without a colon is a problem.
func (f *Fields) Lines(field string, take func(name, value string)) {
	if named, isMap := f.Value(field).(map[string]any); isMap {
		for _, name := range slices.Sorted(maps.Keys(named)) {
			take(name, expr.Text(named[name]))
		}
		return
	}
	for line := range strings.Lines(f.Text(field)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			f.Problem("field %s holds the line %q, which has no colon", field, Shorten(line))
			continue
		}
		take(strings.TrimSpace(name), strings.TrimSpace(value))
	}
}

// List is the items of a field that is a list, or a text with commas between them; empty ones are left out.
func (f *Fields) List(name string) (items []string) {
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			items = append(items, s)
		}
	}
	list, isList := f.values[name].([]any)
	for _, item := range list {
		add(expr.Text(item))
	}
	if !isList {
		for part := range strings.SplitSeq(f.Text(name), ",") {
			add(part)
		}
	}
	return items
}

// Shorten cuts a text from outside for a message.
func Shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// Storable reports whether a value can be kept as a variable: PostgreSQL keeps no text with U+0000.
func Storable(v any) bool {
	switch v := v.(type) {
	case string:
		return !strings.ContainsRune(v, 0)
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !Storable(item) })
	case map[string]any:
		for key, item := range v {
			if !Storable(key) || !Storable(item) {
				return false
			}
		}
	}
	return true
}
