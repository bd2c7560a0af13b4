package service_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

func fields(source map[string]string, known ...string) *service.Fields {
	raw := map[string]json.RawMessage{}
	for name, value := range source {
		raw[name] = json.RawMessage(value)
	}
	return service.NewFields(raw, known)
}

func TestFieldsAreReadAsWhatIsWanted(t *testing.T) {
	t.Parallel()
	f := fields(map[string]string{
		"text": `" a "`, "yes": `"TRUE"`, "no": `false`, "number": `"7"`, "list": `[" a", 1, null, ""]`, "commas": `"a, b,,"`, "map": `{"b":1}`, "none": `null`,
	}, "text", "yes", "no", "number", "list", "commas", "map", "none", "absent")
	require.Equal(t, " a ", f.Text("text"))
	require.Equal(t, "a", f.Required("text"))
	require.True(t, f.Bool("yes"))
	require.False(t, f.Bool("no") || f.Bool("absent") || f.Bool("none"))
	require.Equal(t, 7, f.Whole("number", 1, 0, 7))
	require.Equal(t, 1, f.Whole("absent", 1, 2, 3))
	require.Equal(t, []string{"a", "1"}, f.List("list"))
	require.Equal(t, []string{"a", "b"}, f.List("commas"))
	require.Empty(t, f.List("absent"))
	require.Equal(t, `{"b":1}`, f.Text("map"))
	require.Nil(t, f.Value("absent"))
	require.NoError(t, f.Err())
}

func TestEveryProblemOfTheFieldsIsToldAtOnce(t *testing.T) {
	t.Parallel()
	f := fields(map[string]string{"a": `"perhaps"`, "b": `"9"`, "other": `1`, "c": `{`}, "a", "b", "c", "d")
	f.Bool("a")
	f.Whole("b", 0, 1, 8)
	f.Required("d")
	err := f.Err()
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, service.BadField, failed.Type())
	require.True(t, failed.NonRetryable())
	for _, want := range []string{
		`field "other" is not known; there are: a, b, c, d`, `field c: json value`, `field a is "perhaps"; it is true or false`,
		`field b is "9"; it is a whole number from 1 to 8`, "field d is missing",
	} {
		require.Contains(t, failed.Message(), want)
	}
}

func TestFailuresSayWhetherTheyMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	var failed *temporal.ApplicationError
	require.True(t, errors.As(service.Passing("Kind", "no %d", 1), &failed))
	require.Equal(t, []any{"no 1", "Kind", false}, []any{failed.Message(), failed.Type(), failed.NonRetryable()})
	require.True(t, errors.As(service.PassingAfter(time.Minute, "Kind", "later"), &failed))
	require.Equal(t, time.Minute, failed.NextRetryDelay())
	require.True(t, errors.As(service.BpmnError("CODE", "why", map[string]json.RawMessage{"a": []byte("1")}), &failed))
	require.Equal(t, []any{"why", casework.BpmnErrorType, true}, []any{failed.Message(), failed.Type(), failed.NonRetryable()})
	var code string
	var variables map[string]json.RawMessage
	require.NoError(t, failed.Details(&code, &variables))
	require.Equal(t, "CODE", code)
	require.JSONEq(t, "1", string(variables["a"]))
	require.True(t, errors.As(service.BpmnError("CODE", "why", nil), &failed))
	require.NoError(t, failed.Details(&code))
}

func TestTextsFromOutsideAreShortenedAndChecked(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a", service.Shorten("a"))
	require.Len(t, []rune(service.Shorten(string(make([]rune, 100)))), 61)
	require.Equal(t, "a\ufffdb\ufffd", service.Clean("a\x00b\xff"))
	require.Len(t, []rune(service.Clean(strings.Repeat("ü", 3000))), 2001)
	require.Equal(t, "no \ufffd", service.Message(service.Passing("Kind", "no %s", "\x00")))
	require.Equal(t, "plain", service.Message(errors.New("plain")))
	require.True(t, service.Storable("ü"))
	require.True(t, service.Storable(map[string]any{"a": []any{"b", 1}}))
	for _, v := range []any{"a\x00", []any{"\x00"}, map[string]any{"\x00": 1}, map[string]any{"a": []any{"\x00"}}} {
		require.False(t, service.Storable(v), "%v", v)
	}
}
