package expr_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

func TestJSONKeepsItsValueThereAndBack(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"null":                          {"null", "null"},
		"a boolean":                     {"true", "true"},
		"text":                          {`"ü\n\"x\""`, `"ü\n\"x\""`},
		"a whole number":                {"42", "42"},
		"the largest 64-bit number":     {"9223372036854775807", "9223372036854775807"},
		"a larger one":                  {"9223372036854775808", "9223372036854775808"},
		"a fraction keeps its zeros":    {"19.90", "19.90"},
		"a whole fraction is whole":     {"2.0", "2"},
		"an exponent is spelled out":    {"1e3", "1000"},
		"a large exponent stays":        {"1e400", "1E+400"},
		"a small exponent stays":        {"1.5e-20", "1.5E-20"},
		"thirty digits stay":            {"0.123456789012345678901234567890", "0.123456789012345678901234567890"},
		"a number out of range is text": {"1e9999", `"1e9999"`},
		"minus zero is zero":            {"-0", "0"},
		"keys are sorted":               {`{"b":1,"a":[{},[]]}`, `{"a":[{},[]],"b":1}`},
		"the last of equal keys counts": {`{"a":1,"a":2}`, `{"a":2}`},
		"space around the value":        {" [ 1 ] ", "[1]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, err := expr.FromJSON([]byte(c.in))
			require.NoError(t, err)
			raw, err := expr.ToJSON(value)
			require.NoError(t, err)
			require.Equal(t, c.want, string(raw))
			require.True(t, json.Valid(raw))
			again, err := expr.FromJSON(raw)
			require.NoError(t, err)
			require.Equal(t, expr.Text(value), expr.Text(again))
		})
	}
}

func TestWhatIsNoJSONIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", " ", "nul", "1 2", "{} {}", "[1", `{"a"}`, "NaN", "01", strings.Repeat("[", 100_000)} {
		_, err := expr.FromJSON([]byte(in))
		require.ErrorContains(t, err, "json value", "%.20q", in)
	}
}

func TestGoValuesAreNormalized(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want any }{
		"int":                   {7, int64(7)},
		"a narrow integer":      {int32(-7), int64(-7)},
		"an unsigned integer":   {uint8(7), int64(7)},
		"float64":               {1.5, apd.New(15, -1)},
		"a whole float64":       {2.0, int64(2)},
		"no number":             {math.NaN(), nil},
		"infinity":              {math.Inf(1), nil},
		"a number from JSON":    {json.Number("3"), int64(3)},
		"no number from JSON":   {json.Number("x"), "x"},
		"a list":                {[]any{1, []any{2}}, []any{int64(1), []any{int64(2)}}},
		"a map":                 {map[string]any{"a": 1}, map[string]any{"a": int64(1)}},
		"text is left as it is": {"7", "7"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, expr.Normalize(c.in))
		})
	}
	large, ok := expr.Normalize(uint64(math.MaxUint64)).(*apd.Decimal)
	require.True(t, ok)
	require.Equal(t, "18446744073709551615", large.Text('f'))
}

func TestTextOfNumbersHasNoExponentWhereItCanDoWithout(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"1e25": "10000000000000000000000000", "1.50": "1.50", "1e-7": "0.0000001", "1e400": "1E+400", "-0.0": "0",
	} {
		value, err := expr.FromJSON([]byte(in))
		require.NoError(t, err)
		require.Equal(t, want, expr.Text(value))
	}
}
