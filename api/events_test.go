package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	messages   = "/api/workflow/messages"
	signals    = "/api/workflow/signals"
	conditions = "/api/workflow/conditions"
)

// triggered is a process that begins by a trigger.
func triggered(key, trigger string) string {
	return strings.Replace(strings.Replace(model(key, ""), `<startEvent id="begin"/>`,
		`<startEvent id="begin">`+trigger+`</startEvent>`, 1), `<process `,
		`<message id="m" name="Report"/><signal id="s" name="Alarm"/><process `, 1)
}

func onMessage(id, name, key string) casework.Subscription {
	return casework.Subscription{SubscriptionID: id, Kind: "message", Name: name, Key: key, ElementID: "wait"}
}

func TestAMessageGoesToWhoHasWaitedLongest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.start(t).ProcessInstanceID, w.start(t).ProcessInstanceID
	w.engine.wait(t, second, onMessage("wait:9", "Paid", ""), onMessage("key:9", "Paid", "K-7"))
	w.engine.wait(t, first, onMessage("wait:9", "Paid", ""))
	body := `{"messageName": "Paid", "variables": {"sum": 1.50}}`
	r := post(admin, messages, body).keyed("payment 1")
	answer := into[casework.MessageAnswer](t, w.do(t, 200, r))
	require.Equal(t, casework.MessageAnswer{MessageName: "Paid", Outcome: casework.MessageDelivered, ProcessInstanceID: second}, answer)
	require.Equal(t, answer, into[casework.MessageAnswer](t, w.do(t, 200, r)), "the key gives the same answer")
	sent := w.engine.delivered[len(w.engine.delivered)-1].Command
	require.Equal(t, "wait:9", sent.SubscriptionID)
	require.JSONEq(t, `{"sum": 1.50}`, string(sent.Variables))

	require.Equal(t, first, into[casework.MessageAnswer](t, w.do(t, 200, post(admin, messages, body))).ProcessInstanceID)
	require.Contains(t, w.refused(t, casework.NotFound, post(admin, messages, body)).Detail, `the message "Paid"`, "the one that is left asks for a key")
	keyed := into[casework.MessageAnswer](t, w.do(t, 200, post(admin, messages, `{"messageName": "Paid", "correlation": "K-7"}`)))
	require.Equal(t, second, keyed.ProcessInstanceID)
	require.Equal(t, "key:9", w.engine.delivered[len(w.engine.delivered)-1].Command.SubscriptionID)
}

func TestAMessageIsNarrowedToAnInstanceOrABusinessKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.start(t).ProcessInstanceID
	mine := into[casework.StartedCase](t, w.do(t, 201, post(admin, cases, `{"processKey": "review", "businessKey": "B-1"}`))).ProcessInstanceID
	w.engine.wait(t, other, onMessage("wait:9", "Paid", ""))
	w.engine.wait(t, mine, onMessage("wait:9", "Paid", ""), onMessage("also:9", "Paid", ""))
	for _, narrow := range []string{`"businessKey": "B-1"`, `"processInstanceId": "` + mine + `"`} {
		answer := into[casework.MessageAnswer](t, w.do(t, 200, post(admin, messages, `{"messageName": "Paid", `+narrow+`}`)))
		require.Equal(t, mine, answer.ProcessInstanceID)
	}
	w.refused(t, casework.NotFound, post(admin, messages, `{"messageName": "Paid", "businessKey": "B-1"}`))
	w.refused(t, casework.NotFound, post(admin, messages, `{"messageName": "Paid", "processInstanceId": "x"}`))
}

func TestAMessageStartsACase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	def := w.deploy(t, triggered("reported", `<messageEventDefinition messageRef="m"/>`))
	require.Equal(t, []casework.StartEvent{{ID: "begin", Name: "begin", Type: casework.StartMessage, Trigger: "Report"}}, def.StartEvents)
	r := post(admin, messages, `{"messageName": "Report", "businessKey": "B-9", "variables": {"by": "phone"}}`)
	answer := into[casework.MessageAnswer](t, w.do(t, 201, r))
	require.Equal(t, casework.MessageStarted, answer.Outcome)
	require.NotEmpty(t, answer.CaseNumber)
	start := w.engine.delivered[len(w.engine.delivered)-1].Start
	require.Equal(t, "begin", start.StartEventID)
	require.Equal(t, "Report", start.Trigger)
	require.Equal(t, "B-9", start.BusinessKey)
	require.Equal(t, `{"by":"phone"}`, string(w.do(t, 200, get(admin, instances+"/"+answer.ProcessInstanceID+"/variables")).body))
	w.refused(t, casework.NotFound, post(admin, messages, `{"messageName": "Report", "processInstanceId": "`+answer.ProcessInstanceID+`"}`))

	w.deploy(t, triggered("alsoReported", `<messageEventDefinition messageRef="m"/>`))
	require.Contains(t, w.refused(t, casework.Conflict, r).Detail, "several processes begin with it")
}

