package bpmn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

func TestDiagnosticsArePrintedAsCompilersDo(t *testing.T) {
	t.Parallel()
	findings := bpmn.Diagnostics{
		{Severity: bpmn.Warning, Code: "late", Line: 9, Column: 1, Message: "it is late"},
		{Severity: bpmn.Error, Code: "b", ElementID: "task", Line: 2, Column: 5, Message: "it is wrong"},
		{Severity: bpmn.Error, Code: "a", ElementID: "a\nb", Line: 2, Column: 5, Message: "it is very wrong"},
		{Severity: bpmn.Error, Code: "z", ElementID: "x", Line: 2, Column: 4, Message: "it is odd"},
	}
	findings.Sort()
	var out strings.Builder
	require.NoError(t, bpmn.WriteDiagnostics(&out, "case.bpmn", findings))
	require.Equal(t, strings.Join([]string{
		"case.bpmn:2:4: error: it is odd [z] (x)",
		"case.bpmn:2:5: error: it is very wrong [a] (a b)",
		"case.bpmn:2:5: error: it is wrong [b] (task)",
		"case.bpmn:9:1: warning: it is late [late]",
		"",
	}, "\n"), out.String())
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestPrintingDiagnosticsReportsAFailedWriter(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, bpmn.WriteDiagnostics(brokenPipe{}, "f", bpmn.Diagnostics{{}}), errPipe)
	require.NoError(t, bpmn.WriteDiagnostics(brokenPipe{}, "f", nil))
}

func TestOnlyErrorsRejectADeployment(t *testing.T) {
	t.Parallel()
	require.False(t, bpmn.Diagnostics{}.HasErrors())
	require.False(t, bpmn.Diagnostics{{Severity: bpmn.Warning}}.HasErrors())
	require.True(t, bpmn.Diagnostics{{Severity: bpmn.Warning}, {Severity: bpmn.Error}}.HasErrors())
}
