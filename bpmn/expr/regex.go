package expr

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// maxPatternBytes bounds a regular expression: repetitions make a short one large.
const maxPatternBytes = 256

// pattern compiles a regular expression of RE2's syntax, and charges for the time that it will take on a text.
func (c *Context) pattern(n *node, source string, textBytes int) (*regexp.Regexp, error) {
	if len(source) > maxPatternBytes {
		return nil, failf(n, OverLimit, "%s: a regular expression of more than %d bytes", n.name, maxPatternBytes)
	}
	parsed, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, failf(n, BadOperand, "%s: %v", n.name, err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, failf(n, BadOperand, "%s: %v", n.name, err)
	}
	if err := c.Charge((len(program.Inst) * (textBytes + 10)) / 1000); err != nil { // it matches in linear time
		return nil, located(n, err)
	}
	compiled, err := regexp.Compile(source)
	if err != nil {
		return nil, failf(n, BadOperand, "%s: %v", n.name, err)
	}
	return compiled, nil
}

// matches reports whether all of s is of the pattern.
func (c *Context) matches(n *node, s, source string) (any, error) {
	re, err := c.pattern(n, source, len(s))
	if err != nil {
		return nil, err
	}
	re.Longest() // so that a match of everything is found if there is one
	at := re.FindStringIndex(s)
	return at != nil && at[0] == 0 && at[1] == len(s), nil
}

// split cuts at each match of the pattern; empty parts at the end are dropped, as the models' authors know it.
func (c *Context) split(n *node, s, source string) (any, error) {
	re, err := c.pattern(n, source, len(s))
	if err != nil {
		return nil, err
	}
	if s == "" {
		return []any{""}, nil
	}
	parts := re.Split(s, -1)
	if err := c.Charge(len(parts)); err != nil {
		return nil, located(n, err)
	}
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	items := make([]any, len(parts))
	for i, part := range parts {
		items[i] = part
	}
	return items, nil
}

// replacePattern replaces the first or every match; $1 in the new text stands for the first group.
func (c *Context) replacePattern(n *node, s, source, by string) (any, error) {
	re, err := c.pattern(n, source, len(s))
	if err != nil {
		return nil, err
	}
	limit := -1
	if n.name == "replaceFirst" {
		limit = 1
	}
	var b strings.Builder
	from := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, limit) {
		b.WriteString(s[from:at[0]])
		if err := c.Charge(1 + strings.Count(by, "$")); err != nil {
			return nil, located(n, err)
		}
		b.Write(re.ExpandString(nil, by, s, slices.Clone(at)))
		if err := c.checkSize(n, b.Len()); err != nil {
			return nil, err
		}
		from = at[1]
	}
	b.WriteString(s[from:])
	return b.String(), nil
}