func TestAProcessThatOnlyATriggerBeginsIsNotStartedByACaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy(t, triggered("reported", `<messageEventDefinition messageRef="m"/>`))
	p := w.refused(t, casework.Invalid, post(admin, cases, `{"processKey": "reported"}`))
	require.Contains(t, p.Detail, "begin (message Report)")
	w.refused(t, casework.Invalid, post(admin, cases, `{"processKey": "reported", "startEventId": "begin"}`))
}

func TestASignalReachesEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	def := w.deploy(t, triggered("alarmed", `<signalEventDefinition signalRef="s"/>`))
	require.Equal(t, casework.StartSignal, def.StartEvents[0].Type)
	alarm := func(id string) casework.Subscription {
		return casework.Subscription{SubscriptionID: id, Kind: "signal", Name: "Alarm", ElementID: "wait", Repeats: true}
	}
	first, second := w.start(t).ProcessInstanceID, w.start(t).ProcessInstanceID
	w.engine.wait(t, first, alarm("a:1"), alarm("b:2"))
	w.engine.wait(t, second, alarm("a:1"))
	w.engine.delivered = nil
	r := post(admin, signals, `{"signalName": "Alarm", "variables": {"level": 3}}`).keyed("alarm")
	answer := into[casework.SignalAnswer](t, w.do(t, 200, r))
	require.Equal(t, 2, answer.Receivers)
	require.Len(t, answer.Started, 1)
	require.Equal(t, answer, into[casework.SignalAnswer](t, w.do(t, 200, r)))
	told := map[string]int{}
	for _, d := range w.engine.delivered {
		if d.Command != nil {
			require.Equal(t, "Alarm", d.Command.Name)
			told[d.Command.InstanceID]++
		}
	}
	require.Equal(t, map[string]int{first: 1, second: 1}, told, "once each, however often it waits")
	nobody := into[casework.SignalAnswer](t, w.do(t, 200, post(admin, signals, `{"signalName": "Unheard"}`)))
	require.Equal(t, casework.SignalAnswer{SignalName: "Unheard", Started: []casework.StartedCase{}}, nobody)
}

func TestConditionsStartCases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	condition := func(text string) string {
		return `<conditionalEventDefinition><condition>` + text + `</condition></conditionalEventDefinition>`
	}
	w.deploy(t, triggered("hot", condition("${temperature &gt; 40}")))
	w.deploy(t, triggered("cold", condition("${temperature &lt; 0}")))
	w.deploy(t, triggered("wrong", condition("${temperature.rise()}")))
	r := post(admin, conditions, `{"variables": {"temperature": 41}}`).keyed("reading 7")
	answer := into[casework.ConditionAnswer](t, w.do(t, 200, r))
	require.Len(t, answer.Started, 1)
	require.Equal(t, "hot", w.engine.delivered[len(w.engine.delivered)-1].Start.ProcessKey)
	require.Len(t, answer.Failed, 1)
	require.Equal(t, "wrong", answer.Failed[0].ProcessKey)
	require.NotEmpty(t, answer.Failed[0].Message)
	require.Equal(t, answer, into[casework.ConditionAnswer](t, w.do(t, 200, r)))
	require.Equal(t, 1, w.count(t, "SELECT count(*) FROM flowable.process_instances"))
}

func TestVariablesAreSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, instance := w.look(t)
	path := instances + "/" + instance + "/variables"
	shown := into[casework.Instance](t, w.do(t, 200, patch(admin, path, `{"variables": {"amount": 1.50, "note": null}}`)))
	require.Equal(t, map[string]any{"amount": 1.5, "note": nil}, shown.Variables)
	for name, test := range map[string]struct {
		r    request
		code casework.Code
	}{
		"by one who may not":         {patch(sarah, path, `{"variables": {"a": 1}}`), casework.Forbidden},
		"by one who does not see it": {patch(carlos, path, `{"variables": {"a": 1}}`), casework.NotFound},
		"without any":                {patch(admin, path, `{}`), casework.Invalid},
		"of no name":                 {patch(admin, path, `{"variables": {"": 1}}`), casework.Invalid},
		"that are too many":          {patch(admin, path, `{"variables": {"a": "`+strings.Repeat("x", casework.MaxVariablesBytes)+`"}}`), casework.TooLarge},
		"of no object":               {patch(admin, path, `{"variables": 1}`), casework.Malformed},
		"in another form": {
			request{method: "PATCH", path: path, user: admin, body: "a=1", media: "text/plain"}, "unsupported-media-type",
		},
	} {
		t.Run(name, func(t *testing.T) { w.refused(t, test.code, test.r) })
	}
	w.do(t, 200, post(admin, instances+"/"+instance+"/terminate", `{"reason": "x"}`))
	w.refused(t, casework.Conflict, patch(admin, path, `{"variables": {"a": 1}}`))
}

