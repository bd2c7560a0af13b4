package expr_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

func TestTemplatesMixTextAndExpressions(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		source  string
		want    any
		literal bool
	}{
		"text alone":                         {"GROUP_A", "GROUP_A", true},
		"nothing":                            {"", "", true},
		"an expression keeps its type":       {"${one}", int64(1), false},
		"so does one after a number sign":    {"#{yes}", true, false},
		"a space beside it makes it text":    {"${one} ", "1 ", false},
		"two expressions are text":           {"${one}${two}", "12", false},
		"text around expressions":            {"Case ${one} of #{name}!", "Case 1 of Ann!", false},
		"null is no text":                    {"<${none}>", "<>", false},
		"a list is JSON":                     {"tags: ${case.tags}", `tags: ["a","b"]`, false},
		"a closing brace in an expression":   {"a${'}'}b", "a}b", false},
		"a line break in an expression":      {"a${one\n +\n two}b", "a3b", false},
		"a quote in text is only a quote":    {"it's ${one}", "it's 1", false},
		"braces in text are only braces":     {"{a} } ${one}", "{a} } 1", false},
		"a lonely dollar":                    {"5$ and #1", "5$ and #1", true},
		"two dollars":                        {"$${one}", "$1", false},
		"an escaped expression":              {`\${one} and \#{two}`, "${one} and #{two}", true},
		"an escaped one beside a real one":   {`\${one}${one}`, "${one}1", false},
		"a backslash that escapes nothing":   {`a\b`, `a\b`, true},
		"a null expression alone stays null": {"${none}", nil, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := expr.Parse(c.source)
			require.NoError(t, err)
			require.Equal(t, c.source, parsed.Source())
			require.Equal(t, c.literal, parsed.IsLiteral())
			value, err := parsed.Eval(variables(t), expr.Limits{})
			require.NoError(t, err)
			require.Equal(t, c.want, value)
			text, err := parsed.EvalString(variables(t), expr.Limits{})
			require.NoError(t, err)
			require.Equal(t, expr.Text(c.want), text)
		})
	}
}

func TestConditionsAreTrueFalseOrRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		source  string
		want    bool
		refused bool
	}{
		"true":                    {source: "${yes}", want: true},
		"false":                   {source: "${no}"},
		"null":                    {source: "${none}"},
		"the text true":           {source: "${'true'}", want: true},
		"the text FALSE":          {source: "${'FALSE'}"},
		"a number":                {source: "${one}", refused: true},
		"other text":              {source: "${name}", refused: true},
		"no text":                 {source: "${blank}", refused: true},
		"a list":                  {source: "${list}", refused: true},
		"an evaluation's failure": {source: "${1 / 0}", refused: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := expr.ParseExpression(c.source)
			require.NoError(t, err)
			got, err := parsed.EvalBool(variables(t), expr.Limits{})
			require.Equal(t, c.refused, err != nil, "%v", err)
			require.Equal(t, c.want, got)
		})
	}
	parsed, err := expr.ParseExpression("1 / 0")
	require.NoError(t, err)
	_, err = parsed.EvalString(expr.MapScope{}, expr.Limits{})
	require.Error(t, err)
}

func TestATemplateListsTheNamesItLooksUp(t *testing.T) {
	t.Parallel()
	parsed, err := expr.Parse("${b.c[a] ? b.d(e) : -[f, null, true][0]} and ${a} and g")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "e", "f"}, parsed.Names())
}
