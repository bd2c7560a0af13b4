package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	lintHead = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">` + "\n"
	lintGood = lintHead + `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/></process></definitions>`
	lintBad  = lintHead + `<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/>` +
		"\n" + `<!-- Prüfung --><scriptTask id="x" scriptFormat="groovy"><script>a</script></scriptTask></process></definitions>`
)

// runLint checks a good and a bad file in a folder of its own.
func runLint(t *testing.T, args ...string) (dir, out, errs string, code int) {
	t.Helper()
	dir = t.TempDir()
	for name, source := range map[string]string{"good.bpmn": lintGood, "bad one.bpmn": lintBad} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(source), 0o600))
	}
	for i, a := range args {
		if filepath.Ext(a) == ".bpmn" {
			args[i] = filepath.Join(dir, a)
		}
	}
	code, out, errs = command(t, append([]string{"lint"}, args...)...)
	return dir, out, errs, code
}

func TestLintPrintsLikeACompiler(t *testing.T) {
	t.Parallel()
	dir, out, _, code := runLint(t, "bad one.bpmn", "good.bpmn")
	require.Equal(t, 1, code)
	bad := filepath.Join(dir, "bad one.bpmn")
	require.Equal(t, bad+`:3:18: error: scriptTask "x" has a script in the format "groovy"; the formats are juel and javascript [script] (x)`+"\n"+
		bad+`:3:18: warning: no path from a start event leads to scriptTask "x" [unreachable] (x)`+"\n", out)
	_, out, _, code = runLint(t, "good.bpmn")
	require.Zero(t, code)
	require.Empty(t, out)
}

func TestLintPrintsJSON(t *testing.T) {
	t.Parallel()
	dir, out, _, code := runLint(t, "--format", "json", "good.bpmn", "bad one.bpmn")
	require.Equal(t, 1, code)
	var findings []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &findings))
	require.Len(t, findings, 2)
	require.Equal(t, map[string]any{
		"file": filepath.Join(dir, "bad one.bpmn"), "severity": "error", "code": "script", "elementId": "x", "line": 3.0, "column": 18.0,
		"message": `scriptTask "x" has a script in the format "groovy"; the formats are juel and javascript`,
	}, findings[0])
	_, out, _, code = runLint(t, "--format=json", "good.bpmn")
	require.Zero(t, code)
	require.JSONEq(t, "[]", out)
}

func TestLintPrintsSARIF(t *testing.T) {
	t.Parallel()
	_, out, _, code := runLint(t, "--format", "sarif", "bad one.bpmn", "good.bpmn")
	require.Equal(t, 1, code)
	var log sarifLog
	require.NoError(t, json.Unmarshal([]byte(out), &log))
	require.Equal(t, "2.1.0", log.Version)
	run := log.Runs[0]
	require.Equal(t, []sarifRule{{ID: "script"}, {ID: "unreachable"}}, run.Tool.Driver.Rules)
	require.Len(t, run.Results, 2)
	first, second := run.Results[0], run.Results[1]
	require.Equal(t, []any{"script", 0, "error"}, []any{first.RuleID, first.RuleIndex, first.Level})
	require.Equal(t, []any{"unreachable", 1, "warning"}, []any{second.RuleID, second.RuleIndex, second.Level})
	place := first.Locations[0]
	require.Regexp(t, `^file:///.*/bad%20one\.bpmn$`, place.Physical.Artifact.URI)
	require.Equal(t, sarifRegion{StartLine: 3, StartColumn: 17}, place.Physical.Region, "ü is one code point of two bytes")
	require.Equal(t, []sarifLogical{{Name: "x", Kind: "element"}}, place.Logical)

	_, out, _, code = runLint(t, "--format", "sarif", "good.bpmn")
	require.Zero(t, code)
	require.Contains(t, out, `"results": []`)
}

func TestLintRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	_, out, errs, code := runLint(t, "--format", "xml", "good.bpmn")
	require.Equal(t, 2, code, "a usage error")
	require.Contains(t, errs, `--format "xml" is not text, json or sarif`)
	require.Empty(t, out)
	_, _, errs, code = runLint(t, "--format", "json", "missing.bpmn")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "missing.bpmn")
}
