package expr_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

var errHost = errors.New("the host is down")

// host is an object without a text.
type host struct{}

func (host) Property(name string) (any, bool) {
	if name == "open" {
		return true, true
	}
	return nil, false
}

func (host) Call(c *expr.Context, method string, args []any) (any, error) {
	switch {
	case method == "fail":
		return nil, errHost
	case method == "count" && len(args) == 1:
		return args[0], c.Charge(100)
	case method == "work" && len(args) == 0:
		return true, c.Charge(20_000)
	}
	return nil, expr.ErrNoMethod
}

// person is an object that is its name wherever text is wanted.
type person struct {
	name  string
	roles []any
}

func (p person) ExprText() string { return p.name }

func (p person) Property(name string) (any, bool) { return p.roles, name == "roles" }

func (p person) Call(_ *expr.Context, method string, args []any) (any, error) {
	if method != "hasRole" || len(args) != 1 {
		return nil, expr.ErrNoMethod
	}
	for _, r := range p.roles {
		if r == args[0] {
			return true, nil
		}
	}
	return false, nil
}

var people = expr.MapScope{
	"ann": person{"ann", []any{"HEAD"}}, "twin": person{"ann", nil}, "seven": person{"7", nil}, "nobody": person{},
	"host": host{}, "other": &host{},
}

func TestObjectsOfTheHostTakePartInExpressions(t *testing.T) {
	t.Parallel()
	cases := map[string]evaluation{
		"a method":                             {"ann.hasRole('HEAD')", "true"},
		"a property":                           {"ann.roles[0]", `"HEAD"`},
		"a property by index":                  {"ann['roles'].size()", "1"},
		"its text as a result":                 {"ann", `"ann"`},
		"its text in a sum":                    {"'by ' + ann", `"by ann"`},
		"its text as a number":                 {"seven + 1", `"71"`},
		"its text in a product":                {"seven * 2", "14"},
		"its text in a list":                   {"[ann]", `["ann"]`},
		"it equals its text":                   {"ann == 'ann'", "true"},
		"text equals it":                       {"'bo' == ann", "false"},
		"objects with the same text are equal": {"ann == twin", "true"},
		"it has an order by its text":          {"ann < 'bo'", "true"},
		"it is empty when its text is":         {"empty nobody && !empty ann", "true"},
		"an object without text is not empty":  {"empty host", "false"},
		"an object without text is itself":     {"host == host && host != other", "true"},
		"an object is in a list":               {"[ann].contains('ann')", "true"},
		"methods of text take it":              {"'anna'.startsWith(ann)", "true"},
		"a property of an object without text": {"host.open", "true"},
		"a method that is charged":             {"host.count(3)", "3"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := expr.ParseExpression(c.source)
			require.NoError(t, err)
			value, err := parsed.Eval(people, expr.Limits{})
			require.NoError(t, err)
			raw, err := expr.ToJSON(value)
			require.NoError(t, err)
			require.Equal(t, c.want, string(raw))
		})
	}
}

func TestObjectsOfTheHostCanRefuse(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		source string
		code   expr.Code
	}{
		"an unknown method":           {"ann.fly()", expr.BadMethod},
		"a wrong number of arguments": {"ann.hasRole()", expr.BadMethod},
		"an unknown property":         {"host.closed", expr.BadMethod},
		"work beyond the steps":       {"host.work()", expr.OverLimit},
		"order without a text":        {"host < 1", expr.BadOperand},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := expr.ParseExpression(c.source)
			require.NoError(t, err)
			_, err = parsed.Eval(people, expr.Limits{})
			var failed *expr.EvalError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, c.code, failed.Code, failed.Message)
			if c.code == expr.BadMethod && c.source != "host.closed" {
				require.ErrorIs(t, err, expr.ErrNoMethod)
			}
		})
	}
}

func TestAnObjectWithoutTextIsNoData(t *testing.T) {
	t.Parallel()
	for _, v := range []any{host{}, []any{host{}}, map[string]any{"a": host{}}} {
		_, err := expr.ToJSON(v)
		var failed *expr.EvalError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, expr.NotData, failed.Code)
	}
	require.Equal(t, "object", expr.Text(host{}))
}
