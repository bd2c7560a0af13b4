package engine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// evaluator reads attributes one after the other and keeps the first error.
type evaluator struct {
	scope expr.Scope
	err   error
}

func (e *evaluator) value(name string, t *expr.Template) any {
	if t == nil || e.err != nil {
		return nil
	}
	v, err := t.Eval(e.scope, limits)
	if err != nil {
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: %w", name, err)}
	}
	return v
}

func (e *evaluator) text(name string, t *expr.Template) string {
	v := e.value(name, t)
	if v == nil {
		return ""
	}
	s := expr.Text(v)
	if n, ok := e.scope.(names); ok && len(s) > n.m.largest() { // it would stay in the state
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: its text has %d bytes; %d are possible", name, len(s), n.m.largest())}
		return ""
	}
	return s
}

// list flattens entries: each may be a list or a comma-separated text.
func (e *evaluator) list(name string, ts []*expr.Template) []string {
	var out []string
	add := func(v any) {
		for part := range strings.SplitSeq(expr.Text(v), ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	for _, t := range ts {
		switch v := e.value(name, t).(type) {
		case nil:
		case []any:
			for _, item := range v {
				add(item)
			}
		default:
			add(v)
		}
	}
	return out
}

func (e *evaluator) integer(name string, t *expr.Template) *int {
	s := strings.TrimSpace(e.text(name, t))
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil && e.err == nil {
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: %q is not a whole number", name, s)}
	}
	return &n
}

// due reads a date-time, or a duration from now.
func (e *evaluator) due(name string, t *expr.Template, now time.Time) *time.Time {
	s := strings.TrimSpace(e.text(name, t))
	if s == "" {
		return nil
	}
	at, err := instant(s, now)
	if err != nil && e.err == nil {
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: %w", name, err)}
	}
	return &at
}

// seconds reads a duration of fixed length, rounded up; 0 where it is not given.
func (e *evaluator) seconds(name string, t *expr.Template) int64 {
	s := strings.TrimSpace(e.text(name, t))
	if s == "" {
		return 0
	}
	d, err := bpmn.ParseDuration(s)
	if err == nil && d.Length() <= 0 {
		err = fmt.Errorf("%q has no fixed length; it is of days, hours, minutes and seconds, such as PT8H", s)
	}
	if err != nil && e.err == nil {
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: %w", name, err)}
	}
	return int64((d.Length() + time.Second - 1) / time.Second)
}

// instant reads a date-time, or a duration from now. A year of more than four digits could not be stored.
func instant(s string, now time.Time) (time.Time, error) {
	at, err := parseInstant(s, now)
	if err == nil && (at.Year() < 0 || at.Year() > 9999) {
		return time.Time{}, fmt.Errorf("%q is outside the years 0 to 9999", s)
	}
	return at, err
}

func parseInstant(s string, now time.Time) (time.Time, error) {
	if strings.HasPrefix(s, "P") {
		d, err := bpmn.ParseDuration(s)
		if err != nil {
			return time.Time{}, err
		}
		return d.AddTo(now), nil
	}
	return bpmn.ParseDateTime(s)
}
