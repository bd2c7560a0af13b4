package expr

import (
	"strings"
	"unicode"
	"unicode/utf16"
)

// textMethod runs a method of text. Lengths and positions count UTF-16 units, as the models' authors know them.
func (c *Context) textMethod(n *node, s string, args []any) (any, error) {
	switch len(args) {
	case 0:
		return textProperty(s, n.name)
	case 1:
		return c.textWith(n, s, args[0])
	case 2:
		return c.textWithTwo(n, s, args[0], args[1])
	}
	return nil, ErrNoMethod
}

func textProperty(s, method string) (any, error) {
	switch method {
	case "size", "length":
		return units(s), nil
	case "isEmpty":
		return s == "", nil
	case "isBlank":
		return strings.TrimSpace(s) == "", nil
	case "trim", "strip":
		return strings.TrimSpace(s), nil
	case "stripLeading":
		return strings.TrimLeftFunc(s, unicode.IsSpace), nil
	case "stripTrailing":
		return strings.TrimRightFunc(s, unicode.IsSpace), nil
	case "toLowerCase":
		return strings.ToLower(s), nil
	case "toUpperCase":
		return strings.ToUpper(s), nil
	case "toString":
		return s, nil
	}
	return nil, ErrNoMethod
}

func (c *Context) textWith(n *node, s string, arg any) (any, error) {
	switch n.name {
	case "matches":
		return c.matches(n, s, Text(arg))
	case "split":
		return c.split(n, s, Text(arg))
	case "substring":
		return substring(s, arg, nil)
	case "charAt":
		return charAt(s, arg)
	case "repeat":
		return c.repeat(n, s, arg)
	}
	return compareText(n.name, s, arg)
}

func compareText(method, s string, arg any) (any, error) {
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
	case "compareTo":
		return int64(strings.Compare(s, other)), nil
	case "compareToIgnoreCase":
		return int64(strings.Compare(strings.ToLower(s), strings.ToLower(other))), nil
	case "concat":
		return s + other, nil
	case "indexOf":
		return position(s, strings.Index(s, other)), nil
	case "lastIndexOf":
		return position(s, strings.LastIndex(s, other)), nil
	}
	return nil, ErrNoMethod
}

func (c *Context) textWithTwo(n *node, s string, first, second any) (any, error) {
	switch n.name {
	case "substring":
		return substring(s, first, second)
	case "replace":
		from, to := Text(first), Text(second)
		if err := c.checkSize(n, len(s)+strings.Count(s, from)*(len(to)-len(from))); err != nil {
			return nil, err
		}
		return strings.ReplaceAll(s, from, to), nil
	case "replaceAll", "replaceFirst":
		return c.replacePattern(n, s, Text(first), Text(second))
	}
	return nil, ErrNoMethod
}

// units is the length of a text.
func units(s string) int64 { return int64(len(utf16.Encode([]rune(s)))) }

// position turns an offset in bytes into one in units; -1 stays.
func position(s string, at int) int64 {
	if at < 0 {
		return -1
	}
	return units(s[:at])
}

func charAt(s string, at any) (any, error) {
	all := utf16.Encode([]rune(s))
	i, ok := at.(int64)
	if !ok || i < 0 || i >= int64(len(all)) {
		return nil, &EvalError{Code: BadOperand, Message: "charAt: the position is outside the text"}
	}
	return string(utf16.Decode(all[i : i+1])), nil
}

func (c *Context) repeat(n *node, s string, times any) (any, error) {
	count, ok := times.(int64)
	if !ok || count < 0 {
		return nil, &EvalError{Code: BadOperand, Message: "repeat: the number of times must be a whole number from 0"}
	}
	if len(s) == 0 || count == 0 {
		return "", nil
	}
	if count > int64(c.limits.ResultBytes/len(s)) {
		return nil, c.checkSize(n, c.limits.ResultBytes+1)
	}
	return strings.Repeat(s, int(count)), nil
}

func substring(s string, from, to any) (any, error) {
	all := utf16.Encode([]rune(s))
	if to == nil {
		to = int64(len(all))
	}
	a, okA := from.(int64)
	b, okB := to.(int64)
	if !okA || !okB || a < 0 || b < a || b > int64(len(all)) {
		return nil, &EvalError{Code: BadOperand, Message: "substring: positions must be whole numbers within the text"}
	}
	return string(utf16.Decode(all[a:b])), nil
}
