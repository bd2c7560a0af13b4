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
		"functions of another prefix":     {"${a + fn:length(b)}", 1, 7, "the functions fn:… are not supported"},
		"an unknown function":             {"${vars:delete(a)}", 1, 3, `function "vars:delete" is not supported`},
		"too few arguments":               {"${vars:eq(a)}", 1, 3, "vars:eq() is called with 1 arguments"},
		"too many arguments":              {"${date:now(1)}", 1, 3, "date:now() is called with 1 arguments"},
		"a variable that is computed":     {"${vars:get(a.b)}", 1, 3, "the first argument of vars:get() must be the name of a variable"},
		"a variable without a name":       {"${var:get(' ')}", 1, 3, "must be the name of a variable"},
		"an open list of arguments":       {"${vars:get(a}", 1, 13, `"," is missing here`},
		"a function in a condition":       {"${a ? b : now()}", 1, 11, `function "now" is not supported`},
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
		"a method that changes a list":        {"${list.add(1)}", expr.BadMethod, 7},
		"a method that changes it at a place": {"${list.set(0, 1)}", expr.BadMethod, 7},
		"a method that empties a list":        {"${list.clear()}", expr.BadMethod, 7},
		"a bean-style getter of a map":        {"${case.getOwner()}", expr.BadMethod, 7},
		"a list of too few":                   {"${hollow.getFirst()}", expr.BadOperand, 9},
		"a part outside of the list":          {"${list.subList(1, 9)}", expr.BadOperand, 7},
		"containsAll of no list":              {"${list.containsAll(1)}", expr.BadOperand, 7},
		"a pattern that is none":              {"${name.matches('(')}", expr.BadOperand, 7},
		"a pattern that only looks whole":     {"${name.matches('a)|(b')}", expr.BadOperand, 7},
		"a pattern that looks back":           {"${name.matches('(a)\\1')}", expr.BadOperand, 7},
		"a negative repetition":               {"${name.repeat(-1)}", expr.BadOperand, 7},
		"a letter outside of the text":        {"${name.charAt(3)}", expr.BadOperand, 7},
		"a number too large for int":          {"${max.intValue()}", expr.BadNumber, 6},
		"a number too large for long":         {"${(max + 1).longValue()}", expr.BadNumber, 12},
		"a number compared to null":           {"${one.compareTo(none)}", expr.BadOperand, 6},
		"a number of another kind":            {"${one.booleanValue()}", expr.BadMethod, 6},
		"an order that is none":               {"${vars:gt(list, 1)}", expr.BadOperand, 2},
		"a list in base 64":                   {"${vars:base64(list)}", expr.BadOperand, 2},
		"a date that is none":                 {"${date:toDate('soon')}", expr.BadOperand, 2},
		"a date that is a number":             {"${date:toDate(1)}", expr.BadOperand, 2},
		"a date of another pattern":           {"${date:parse('1.2.2026', 'yyyy-MM-dd')}", expr.BadOperand, 2},
		"a pattern's unknown letter":          {"${date:format('2026-01-01', 'yyyy-QQ')}", expr.BadOperand, 2},
		"a pattern's text that is a date":     {"${date:format('2026-01-01', \"'20'yy\")}", expr.BadOperand, 2},
		"a pattern's open quote":              {"${date:format('2026-01-01', \"yyyy'T\")}", expr.BadOperand, 2},
		"milliseconds alone":                  {"${date:format('2026-01-01', 'SSS')}", expr.BadOperand, 2},
		"a date beyond the years":             {"${date:addDate('9999-12-31', 0, 0, 1)}", expr.BadNumber, 2},
		"a date moved by half a day":          {"${date:addDate('2026-01-01', 0, 0, 0.5)}", expr.BadOperand, 2},
		"the moment where there is no clock":  {"${date:now()}", expr.HostFailed, 2},
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
