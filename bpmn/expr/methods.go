package expr

import (
	"slices"
	"strings"
	"unicode/utf16"
)

// textMethod runs a method of text. Lengths and positions count UTF-16 units, as the models' authors know them.
func (c *Context) textMethod(n *node, s string, args []any) (any, error) {
	method := n.name
	switch {
	case len(args) == 0:
		return textProperty(s, method)
	case len(args) == 1:
		return textWith(s, method, args[0])
	case method == "substring" && len(args) == 2:
		return substring(s, args[0], args[1])
	case method == "replace" && len(args) == 2:
		from, to := Text(args[0]), Text(args[1])
		if err := c.checkSize(n, len(s)+strings.Count(s, from)*(len(to)-len(from))); err != nil {
			return nil, err
		}
		return strings.ReplaceAll(s, from, to), nil
	}
	return nil, ErrNoMethod
}

func textProperty(s, method string) (any, error) {
	switch method {
	case "size", "length":
		return int64(len(utf16.Encode([]rune(s)))), nil
	case "isEmpty":
		return s == "", nil
	case "isBlank":
		return strings.TrimSpace(s) == "", nil
	case "trim":
		return strings.TrimSpace(s), nil
	case "toLowerCase":
		return strings.ToLower(s), nil
	case "toUpperCase":
		return strings.ToUpper(s), nil
	case "toString":
		return s, nil
	}
	return nil, ErrNoMethod
}

func textWith(s, method string, arg any) (any, error) {
	other := Text(arg)
	switch method {
	case "contains":
		return strings.Contains(s, other), nil
	case "startsWith":
		return strings.HasPrefix(s, other), nil
	case "endsWith":
		return strings.HasSuffix(s, other), nil
	case "equals":
		_, isText := plain(arg).(string)
		return isText && s == other, nil
	case "equalsIgnoreCase":
		return arg != nil && strings.EqualFold(s, other), nil
	case "concat":
		return s + other, nil
	case "indexOf":
		at := strings.Index(s, other)
		if at < 0 {
			return int64(-1), nil
		}
		return int64(len(utf16.Encode([]rune(s[:at])))), nil
	case "substring":
		return substring(s, arg, nil)
	}
	return nil, ErrNoMethod
}

func substring(s string, from, to any) (any, error) {
	units := utf16.Encode([]rune(s))
	if to == nil {
		to = int64(len(units))
	}
	a, okA := from.(int64)
	b, okB := to.(int64)
	if !okA || !okB || a < 0 || b < a || b > int64(len(units)) {
		return nil, &EvalError{Code: BadOperand, Message: "substring: positions must be whole numbers within the text"}
	}
	return string(utf16.Decode(units[a:b])), nil
}

func listMethod(items []any, method string, args []any) (any, error) {
	switch {
	case method == "size" && len(args) == 0:
		return int64(len(items)), nil
	case method == "isEmpty" && len(args) == 0:
		return len(items) == 0, nil
	case method == "contains" && len(args) == 1:
		return slices.ContainsFunc(items, func(v any) bool { return equal(v, args[0]) }), nil
	case method == "indexOf" && len(args) == 1:
		return int64(slices.IndexFunc(items, func(v any) bool { return equal(v, args[0]) })), nil
	case method == "get" && len(args) == 1:
		i, ok := args[0].(int64)
		if !ok || i < 0 || i >= int64(len(items)) {
			return nil, &EvalError{Code: BadOperand, Message: "get: the position is outside the list"}
		}
		return items[i], nil
	}
	return nil, ErrNoMethod
}

func mapMethod(m map[string]any, method string, args []any) (any, error) {
	switch {
	case method == "size" && len(args) == 0:
		return int64(len(m)), nil
	case method == "isEmpty" && len(args) == 0:
		return len(m) == 0, nil
	case method == "get" && len(args) == 1:
		return m[Text(args[0])], nil
	case method == "containsKey" && len(args) == 1:
		_, ok := m[Text(args[0])]
		return ok, nil
	}
	return nil, ErrNoMethod
}

func scalarMethod(v any, method string, args []any) (any, error) {
	switch {
	case method == "toString" && len(args) == 0:
		return Text(v), nil
	case method == "equals" && len(args) == 1:
		return equal(v, args[0]), nil
	}
	return nil, ErrNoMethod
}
