package expr

import (
	"slices"
	"strings"
)

// Template is a parsed attribute or element text: literal text, an expression, or a mix of both. It is immutable and
// safe for concurrent use.
type Template struct {
	source string
	parts  []part
}

// part is literal text, or an expression where expr is set.
type part struct {
	text string
	expr *node
}

// Parse reads text with ${…} and #{…} in it. "\$" and "\#" stand for the characters themselves. The error is a
// *SyntaxError.
func Parse(source string) (*Template, error) {
	if err := checkLength(source); err != nil {
		return nil, err
	}
	t := &Template{source: source}
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			t.parts = append(t.parts, part{text: text.String()})
			text.Reset()
		}
	}
	for pos := 0; pos < len(source); {
		rest := source[pos:]
		switch {
		case strings.HasPrefix(rest, `\${`), strings.HasPrefix(rest, `\#{`):
			text.WriteString(rest[1:3])
			pos += 3
		case strings.HasPrefix(rest, "${"), strings.HasPrefix(rest, "#{"):
			n, end, err := parseAt(source, pos+2)
			if err != nil {
				return nil, err
			}
			if end.kind != tokOperator || end.text != "}" {
				return nil, afterExpression(source, end)
			}
			flush()
			t.parts = append(t.parts, part{expr: n})
			pos = end.offset + 1
		default:
			text.WriteByte(source[pos])
			pos++
		}
	}
	flush()
	return t, nil
}

// ParseExpression reads one expression, either bare or as a single ${…}. The error is a *SyntaxError.
func ParseExpression(source string) (*Template, error) {
	trimmed := strings.TrimSpace(source)
	if strings.HasPrefix(trimmed, "${") || strings.HasPrefix(trimmed, "#{") {
		t, err := Parse(source)
		if err != nil {
			return nil, err
		}
		t.parts = slices.DeleteFunc(t.parts, func(p part) bool { return p.expr == nil && strings.TrimSpace(p.text) == "" })
		if len(t.parts) != 1 {
			return nil, syntaxError(source, 0, "one expression was expected, not text around or beside it")
		}
		return t, nil
	}
	if err := checkLength(source); err != nil {
		return nil, err
	}
	n, end, err := parseAt(source, 0)
	if err != nil {
		return nil, err
	}
	if end.kind != tokEnd {
		return nil, afterExpression(source, end)
	}
	return &Template{source: source, parts: []part{{expr: n}}}, nil
}

func checkLength(source string) error {
	if len(source) > maxSourceBytes {
		return syntaxError(source, maxSourceBytes, "longer than %d bytes", maxSourceBytes)
	}
	return nil
}

func afterExpression(source string, end token) error {
	if end.kind == tokEnd {
		return syntaxError(source, end.offset, "the closing } is missing")
	}
	if end.kind == tokOperator && (end.text == "=" || end.text == ";") {
		return syntaxError(source, end.offset, "%q is not part of the expression language", end.text)
	}
	return syntaxError(source, end.offset, "unexpected %q after the expression", end.text)
}

// Source returns the text the template was parsed from.
func (t *Template) Source() string { return t.source }

// IsLiteral reports whether the template has no expression in it.
func (t *Template) IsLiteral() bool {
	return !slices.ContainsFunc(t.parts, func(p part) bool { return p.expr != nil })
}

// Name returns the name that the template is, where it is nothing but one: ${name}.
func (t *Template) Name() (string, bool) {
	if len(t.parts) != 1 || t.parts[0].expr == nil || t.parts[0].expr.kind != name {
		return "", false
	}
	return t.parts[0].expr.name, true
}

// Eval evaluates the template. A single expression keeps its type; anything else is text. The error is an *EvalError.
func (t *Template) Eval(scope Scope, limits Limits) (any, error) {
	c := &Context{scope: scope, limits: limits.withDefaults()}
	if len(t.parts) == 1 && t.parts[0].expr != nil {
		v, err := c.eval(t.parts[0].expr)
		if err != nil {
			return nil, err
		}
		return v, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.expr == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := c.eval(p.expr)
		if err != nil {
			return nil, err
		}
		text, err := c.text(p.expr, v)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		if err := c.checkSize(p.expr, b.Len()); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

// EvalBool evaluates a condition: null is false, the texts true and false are themselves, anything else is an error.
func (t *Template) EvalBool(scope Scope, limits Limits) (bool, error) {
	v, err := t.Eval(scope, limits)
	if err != nil {
		return false, err
	}
	b, ok := toBool(v)
	if !ok {
		return false, &EvalError{Code: NotBoolean, Message: "a condition must be true or false, not " + kindOf(v)}
	}
	return b, nil
}

// EvalString evaluates to text; null is "".
func (t *Template) EvalString(scope Scope, limits Limits) (string, error) {
	v, err := t.Eval(scope, limits)
	if err != nil {
		return "", err
	}
	return Text(v), nil
}
