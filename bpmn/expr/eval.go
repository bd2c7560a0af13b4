package expr

import (
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/apd/v3"
)

// Context is one evaluation under way.
type Context struct {
	scope  Scope
	limits Limits
	steps  int
	depth  int
}

// Charge counts n operations of a host method against the limit on steps.
func (c *Context) Charge(n int) error {
	if c.steps += n; c.steps > c.limits.Steps || c.steps < 0 {
		return &EvalError{Code: OverLimit, Message: fmt.Sprintf("more than %d steps", c.limits.Steps)}
	}
	return nil
}

func (c *Context) checkSize(n *node, bytes int) error {
	if bytes > c.limits.ResultBytes {
		return failf(n, OverLimit, "a text of more than %d bytes", c.limits.ResultBytes)
	}
	return nil
}

func failf(n *node, code Code, format string, args ...any) error {
	return &EvalError{Code: code, Offset: n.offset, Message: fmt.Sprintf(format, args...)}
}

func (c *Context) eval(n *node) (any, error) {
	if err := c.Charge(1); err != nil {
		return nil, located(n, err)
	}
	if c.depth++; c.depth > c.limits.Depth*4 {
		return nil, failf(n, OverLimit, "nested deeper than %d", c.limits.Depth*4)
	}
	defer func() { c.depth-- }()
	switch n.kind {
	case literal:
		return n.value, nil
	case name:
		v, _ := c.scope.Lookup(n.name)
		return v, nil
	case unary:
		return c.unary(n)
	case binary:
		return c.binary(n)
	case ternary:
		return c.ternary(n)
	case property:
		return c.property(n)
	case index:
		return c.index(n)
	case call:
		return c.call(n)
	case list:
		return c.all(n.args)
	case invocation:
		return c.function(n)
	}
	return nil, failf(n, BadOperand, "unknown expression")
}

