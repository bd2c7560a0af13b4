package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestVariablesPastALimitAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.held(t)
	w.engine.fail(t, instance, "route:1")
	text := func(n int) string { return strings.Repeat("a", n) }
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	many := make([]string, 20_000)
	for i := range many {
		many[i] = fmt.Sprintf(`"v%d": %d`, i, i)
	}
	for name, test := range map[string]struct {
		variables string
		code      casework.Code
		place     string
	}{
		"too large":                    {`{"a": "` + text(casework.MaxVariablesBytes) + `"}`, casework.TooLarge, fmt.Sprint(casework.MaxVariablesBytes)},
		"too many":                     {`{` + strings.Join(many, ", ") + `}`, casework.TooLarge, fmt.Sprint(casework.MaxInlineBytes)},
		"too deep":                     {`{"a": ` + nested(33) + `}`, casework.Invalid, "a" + strings.Repeat("[0]", 32)},
		"too deep, in objects":         {`{"a": ` + strings.Repeat(`{"b":`, 32) + "1" + strings.Repeat("}", 32) + `}`, casework.Invalid, "a" + strings.Repeat(".b", 32)},
		"a name that is too long":      {`{"` + text(256) + `": 1}`, casework.Invalid, ""},
		"a name that is empty":         {`{"": 1}`, casework.Invalid, ""},
		"a name with U+0000":           {`{"a\u0000b": 1}`, casework.Invalid, ""},
		"a name inside with U+0000":    {`{"a": {"b\u0000": 1}}`, casework.Invalid, "a"},
		"a text with U+0000":           {`{"a": ["\u0000"]}`, casework.Invalid, "a[0]"},
		"a reserved name":              {`{"execution": 1}`, casework.Invalid, "execution"},
		"a number with many digits":    {`{"a": ` + strings.Repeat("9", 200_000) + `}`, casework.Invalid, "a"},
		"a number with many decimals":  {`{"a": 0.` + strings.Repeat("9", 20_000) + `}`, casework.Invalid, "a"},
		"a number that grows":          {`{"a": 1e309}`, casework.Invalid, "a"},
		"a number that shrinks":        {`{"a": {"b": 1e-309}}`, casework.Invalid, "a.b"},
		"a number that grows past all": {`{"a": 1e99999999999999999999}`, casework.Invalid, "a"},
		"several mistakes, the first":  {`{"z": "\u0000", "m": "\u0000", "b": "\u0000"}`, casework.Invalid, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			for member, r := range map[string]request{
				"variables":  post(admin, cases, `{"processKey": "review", "variables": `+test.variables+`}`),
				"variables ": post(sarah, path+"/complete", `{"variables": `+test.variables+`}`),
				"formData":   post(sarah, path+"/complete", `{"formData": `+test.variables+`}`),
				"variables.": post(admin, instances+"/"+instance+"/incidents/route:1/retry", `{"variables": `+test.variables+`}`),
			} {
				p := w.refused(t, test.code, r)
				if test.code == casework.TooLarge {
					want := test.place
					if member == "formData" {
						want = fmt.Sprint(casework.MaxFormBytes)
					}
					require.Contains(t, p.Detail, want)
					continue
				}
				want := "body." + strings.Trim(member, " .")
				if test.place != "" {
					want += "." + test.place
				}
				require.Equal(t, []string{want}, p.places())
			}
		})
	}
}

func TestVariablesUpToTheLimitsAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	for name, variables := range map[string]string{
		"size, of what would be escaped": `{"a": "` + strings.Repeat("<", casework.MaxVariablesBytes-len(`{"a":""}`)) + `"}`,
		"depth":                          `{"a": ` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
		"a name":                         `{"` + strings.Repeat("ä", 255) + `": 1}`,
		"numbers":                        `{"a": 1e308, "b": 1e-308, "c": ` + strings.Repeat("9", 1000) + `, "d": 0.` + strings.Repeat("9", 998) + `}`,
		"nothing":                        `{}`,
		"no object":                      `null`,
	} {
		t.Run(name, func(t *testing.T) {
			r := post(sarah, cases, `{"processKey": "review", "variables": `+variables+`}`)
			r.undocumented = variables == "null" // read as left out
			w.do(t, 201, r)
		})
	}
}
