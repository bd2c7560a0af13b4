package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd tokenKind = iota
	tokName
	tokNumber
	tokText
	tokOperator
)

type token struct {
	kind   tokenKind
	text   string // for text: its value
	offset int
}

// words that are operators; the text of the token is the operator they stand for.
var wordOperators = map[string]string{
	"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
	"and": "&&", "or": "||", "not": "!", "div": "/", "mod": "%", "empty": "empty",
}

// operators, longest first.
var operators = []string{"==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", "[", "]", "(", ")", ",", "{", "}", "=", ";"}

// lexer cuts source[pos:end] into tokens; it stops before a closing brace, which ends an embedded expression.
type lexer struct {
	source string
	pos    int
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.source) && strings.ContainsRune(" \t\r\n", rune(l.source[l.pos])) {
		l.pos++
	}
	start := l.pos
	if start >= len(l.source) {
		return token{kind: tokEnd, offset: start}, nil
	}
	c := l.source[start]
	switch {
	case c == '\'' || c == '"':
		return l.quoted(c)
	case c >= '0' && c <= '9', c == '.' && start+1 < len(l.source) && isDigit(l.source[start+1]):
		return l.number(), nil
	}
	if n := nameLength(l.source[start:]); n > 0 {
		l.pos += n
		name := l.source[start:l.pos]
		if op, ok := wordOperators[name]; ok {
			return token{kind: tokOperator, text: op, offset: start}, nil
		}
		return token{kind: tokName, text: name, offset: start}, nil
	}
	for _, op := range operators {
		if strings.HasPrefix(l.source[start:], op) {
			l.pos += len(op)
			return token{kind: tokOperator, text: op, offset: start}, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(l.source[start:])
	return token{}, syntaxError(l.source, start, "unexpected character %q", r)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func nameLength(s string) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r == utf8.RuneError || r != '_' && r != '$' && !unicode.IsLetter(r) && (n == 0 || !unicode.IsDigit(r)) {
			break
		}
		n += size
	}
	return n
}

func (l *lexer) number() token {
	start := l.pos
	digits := func() {
		for l.pos < len(l.source) && isDigit(l.source[l.pos]) {
			l.pos++
		}
	}
	digits()
	if l.pos+1 < len(l.source) && l.source[l.pos] == '.' && isDigit(l.source[l.pos+1]) {
		l.pos++
		digits()
	}
	if rest := l.source[l.pos:]; len(rest) > 1 && (rest[0] == 'e' || rest[0] == 'E') {
		sign := 1
		if rest[1] == '+' || rest[1] == '-' {
			sign = 2
		}
		if len(rest) > sign && isDigit(rest[sign]) {
			l.pos += sign
			digits()
		}
	}
	return token{kind: tokNumber, text: l.source[start:l.pos], offset: start}
}

func (l *lexer) quoted(quote byte) (token, error) {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.source); l.pos++ {
		c := l.source[l.pos]
		switch {
		case c == quote:
			l.pos++
			return token{kind: tokText, text: b.String(), offset: start}, nil
		case c == '\\' && l.pos+1 < len(l.source):
			l.pos++
			escaped := l.source[l.pos]
			if !strings.ContainsRune(`\'"`, rune(escaped)) {
				b.WriteByte('\\') // as the standard has it, only quotes and the backslash itself are escaped
			}
			b.WriteByte(escaped)
		default:
			b.WriteByte(c)
		}
	}
	return token{}, syntaxError(l.source, start, "text that starts here has no closing %c", quote)
}
