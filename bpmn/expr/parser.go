package expr

import "slices"

// node is a parsed expression.
type node struct {
	kind   nodeKind
	offset int
	name   string // operator, name, property or method
	value  any    // literal
	args   []*node
}

type nodeKind int

const (
	literal    nodeKind = iota
	name                // name
	unary               // name(args[0])
	binary              // args[0] name args[1]
	ternary             // args[0] ? args[1] : args[2]
	property            // args[0].name
	index               // args[0][args[1]]
	call                // args[0].name(args[1:])
	list                // [args…]
	invocation          // name(args…), a function with its prefix
)

// levels of the binary operators, loosest first.
var levels = [][]string{{"||"}, {"&&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"*", "/", "%"}}

type parser struct {
	lexer lexer
	tok   token
	depth int
}

// parseAt parses an expression from source[pos:] and returns it with the token that follows it.
func parseAt(source string, pos int) (*node, token, error) {
	p := &parser{lexer: lexer{source: source, pos: pos}}
	if err := p.advance(); err != nil {
		return nil, token{}, err
	}
	n, err := p.ternary()
	return n, p.tok, err
}

func (p *parser) advance() error {
	tok, err := p.lexer.next()
	p.tok = tok
	return err
}

func (p *parser) errorf(format string, args ...any) error {
	return syntaxError(p.lexer.source, p.tok.offset, format, args...)
}

func (p *parser) is(operator string) bool { return p.tok.kind == tokOperator && p.tok.text == operator }

func (p *parser) expect(operator string) error {
	if !p.is(operator) {
		return p.unexpected("%q is missing here", operator)
	}
	return p.advance()
}

func (p *parser) unexpected(format string, args ...any) error {
	if p.tok.kind == tokOperator && (p.tok.text == "=" || p.tok.text == ";") {
		return p.errorf("%q is not part of the expression language", p.tok.text)
	}
	return p.errorf(format, args...)
}

// nested guards the recursion.
func (p *parser) nested(parse func() (*node, error)) (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf("nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	return parse()
}

func (p *parser) ternary() (*node, error) {
	return p.nested(func() (*node, error) {
		cond, err := p.binary(0)
		if err != nil || !p.is("?") {
			return cond, err
		}
		n := &node{kind: ternary, offset: p.tok.offset, args: []*node{cond}}
		for _, follow := range []string{"?", ":"} {
			if err := p.expect(follow); err != nil {
				return nil, err
			}
			branch, err := p.ternary()
			if err != nil {
				return nil, err
			}
			n.args = append(n.args, branch)
		}
		return n, nil
	})
}

func (p *parser) binary(level int) (*node, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for n := 0; p.tok.kind == tokOperator && slices.Contains(levels[level], p.tok.text); n++ {
		if n == maxDepth*4 { // a chain is a left-deep tree: evaluation follows it
			return nil, p.errorf("more than %d operators in a row", n)
		}
		op := p.tok
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		left = &node{kind: binary, offset: op.offset, name: op.text, args: []*node{left, right}}
	}
	return left, nil
}

func (p *parser) unary() (*node, error) {
	if p.tok.kind != tokOperator || !slices.Contains([]string{"-", "!", "empty"}, p.tok.text) {
		return p.postfix()
	}
	return p.nested(func() (*node, error) {
		op := p.tok
		if err := p.advance(); err != nil {
			return nil, err
		}
		operand, err := p.unary()
		return &node{kind: unary, offset: op.offset, name: op.text, args: []*node{operand}}, err
	})
}

func (p *parser) postfix() (*node, error) {
	n, err := p.primary()
	for hops := 0; err == nil; hops++ {
		if hops == maxDepth*4 {
			return nil, p.errorf("a path of more than %d parts", hops)
		}
		switch {
		case p.is("."):
			n, err = p.member(n)
		case p.is("["):
			n, err = p.index(n)
		default:
			return n, nil
		}
	}
	return nil, err
}

func (p *parser) member(of *node) (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	start := p.tok.offset
	member := p.lexer.source[start:p.lexer.pos] // the word as written: after a dot, "empty" and "eq" are names
	if nameLength(member) != len(member) || member == "" {
		return nil, p.errorf("a name is missing after the dot")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.is("(") {
		return &node{kind: property, offset: start, name: member, args: []*node{of}}, nil
	}
	args, err := p.list("(", ")")
	return &node{kind: call, offset: start, name: member, args: append([]*node{of}, args...)}, err
}

func (p *parser) index(of *node) (*node, error) {
	start := p.tok.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	at, err := p.ternary()
	if err != nil {
		return nil, err
	}
	return &node{kind: index, offset: start, args: []*node{of, at}}, p.expect("]")
}

func (p *parser) list(opening, closing string) ([]*node, error) {
	if err := p.expect(opening); err != nil {
		return nil, err
	}
	var items []*node
	for !p.is(closing) {
		if len(items) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		item, err := p.ternary()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, p.advance()
}

func (p *parser) primary() (*node, error) {
	tok := p.tok
	switch {
	case tok.kind == tokNumber:
		v, ok := number(tok.text)
		if !ok {
			return nil, p.errorf("%s is out of range", tok.text)
		}
		return &node{kind: literal, offset: tok.offset, value: v}, p.advance()
	case tok.kind == tokText:
		return &node{kind: literal, offset: tok.offset, value: tok.text}, p.advance()
	case tok.kind == tokName:
		return p.named(tok)
	case p.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.ternary()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	case p.is("["):
		items, err := p.list("[", "]")
		return &node{kind: list, offset: tok.offset, args: items}, err
	case tok.kind == tokEnd:
		return nil, p.errorf("the expression ends too early")
	}
	return nil, p.unexpected("unexpected %q", tok.text)
}

func (p *parser) named(tok token) (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch tok.text {
	case "true", "false":
		return &node{kind: literal, offset: tok.offset, value: tok.text == "true"}, nil
	case "null":
		return &node{kind: literal, offset: tok.offset}, nil
	}
	if p.is("(") {
		return nil, syntaxError(p.lexer.source, tok.offset, "function %q is not supported", tok.text)
	}
	if function, ok := p.prefixed(tok); ok {
		return p.invocation(tok, function)
	}
	return &node{kind: name, offset: tok.offset, name: tok.text}, nil
}
