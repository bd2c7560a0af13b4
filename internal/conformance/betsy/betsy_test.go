package betsy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
)

// process puts elements between the start event "begin" and the end event "end" of the process P.
func process(elements string) string {
	return `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test"><message id="m" name="m"/><error id="err" errorCode="E1"/>
		<process id="P" isExecutable="true"><startEvent id="begin"/>` + elements + `<endEvent id="end"/></process>
		<process id="ParallelProcess" isExecutable="true"><startEvent id="b"/><sequenceFlow id="p1" sourceRef="b" targetRef="c"/>
		<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent><sequenceFlow id="p2" sourceRef="c" targetRef="d"/>
		<scriptTask id="d"><script>CREATE_MARKER_FILE</script></scriptTask><sequenceFlow id="p3" sourceRef="d" targetRef="e"/><endEvent id="e"/></process></definitions>`
}

// line connects script tasks, one for each word, from begin to end.
func line(words ...string) string {
	var b strings.Builder
	at := "begin"
	for i, word := range words {
		id := "step" + string(rune('0'+i))
		b.WriteString(`<sequenceFlow id="to_` + id + `" sourceRef="` + at + `" targetRef="` + id + `"/><scriptTask id="` + id + `"><script>` + word + `</script></scriptTask>`)
		at = id
	}
	return b.String() + `<sequenceFlow id="last" sourceRef="` + at + `" targetRef="end"/>`
}

func TestTraces(t *testing.T) {
	t.Parallel()
	fork := `<sequenceFlow id="g0" sourceRef="begin" targetRef="fork"/><parallelGateway id="fork"/>
		<sequenceFlow id="g1" sourceRef="fork" targetRef="x"/><scriptTask id="x"><script>CREATE_TIMESTAMP_LOG_1</script></scriptTask><sequenceFlow id="g3" sourceRef="x" targetRef="end"/>
		<sequenceFlow id="g2" sourceRef="fork" targetRef="y"/><scriptTask id="y"><script>CREATE_TIMESTAMP_LOG_2</script></scriptTask><sequenceFlow id="g4" sourceRef="y" targetRef="end"/>`
	send := `<sequenceFlow id="g0" sourceRef="begin" targetRef="send"/><sendTask id="send" messageRef="m"/><sequenceFlow id="g1" sourceRef="send" targetRef="end"/>`
	choice := `<sequenceFlow id="g0" sourceRef="begin" targetRef="which"/><exclusiveGateway id="which"/>
		<sequenceFlow id="g1" sourceRef="which" targetRef="end"><conditionExpression>test == "a"</conditionExpression></sequenceFlow>`
	throw := `<sequenceFlow id="g0" sourceRef="begin" targetRef="throw"/><endEvent id="throw"><errorEventDefinition errorRef="err"/></endEvent>
		<sequenceFlow id="g1" sourceRef="begin" targetRef="end"/>`
	for name, tc := range map[string]struct {
		model   string
		c       Case
		outcome report.Outcome
		why     string
	}{
		"words in any order":            {line("SCRIPT_task2", "SCRIPT_task1", "SCRIPT_task2"), Case{Want: []string{"SCRIPT_task1", "SCRIPT_task2", "SCRIPT_task2"}}, report.Pass, ""},
		"a word too few":                {line("SCRIPT_task2", "CREATE_LOG_FILE"), Case{Want: []string{"SCRIPT_task2", "SCRIPT_task2"}}, report.Wrong, "the trace is [SCRIPT_task2]"},
		"a number goes up":              {line("INCREMENT_INTEGER_VARIABLE", "INCREMENT_INTEGER_VARIABLE_AND_LOG"), Case{Integer: 1, Want: []string{"INCREMENT_correct"}}, report.Pass, ""},
		"side by side":                  {fork, Case{Want: []string{"EXECUTION_parallel"}}, report.Pass, ""},
		"one after the other":           {line("CREATE_TIMESTAMP_LOG_1", "CREATE_TIMESTAMP_LOG_2"), Case{Want: []string{"EXECUTION_parallel"}}, report.Wrong, "the trace is []"},
		"a wait":                        {line("WAIT_TEN_SECONDS", "SCRIPT_task1"), Case{Want: []string{"SCRIPT_task1"}}, report.Pass, ""},
		"an error that nobody catches":  {throw, Case{Want: []string{"ERROR_thrownErrorEvent"}}, report.Pass, ""},
		"an error that was not to come": {throw, Case{}, report.Wrong, `nobody caught the BPMN error "E1"`},
		"an error of a script":          {line("THROW_ERROR"), Case{Want: []string{"ERROR_runtime"}}, report.Pass, ""},
		"no error where one was to be":  {line("SCRIPT_task1"), Case{Want: []string{"ERROR_thrownErrorEvent"}}, report.Wrong, "was to end the instance"},
		"a word without meaning":        {line("SCRIPT_task9"), Case{}, report.Wrong, "SCRIPT_task9"},
		"the companion hears":           {send, Case{CompanionFirst: true, Want: []string{"MARKER_exists"}}, report.Pass, ""},
		"nobody hears":                  {send, Case{Want: []string{}}, report.Pass, ""},
		"no flow can be taken":          {choice, Case{Test: "b", Want: []string{"ERROR_runtime"}}, report.Pass, ""},
		"a flow can be taken":           {choice, Case{Test: "a", Want: []string{"ERROR_runtime"}}, report.Wrong, "an incident was to come"},
		"accepted against expectation":  {line("SCRIPT_task1"), Case{Want: []string{"ERROR_deployment"}}, report.Wrong, "has to be refused"},
		"refused as expected":           {`<sequenceFlow id="x" sourceRef="begin" targetRef="nowhere"/>`, Case{Want: []string{"ERROR_deployment"}}, report.Pass, ""},
		"either is an error":            {`<sequenceFlow id="x" sourceRef="begin" targetRef="nowhere"/>`, Case{Want: []string{"ERROR"}}, report.Pass, ""},
		"refused against expectation":   {`<sequenceFlow id="x" sourceRef="begin" targetRef="nowhere"/>`, Case{Want: []string{"SCRIPT_task1"}}, report.Refused, "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.c.ID, tc.c.Process, tc.c.File = name, "P", filepath.Join(t.TempDir(), "p.bpmn")
			require.NoError(t, os.WriteFile(tc.c.File, []byte(process(tc.model)), 0o600))
			got := Run(tc.c, nil)
			require.Equal(t, tc.outcome, got.Outcome, got.Why)
			require.Contains(t, got.Why, tc.why)
		})
	}
}
