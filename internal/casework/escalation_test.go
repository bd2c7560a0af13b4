package casework

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnEscalationConfigIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	const config = `{"levels": [
			{"afterMinutes": -60, "actions": [{"action": "notify", "assignee": true, "supervisor": true, "users": ["eva"], "roles": ["LEAD"], "text": "soon"}]},
			{"afterMinutes": 0, "actions": [{"action": "raisePriority", "by": 10}, {"action": "moveToQueue", "queue": "late"}, {"action": "release"}]},
			{"afterMinutes": 30, "actions": [{"action": "reassign", "role": "LEAD"}, {"action": "signalProcess", "escalation": "LATE"}]}],
		"claimLevels": [{"afterMinutes": 15, "actions": [{"action": "raisePriority", "to": 90}, {"action": "reassign", "supervisor": true}]}]}`
	c, names, mistakes := ParseEscalationConfig(json.RawMessage(config))
	require.Empty(t, mistakes)
	again, err := json.Marshal(c)
	require.NoError(t, err)
	require.JSONEq(t, config, string(again))
	require.Equal(t, EscalationNames{
		Users:  []Reference{{"/levels/0/actions/0/users/0", "eva"}},
		Roles:  []Reference{{"/levels/0/actions/0/roles/0", "LEAD"}, {"/levels/2/actions/0/role", "LEAD"}},
		Queues: []Reference{{"/levels/1/actions/1/queue", "late"}},
	}, names)
	require.Equal(t, "body.escalationConfig/levels/1/actions/1/queue", names.Place("body.escalationConfig").Queues[0].Location)

	c, _, mistakes = ParseEscalationConfig(json.RawMessage(`{}`))
	require.Empty(t, mistakes)
	require.Equal(t, EscalationConfig{}, c)
	c, _, mistakes = ParseEscalationConfig(json.RawMessage(`{"levels": []}`))
	require.Empty(t, mistakes)
	require.NotNil(t, c.Levels, "no level at all, not those of the product")
}

func TestEveryMistakeInAnEscalationConfigIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	for config, want := range map[string][]string{
		`[]`:               {""},
		`{"level": []}`:    {"/level"},
		`{"levels": {}}`:   {"/levels"},
		`{"levels": [1]}`:  {"/levels/0"},
		`{"levels": [{}]}`: {"/levels/0/afterMinutes"},
		`{"levels": [{"afterMinutes": 1.5}, {"afterMinutes": "1"}]}`: {"/levels/0/afterMinutes", "/levels/1/afterMinutes", "/levels/1/afterMinutes"},
		`{"levels": [{"afterMinutes": 5}, {"afterMinutes": 5}]}`:     {"/levels/1/afterMinutes"},
		`{"levels": [{"afterMinutes": 99999999}]}`:                   {"/levels/0/afterMinutes"},
		`{"claimLevels": [{"afterMinutes": 0, "actions": [{}]}]}`:    {"/claimLevels/0/actions/0/action"},
		level(`{"action": "explode"}`):                               {"/levels/0/actions/0/action"},
		level(`{"action": "release", "queue": "x"}`):                 {"/levels/0/actions/0/queue"},
		level(`{"action": "notify"}`):                                {"/levels/0/actions/0"},
		level(`{"action": "notify", "users": []}`):                   {"/levels/0/actions/0/users", "/levels/0/actions/0"},
		level(`{"action": "notify", "users": ["a", 1]}`):             {"/levels/0/actions/0/users/1"},
		level(`{"action": "notify", "assignee": 1}`):                 {"/levels/0/actions/0/assignee", "/levels/0/actions/0"},
		level(`{"action": "notify", "assignee": true, "text": ""}`):  {"/levels/0/actions/0/text"},
		level(`{"action": "raisePriority"}`):                         {"/levels/0/actions/0"},
		level(`{"action": "raisePriority", "by": 0}`):                {"/levels/0/actions/0/by"},
		level(`{"action": "raisePriority", "by": 1, "to": 1}`):       {"/levels/0/actions/0"},
		level(`{"action": "raisePriority", "to": 101}`):              {"/levels/0/actions/0/to"},
		level(`{"action": "reassign"}`):                              {"/levels/0/actions/0"},
		level(`{"action": "reassign", "supervisor": false}`):         {"/levels/0/actions/0/supervisor"},
		level(`{"action": "reassign", "role": ""}`):                  {"/levels/0/actions/0/role"},
		level(`{"action": "moveToQueue"}`):                           {"/levels/0/actions/0/queue"},
		level(`{"action": "signalProcess"}`):                         {"/levels/0/actions/0"},
		level(`{"action": "signalProcess", "signal": 1}`):            {"/levels/0/actions/0/signal"},
		level(`"release"`):                                           {"/levels/0/actions/0"},
	} {
		_, _, mistakes := ParseEscalationConfig(json.RawMessage(config))
		require.Equal(t, want, places(mistakes), config)
	}
}

func TestADeadlineOfAProcessIsRead(t *testing.T) {
	t.Parallel()
	s, names, mistakes := ParseProcessSLA(json.RawMessage(`{"withinMinutes": 60, "calendar": "office", "levels": [{"afterMinutes": 0, "actions": [{"action": "notify", "assignee": true}]}]}`))
	require.Empty(t, mistakes)
	require.Equal(t, 60, s.WithinMinutes)
	require.Equal(t, []Reference{{"/calendar", "office"}}, names.Calendars)
	s, _, mistakes = ParseProcessSLA(json.RawMessage(`{}`))
	require.Empty(t, mistakes)
	require.Equal(t, ProcessSLA{}, s)
	for config, want := range map[string][]string{
		`{"calendar": "x"}`:                       {"/withinMinutes"},
		`{"withinMinutes": 0}`:                    {"/withinMinutes"},
		`{"withinMinutes": 1, "calendar": " x"}`:  {"/calendar"},
		`{"withinMinutes": 1, "claimLevels": []}`: {"/claimLevels"},
		`{"withinMinutes": 1, "levels": [{"afterMinutes": 0, "actions": [{"action": "release"}]}]}`: {"/levels/0/actions/0/action"},
	} {
		_, _, mistakes := ParseProcessSLA(json.RawMessage(config))
		require.Equal(t, want, places(mistakes), config)
	}
}

func level(action string) string {
	return `{"levels": [{"afterMinutes": 0, "actions": [` + action + `]}]}`
}

func places(mistakes Mistakes) (places []string) {
	for _, m := range mistakes {
		places = append(places, m.Location)
	}
	return places
}
