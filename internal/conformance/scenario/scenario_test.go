package scenario_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/scenario"
)

// model is a task "first" for ann, then a task "second" with a deadline of an hour; flow "late" ends at "missed".
const model = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn" targetNamespace="test">
<process id="two" name="Two tasks" isExecutable="true">
	<startEvent id="begin"/><sequenceFlow id="f1" sourceRef="begin" targetRef="first"/>
	<userTask id="first" name="First" flowable:assignee="ann"/><sequenceFlow id="f2" sourceRef="first" targetRef="second"/>
	<userTask id="second" name="Second" flowable:candidateUsers="bob" flowable:formKey="form"/>
	<boundaryEvent id="deadline" attachedToRef="second" cancelActivity="true"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
	<sequenceFlow id="late" sourceRef="deadline" targetRef="missed"/><endEvent id="missed"/>
	<sequenceFlow id="f3" sourceRef="second" targetRef="done"/><endEvent id="done"/>
</process></definitions>`

// play runs steps, a line each, after the start of the model as pi1.
func play(t *testing.T, steps string) report.Case {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "two.bpmn"), []byte(model), 0o600))
	c := scenario.Case{ID: "c", Models: []string{"two.bpmn"}, Dir: dir}
	require.NoError(t, json.Unmarshal([]byte(`[{"op":"start","key":"two","vars":{"n":1},"as":"pi1"},`+steps+`]`), &c.Steps))
	return scenario.Run(c, nil)
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	const tasks = `{"op":"query","as":"q1","entity":"task","filters":[["processInstanceId","pi1"]],"get":"one"},`
	for name, tc := range map[string]struct {
		steps string
		want  report.Outcome
		why   string
	}{
		"a task is found by every filter": {
			`{"op":"query","as":"q1","entity":"task","filters":[["taskDefinitionKeyLike","fir%"],["taskAssignee","ann"],["processDefinitionName","Two tasks"],["or"],["taskId","invalid"],["taskName","First"],["endOr"],["processVariableValueEquals","n",1]],"get":"one"},
			 {"op":"expect","what":"q1","exists":true},{"op":"expect","what":"q1","attr":"getName","rel":"==","value":"First"}`,
			report.Pass, ""},
		"another name is wrong": {tasks + `{"op":"expect","what":"q1","attr":"getName","rel":"==","value":"Second"}`, report.Wrong, `it is "First"`},
		"a snapshot does not change": {
			tasks + `{"op":"complete","task":"q1"},{"op":"expect","what":"q1","attr":"getName","rel":"==","value":"First"},
			{"op":"query","as":"q2","entity":"task","filters":[["taskCandidateUser","bob"]],"get":"list"},{"op":"expect","what":"q2[0]","attr":"getFormKey","rel":"==","value":"form"}`,
			report.Pass, ""},
		"a task is completed once": {tasks + `{"op":"complete","task":"q1"},{"op":"complete","task":"q1"},{"op":"expect","notEnded":"pi1"}`, report.Wrong, "not found"},
		"a claimed task has no candidates": {
			tasks + `{"op":"complete","task":"q1"},{"op":"query","as":"q2","entity":"task","filters":[],"get":"one"},{"op":"claim","task":"q2","args":["bob"]},
			{"op":"query","as":"q3","entity":"task","filters":[["taskCandidateUser","bob"]],"get":"count"},{"op":"expect","what":"q3","count":0},
			{"op":"query","as":"q4","entity":"task","filters":[["taskAssignee","bob"]],"get":"count"},{"op":"expect","what":"q4","count":1}`,
			report.Pass, ""},
		"the clock runs on": {
			tasks + `{"op":"complete","task":"q1"},{"op":"advanceClockTo","ms_from_start":3599000},{"op":"expect","notEnded":"pi1"},
			{"op":"advanceClockTo","ms_from_start":3600000},{"op":"expect","ended":"pi1"},
			{"op":"query","as":"q2","entity":"histProcessInstance","filters":[["processInstanceId","pi1"]],"get":"one"},
			{"op":"expect","what":"q2","attr":"getEndActivityId","rel":"==","value":"missed"}`,
			report.Pass, ""},
		"a timer job is fired": {
			tasks + `{"op":"complete","task":"q1"},{"op":"query","as":"q2","entity":"timerJob","filters":[],"get":"one"},
			{"op":"fireTimer","job":"q2"},{"op":"executeJob","job":"q2"},{"op":"expect","ended":"pi1"}`,
			report.Pass, ""},
		"an instance is cancelled":      {`{"op":"cancel","to":"pi1"},{"op":"expect","ended":"pi1"}`, report.Pass, ""},
		"one of two is too many":        {`{"op":"start","key":"two","as":"pi2"},{"op":"query","as":"q1","entity":"task","filters":[],"get":"one"},{"op":"expect","what":"q1","exists":true}`, report.Wrong, "the query finds 2"},
		"an unknown process":            {`{"op":"start","key":"other","as":"pi2"},{"op":"expect","ended":"pi2"}`, report.Wrong, `process "other": not found`},
		"something that is not there":   {`{"op":"suspendProcessInstanceById","to":"pi1"},{"op":"expect","notEnded":"pi1"}`, report.Refused, "not supported"},
		"only internals":                {`{"op":"query","as":"q1","entity":"execution","filters":[],"get":"list"},{"op":"expect","what":"q1","count":99}`, report.Aside, ""},
		"only what cannot be read":      {`{"op":"query","as":"q1","entity":"task","filters":[["withDelegation"]],"get":"list"},{"op":"expect","what":"q1","count":99}`, report.Aside, ""},
		"internals beside other things": {tasks + `{"op":"query","as":"q2","entity":"job","filters":[],"get":"list"},{"op":"expect","what":"q2","count":99},{"op":"expect","what":"q1","exists":true}`, report.Pass, ""},
		"history has every activity": {
			tasks + `{"op":"complete","task":"q1"},{"op":"query","as":"q2","entity":"histActivity","filters":[["activityType","userTask"],["orderByActivityId","asc"]],"get":"list"},
			{"op":"expect","what":"q2","attrs":["getActivityId"],"rel":"exactly","values":["first","second"]}`,
			report.Pass, ""},
		"waiting at": {`{"op":"expect","waitingAt":["second"],"exact":false,"of":"pi1"}`, report.Wrong, "waits at [first]"},
		"for each task": {
			`{"op":"start","key":"two","as":"pi2"},{"op":"query","as":"q1","entity":"task","filters":[],"get":"list"},
			{"op":"forEach","in":"q1","var":"e1","do":[{"op":"complete","task":"e1"}]},{"op":"query","as":"q2","entity":"task","filters":[["taskDefinitionKey","second"]],"get":"count"},
			{"op":"expect","what":"q2","count":2}`,
			report.Pass, ""},
		"a query in place": {`{"op":"complete","task":{"entity":"task","filters":[["taskDefinitionKey","first"]],"sel":"single"}},{"op":"expect","waitingAt":["second"],"exact":true,"of":"pi1"}`, report.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := play(t, tc.steps)
			require.Equal(t, tc.want, c.Outcome, c.Why)
			require.Contains(t, c.Why, tc.why)
		})
	}
}
