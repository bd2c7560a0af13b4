package expr_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// variables are what the expressions of the tests see.
func variables(tb testing.TB) expr.MapScope {
	tb.Helper()
	v, err := expr.FromJSON([]byte(`{
		"yes": true, "no": false, "one": 1, "two": 2, "ten": "10", "price": 19.90, "name": "Ann", "blank": "",
		"none": null, "list": [1, "two", 3.5, null], "hollow": [], "nothing": {},
		"case": {"owner": {"name": "Bo"}, "empty": 7, "eq": 8, "tags": ["a", "b"], "a b": 9},
		"max": 9223372036854775807, "min": -9223372036854775808, "emoji": "a😀b"}`))
	require.NoError(tb, err)
	return v.(map[string]any)
}

// evaluation is an expression and its value as JSON.
type evaluation struct{ source, want string }

func runEvaluations(t *testing.T, cases map[string]evaluation) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, source := range []string{c.source, "${" + c.source + "}", " #{ " + c.source + " } "} {
				parsed, err := expr.ParseExpression(source)
				require.NoError(t, err, source)
				value, err := parsed.Eval(variables(t), expr.Limits{})
				require.NoError(t, err, source)
				raw, err := expr.ToJSON(value)
				require.NoError(t, err)
				require.Equal(t, c.want, string(raw), source)
			}
		})
	}
}

func TestOperatorsBindAsTheStandardSays(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"products bind before sums":              {"1 + 2 * 3", "7"},
		"brackets bind first":                    {"(1 + 2) * 3", "9"},
		"differences are taken from the left":    {"10 - 3 - 2", "5"},
		"quotients are taken from the left":      {"100 / 10 / 5", "2"},
		"the sign binds before the product":      {"-2 * -3", "6"},
		"a sign can follow an operator":          {"1 - -1", "2"},
		"not binds before and":                   {"not no and no", "false"},
		"and binds before or":                    {"true or false and false", "true"},
		"comparison binds before equality":       {"1 < 2 == true", "true"},
		"sums bind before comparison":            {"1 + 1 > 1", "true"},
		"equality binds before and":              {"one == 1 && two == 2", "true"},
		"empty binds before and":                 {"empty blank and not empty name", "true"},
		"the condition binds loosest":            {"one == 1 ? 'a' : 'b'", `"a"`},
		"conditions nest to the right":           {"no ? 1 : no ? 2 : 3", "3"},
		"a condition can hold a condition":       {"yes ? no ? 1 : 2 : 3", "2"},
		"remainders have the sign of the left":   {"-7 % 3", "-1"},
		"signs of both words for a remainder":    {"7 mod 4", "3"},
		"the word for a quotient is div":         {"7 div 2", "3.5"},
		"two exclamation marks cancel":           {"!!yes", "true"},
		"a keyword inside a name is no operator": {"nothing == none.eq", "false"},
	})
}

func TestValuesAreComparedByTheRulesOfJUEL(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"eq":                                 {"one eq 1", "true"},
		"ne":                                 {"one ne 1", "false"},
		"lt":                                 {"one lt two", "true"},
		"gt":                                 {"one gt two", "false"},
		"le":                                 {"two le 2", "true"},
		"ge":                                 {"one ge 2", "false"},
		"a number equals its text":           {"ten == 10", "true"},
		"a number equals its other form":     {"1.0 == 1", "true"},
		"a number is compared with its text": {"ten > 9", "true"},
		"texts are compared as texts":        {"'10' < '9'", "true"},
		"other text is no number":            {"name == 1", "false"},
		"a boolean equals its text":          {"yes == 'true'", "true"},
		"text is case-sensitive":             {"name == 'ann'", "false"},
		"null equals null":                   {"none == missing", "true"},
		"null is not zero":                   {"none == 0", "false"},
		"null is not the empty text":         {"none == ''", "false"},
		"null is not false":                  {"none == false", "false"},
		"null is in no order":                {"none < 1 || none >= 1", "false"},
		"lists are equal by item":            {"case.tags == ['a', 'b']", "true"},
		"maps are equal by entry":            {"case.owner == case.owner", "true"},
		"large whole numbers differ":         {"max == max - 1", "false"},
	})
}

