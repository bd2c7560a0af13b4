package script_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/activities/script"
	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// asServer makes this test program the process that runs scripts.
const asServer = "serve-scripts"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asServer {
		if err := script.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runner(t *testing.T, cfg script.Config) *script.Runner {
	t.Helper()
	if cfg.Command == nil {
		program, err := os.Executable()
		require.NoError(t, err)
		cfg.Command = []string{program, asServer}
	}
	r, err := script.New(cfg)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func source(text string) casework.ActivityInput {
	return casework.ActivityInput{
		ProcessInstanceID: "i", ElementID: "s", ElementInstanceID: "s:1", Script: &casework.ScriptSource{Format: "JavaScript", Source: text},
		Variables: map[string]json.RawMessage{"amount": json.RawMessage("2")},
	}
}

// failure is the failure of an activity.
func failure(t *testing.T, err error) *temporal.ApplicationError {
	t.Helper()
	var failed *temporal.ApplicationError
	require.True(t, errors.As(err, &failed), "%v", err)
	return failed
}

func failedWith(t *testing.T, err error, kind string, final bool, part string) {
	t.Helper()
	failed := failure(t, err)
	require.Equal(t, kind, failed.Type(), failed.Message())
	require.Equal(t, final, failed.NonRetryable(), failed.Message())
	require.Contains(t, failed.Message(), part)
}

func TestScriptsRunOneAfterTheOtherInAProcess(t *testing.T) {
	t.Parallel()
	r := runner(t, script.Config{Processes: 1})
	for i := range 5 {
		got, err := r.Run(t.Context(), source(fmt.Sprintf("globalThis.n = (globalThis.n || 0) + 1; execution.setVariable('sum', amount + %d); n", i)))
		require.NoError(t, err)
		require.Equal(t, "1", string(got.Result), "nothing is left of the script before")
		require.Equal(t, fmt.Sprint(2+i), string(got.Variables["sum"]))
	}
}

func TestScriptsRunAtOnce(t *testing.T) {
	t.Parallel()
	r := runner(t, script.Config{Processes: 3})
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			got, err := r.Run(t.Context(), source(fmt.Sprintf("amount * %d", i)))
			if err != nil || string(got.Result) != fmt.Sprint(2*i) {
				t.Errorf("%d: %s %v", i, got.Result, err)
			}
		})
	}
	all.Wait()
}

func TestAScriptThatFailsIsAnIncident(t *testing.T) {
	t.Parallel()
	r := runner(t, script.Config{})
	_, err := r.Run(t.Context(), source("nobody"))
	failedWith(t, err, "ScriptError", true, "nobody is not defined (line 1, column 1)")
	_, err = r.Run(t.Context(), source("execution.setVariable('a', 1); throw new BpmnError('NO', 'no money')"))
	failedWith(t, err, casework.BpmnErrorType, true, "no money")
	var code string
	var variables map[string]json.RawMessage
	require.NoError(t, failure(t, err).Details(&code, &variables))
	require.Equal(t, "NO", code)
	require.Equal(t, "1", string(variables["a"]))
	got, err := r.Run(t.Context(), source("amount"))
	require.NoError(t, err)
	require.Equal(t, "2", string(got.Result))
}

func TestWhatCannotBeInterruptedIsEndedWithItsProcess(t *testing.T) {
	t.Parallel()
	short := script.Config{Time: 300 * time.Millisecond, Processes: 1}
	small := script.Config{Time: time.Minute, MemoryBytes: 32 << 20, Processes: 1}
	for name, c := range map[string]struct {
		cfg          script.Config
		source, want string
	}{
		"an endless loop":                      {short, "for (;;) {}", "longer than 300ms"},
		"a search that goes back and back":     {short, "/^(a+)+(?=b)$/.test('a'.repeat(60))", "longer than 300ms"},
		"a list of billions, gone through":     {short, "Array.prototype.indexOf.call({length: 9e15}, 1)", "longer than 300ms"},
		"a text that doubles":                  {small, "var s = 'x'; for (;;) s += s", "of memory"},
		"a list that grows":                    {small, "var l = []; for (;;) l.push({a: [l.length]})", "of memory"},
		"a text of a gigabyte":                 {small, "'x'.repeat(1 << 30).length", "of memory"},
		"a block of memory":                    {small, "new Uint8Array(2000000000).length", "of memory"},
		"JSON that is nested without an end":   {small, "JSON.parse('['.repeat(5e6))", "of memory"},
		"a source that is nested without end":  {small, "eval('('.repeat(5e6))", "of memory"},
		"calls of the language without an end": {small, "var f = () => [1].map(f); f()", "nested calls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runner(t, c.cfg)
			got, err := r.Run(t.Context(), source(c.source))
			require.Error(t, err, string(got.Result))
			failedWith(t, err, "ScriptLimit", true, c.want)
			got, err = r.Run(t.Context(), source("amount"))
			require.NoError(t, err)
			require.Equal(t, "2", string(got.Result))
		})
	}
}

func TestTheProcessHasNothingOfTheWorker(t *testing.T) {
	t.Setenv("NEXTGEN_TEST_SECRET", "hunter2")
	program, err := os.Executable()
	require.NoError(t, err)
	r := runner(t, script.Config{Command: []string{"/usr/bin/env", "-S", "sh", "-c", `[ -z "$NEXTGEN_TEST_SECRET" ] && [ "$(pwd)" = / ] && exec ` + program + " " + asServer}})
	got, err := r.Run(t.Context(), source("amount"))
	require.NoError(t, err)
	require.Equal(t, "2", string(got.Result))
}

func TestACallThatIsCancelledEndsItsScript(t *testing.T) {
	t.Parallel()
	r := runner(t, script.Config{Time: time.Hour, Processes: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := r.Run(ctx, source("for (;;) {}"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = r.Run(t.Context(), source("1"))
	require.NoError(t, err)
}

func TestTroubleWithTheProcessIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, command := range map[string][]string{
		"no such program":           {"/nowhere/at/all"},
		"a program that ends":       {"/bin/true"},
		"a program that says other": {"/bin/echo", "{}"},
	} {
		_, err := runner(t, script.Config{Command: command}).Run(t.Context(), source("1"))
		require.Error(t, err, name)
		failedWith(t, err, "ScriptRunner", false, "process")
	}
	closed := runner(t, script.Config{})
	closed.Close()
	_, err := closed.Run(t.Context(), source("1"))
	failedWith(t, err, "ScriptRunner", false, "the worker stops")
}

func TestOtherLanguagesAreRefused(t *testing.T) {
	t.Parallel()
	r := runner(t, script.Config{})
	in := source("print 1")
	in.Script.Format = "groovy"
	_, err := r.Run(t.Context(), in)
	failedWith(t, err, service.BadField, true, `"groovy"`)
	in.Script = nil
	_, err = r.Run(t.Context(), in)
	failedWith(t, err, service.BadField, true, "javascript")
}

func TestLimitsBelowTheLeastAreRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []script.Config{{}, {Command: []string{"x"}, Time: 1}, {Command: []string{"x"}, MemoryBytes: 5}, {Command: []string{"x"}, Calls: -1}} {
		_, err := script.New(cfg)
		require.Error(t, err)
	}
}
