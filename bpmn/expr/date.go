package expr

import (
	"strings"
	"time"
)

// Clock is a Scope that knows the moment of the step, for date:now(). It is the same moment for all of a step.
type Clock interface {
	Now() time.Time
}

// moments is the form of all moments that functions return: UTC, whole seconds, in the order of time as texts.
const moments = "2006-01-02T15:04:05Z"

// dateLayouts are tried in order; those without a zone mean UTC.
var dateLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly,
}

func dateNow(c *Context, n *node, _ []any) (any, error) {
	clock, ok := c.scope.(Clock)
	if !ok {
		return nil, failf(n, HostFailed, "date:now() is not known here")
	}
	return moment(n, clock.Now())
}

// moment is a time as value.
func moment(n *node, t time.Time) (any, error) {
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return nil, failf(n, BadNumber, "%s: the date is outside the years 0 to 9999", n.name)
	}
	return t.Format(moments), nil
}

func readDate(n *node, v any) (time.Time, error) {
	s, isText := plain(v).(string)
	if !isText {
		return time.Time{}, failf(n, BadOperand, "%s needs a date, not %s", n.name, kindOf(v))
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, failf(n, BadOperand, "%s: %q is not an ISO 8601 date or date-time", n.name, cut(s))
}

// cut shortens what people wrote for a message.
func cut(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func dateParse(_ *Context, n *node, args []any) (any, error) {
	if len(args) == 1 {
		t, err := readDate(n, args[0])
		if err != nil {
			return nil, err
		}
		return moment(n, t)
	}
	layout, err := dateLayout(n, args[1])
	if err != nil {
		return nil, err
	}
	s, isText := plain(args[0]).(string)
	if !isText {
		return nil, failf(n, BadOperand, "%s needs a text, not %s", n.name, kindOf(args[0]))
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return nil, failf(n, BadOperand, "%s: %q is not of the pattern %q", n.name, cut(s), cut(Text(args[1])))
	}
	return moment(n, t)
}

func dateFormat(_ *Context, n *node, args []any) (any, error) {
	t, err := readDate(n, args[0])
	if err != nil {
		return nil, err
	}
	layout, err := dateLayout(n, args[1])
	if err != nil {
		return nil, err
	}
	return t.Format(layout), nil
}

func dateAdd(_ *Context, n *node, args []any) (any, error) { return shifted(n, args, 1) }

func dateSubtract(_ *Context, n *node, args []any) (any, error) { return shifted(n, args, -1) }

// shifted moves a date by years, months and days. A day that its month does not have is the last one it has.
func shifted(n *node, args []any, sign int) (any, error) {
	t, err := readDate(n, args[0])
	if err != nil {
		return nil, err
	}
	var by [3]int
	for i, v := range args[1:] {
		number, ok := toNumber(plain(v))
		whole, isWhole := number.(int64)
		if !ok || !isWhole || whole < -4_000_000 || whole > 4_000_000 {
			return nil, failf(n, BadOperand, "%s: years, months and days must be whole numbers, within four million", n.name)
		}
		by[i] = sign * int(whole)
	}
	first := time.Date(t.Year()+by[0], t.Month()+time.Month(by[1]), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return moment(n, first.AddDate(0, 0, min(t.Day(), last)-1+by[2]))
}

// dateLetters maps the letters of the vendors' patterns, by their number, to the layout that they stand for.
var dateLetters = map[string]string{
	"yyyy": "2006", "yy": "06", "MMMM": "January", "MMM": "Jan", "MM": "01", "M": "1", "dd": "02", "d": "2",
	"EEEE": "Monday", "EEE": "Mon", "E": "Mon", "HH": "15", "hh": "03", "h": "3", "mm": "04", "m": "4", "ss": "05", "s": "5",
	"SSS": "000", "a": "PM", "XXX": "Z07:00", "Z": "-0700",
}

// unlike is a moment with another value than a layout's for each part that a layout can have.
var unlike = time.Date(2009, time.November, 27, 9, 47, 58, 123456789, time.UTC)

// quotable reports whether a text stands for itself in a layout, whatever is around it.
func quotable(text string) bool {
	return !strings.ContainsAny(text, "_0123456789") && unlike.Format(text) == text
}

// dateLayout turns a pattern such as "dd.MM.yyyy HH:mm" into a layout. Text between quotes stands for itself.
func dateLayout(n *node, v any) (string, error) {
	pattern, isText := plain(v).(string)
	if !isText || len(pattern) > 100 {
		return "", failf(n, BadOperand, "%s needs a date pattern of at most 100 bytes", n.name)
	}
	var b strings.Builder
	for rest := pattern; rest != ""; {
		if rest[0] == '\'' {
			text, after, closed := strings.Cut(rest[1:], "'")
			if !closed || strings.HasPrefix(after, "'") || !quotable(text) {
				return "", failf(n, BadOperand, "%s: the text in quotes of the pattern %q cannot be used", n.name, cut(pattern))
			}
			b.WriteString(text)
			rest = after
			continue
		}
		part := rest[:len(rest)-len(strings.TrimLeft(rest, rest[:1]))]
		layout, known := dateLetters[part]
		switch {
		case part == "SSS" && !strings.HasSuffix(b.String(), "05.") && !strings.HasSuffix(b.String(), "05,"):
			return "", failf(n, BadOperand, "%s: SSS has to follow the seconds and a dot in the pattern %q", n.name, cut(pattern))
		case known:
			b.WriteString(layout)
		case strings.Trim(part, " -/.,:") == "":
			b.WriteString(part)
		default:
			return "", failf(n, BadOperand, "%s: %q of the pattern %q is not supported", n.name, cut(part), cut(pattern))
		}
		rest = rest[len(part):]
	}
	return b.String(), nil
}
