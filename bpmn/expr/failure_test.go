package expr_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

func TestAMistakeInTheTextHasAPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		source       string
		line, column int
		message      string
	}{
		"nothing at all":                  {"", 1, 1, "ends too early"},
		"nothing in the braces":           {"${}", 1, 3, `unexpected "}"`},
		"no closing brace":                {"${a", 1, 4, "closing } is missing"},
		"a missing operand":               {"${1 + }", 1, 7, `unexpected "}"`},
		"a missing operator":              {"${a b}", 1, 5, `unexpected "b" after the expression`},
		"a missing bracket":               {"${(1 + 2}", 1, 9, `")" is missing here`},
		"a missing index bracket":         {"${a[1}", 1, 6, `"]" is missing here`},
		"a missing comma":                 {"${a.b(1 2)}", 1, 9, `"," is missing here`},
		"a missing branch":                {"${a ? b}", 1, 8, `":" is missing here`},
		"an open text":                    {"${'abc}", 1, 3, "no closing '"},
		"a character of no token":         {"${a @ b}", 1, 5, "unexpected character '@'"},
		"a single ampersand":              {"${a & b}", 1, 5, "unexpected character '&'"},
		"an assignment":                   {"${a = 1}", 1, 5, `"=" is not part of the expression language`},
		"a function":                      {"${now()}", 1, 3, `function "now" is not supported`},
		"no name after the dot":           {"${a.}", 1, 5, "name is missing"},
		"text after the dot":              {"${a.'b'}", 1, 5, "name is missing"},
		"a place in the second line":      {"${a ==\n  @}", 2, 3, "unexpected character"},
		"a place after a carriage return": {"${\r\n\r\n)}", 3, 1, `unexpected ")"`},
		"columns count bytes":             {"${'ü' @}", 1, 8, "unexpected character"},
		"text beside the expression":      {"${a} b", 1, 1, "one expression was expected"},
		"two expressions":                 {"${a}${b}", 1, 1, "one expression was expected"},
		"a number out of range":           {"1e99999", 1, 1, "1e99999 is out of range"},
		"bytes that are no text":          {"a \xff", 1, 3, "unexpected character"},
		"a lambda":                        {"${x -> x}", 1, 6, `unexpected ">"`},
		"a map of its own":                {"${{'a': 1}}", 1, 3, `unexpected "{"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := expr.ParseExpression(c.source)
			var syntax *expr.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.Contains(t, syntax.Message, c.message)
			require.Equal(t, []int{c.line, c.column}, []int{syntax.Line, syntax.Column}, syntax.Message)
			require.Contains(t, err.Error(), c.message)
		})
	}
}

func TestAFailedEvaluationSaysWhyAndWhere(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		source string
		code   expr.Code
		offset int
	}{
		"division by zero":                    {"${1 / 0}", expr.BadNumber, 4},
		"division by a decimal zero":          {"${1 / 0.00}", expr.BadNumber, 4},
		"division of zero by zero":            {"${0 / 0}", expr.BadNumber, 4},
		"rest of a division by zero":          {"${1 % 0}", expr.BadNumber, 4},
		"division by null":                    {"${1 / none}", expr.BadNumber, 4},
		"a result out of range":               {"${1e6000 * 1e6000}", expr.BadNumber, 9},
		"sums of text":                        {"${name - 1}", expr.BadOperand, 7},
		"sums of lists":                       {"${list + 1}", expr.BadOperand, 7},
		"the sign of text":                    {"${-name}", expr.BadOperand, 2},
		"sums of booleans":                    {"${yes + 1}", expr.BadOperand, 6},
		"order of text and number":            {"${name < 1}", expr.BadOperand, 7},
		"order of lists":                      {"${list < list}", expr.BadOperand, 7},
		"truth of a number":                   {"${yes && one}", expr.BadOperand, 9},
		"truth of text":                       {"${!name}", expr.BadOperand, 3},
		"a method of null":                    {"${none.size()}", expr.BadMethod, 7},
		"a method that is not there":          {"${name.explode()}", expr.BadMethod, 7},
		"a wrong number of arguments":         {"${name.trim(1)}", expr.BadMethod, 7},
		"a method of a number":                {"${one.size()}", expr.BadMethod, 6},
		"a method of a map":                   {"${case.put('a', 1)}", expr.BadMethod, 7},
		"a property of text":                  {"${name.length}", expr.BadMethod, 7},
		"a property of a list":                {"${list.size}", expr.BadMethod, 7},
		"an index that is no number":          {"${list['a']}", expr.BadOperand, 6},
		"an index with a fraction":            {"${list[0.5]}", expr.BadOperand, 6},
		"get behind the list":                 {"${list.get(4)}", expr.BadOperand, 7},
		"a substring outside of the text":     {"${name.substring(9)}", expr.BadOperand, 7},
		"a substring that ends before itself": {"${name.substring(2, 1)}", expr.BadOperand, 7},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := expr.Parse(c.source)
			require.NoError(t, err)
			_, err = parsed.Eval(variables(t), expr.Limits{})
			var failed *expr.EvalError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, c.code, failed.Code, failed.Message)
			require.Equal(t, c.offset, failed.Offset, failed.Message)
			require.NotEmpty(t, err.Error())
		})
	}
}

func TestErrorsOfTheHostAreKept(t *testing.T) {
	t.Parallel()
	parsed, err := expr.ParseExpression("host.fail('x')")
	require.NoError(t, err)
	_, err = parsed.Eval(expr.MapScope{"host": host{}}, expr.Limits{})
	var failed *expr.EvalError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, expr.HostFailed, failed.Code)
	require.True(t, errors.Is(err, errHost))
}
