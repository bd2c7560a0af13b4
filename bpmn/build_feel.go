package bpmn

import (
	"errors"
	"regexp"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// errFEEL is what is wrong with FEEL that would mean something else here.
var errFEEL = errors.New("of FEEL, only names, paths, literals and lists of them are supported")

// feelSame matches the expressions that mean the same in FEEL and here: names and paths, numbers, texts, true, false and
// null, and lists of these.
var feelSame = regexp.MustCompile(`^\s*(?:` + feelValue + `|\[\s*(?:` + feelValue + `(?:\s*,\s*` + feelValue + `)*)?\s*\])\s*$`)

const feelValue = `(?:[\p{L}_][\p{L}\d_]*(?:\.[\p{L}_][\p{L}\d_]*)*|"[^"\\]*"|-?\d+(?:\.\d+)?)`

// isFEEL reports whether the text is a FEEL expression, which begins with "=".
func isFEEL(source string) bool { return strings.HasPrefix(source, "=") }

// feel parses an attribute that is text, or FEEL where it begins with "="; nil when it is empty.
func (b *modelBuilder) feel(e *Element, what, source string) *expr.Template {
	switch {
	case source == "":
		return nil
	case !isFEEL(source):
		return b.literal(e, source)
	case !feelSame.MatchString(source[1:]):
		b.bad(e, what, source, errFEEL)
		return nil
	}
	return b.parsed(e, what, "${"+strings.TrimSpace(source[1:])+"}", expr.ParseExpression)
}

// feelText is the value of an attribute that has to be known at deployment: text, or a FEEL text literal.
func (b *modelBuilder) feelText(e *Element, what, source string) string {
	if !isFEEL(source) {
		return source
	}
	text := strings.TrimSpace(source[1:])
	if len(text) < 2 || text[0] != '"' || strings.IndexByte(text[1:], '"') != len(text)-2 || strings.Contains(text, `\`) {
		b.bad(e, what, source, errors.New("it has to be a fixed text"))
		return ""
	}
	return text[1 : len(text)-1]
}
