package scenario

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func value(t *testing.T, raw string) any {
	t.Helper()
	v, err := decode(json.RawMessage(raw))
	require.NoError(t, err)
	return v
}

func TestValuesAreEqualByWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true},
		{`12345678901234567890`, `12345678901234567891`, false},
		{`"1"`, `1`, false},
		{`null`, `null`, true},
		{`null`, `""`, false},
		{`[1,"a",{"b":2}]`, `[1.0,"a",{"b":2.00}]`, true},
		{`[1,2]`, `[2,1]`, false},
		{`{"a":null}`, `{"b":null}`, false},
		{`true`, `"true"`, false},
	} {
		require.Equal(t, tc.want, equal(value(t, tc.a), value(t, tc.b)), "%s and %s", tc.a, tc.b)
	}
}

func TestPatternsMatchAsInSQL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text, pattern string
		want          bool
	}{
		{"taskKey123", "taskKey1%", true},
		{"taskKey123", "%123", true},
		{"taskKey123", "%Key12%", true},
		{"taskKey123", "taskKey", false},
		{"a_b", `a\_b`, true},
		{"axb", `a\_b`, false},
		{"axb", "a_b", true},
		{"100%", `100\%`, true},
		{"", "%", true},
		{"a", "", false},
	} {
		require.Equal(t, tc.want, like(tc.text, tc.pattern), "%q by %q", tc.text, tc.pattern)
	}
}

func TestRelations(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rel, got, want string
		holds          bool
	}{
		{"==", `"a"`, `"a"`, true},
		{"==", `{}`, `0`, true},
		{"==", `{"a":1}`, `0`, false},
		{"size", `{"a":1}`, `1`, true},
		{"size", `[1,2]`, `3`, false},
		{"entry:x", `{"x":[1]}`, `[1]`, true},
		{"entry:x", `{"y":null}`, `null`, false},
		{"exactly", `["a","b"]`, `["a","b"]`, true},
		{"exactly", `["b","a"]`, `["a","b"]`, false},
		{"inAnyOrder", `["b","a"]`, `["a","b"]`, true},
		{"inAnyOrder", `["a","a"]`, `["a","b"]`, false},
		{"containsOnly", `["a","b"]`, `["b","a"]`, true},
		{"setEquals", `["a","a","b"]`, `["b","a"]`, true},
		{"setEquals", `["a"]`, `["b","a"]`, false},
		{"contains", `["a","b"]`, `["b"]`, true},
	} {
		ok, err := relate(tc.rel, value(t, tc.got), value(t, tc.want))
		require.NoError(t, err)
		require.Equal(t, tc.holds, ok, "%s %s %s", tc.got, tc.rel, tc.want)
	}
	_, err := relate("almost", nil, nil)
	require.ErrorIs(t, err, errUnreadable)
}
