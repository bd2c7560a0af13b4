package bpmn_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// nodeOf compiles elements beside the usual ones and returns one node of the program.
func nodeOf(t *testing.T, elements, id string) (*bpmn.Program, bpmn.Node) {
	t.Helper()
	p := compileClean(t, inProcess(elements))[0]
	requireConsistent(t, p)
	require.GreaterOrEqual(t, p.NodeIndex(id), 0)
	return p, p.Nodes[p.NodeIndex(id)]
}

func sources(templates []*expr.Template) string {
	var found []string
	for _, t := range templates {
		found = append(found, t.Source())
	}
	return strings.Join(found, " | ")
}

const xInherited = `xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:activiti="http://activiti.org/bpmn"`

func formal(role, text string) string {
	return "<" + role + "><resourceAssignmentExpression><formalExpression>" + text + "</formalExpression></resourceAssignmentExpression></" + role + ">"
}

func TestPeopleAreReadFromEveryPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ attributes, children, assignee, users, groups string }{
		"groups":                         {`flowable:candidateGroups=" A , B ,, "`, "", "", "", "A | B"},
		"users":                          {`flowable:candidateUsers="ann,${owner}"`, "", "", "ann | ${owner}", ""},
		"an assignee":                    {`flowable:assignee="${initiator}"`, "", "${initiator}", "", ""},
		"another vendor":                 {xInherited + ` camunda:candidateGroups="A" activiti:assignee="bo"`, "", "bo", "", "A"},
		"a comma in an expression":       {`flowable:candidateGroups="${a.b('x,y', c)},B"`, "", "", "", "${a.b('x,y', c)} | B"},
		"a brace in an expression":       {`flowable:candidateGroups="${'},'},B"`, "", "", "", "${'},'} | B"},
		"a quote in an expression":       {`flowable:candidateGroups="${'it\'s, }'},B"`, "", "", "", `${'it\'s, }'} | B`},
		"a performer":                    {"", formal("humanPerformer", "ann"), "ann", "", ""},
		"the attribute before performer": {`flowable:assignee="bo"`, formal("humanPerformer", "ann"), "bo", "", ""},
		"potential owners":               {"", formal("potentialOwner", "user(ann), group(A), B"), "", "ann", "A | B"},
		"owners beside the attribute":    {`flowable:candidateGroups="A"`, formal("potentialOwner", "group(${g})"), "", "", "A | ${g}"},
		"nobody":                         {"", "", "", "", ""},
		"blank attributes are absent":    {`flowable:assignee=" " flowable:candidateUsers=","`, "", "", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, n := nodeOf(t, `<userTask id="x" `+c.attributes+`>`+c.children+`</userTask>`, "x")
			assignee := ""
			if n.Human.Assignee != nil {
				assignee = n.Human.Assignee.Source()
			}
			require.Equal(t, []string{c.assignee, c.users, c.groups},
				[]string{assignee, sources(n.Human.CandidateUsers), sources(n.Human.CandidateGroups)})
		})
	}
}

func TestAUserTaskKeepsItsOtherAttributes(t *testing.T) {
	t.Parallel()
	_, n := nodeOf(t, `<userTask id="x" name="Case ${number}" flowable:formKey="form" flowable:dueDate="P2D" flowable:priority="${p}">
		<documentation>First.</documentation><documentation/><documentation>Second.</documentation>
		<extensionElements><flowable:taskListener event="all" expression="${task.id}"/>
		<flowable:taskListener event="complete" expression="task.name"/>
		<flowable:executionListener event="start" expression="${1}"/><flowable:executionListener event="end" expression="${2}"/>
		</extensionElements></userTask>`, "x")
	require.Equal(t, "First.\n\nSecond.", n.Documentation)
	require.Equal(t, []string{"Case ${number}", "form", "P2D", "${p}"}, []string{
		n.Human.Name.Source(), n.Human.FormKey.Source(), n.Human.DueDate.Source(), n.Human.Priority.Source(),
	})
	var events []string
	for _, l := range n.Human.Listeners {
		events = append(events, string(l.Event)+" "+l.Expr.Source())
	}
	require.Equal(t, []string{"create ${task.id}", "assignment ${task.id}", "complete ${task.id}", "delete ${task.id}", "complete task.name"}, events)
	require.Equal(t, []string{"${1}", "${2}"}, []string{n.Start[0].Expr.Source(), n.End[0].Expr.Source()})
}

