package expr

import (
	"errors"
	"fmt"
)

func (c *Context) property(n *node) (any, error) {
	of, err := c.eval(n.args[0])
	if err != nil || of == nil {
		return nil, err
	}
	return member(n, of, n.name)
}

func member(n *node, of any, key string) (any, error) {
	switch of := of.(type) {
	case map[string]any:
		return of[key], nil
	case Object:
		if v, ok := of.Property(key); ok {
			return v, nil
		}
	}
	return nil, failf(n, BadMethod, "%s has no property %q", kindOf(of), key)
}

func (c *Context) index(n *node) (any, error) {
	of, err := c.eval(n.args[0])
	if err != nil {
		return nil, err
	}
	at, err := c.eval(n.args[1])
	if err != nil || of == nil || at == nil {
		return nil, err
	}
	items, isList := of.([]any)
	if !isList {
		key, err := c.text(n, at)
		if err != nil {
			return nil, err
		}
		return member(n, of, key)
	}
	i, ok := toNumber(plain(at))
	whole, isWhole := i.(int64)
	if !ok || !isWhole {
		return nil, failf(n, BadOperand, "the index of a list must be a whole number, not %s", kindOf(at))
	}
	if whole < 0 || whole >= int64(len(items)) {
		return nil, nil
	}
	return items[whole], nil
}

func (c *Context) call(n *node) (any, error) {
	values, err := c.all(n.args)
	if err != nil {
		return nil, err
	}
	of, args := values[0], values[1:]
	var result any
	switch of := of.(type) {
	case nil:
		return nil, failf(n, BadMethod, "%s() was called on null", n.name)
	case Object:
		result, err = of.Call(c, n.name, args)
	case string:
		if err = c.checkTexts(n, args); err == nil {
			result, err = c.textMethod(n, of, args)
		}
	case []any:
		result, err = c.listMethod(n, of, args)
	case map[string]any:
		if err = c.checkTexts(n, args); err == nil {
			result, err = c.mapMethod(n, of, args)
		}
	default:
		result, err = scalarMethod(of, n.name, args)
	}
	if err != nil {
		return nil, callFailed(n, of, len(args), err)
	}
	if s, isText := result.(string); isText {
		return s, c.checkSize(n, len(s))
	}
	return result, nil
}

func callFailed(n *node, of any, args int, err error) error {
	var known *EvalError
	if errors.As(err, &known) {
		return located(n, known)
	}
	code, message := HostFailed, err.Error()
	if errors.Is(err, ErrNoMethod) {
		code = BadMethod
		message = fmt.Sprintf("%s has no method %s with %d arguments", kindOf(of), n.name, args)
	}
	return &EvalError{Code: code, Offset: n.offset, Message: message, cause: err}
}

// located gives an error of this package that has no place yet the place of the node.
func located(n *node, err error) error {
	var known *EvalError
	if !errors.As(err, &known) || known.Offset != 0 {
		return err
	}
	at := *known
	at.Offset = n.offset
	return &at
}
