package expr_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// repeat makes a text of n parts with a separator.
func repeat(part, separator string, n int) string {
	return strings.TrimSuffix(strings.Repeat(part+separator, n), separator)
}

func TestSourcesBeyondTheLimitsAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ source, message string }{
		"a long source":           {"${'" + strings.Repeat("a", 9000) + "'}", "longer than 8192 bytes"},
		"long text":               {strings.Repeat("a", 8193), "longer than 8192 bytes"},
		"deep brackets":           {"${" + strings.Repeat("(", 4000) + "1" + strings.Repeat(")", 4000) + "}", "nested deeper"},
		"deep lists":              {"${" + strings.Repeat("[", 4000) + "}", "nested deeper"},
		"deep indexes":            {"${" + strings.Repeat("a[", 3000) + "}", "nested deeper"},
		"deep calls":              {"${" + strings.Repeat("a.b(", 2000) + "}", "nested deeper"},
		"deep conditions":         {"${" + strings.Repeat("a?", 4000) + "}", "nested deeper"},
		"many alternatives":       {"${" + strings.Repeat("a?b:", 2000) + "c}", "nested deeper"},
		"many negations":          {"${" + strings.Repeat("!", 8000) + "a}", "nested deeper"},
		"many signs":              {"${" + strings.Repeat("-", 8000) + "1}", "nested deeper"},
		"many words of emptiness": {"${" + strings.Repeat("empty ", 1000) + "a}", "nested deeper"},
		"a long sum":              {"${" + repeat("1", "+", 4000) + "}", "operators in a row"},
		"a long path":             {"${" + repeat("a", ".", 4000) + "}", "a path of more than"},
		"a row of indexes":        {"${a" + strings.Repeat("[0]", 2000) + "}", "a path of more than"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, parse := range []func(string) (*expr.Template, error){expr.Parse, expr.ParseExpression} {
				_, err := parse(c.source)
				var syntax *expr.SyntaxError
				require.ErrorAs(t, err, &syntax)
				require.Contains(t, syntax.Message, c.message)
			}
		})
	}
}

func TestEvaluationStopsAtItsLimits(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 60_000)
	items := make([]any, 9_000)
	scope := expr.MapScope{"large": large, "items": items, "small": "ab", "one": int64(1)}
	cases := map[string]struct {
		source string
		limits expr.Limits
	}{
		"steps":                          {"1 + 2 + 3", expr.Limits{Steps: 4}},
		"steps of a long list":           {"items.contains(1) || items.contains(2)", expr.Limits{}},
		"depth":                          {"((1 + 2) + 3) + 4 + 5", expr.Limits{Depth: 1}},
		"size of a sum":                  {"large + large", expr.Limits{}},
		"size of a small sum":            {"small + small", expr.Limits{ResultBytes: 3}},
		"size of a method's text":        {"small.concat(small)", expr.Limits{ResultBytes: 3}},
		"size of a template":             {"${small} and ${small}", expr.Limits{ResultBytes: 8}},
		"a replacement between letters":  {"large.replace('', large)", expr.Limits{}},
		"a replacement of every letter":  {"large.replace('x', large)", expr.Limits{}},
		"sums of numbers far apart":      {repeat("1e6000 + 1e-6000", " + ", 60), expr.Limits{}},
		"a repetition of text":           {"small.repeat(40000)", expr.Limits{}},
		"a repetition beyond all":        {"small.repeat(9223372036854775807)", expr.Limits{}},
		"a pattern that is long":         {"small.matches('x'.repeat(300))", expr.Limits{}},
		"a pattern that is slow":         {"large.matches('(x{1,9}){1,99}')", expr.Limits{}},
		"a pattern that fills memory":    {"small.matches('.{999}'.repeat(40))", expr.Limits{Steps: 400}},
		"a text cut to pieces":           {"large.split('')", expr.Limits{}},
		"a pattern's replacement":        {"large.replaceAll('x', large)", expr.Limits{}},
		"many small replacements":        {"large.replaceAll('x', '')", expr.Limits{}},
		"steps of lists in lists":        {"items.containsAll(items)", expr.Limits{}},
		"steps of a function":            {"vars:contains(items, null, 1, 2)", expr.Limits{}},
		"base 64":                        {"vars:base64(large)", expr.Limits{}},
		"a list that repeats large text": {"'' + [" + repeat("large", ",", 1000) + "]", expr.Limits{}},
		"a large list as an argument":    {"small.contains([" + repeat("large", ",", 1000) + "])", expr.Limits{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := c.source
			if !strings.HasPrefix(source, "${") {
				source = "${" + source + "}"
			}
			parsed, err := expr.Parse(source)
			require.NoError(t, err)
			_, err = parsed.Eval(scope, c.limits)
			var failed *expr.EvalError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, expr.OverLimit, failed.Code, failed.Message)
			require.NotZero(t, failed.Offset)
		})
	}
}

func TestEveryExpressionThatParsesCanBeEvaluated(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		repeat("1", " + ", 250), "a" + strings.Repeat(".a", 250), strings.Repeat("(", 60) + "1" + strings.Repeat(")", 60),
	} {
		parsed, err := expr.ParseExpression(source)
		require.NoError(t, err)
		_, err = parsed.Eval(expr.MapScope{}, expr.Limits{})
		require.NoError(t, err)
	}
}

func TestTextThatIsHugeIsNoNumber(t *testing.T) {
	t.Parallel()
	parsed, err := expr.ParseExpression("huge == 1")
	require.NoError(t, err)
	v, err := parsed.Eval(expr.MapScope{"huge": strings.Repeat("9", 10<<20)}, expr.Limits{})
	require.NoError(t, err)
	require.Equal(t, false, v)
}