func TestLogicStopsAtTheFirstAnswer(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"and stops at false":         {"no && none.fail()", "false"},
		"or stops at true":           {"yes || none.fail()", "true"},
		"a condition takes one side": {"yes ? 1 : none.fail()", "1"},
		"null is false":              {"none || missing", "false"},
		"the text true is true":      {"'TRUE' && yes", "true"},
		"null is empty":              {"empty none", "true"},
		"no text is empty":           {"empty blank", "true"},
		"no list is empty":           {"empty hollow", "true"},
		"no map is empty":            {"empty nothing", "true"},
		"zero is not empty":          {"empty 0", "false"},
		"a space is not empty":       {"empty ' '", "false"},
		"a filled list is not empty": {"!empty list", "true"},
	})
}

func TestNumbersAreExact(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"tenths add up":                          {"0.1 + 0.2 == 0.3", "true"},
		"tenths are tenths":                      {"0.1 + 0.2", "0.3"},
		"money keeps its cents":                  {"price * 3", "59.70"},
		"a fraction that ends up whole is whole": {"0.5 + 0.5", "1"},
		"a quotient has 34 digits":               {"1 / 3", "0.3333333333333333333333333333333333"},
		"whole numbers grow beyond 64 bits":      {"max + 1", "9223372036854775808"},
		"and come back":                          {"max + 1 - 1 == max", "true"},
		"they shrink beyond 64 bits":             {"min - 1", "-9223372036854775809"},
		"products grow beyond 64 bits":           {"max * max", "85070591730234615847396907784232501249"},
		"the least number can be negated":        {"-min", "9223372036854775808"},
		"the least number can be written":        {"-9223372036854775808", "-9223372036854775808"},
		"the least divided by minus one":         {"min / -1", "9223372036854775808"},
		"the rest of the least by minus one":     {"min % -1", "0"},
		"exponents are read":                     {"1.5e3", "1500"},
		"a number may begin with its dot":        {".5 + .5", "1"},
		"text counts as its number":              {"ten * 2", "20"},
		"null counts as zero":                    {"none + 1", "1"},
	})
}

func TestTextIsJoined(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"text and text":                {"name + ' ' + name", `"Ann Ann"`},
		"text and number":              {"'no ' + 1", `"no 1"`},
		"number and text":              {"1 + ten", `"110"`},
		"text and null":                {"name + none", `"Ann"`},
		"text and boolean":             {"'' + yes", `"true"`},
		"text and list":                {"'' + case.tags", `"[\"a\",\"b\"]"`},
		"sums before the text":         {"1 + 2 + 'a'", `"3a"`},
		"either quotes":                {`"it's"`, `"it's"`},
		"an escaped quote":             {`'it\'s'`, `"it's"`},
		"an escaped double quote":      {`"a\"b"`, `"a\"b"`},
		"an escaped backslash":         {`'a\\b'`, `"a\\b"`},
		"another backslash stays":      {`'a\nb'`, `"a\\nb"`},
		"a closing brace in text":      {"'}' + \"}\"", `"}}"`},
		"an opening mark in text":      {"'${x}'", `"${x}"`},
		"a line break between tokens":  {"1\n+\r\n\t1", "2"},
		"a line break in text":         {"'a\nb'", `"a\nb"`},
		"letters of every script":      {"'ü' + 'é漢'", `"üé漢"`},
		"names in every script":        {"größe == null", "true"},
		"names with dollars and lines": {"$a_1 == null", "true"},
	})
}

func TestPathsAreSafeOverNull(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"a path":                                 {"case.owner.name", `"Bo"`},
		"an index by text":                       {"case['owner']['name']", `"Bo"`},
		"an index by any text":                   {"case['a b']", "9"},
		"an index by position":                   {"list[1]", `"two"`},
		"an index by text that is a number":      {"list['1']", `"two"`},
		"an index by an expression":              {"list[one + 1]", "3.5"},
		"a name that is not defined":             {"missing", "null"},
		"a property of nothing":                  {"missing.a.b", "null"},
		"a property that is not there":           {"case.other", "null"},
		"an index into nothing":                  {"missing[0][1]", "null"},
		"an index by nothing":                    {"list[missing]", "null"},
		"a position behind the list":             {"list[4]", "null"},
		"a position before the list":             {"list[-1]", "null"},
		"operator words are names after a dot":   {"case.empty + case.eq", "15"},
		"a list of its own":                      {"[1, 'a', [yes]]", `[1,"a",[true]]`},
		"a list of its own can be indexed":       {"[5, 6][1]", "6"},
		"the literal null":                       {"null", "null"},
		"spaces around the dot":                  {"case . owner . name", `"Bo"`},
		"a comparison with nothing at the start": {"missing.state == 'OPEN'", "false"},
	})
}
