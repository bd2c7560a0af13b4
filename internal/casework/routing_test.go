package casework_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestEveryMistakeOfRoutingRulesHasItsPlace(t *testing.T) {
	t.Parallel()
	when := func(condition string) string { return `{"rules": [{"when": ` + condition + `, "queue": "q"}]}` }
	nested := strings.Repeat(`{"not": `, 9) + `{"variable": "a", "eq": 1}` + strings.Repeat("}", 9)
	for rules, want := range map[string]string{
		`{}`:                          "",
		`{"rules": []}`:               "",
		`{"rules": [{"queue": "q"}]}`: "",
		`[]`:                          "",
		`{"rules"`:                    "",
		`{"rules": [], "more": 1}`:    "/more",
		`{"rules": {}}`:               "/rules",
		`{"rules": [1]}`:              "/rules/0",
		`{"rules": [{}]}`:             "/rules/0/queue",
		`{"rules": [{"queue": ""}]}`:  "/rules/0/queue",
		`{"rules": [{"queue": "q", "a/b~c": 1}]}`: "/rules/0/a~1b~0c",
		when(`1`):           "/rules/0/when",
		when(`{}`):          "/rules/0/when /rules/0/when",
		when(`{"all": []}`): "/rules/0/when/all",
		when(`{"any": [{"variable": "a", "eq": 1}], "all": []}`):                    "/rules/0/when/any /rules/0/when/all",
		when(`{"any": [{"variable": "a", "eq": 1}, {"field": "colour", "eq": 1}]}`): "/rules/0/when/any/1/field",
		when(`{"not": {"variable": "a"}}`):                                          "/rules/0/when/not",
		when(`{"variable": "a", "eq": 1, "ne": 2}`):                                 "/rules/0/when",
		when(`{"variable": "a", "field": "priority", "eq": 2}`):                     "/rules/0/when",
		when(`{"variable": "", "eq": 1}`):                                           "/rules/0/when/variable",
		when(`{"variable": "a..b", "eq": 1}`):                                       "/rules/0/when/variable",
		when(`{"variable": 1, "eq": 1}`):                                            "/rules/0/when/variable",
		when(`{"variable": "a", "gt": true}`):                                       "/rules/0/when/gt",
		when(`{"variable": "a", "eq": [1]}`):                                        "/rules/0/when/eq",
		when(`{"variable": "a", "in": 1}`):                                          "/rules/0/when/in",
		when(`{"variable": "a", "in": [1, {}]}`):                                    "/rules/0/when/in/1",
		when(`{"variable": "a", "exists": 1}`):                                      "/rules/0/when/exists",
		when(`{"field": "priority", "ge": "80"}`):                                   "/rules/0/when/ge",
		when(`{"field": "severity", "eq": 1}`):                                      "/rules/0/when/eq",
		when(`{"field": "severity", "eq": null}`):                                   "",
		when(nested): "/rules/0/when/not/not/not/not/not/not/not/not",
		`{"rules": [` + strings.Repeat(`{"queue": "q"},`, 100) + `{"queue": "q"}]}`: "/rules",
	} {
		_, mistakes := casework.CheckRoutingRules(json.RawMessage(rules))
		var places []string
		for _, m := range mistakes {
			require.NotEmpty(t, m.Message)
			places = append(places, m.Location)
		}
		if rules == "[]" || rules == `{"rules"` {
			require.Equal(t, []string{""}, places, rules)
			continue
		}
		require.Equal(t, want, strings.Join(places, " "), rules)
	}
	queues, mistakes := casework.CheckRoutingRules(json.RawMessage(`{"rules": [{"queue": "a"}, {"when": {"variable": "x.y", "exists": false}, "queue": "b"}]}`))
	require.Empty(t, mistakes)
	require.Equal(t, []casework.Reference{{Location: "/rules/0/queue", Name: "a"}, {Location: "/rules/1/queue", Name: "b"}}, queues)
	_, mistakes = casework.CheckRoutingRules(json.RawMessage(`{"rules": [{"queue": "` + strings.Repeat("q", 64<<10) + `"}]}`))
	require.Len(t, mistakes, 1)
}

func FuzzRoutingRules(f *testing.F) {
	f.Add(`{"rules": [{"when": {"all": [{"variable": "a", "in": [1]}]}, "queue": "q"}]}`)
	f.Fuzz(func(t *testing.T, rules string) {
		queues, mistakes := casework.CheckRoutingRules(json.RawMessage(rules))
		if len(mistakes) == 0 {
			require.True(t, json.Valid([]byte(rules)))
			for _, q := range queues {
				require.NotEmpty(t, q.Name)
			}
		}
	})
}
