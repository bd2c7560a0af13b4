package workflows_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// What PostgreSQL refuses would let the commit of a step fail for ever.
func TestAnAnswerThatCannotBeKeptIsCleanedOrAnIncident(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer   string
		set      string // value of the variable v
		incident string
	}{
		"a zero in a text":       {`{"v":"a\u0000b"}`, `"a` + "\ufffd" + `b"`, ""},
		"a zero in a name":       {`{"v":{"a\u0000":1}}`, `{"a` + "\ufffd" + `":1}`, ""},
		"half of a character":    {`{"v":"a\uD83db"}`, `"a` + "\ufffd" + `b"`, ""},
		"a whole character":      {`{"v":"\ud83d\ude00"}`, `"😀"`, ""},
		"digits stay":            {`{"v":{"sum":12345678901234567890.10,"z":"\u0000"}}`, `{"sum":12345678901234567890.10,"z":"` + "\ufffd" + `"}`, ""},
		"a number out of bounds": {`{"v":1e999999}`, "", "exponent"},
		"a number without end":   {`{"v":` + strings.Repeat("1", 2000) + `}`, "", "1000 characters"},
		"a deep value":           {`{"v":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, "", "nested"},
		"a long name":            {`{"` + strings.Repeat("n", 300) + `":1}`, "", "255"},
		"a name of nothing":      {`{"":1}`, "", "no name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, withErrors(charge))
			c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return json.RawMessage(tc.answer), nil })
			c.stopAt(time.Hour)
			require.NoError(t, c.run())
			answered := c.store.commits[1]
			raw, err := json.Marshal(answered)
			require.NoError(t, err)
			require.NotContains(t, string(raw), `\u0000`)
			if tc.incident != "" {
				require.Empty(t, answered.Variables)
				require.Contains(t, answered.Incidents[0].Message, tc.incident)
				return
			}
			require.Len(t, answered.Variables, 1)
			require.JSONEq(t, tc.set, string(answered.Variables[0].Value))
			require.False(t, bytes.Contains(bytes.ToLower(answered.Variables[0].Value), []byte(`\ud`)) && name != "a whole character")
		})
	}
}

func TestAFailureIsTextThatCanBeKept(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"a failure":    temporal.NewNonRetryableApplicationError("bad\x00bank", "No\x00Bank", nil),
		"a BPMN error": temporal.NewNonRetryableApplicationError("bad\x00bank", casework.BpmnErrorType, nil, "A\x00B", map[string]any{"v": "a\x00"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, withErrors(charge))
			c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return nil, failure })
			c.stopAt(time.Hour)
			require.NoError(t, c.run())
			raw, err := json.Marshal(c.store.commits)
			require.NoError(t, err)
			require.NotContains(t, string(raw), `\u0000`)
			require.Contains(t, c.store.commits[1].Incidents[0].Message, "bad\ufffdbank")
		})
	}
}

// The database gives an answer back in another order of its names and with other spaces.
func TestAnAnswerOnRecordIsDoneAgainHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) {
		return json.RawMessage(`{"receipt":{"number":1,"at":1e2}}`), nil
	})
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
	first := c.store.commits[:2]
	first[1].Answer = bytes.Replace(first[1].Answer, []byte(`{"number":1,"at":1e2}`), []byte(`{"at": 100, "number": 1}`), 1)

	again := newCase(t, withErrors(charge))
	again.store = c.store
	again.store.commits, again.store.tasks = first, nil
	delete(again.store.results, 3)
	again.newRun(began.Add(day))
	again.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return nil, nil })
	again.at(time.Minute, func() { require.Equal(t, []string{"thank"}, again.position()) })
	again.stopAt(time.Hour)
	require.NoError(t, again.run())
}

// A step that is too large for the history is written all the same when the database is back.
func TestALargeStepStaysOutOfTheHistory(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	large := strings.Repeat("x", 1<<20)
	c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) { return map[string]any{"text": large}, nil })
	away := 0
	c.store.fail = func(_ int, s casework.StepCommit) error {
		if s.Step == 2 && away < 5 {
			away++
			return temporal.NewApplicationError("the database is away", "Away")
		}
		return nil
	}
	regular := 0
	c.SetOnActivityStartedListener(countCommits(&regular))
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
	require.Equal(t, 5, away)
	require.Zero(t, regular)
	require.Equal(t, "thank", c.store.tasks[0].DefinitionKey)
}