func TestAServiceTaskKeepsItsExpression(t *testing.T) {
	t.Parallel()
	for _, attribute := range []string{"resultVariable", "resultVariableName"} {
		_, n := nodeOf(t, `<serviceTask id="x" flowable:expression="#{a + 1}" flowable:`+attribute+`="b"/>`, "x")
		require.Equal(t, []string{"#{a + 1}", "b"}, []string{n.Service.Expression.Source(), n.Service.ResultVariable})
		require.Equal(t, "x", n.Name)
	}
}

func TestATimerKeepsItsKindAndWhetherItInterrupts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		attributes, value string
		kind              bpmn.TimerKind
		interrupting      bool
	}{
		"a duration":           {"", "<timeDuration>PT1H</timeDuration>", bpmn.TimerDuration, true},
		"a date":               {`cancelActivity="true"`, "<timeDate> 2026-01-01T10:00 </timeDate>", bpmn.TimerDate, true},
		"an expression":        {`cancelActivity="0"`, "<timeDuration>${wait}</timeDuration>", bpmn.TimerDuration, false},
		"without a cancelling": {`cancelActivity="false"`, "<timeDate>${when}</timeDate>", bpmn.TimerDate, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, n := nodeOf(t, strings.Replace(timerOf(c.value), `id="b"`, `id="b" `+c.attributes, 1), "b")
			require.Equal(t, []any{c.kind, c.interrupting}, []any{n.Events[0].Timer.Kind, n.Interrupting})
			require.Equal(t, "t", p.Nodes[n.AttachedTo].ID)
			require.Contains(t, c.value, n.Events[0].Timer.Value.Source())
		})
	}
}

func TestTheInnermostLaneOfANodeCounts(t *testing.T) {
	t.Parallel()
	const lanes = `<laneSet><lane id="outer" name="Office"><flowNodeRef>s</flowNodeRef><flowNodeRef>t</flowNodeRef>
		<childLaneSet><lane id="inner"><flowNodeRef>t</flowNodeRef></lane></childLaneSet></lane>
		<lane id="next"><flowNodeRef>t</flowNodeRef></lane></laneSet>`
	p, n := nodeOf(t, lanes, "t")
	require.Equal(t, []string{"inner", "inner"}, []string{n.Lane, n.LaneName})
	require.Equal(t, []string{"outer", "Office"}, []string{p.Nodes[0].Lane, p.Nodes[0].LaneName})
	require.Empty(t, p.Nodes[p.NodeIndex("e")].Lane)
}

func TestFlowsKeepTheirConditionsListenersAndTheDefault(t *testing.T) {
	t.Parallel()
	p, n := nodeOf(t, `<exclusiveGateway id="x" default="no"/><sequenceFlow id="to" sourceRef="t" targetRef="x"/>
		<sequenceFlow id="yes" name="Yes" sourceRef="x" targetRef="e"><extensionElements>
		<flowable:executionListener expression="${3}"/></extensionElements>
		<conditionExpression><![CDATA[ ${a < 1 && b > 2} ]]></conditionExpression></sequenceFlow>
		<sequenceFlow id="no" sourceRef="x" targetRef="e"/>`, "x")
	require.Equal(t, "no", p.Flows[n.Default].ID)
	yes := p.Flows[n.Out[0]]
	require.Equal(t, []string{"yes", "Yes", "${a < 1 && b > 2}", "${3}"}, []string{yes.ID, yes.Name, yes.Condition.Source(), yes.Take[0].Expr.Source()})
	require.Nil(t, p.Flows[n.Default].Condition)
}

func TestAProgramIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	p := compileClean(t, inProcess(`<serviceTask id="x" flowable:expression="${a + 1}"/>`))[0]
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			v, err := p.Nodes[p.NodeIndex("x")].Service.Expression.Eval(expr.MapScope{"a": int64(i)}, expr.Limits{})
			if err != nil || v != int64(i+1) {
				t.Errorf("got %v, %v", v, err)
			}
		})
	}
	group.Wait()
}
