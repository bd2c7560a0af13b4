package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

type activityList = casework.List[casework.Activity]

func TestAProcessInstanceIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, review)
	started := into[casework.StartedCase](t, w.do(t, 201, post(admin, cases, `{"processKey": "review", "businessKey": "B-1", "variables": {"a": 1.0, "b": "x"}}`)))
	path := instances + "/" + started.ProcessInstanceID
	found := into[casework.Instance](t, w.do(t, 200, get(sarah, path)))
	require.Equal(t, casework.InstanceActive, found.Status)
	require.Equal(t, "B-1", found.BusinessKey)
	require.Equal(t, []string{"look"}, found.CurrentActivities)
	require.Empty(t, found.Incidents)
	require.Equal(t, "http://temporal.example/namespaces/cases/workflows/"+started.ProcessInstanceID, found.TemporalURL)
	require.Equal(t, `{"a":1.0,"b":"x"}`, string(w.do(t, 200, get(sarah, path+"/variables")).body))

	all := into[activityList](t, w.do(t, 200, get(sarah, path+"/activities"))).Items
	require.Len(t, all, 2)
	require.Equal(t, "begin", all[0].ActivityID)
	require.Equal(t, casework.ActivityActive, all[1].State)
	first := into[activityList](t, w.do(t, 200, get(sarah, path+"/activities?limit=1")))
	require.Equal(t, all[:1], first.Items)
	rest := into[activityList](t, w.do(t, 200, get(sarah, path+"/activities?limit=1&cursor="+first.NextCursor)))
	require.Equal(t, all[1:], rest.Items)
	require.Empty(t, rest.NextCursor)

	for _, part := range []string{"", "/activities", "/history", "/variables"} {
		w.refused(t, casework.NotFound, get(carlos, path+part))
		w.refused(t, casework.NotFound, get(sarah, instances+"/no-uuid"+part))
		w.refused(t, casework.NotFound, get(sarah, instances+"/"+strings.Repeat("9", 300)+part))
		w.refused(t, casework.Malformed, get(sarah, instances+"/%00"+part))
	}
}

func TestACaseIsTerminated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, instance := w.look(t)
	path := instances + "/" + instance + "/terminate"
	long := strings.Repeat("ä", 10_001)
	for name, test := range map[string]struct {
		user, path, body string
		code             casework.Code
	}{
		"by one who may not":         {sarah, path, `{"reason": "x"}`, casework.Forbidden},
		"by one who does not see it": {carlos, path, `{"reason": "x"}`, casework.NotFound},
		"without a reason":           {admin, path, `{}`, casework.Invalid},
		"with an empty reason":       {admin, path, `{"reason": " \n"}`, casework.Invalid},
		"with U+0000":                {admin, path, `{"reason": "a\u0000"}`, casework.Invalid},
		"with a long reason":         {admin, path, `{"reason": "` + long + `"}`, casework.Invalid},
		"with no text":               {admin, path, `{"reason": 1}`, casework.Malformed},
		"that is not":                {admin, instances + "/x/terminate", `{"reason": "x"}`, casework.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.refused(t, test.code, post(test.user, test.path, test.body))
			if test.code == casework.Forbidden {
				require.Equal(t, "operate", p.Rule)
			}
		})
	}
	ended := into[casework.Instance](t, w.do(t, 200, post(admin, path, `{"reason": "`+long[:20_000]+`"}`)))
	require.Equal(t, casework.InstanceTerminated, ended.Status)
	require.Contains(t, ended.TemporalURL, instance, "as where the instance is read")
	require.Equal(t, "TERMINATED", w.refused(t, casework.Conflict, post(admin, path, `{"reason": "x"}`)).Current.Status)
	require.Equal(t, casework.TaskCancelled, into[casework.Task](t, w.do(t, 200, get(sarah, tasks+"/"+taskID(instance, "look")))).Status)
}

func TestAnIncidentIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, instance := w.look(t)
	w.engine.fail(t, instance, "route:1/2")
	stuck := into[casework.Instance](t, w.do(t, 200, get(sarah, instances+"/"+instance)))
	require.Equal(t, casework.InstanceError, stuck.Status)
	require.Len(t, stuck.Incidents, 1)
	path := instances + "/" + instance + "/incidents/route:1%2F2/retry"
	for name, test := range map[string]struct {
		user, path string
		code       casework.Code
	}{
		"by one who may not":         {sarah, path, casework.Forbidden},
		"by one who does not see it": {carlos, path, casework.NotFound},
		"of another instance":        {admin, instances + "/x/incidents/route:1%2F2/retry", casework.NotFound},
		"that is not":                {admin, instances + "/" + instance + "/incidents/other/retry", casework.NotFound},
		"whose id is no text":        {admin, instances + "/" + instance + "/incidents/%ff/retry", casework.Malformed},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, test.code, post(test.user, test.path, "")) })
	}
	mended := into[casework.Instance](t, w.do(t, 200, post(admin, path, `{"variables": {"a": 1.50}}`)))
	require.Equal(t, casework.InstanceActive, mended.Status)
	require.Contains(t, mended.TemporalURL, instance)
	require.JSONEq(t, `{"a": 1.50}`, string(w.engine.delivered[len(w.engine.delivered)-1].Command.Variables))
	w.refused(t, casework.NotFound, post(admin, path, ""))
}

func TestAnIncidentIsResolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, instance := w.look(t)
	w.engine.fail(t, instance, "route:1")
	w.engine.fail(t, instance, "work:2")
	path := instances + "/" + instance + "/incidents/"
	p := w.refused(t, casework.Conflict, post(admin, path+"route:1/resolve", ""))
	require.Contains(t, p.Detail, "only be tried again")
	require.Equal(t, "operate", w.refused(t, casework.Forbidden, post(sarah, path+"work:2/resolve", "")).Rule)
	w.refused(t, casework.NotFound, post(carlos, path+"work:2/resolve", ""))
	w.refused(t, casework.NotFound, post(admin, path+"other/resolve", ""))
	w.refused(t, casework.Invalid, post(admin, path+"work:2/resolve", `{"variables": {"": 1}}`))
	other := post(admin, path+"work:2/resolve", "a=1")
	other.media = "text/plain"
	w.refused(t, "unsupported-media-type", other)
	stuck := into[casework.Instance](t, w.do(t, 200, post(admin, path+"work:2/resolve", `{"variables": {"receipt": "R-1"}}`)))
	require.Equal(t, casework.InstanceError, stuck.Status, "the other one is still open")
	require.Equal(t, []string{"route:1"}, []string{stuck.Incidents[0].IncidentID})
	require.False(t, stuck.Incidents[0].Resolvable)
	command := w.engine.delivered[len(w.engine.delivered)-1].Command
	require.Equal(t, []any{casework.CommandResolveIncident, "work:2", `{"receipt": "R-1"}`}, []any{command.Kind, command.IncidentID, string(command.Variables)})
}
