package casework

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWeightsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	const weights = `{"base": 2, "age": 0.5, "slack": 0, "severity": {"HIGH": 30, "LOW": -5.5}, "express": {"minPriority": 90, "severities": ["CRITICAL"]}}`
	w, mistakes := ParsePriorityWeights(json.RawMessage(weights))
	require.Empty(t, mistakes)
	again, err := json.Marshal(w)
	require.NoError(t, err)
	require.JSONEq(t, weights, string(again))
	w, mistakes = ParsePriorityWeights(json.RawMessage(`{}`))
	require.Empty(t, mistakes)
	require.Equal(t, PriorityWeights{}, w)
}

func TestEveryMistakeInWeightsIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	for weights, want := range map[string][]string{
		``:                                     {""},
		`[]`:                                   {""},
		`{"weight": 1}`:                        {"/weight"},
		`{"base": "1"}`:                        {"/base"},
		`{"base": null}`:                       {"/base"},
		`{"age": -1}`:                          {"/age"},
		`{"slack": 1e9}`:                       {"/slack"},
		`{"age": 0}`:                           {"/age"},
		`{"age": 0, "slack": 0}`:               {"/age"},
		`{"severity": []}`:                     {"/severity"},
		`{"severity": {"a/b": "x", "c": 1e6}}`: {"/severity/a~1b", "/severity/c"},
		`{"express": 1}`:                       {"/express"},
		`{"express": {}}`:                      {"/express"},
		`{"express": {"minPriority": 90.5}}`:   {"/express/minPriority"},
		`{"express": {"minPriority": 101, "severities": []}}`:   {"/express/minPriority", "/express/severities"},
		`{"express": {"severities": ["HIGH", 1], "lane": "x"}}`: {"/express/lane", "/express/severities/1"},
	} {
		_, mistakes := ParsePriorityWeights(json.RawMessage(weights))
		places := []string{}
		for _, m := range mistakes {
			places = append(places, m.Location)
		}
		require.Equal(t, want, places, weights)
	}
	_, mistakes := ParsePriorityWeights(json.RawMessage(`{"age": 0, "slack": 1}`))
	require.Empty(t, mistakes, "the due date brings every task to the front")
}
