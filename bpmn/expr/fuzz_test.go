package expr_test

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// seeds are what the fuzzers start from.
var seeds = []string{
	"", "GROUP_A", "${a}", "#{a.b['c'][0]}", "Case ${one} of #{name}", `\${a}`, "${", "${}", "${'}'}", "${\n1\n}",
	"${1 + 2 * 3 - 4 / 5 % 6}", "${0.1 + 0.2 == 0.3}", "${9223372036854775807 + 1}", "${1 / 0}", "${1e6000 * 1e6000}",
	"${a eq b and not (c lt d) or empty e}", "${a ? b : c ? d : e}", `${'it\'s' + "\\"}`, "${[1, [2], 'x'].size()}",
	"${name.substring(1, 2).replace('', name)}", "${((((((((1))))))))}", "${!!!!-empty a}", "${a.empty.eq(1)}",
	"${list.contains(case.owner.name) && host.count(1) > 0}", "${ä + '漢😀'}", "${a = 1; b}", "${a\xff}", "${1e99999}",
	"${case == case}", "${-min % -1}", "${.5e-3}", "${'' + [large, large]}",
	"${vars:get(name)}", "${var:containsAny('list', 1, 'two')}", "${variables : getOrDefault(a, b)}", "${yes ? a:b : c}",
	"${date:format(date:addDate('2026-01-31', 0, 1, -1), \"dd.MM.yyyy'T'HH\")}", "${date:parse('1', 'd')}", "${fn:x(1)}",
	"${name.matches('[A-Z]+n*')}", "${name.split('n').get(0)}", "${name.replaceAll('(n)', '$1$1')}", "${name.repeat(3).charAt(1)}",
	"${case.keySet().containsAll(case.values())}", "${price.intValue().compareTo(max)}", "${list.subList(1, 2).getLast()}",
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		for _, parse := range []func(string) (*expr.Template, error){expr.Parse, expr.ParseExpression} {
			parsed, err := parse(source)
			if err != nil {
				var syntax *expr.SyntaxError
				require.ErrorAs(t, err, &syntax)
				require.True(t, syntax.Offset >= 0 && syntax.Offset <= len(source), "%d", syntax.Offset)
				require.True(t, syntax.Line >= 1 && syntax.Column >= 1)
				continue
			}
			require.Equal(t, source, parsed.Source())
			require.False(t, parsed.IsLiteral() && len(parsed.Names()) > 0)
		}
	})
}

func FuzzEval(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	scope := variables(f)
	scope["host"], scope["ann"] = people["host"], people["ann"]
	f.Fuzz(func(t *testing.T, source string) {
		parsed, err := expr.Parse(source)
		if err != nil {
			return
		}
		value, err := parsed.Eval(scope, expr.Limits{})
		if err != nil {
			var failed *expr.EvalError
			require.ErrorAs(t, err, &failed)
			require.True(t, failed.Offset >= 0 && failed.Offset <= len(source))
			return
		}
		again, err := parsed.Eval(scope, expr.Limits{})
		require.NoError(t, err)
		require.Equal(t, expr.Text(value), expr.Text(again), "the same expression has the same value")
		raw, err := expr.ToJSON(value)
		var noData *expr.EvalError
		if errors.As(err, &noData) {
			require.Equal(t, expr.NotData, noData.Code)
			return
		}
		require.True(t, json.Valid(raw), "%s", raw)
		back, err := expr.FromJSON(raw)
		require.NoError(t, err)
		if utf8.ValidString(source) {
			repeated, err := expr.ToJSON(back)
			require.NoError(t, err)
			require.Equal(t, string(raw), string(repeated))
		}
	})
}

const benchmarkSource = "${case.owner.name == 'Bo' and price * 2 ge 39.8 and (empty blank or list.contains('two')) ? 'yes' : 'no'}"

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := expr.Parse(benchmarkSource); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	parsed, err := expr.Parse(benchmarkSource)
	require.NoError(b, err)
	scope := variables(b)
	b.ReportAllocs()
	for b.Loop() {
		if v, err := parsed.Eval(scope, expr.Limits{}); err != nil || v != "yes" {
			b.Fatal(v, err)
		}
	}
}