func (c *Context) all(nodes []*node) ([]any, error) {
	values := make([]any, len(nodes))
	for i, n := range nodes {
		v, err := c.eval(n)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func (c *Context) truth(n *node) (bool, error) {
	v, err := c.eval(n)
	if err != nil {
		return false, err
	}
	b, ok := toBool(v)
	if !ok {
		return false, failf(n, BadOperand, "%s is neither true nor false", kindOf(v))
	}
	return b, nil
}

func (c *Context) ternary(n *node) (any, error) {
	cond, err := c.truth(n.args[0])
	if err != nil {
		return nil, err
	}
	if cond {
		return c.eval(n.args[1])
	}
	return c.eval(n.args[2])
}

func (c *Context) unary(n *node) (any, error) {
	if n.name == "!" {
		b, err := c.truth(n.args[0])
		return !b, err
	}
	v, err := c.eval(n.args[0])
	if err != nil {
		return nil, err
	}
	if n.name == "empty" {
		return isEmpty(v), nil
	}
	return c.arithmetic(n, "-", int64(0), v)
}

func isEmpty(v any) bool {
	switch v := plain(v).(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func (c *Context) binary(n *node) (any, error) {
	if n.name == "&&" || n.name == "||" {
		left, err := c.truth(n.args[0])
		if err != nil || left == (n.name == "||") {
			return left, err
		}
		return c.truth(n.args[1])
	}
	left, err := c.eval(n.args[0])
	if err != nil {
		return nil, err
	}
	right, err := c.eval(n.args[1])
	if err != nil {
		return nil, err
	}
	switch n.name {
	case "==":
		return equal(left, right), nil
	case "!=":
		return !equal(left, right), nil
	case "<", ">", "<=", ">=":
		return ordered(n, left, right)
	case "+":
		left, right = plain(left), plain(right)
		_, leftText := left.(string)
		_, rightText := right.(string)
		if leftText || rightText {
			return c.join(n, left, right)
		}
	}
	return c.arithmetic(n, n.name, left, right)
}

// join makes one text of two values.
func (c *Context) join(n *node, left, right any) (any, error) {
	a, err := c.text(n, left)
	if err != nil {
		return nil, err
	}
	b, err := c.text(n, right)
	if err != nil {
		return nil, err
	}
	if err := c.checkSize(n, len(a)+len(b)); err != nil {
		return nil, err
	}
	return a + b, nil
}

// text is Text within the limit on size: a list may hold the same large value many times.
func (c *Context) text(n *node, v any) (string, error) {
	switch v.(type) {
	case []any, map[string]any:
		b := bounded{limit: c.limits.ResultBytes}
		if err := writeJSON(&b, v); errors.Is(err, errTooLarge) || b.Len() > b.limit {
			return "", c.checkSize(n, c.limits.ResultBytes+1)
		}
	}
	return Text(v), nil
}

// checkTexts refuses arguments whose text would be too large.
func (c *Context) checkTexts(n *node, args []any) error {
	for _, arg := range args {
		if _, err := c.text(n, arg); err != nil {
			return err
		}
	}
	return nil
}

// ordered compares; null is in no order with anything.
func ordered(n *node, left, right any) (any, error) {
	if left == nil || right == nil {
		return false, nil
	}
	order, ok := compare(left, right)
	if !ok {
		return nil, failf(n, BadOperand, "%s and %s cannot be compared by %s", kindOf(left), kindOf(right), n.name)
	}
	switch n.name {
	case "<":
		return order < 0, nil
	case ">":
		return order > 0, nil
	case "<=":
		return order <= 0, nil
	}
	return order >= 0, nil
}

func (c *Context) arithmetic(n *node, op string, left, right any) (any, error) {
	x, okX := toNumber(plain(left))
	y, okY := toNumber(plain(right))
	if !okX || !okY {
		return nil, failf(n, BadOperand, "%s needs numbers, not %s and %s", op, kindOf(left), kindOf(right))
	}
	if i, ok := integers(op, x, y); ok {
		return i, nil
	}
	if op == "+" || op == "-" { // numbers far apart are written out to a common exponent
		if err := c.Charge(apart(decimal(x), decimal(y)) / 50); err != nil {
			return nil, located(n, err)
		}
	}
	var d apd.Decimal
	var err error
	switch op {
	case "+":
		_, err = exact.Add(&d, decimal(x), decimal(y))
	case "-":
		_, err = exact.Sub(&d, decimal(x), decimal(y))
	case "*":
		_, err = exact.Mul(&d, decimal(x), decimal(y))
	case "/":
		if _, err = quotient.Quo(&d, decimal(x), decimal(y)); err == nil {
			d.Reduce(&d) // it comes padded to full precision
		}
	case "%":
		_, err = exact.Rem(&d, decimal(x), decimal(y))
	}
	if err != nil {
		if decimal(y).IsZero() && (op == "/" || op == "%") {
			return nil, failf(n, BadNumber, "division by zero")
		}
		return nil, failf(n, BadNumber, "%s: the result is out of range", op)
	}
	return whole(&d), nil
}

// apart is how far the exponents of two numbers are from each other.
func apart(x, y *apd.Decimal) int {
	return max(int(x.Exponent)-int(y.Exponent), int(y.Exponent)-int(x.Exponent))
}

// integers computes where both are whole and the result fits.
func integers(op string, x, y any) (int64, bool) {
	a, okA := x.(int64)
	b, okB := y.(int64)
	if !okA || !okB {
		return 0, false
	}
	small := func(n int64) bool { return n > math.MinInt32 && n < math.MaxInt32 }
	switch {
	case op == "+" && (a+b > a) == (b > 0):
		return a + b, true
	case op == "-" && (a-b < a) == (b > 0):
		return a - b, true
	case op == "*" && small(a) && small(b):
		return a * b, true
	case op == "%" && b != 0 && b != -1:
		return a % b, true
	}
	return 0, false
}
