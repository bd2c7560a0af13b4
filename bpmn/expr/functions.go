package expr

import (
	"encoding/base64"
	"slices"
	"strings"
)

// function is a function with a prefix: vars:get(name), date:format(moment, pattern).
type function struct {
	least, most int  // arguments
	variable    bool // the first argument names a variable
	run         func(c *Context, n *node, args []any) (any, error)
}

// prefixes maps the prefixes of functions, with their other spellings, to the one of the table.
var prefixes = map[string]string{"vars": "vars", "var": "vars", "variables": "vars", "date": "date"}

// functions are all there are, with the vendors' other spellings.
var functions = map[string]function{
	"vars:get":                 {1, 1, true, variableValue},
	"vars:getOrDefault":        {2, 2, true, variableOrDefault},
	"vars:exists":              {1, 1, true, variableExists},
	"vars:isEmpty":             {1, 1, true, variableEmpty},
	"vars:empty":               {1, 1, true, variableEmpty},
	"vars:isNotEmpty":          {1, 1, true, variableNotEmpty},
	"vars:notEmpty":            {1, 1, true, variableNotEmpty},
	"vars:equals":              {2, 2, true, variableEquals},
	"vars:eq":                  {2, 2, true, variableEquals},
	"vars:notEquals":           {2, 2, true, variableNotEquals},
	"vars:ne":                  {2, 2, true, variableNotEquals},
	"vars:lowerThan":           {2, 2, true, comparison("<")},
	"vars:lessThan":            {2, 2, true, comparison("<")},
	"vars:lt":                  {2, 2, true, comparison("<")},
	"vars:lowerThanOrEquals":   {2, 2, true, comparison("<=")},
	"vars:lessThanOrEquals":    {2, 2, true, comparison("<=")},
	"vars:lte":                 {2, 2, true, comparison("<=")},
	"vars:greaterThan":         {2, 2, true, comparison(">")},
	"vars:gt":                  {2, 2, true, comparison(">")},
	"vars:greaterThanOrEquals": {2, 2, true, comparison(">=")},
	"vars:gte":                 {2, 2, true, comparison(">=")},
	"vars:contains":            {2, maxArguments, true, variableContains},
	"vars:containsAny":         {2, maxArguments, true, variableContainsAny},
	"vars:base64":              {1, 1, true, variableBase64},
	"date:now":                 {0, 0, false, dateNow},
	"date:toDate":              {1, 2, false, dateParse},
	"date:parse":               {1, 2, false, dateParse},
	"date:format":              {2, 2, false, dateFormat},
	"date:addDate":             {4, 4, false, dateAdd},
	"date:subtractDate":        {4, 4, false, dateSubtract},
}

// maxArguments is more than a source has room for.
const maxArguments = maxSourceBytes

func (c *Context) function(n *node) (any, error) {
	args, err := c.all(n.args)
	if err != nil {
		return nil, err
	}
	f := functions[n.name]
	if f.variable {
		args[0], _ = c.scope.Lookup(args[0].(string))
	}
	result, err := f.run(c, n, args)
	if err != nil {
		return nil, located(n, err)
	}
	if s, isText := result.(string); isText {
		return s, c.checkSize(n, len(s))
	}
	return result, nil
}

func variableValue(_ *Context, _ *node, args []any) (any, error) { return args[0], nil }

func variableOrDefault(_ *Context, _ *node, args []any) (any, error) {
	if args[0] == nil {
		return args[1], nil
	}
	return args[0], nil
}

func variableExists(_ *Context, _ *node, args []any) (any, error) { return args[0] != nil, nil }

func variableEmpty(_ *Context, _ *node, args []any) (any, error) { return isEmpty(args[0]), nil }

func variableNotEmpty(_ *Context, _ *node, args []any) (any, error) { return !isEmpty(args[0]), nil }

func variableEquals(_ *Context, _ *node, args []any) (any, error) {
	return equal(args[0], args[1]), nil
}

// variableNotEquals is false for a variable that is not set, as the vendors have it.
func variableNotEquals(_ *Context, _ *node, args []any) (any, error) {
	return args[0] != nil && !equal(args[0], args[1]), nil
}

func comparison(operator string) func(*Context, *node, []any) (any, error) {
	return func(_ *Context, n *node, args []any) (any, error) {
		return ordered(&node{name: operator, offset: n.offset}, args[0], args[1])
	}
}

// variableContains reports whether the variable holds all the values: as items of a list, or as parts of a text.
func variableContains(c *Context, n *node, args []any) (any, error) {
	for _, wanted := range args[1:] {
		if ok, err := c.holds(n, args[0], wanted); !ok {
			return false, err
		}
	}
	return true, nil
}

func variableContainsAny(c *Context, n *node, args []any) (any, error) {
	for _, wanted := range args[1:] {
		if ok, err := c.holds(n, args[0], wanted); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (c *Context) holds(n *node, in, wanted any) (bool, error) {
	switch in := plain(in).(type) {
	case string:
		part, err := c.text(n, wanted)
		return wanted != nil && err == nil && strings.Contains(in, part), err
	case []any:
		if err := c.Charge(len(in)); err != nil {
			return false, err
		}
		return slices.ContainsFunc(in, func(v any) bool { return equal(v, wanted) }), nil
	}
	return false, nil
}

func variableBase64(c *Context, n *node, args []any) (any, error) {
	s, isText := plain(args[0]).(string)
	switch {
	case args[0] == nil:
		return nil, nil
	case !isText:
		return nil, failf(n, BadOperand, "%s needs a text, not %s", n.name, kindOf(args[0]))
	}
	if err := c.checkSize(n, base64.StdEncoding.EncodedLen(len(s))); err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString([]byte(s)), nil
}
