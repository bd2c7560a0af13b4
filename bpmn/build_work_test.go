package bpmn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

const xOwn = `xmlns:nextgen="http://nextgen-workflow.org/bpmn"`

func TestWorkIsReadFromAttributesAndProperties(t *testing.T) {
	t.Parallel()
	property := func(vendor, name, value string) string {
		return `<extensionElements><` + vendor + `:properties><` + vendor + `:property name="other" value="x"/><` +
			vendor + `:property name="` + name + `" value="` + value + `"/></` + vendor + `:properties></extensionElements>`
	}
	cases := map[string]struct{ attributes, children, queue, skills, others, calendar, claim, complete string }{
		"attributes": {`nextgen:queue="${q}" nextgen:skills="a,${b}" nextgen:fourEyesOf="x" nextgen:calendar="c" nextgen:claimWithin="PT1H" nextgen:completeWithin="P1D"`,
			"", "${q}", "a | ${b}", "x", "c", "PT1H", "P1D"},
		"a property of flowable":         {"", property("flowable", "queue", "desk"), "desk", "", "", "", "", ""},
		"a property of camunda":          {"", property("camunda", "skills", "a, b"), "", "a | b", "", "", "", ""},
		"a property of zeebe":            {"", property("zeebe", "queue", "=desk.name"), "${desk.name}", "", "", "", "", ""},
		"a list of zeebe":                {"", property("zeebe", "fourEyesOf", "x,x"), "", "", "x | x", "", "", ""},
		"an attribute before property":   {`nextgen:queue="mine"`, property("camunda", "queue", "theirs"), "mine", "", "", "", "", ""},
		"a blank attribute is not there": {`nextgen:queue=" "`, property("camunda", "queue", "theirs"), "theirs", "", "", "", "", ""},
		"a blank property is not there":  {"", property("camunda", "calendar", " "), "", "", "", "", "", ""},
		"nothing":                        {},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, n := nodeOf(t, `<userTask id="x" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" flowable:assignee="a" `+xOwn+` `+xInherited+` `+c.attributes+`>`+c.children+`</userTask>`, "x")
			w := n.Human.Work
			require.Equal(t, []string{c.queue, c.skills, c.others, c.calendar, c.claim, c.complete}, []string{
				sourceOf(w.Queue), sources(w.Skills), sources(w.FourEyesOf), sourceOf(w.Calendar), sourceOf(w.ClaimWithin), sourceOf(w.CompleteWithin),
			})
		})
	}
}

func sourceOf(t *expr.Template) string {
	if t == nil {
		return ""
	}
	return t.Source()
}

func TestASlipOfThePenInOurOwnNamespaceIsRefused(t *testing.T) {
	t.Parallel()
	for name, element := range map[string]string{
		"an attribute":                 `<userTask id="x" flowable:assignee="a" ` + xOwn + ` nextgen:queu="desk"/>`,
		"an attribute of another task": `<serviceTask id="x" flowable:expression="${1}" ` + xOwn + ` nextgen:queue="desk"/>`,
		"an element":                   `<userTask id="x" flowable:assignee="a" ` + xOwn + `><extensionElements><nextgen:queue/></extensionElements></userTask>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, ds := bpmn.Compile(inProcess(element))
			require.True(t, ds.HasErrors(), "%v", ds)
			last := ds[len(ds)-1] // another says that nothing leads to the task
			require.Equal(t, "unsupported-extension", last.Code)
			require.Contains(t, last.Message, "nextgen:queu")
		})
	}
}
