package expr

import "strings"

// prefixed looks whether a name is the prefix of a function: the name of the function and a bracket follow its colon. If
// so, the bracket is the next token. Otherwise nothing has been read: the colon may be that of a condition.
func (p *parser) prefixed(prefix token) (name string, ok bool) {
	if !p.is(":") {
		return "", false
	}
	ahead := *p
	if err := ahead.advance(); err != nil {
		return "", false
	}
	start := ahead.tok.offset
	name = ahead.lexer.source[start:ahead.lexer.pos] // the word as written: "empty" and "eq" are names here
	if name == "" || nameLength(name) != len(name) {
		return "", false
	}
	if err := ahead.advance(); err != nil || !ahead.is("(") {
		return "", false
	}
	together := start == prefix.offset+len(prefix.text)+1 // "a ? b : c(d)" is a condition, with a mistake in it
	if _, known := prefixes[prefix.text]; !known && !together {
		return "", false
	}
	*p = ahead
	return name, true
}

// invocation reads the arguments of a function.
func (p *parser) invocation(prefix token, name string) (*node, error) {
	full := prefix.text + ":" + name
	known, ok := prefixes[prefix.text]
	if !ok {
		return nil, syntaxError(p.lexer.source, prefix.offset, "the functions %s:… are not supported", prefix.text)
	}
	f, ok := functions[known+":"+name]
	if !ok {
		return nil, syntaxError(p.lexer.source, prefix.offset, "function %q is not supported", full)
	}
	args, err := p.list("(", ")")
	if err != nil {
		return nil, err
	}
	if len(args) < f.least || len(args) > f.most {
		return nil, syntaxError(p.lexer.source, prefix.offset, "%s() is called with %d arguments, which it does not take", full, len(args))
	}
	if f.variable && !variableName(args[0]) {
		return nil, syntaxError(p.lexer.source, prefix.offset, "the first argument of %s() must be the name of a variable", full)
	}
	return &node{kind: invocation, offset: prefix.offset, name: known + ":" + name, args: args}, nil
}

// variableName turns an argument that names a variable, bare or in quotes, into the name.
func variableName(n *node) bool {
	switch n.kind {
	case name:
		*n = node{kind: literal, offset: n.offset, value: n.name}
		return true
	case literal:
		s, isText := n.value.(string)
		return isText && strings.TrimSpace(s) != ""
	}
	return false
}