func TestActivitiesOfAnAdHocSubProcessAreBegunAndEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, instance := w.look(t)
	w.engine.mu.Lock()
	require.NoError(t, w.engine.commit(t.Context(), casework.StepCommit{InstanceID: instance, Activities: []casework.ActivityChange{
		{ElementInstanceID: "handle:4", ActivityID: "handle", ActivityType: "adHocSubProcess", State: casework.ActivityActive},
		{ElementInstanceID: "handle:3", ActivityID: "handle", ActivityType: "adHocSubProcess", State: casework.ActivityCompleted},
	}}))
	w.engine.mu.Unlock()
	path := instances + "/" + instance + "/activities/"
	w.do(t, 200, post(admin, path+"handle:4/activate", `{"elements": ["call", "visit"]}`))
	sent := w.engine.delivered[len(w.engine.delivered)-1].Command
	require.Equal(t, casework.CommandActivate, sent.Kind)
	require.Equal(t, []string{"call", "visit"}, sent.Elements)
	require.Equal(t, "handle:4", sent.ElementInstanceID)
	w.do(t, 200, post(admin, path+"handle:4/complete", ""))
	require.Equal(t, casework.CommandFinish, w.engine.delivered[len(w.engine.delivered)-1].Command.Kind)

	many := strings.Repeat(`"x",`, 100) + `"x"`
	for _, act := range []string{"activate", "complete"} {
		body := ""
		if act == "activate" {
			body = `{"elements": ["call"]}`
			w.refused(t, casework.Invalid, post(admin, path+"handle:4/activate", `{"elements": []}`))
			w.refused(t, casework.Invalid, post(admin, path+"handle:4/activate", `{"elements": [""]}`))
			w.refused(t, casework.Invalid, post(admin, path+"handle:4/activate", fmt.Sprintf(`{"elements": [%s]}`, many)))
			large := post(admin, path+"handle:4/activate", `{"elements": ["`+strings.Repeat("x", 1<<20)+`"]}`)
			w.refused(t, casework.TooLarge, large)
			other := post(admin, path+"handle:4/activate", "x")
			other.media = "text/plain"
			w.refused(t, "unsupported-media-type", other)
		}
		w.refused(t, casework.Forbidden, post(sarah, path+"handle:4/"+act, body))
		w.refused(t, casework.NotFound, post(carlos, path+"handle:4/"+act, body))
		w.refused(t, casework.NotFound, post(admin, path+"none:1/"+act, body))
		w.refused(t, casework.Conflict, post(admin, path+"handle:3/"+act, body))
		require.Contains(t, w.refused(t, casework.Conflict, post(admin, path+"look:2/"+act, body)).Detail, "userTask")
	}
}

func TestABadEventIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	long := strings.Repeat("ä", 256)
	big := `"variables": {"a": "` + strings.Repeat("x", casework.MaxVariablesBytes) + `"}`
	for path, name := range map[string]string{messages: "messageName", signals: "signalName", conditions: ""} {
		for what, test := range map[string]struct {
			user, body string
			code       casework.Code
		}{
			"by one who may not":      {sarah, `{"%s": "x"}`, casework.Forbidden},
			"without a name":          {admin, `{}`, casework.Invalid},
			"with a long name":        {admin, `{"%s": "` + long + `"}`, casework.Invalid},
			"with U+0000":             {admin, `{"%s": "\u0000"}`, casework.Invalid},
			"with a reserved name":    {admin, `{"%s": "x", "variables": {"task": 1}}`, casework.Invalid},
			"that is too large":       {admin, `{"%s": "x", ` + big + `}`, casework.TooLarge},
			"with an unknown member":  {admin, `{"%s": "x", "surprise": 1}`, casework.Malformed},
			"that is empty":           {admin, "", casework.Malformed},
			"with a long businessKey": {admin, `{"%s": "x", "businessKey": "` + long + `"}`, casework.Invalid},
		} {
			switch {
			case path == conditions && strings.Contains(what, "name") && what != "with a reserved name", path == conditions && what == "with U+0000",
				path != messages && what == "with a long businessKey":
				continue
			}
			body := strings.ReplaceAll(test.body, `"%s"`, `"`+name+`"`)
			if path == conditions {
				body = strings.NewReplacer(`"%s": "x", `, "", `"%s": "x"`, "").Replace(test.body)
			}
			t.Run(path+" "+what, func(t *testing.T) {
				w.refused(t, test.code, post(test.user, path, body))
			})
		}
		other := post(admin, path, "x")
		other.media = "text/plain"
		w.refused(t, "unsupported-media-type", other)
	}
}
