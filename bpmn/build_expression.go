package bpmn

import (
	"errors"
	"strings"
	"unicode"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// errBare is what is wrong with a condition that is only text.
var errBare = errors.New("it is text without ${…}")

// expression parses a single expression; nil and a note for the rules when it does not parse.
func (b *modelBuilder) expression(e *Element, what, source string) *expr.Template {
	if source == "" {
		b.bad(e, what, source, errors.New("it is empty"))
		return nil
	}
	if isFEEL(source) {
		return b.feel(e, what, source)
	}
	return b.parsed(e, what, source, expr.ParseExpression)
}

// condition parses the text of an element that is an expression. Text without ${…} needs BareExpressions; the words
// true and false do not.
func (b *modelBuilder) condition(e *Element) *expr.Template {
	if e == nil {
		return nil
	}
	if source := e.Text; source != "" && source != "true" && source != "false" && !hasExpression(source) && !isFEEL(source) && !b.options.BareExpressions {
		b.bad(e, e.Local, source, errBare)
		return nil
	}
	return b.expression(e, e.Local, e.Text)
}

// template parses text with expressions in it; nil when it is empty.
func (b *modelBuilder) template(e *Element, what, source string) *expr.Template {
	if source == "" {
		return nil
	}
	return b.parsed(e, what, source, expr.Parse)
}

// templates parses the entries of a comma-separated list.
func (b *modelBuilder) templates(e *Element, what, source string) []*expr.Template {
	var found []*expr.Template
	for _, entry := range splitList(source) {
		if t := b.template(e, what, entry); t != nil {
			found = append(found, t)
		}
	}
	return found
}

// literal is text in which nothing is an expression.
func (b *modelBuilder) literal(e *Element, text string) *expr.Template {
	return b.parsed(e, named(e), strings.NewReplacer("${", `\${`, "#{", `\#{`).Replace(text), expr.Parse)
}

// variable reads a variable by name, or evaluates an expression where there is one.
func (b *modelBuilder) variable(e *Element, what, source string) *expr.Template {
	if hasExpression(source) {
		return b.expression(e, what, source)
	}
	if !isIdentifier(source) {
		b.bad(e, what, source, errors.New("it is not the name of a variable"))
		return nil
	}
	return b.expression(e, what, "${"+source+"}")
}

func (b *modelBuilder) parsed(e *Element, what, source string, parse func(string) (*expr.Template, error)) *expr.Template {
	t, err := parse(source)
	if err != nil {
		b.bad(e, what, source, err)
		return nil
	}
	return t
}

func (b *modelBuilder) bad(e *Element, what, source string, err error) {
	if !b.drawn {
		b.model.badExpressions = append(b.model.badExpressions, badExpression{element: e, what: what, source: source, err: err})
	}
}

func hasExpression(source string) bool {
	return strings.Contains(source, "${") || strings.Contains(source, "#{")
}

// isIdentifier reports whether the text can be the name of a variable in an expression.
func isIdentifier(text string) bool {
	for i, r := range text {
		if r != '_' && r != '$' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return text != ""
}

// wrapped returns what is inside "kind( … )".
func wrapped(entry, kind string) (string, bool) {
	rest, found := strings.CutPrefix(entry, kind+"(")
	inner, closed := strings.CutSuffix(rest, ")")
	return strings.TrimSpace(inner), found && closed
}

// splitList splits at the commas outside of ${…}, #{…} and parentheses; blank entries are dropped.
func splitList(source string) []string {
	var entries []string
	add := func(entry string) {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	depth, start := 0, 0
	var quote byte // inside an expression: the quote that is open
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case depth > 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '{' || c == '(':
			depth++
		case (c == '}' || c == ')') && depth > 0:
			depth--
		case c == ',' && depth == 0:
			add(source[start:i])
			start = i + 1
		}
	}
	add(source[start:])
	return entries
}
