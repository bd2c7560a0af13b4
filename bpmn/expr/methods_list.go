package expr

import (
	"maps"
	"slices"
)

// changing are the methods that would change a list or a map in place.
var changing = []string{"add", "addAll", "addFirst", "addLast", "clear", "compute", "computeIfAbsent", "merge", "put", "putAll",
	"putIfAbsent", "remove", "removeAll", "removeIf", "replace", "replaceAll", "retainAll", "set", "sort"}

// unchangeable says why a method that would change a value in place is refused.
func unchangeable(kind, method string) error {
	if !slices.Contains(changing, method) {
		return ErrNoMethod
	}
	return &EvalError{Code: BadMethod, cause: ErrNoMethod,
		Message: kind + " is a value and " + method + "() cannot change it; set the variable to a new one"}
}

func (c *Context) listMethod(n *node, items []any, args []any) (any, error) {
	if err := c.Charge(len(items)); err != nil {
		return nil, located(n, err)
	}
	switch len(args) {
	case 0:
		return listProperty(items, n.name)
	case 1:
		return c.listWith(n, items, args[0])
	}
	if n.name == "subList" && len(args) == 2 {
		from, okA := args[0].(int64)
		to, okB := args[1].(int64)
		if !okA || !okB || from < 0 || to < from || to > int64(len(items)) {
			return nil, &EvalError{Code: BadOperand, Message: "subList: positions must be whole numbers within the list"}
		}
		return slices.Clone(items[from:to]), nil
	}
	return nil, unchangeable("a list", n.name)
}

func listProperty(items []any, method string) (any, error) {
	switch method {
	case "size":
		return int64(len(items)), nil
	case "isEmpty":
		return len(items) == 0, nil
	case "toString":
		return Text(items), nil
	case "getFirst", "getLast":
		if len(items) == 0 {
			return nil, &EvalError{Code: BadOperand, Message: method + ": the list is empty"}
		}
		if method == "getFirst" {
			return items[0], nil
		}
		return items[len(items)-1], nil
	}
	return nil, unchangeable("a list", method)
}

func (c *Context) listWith(n *node, items []any, arg any) (any, error) {
	is := func(v any) bool { return equal(v, arg) }
	switch n.name {
	case "contains":
		return slices.ContainsFunc(items, is), nil
	case "containsAll":
		return c.containsAll(n, items, arg)
	case "indexOf":
		return int64(slices.IndexFunc(items, is)), nil
	case "lastIndexOf":
		for i := len(items) - 1; i >= 0; i-- {
			if is(items[i]) {
				return int64(i), nil
			}
		}
		return int64(-1), nil
	case "equals":
		return equal(items, arg), nil
	case "get":
		i, ok := arg.(int64)
		if !ok || i < 0 || i >= int64(len(items)) {
			return nil, &EvalError{Code: BadOperand, Message: "get: the position is outside the list"}
		}
		return items[i], nil
	}
	return nil, unchangeable("a list", n.name)
}

func (c *Context) containsAll(n *node, items []any, arg any) (any, error) {
	wanted, ok := arg.([]any)
	if !ok {
		return nil, &EvalError{Code: BadOperand, Message: n.name + " needs a list, not " + kindOf(arg)}
	}
	for _, w := range wanted {
		if err := c.Charge(len(items) + 1); err != nil {
			return nil, located(n, err)
		}
		if !slices.ContainsFunc(items, func(v any) bool { return equal(v, w) }) {
			return false, nil
		}
	}
	return true, nil
}

// mapMethod runs a method of a map. Keys and values are in the order of the keys.
func (c *Context) mapMethod(n *node, m map[string]any, args []any) (any, error) {
	switch {
	case n.name == "getOrDefault" && len(args) == 2:
		if v, ok := m[Text(args[0])]; ok {
			return v, nil
		}
		return args[1], nil
	case len(args) == 1:
		return c.mapWith(n, m, args[0])
	case len(args) > 0:
		return nil, unchangeable("a map", n.name)
	}
	switch n.name {
	case "size":
		return int64(len(m)), nil
	case "isEmpty":
		return len(m) == 0, nil
	case "toString":
		return Text(m), nil
	case "keySet", "values":
		return c.entries(n, m)
	}
	return nil, unchangeable("a map", n.name)
}

func (c *Context) mapWith(n *node, m map[string]any, arg any) (any, error) {
	switch n.name {
	case "get":
		return m[Text(arg)], nil
	case "containsKey":
		_, ok := m[Text(arg)]
		return ok, nil
	case "equals":
		return equal(m, arg), nil
	case "containsValue":
		if err := c.Charge(len(m)); err != nil {
			return nil, located(n, err)
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if equal(m[key], arg) {
				return true, nil
			}
		}
		return false, nil
	}
	return nil, unchangeable("a map", n.name)
}

// entries are the keys of a map, or its values.
func (c *Context) entries(n *node, m map[string]any) (any, error) {
	if err := c.Charge(len(m)); err != nil {
		return nil, located(n, err)
	}
	items := make([]any, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if n.name == "values" {
			items = append(items, m[key])
			continue
		}
		items = append(items, key)
	}
	return items, nil
}
