package models

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
)

const sound = `<?xml version="1.0" encoding="ISO-8859-1"?>
<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test">
	<b:task id="outside"/>
	<b:process id="p" isExecutable="false">
		<b:startEvent id="begin"/><b:sequenceFlow id="f1" sourceRef="begin" targetRef="sub"/>
		<b:subProcess id="sub"><b:task id="inside"/></b:subProcess>
		<b:extensionElements><task id="other" xmlns="urn:other"/></b:extensionElements>
	</b:process>
</b:definitions>`

func file(t *testing.T, content string) Case {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.bpmn")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return Case{ID: "m", File: path}
}

func TestTheOutlineHasWhatAProcessHas(t *testing.T) {
	t.Parallel()
	got, err := outline([]byte(sound))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"begin": "startEvent", "sub": "subProcess", "inside": "task"}, got.nodes)
	require.Equal(t, map[string][2]string{"f1": {"begin", "sub"}}, got.flows)
}

func TestAReferenceModelIsReadInWhole(t *testing.T) {
	t.Parallel()
	require.Equal(t, report.Case{ID: "m", Outcome: report.Pass}, RunInterchange(file(t, sound)))
	require.Equal(t, report.Wrong, RunInterchange(file(t, "<b:definitions>")).Outcome)
	require.Equal(t, report.Wrong, RunInterchange(Case{ID: "m", File: "missing.bpmn"}).Outcome)
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	want, err := outline([]byte(sound))
	require.NoError(t, err)
	model, _ := bpmn.Parse([]byte(sound))
	require.NoError(t, want.compare(model))
	want.nodes["gone"], want.flows["f1"] = "task", [2]string{"sub", "begin"}
	require.EqualError(t, want.compare(model), "flow f1 is [begin sub], not [sub begin]; node gone (task) is missing")
}

func TestAnInvalidModelHasToBeRefused(t *testing.T) {
	t.Parallel()
	c := RunInvalid(Case{ID: "i", File: "../testdata/small/betsy/invalid/NoTarget.bpmn"}, bpmn.Options{})
	require.Equal(t, report.Case{ID: "i", Outcome: report.Refused, Why: "refused by dangling-flow"}, c)
	c = RunInvalid(Case{ID: "i", File: "../testdata/small/paths/models/approve.bpmn"}, bpmn.Options{})
	require.Equal(t, report.Wrong, c.Outcome)
}
