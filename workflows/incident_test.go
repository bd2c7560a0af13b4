package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

// decision asks for a number behind a task.
const decision = `
	<startEvent id="start"/><userTask id="decide" name="Decide" flowable:candidateGroups="G"/><exclusiveGateway id="which"/>
	<userTask id="small" name="Small" flowable:candidateGroups="G"/><endEvent id="end"/>
	<sequenceFlow id="f1" sourceRef="start" targetRef="decide"/><sequenceFlow id="f2" sourceRef="decide" targetRef="which"/>
	<sequenceFlow id="f3" sourceRef="which" targetRef="small"><conditionExpression xsi:type="tFormalExpression">${amount &lt; 100}</conditionExpression></sequenceFlow>
	<sequenceFlow id="f4" sourceRef="which" targetRef="end"><conditionExpression xsi:type="tFormalExpression">${amount &gt;= 100 &amp;&amp; approved}</conditionExpression></sequenceFlow>
	<sequenceFlow id="f5" sourceRef="small" targetRef="end"/>`

func TestAFailureOfTheModelIsAnIncidentThatCanBeMended(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer []string
		kind   string
		mend   []string
		open   []string
		still  bool // the same incident again
	}{
		"an expression that fails":          {[]string{"amount", "much"}, "condition", []string{"amount", "7"}, []string{"small"}, false},
		"no way out of a gateway":           {[]string{"amount", "500"}, "no-flow", []string{"amount", "5"}, []string{"small"}, false},
		"a repair that does not help":       {[]string{"amount", "much"}, "condition", []string{"amount", "more"}, []string{}, true},
		"a retry without a repair":          {[]string{"amount", "500"}, "no-flow", nil, []string{}, true},
		"a repair that brings it to an end": {[]string{"amount", "500"}, "no-flow", []string{"approved", "true"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, process(decision))
			c.at(time.Hour, func() { c.complete("decide", tc.answer...) })
			c.at(2*time.Hour, func() {
				require.Equal(t, "INCIDENT", c.seen.attribute(workflows.AttrCaseStatus))
				require.Equal(t, []string{"which"}, c.seen.attribute(workflows.AttrOpenElements))
				require.Empty(t, c.store.open())
				raised := c.store.lastCommit().Incidents
				require.Len(t, raised, 1)
				require.Equal(t, "which", raised[0].ActivityID)
				require.Equal(t, tc.kind, raised[0].Kind)
				require.NotEmpty(t, raised[0].Message)
				c.send(c.order(casework.CommandRetryIncident, func(cmd *casework.Command) {
					cmd.IncidentID, cmd.Variables = raised[0].IncidentID, object(tc.mend...)
				}))
			})
			if tc.open != nil {
				c.at(3*time.Hour, func() {
					require.Equal(t, tc.open, c.store.open())
					require.Len(t, c.store.commits, 3)
					changes := c.store.lastCommit().Incidents
					require.True(t, changes[0].Resolved)
					require.Len(t, changes, 1+map[bool]int{true: 1}[tc.still])
					require.Equal(t, tc.still, c.seen.attribute(workflows.AttrCaseStatus) == "INCIDENT")
				})
			}
			c.stopAt(4 * time.Hour)
			require.NoError(t, c.run(), "a failure of the model never fails the workflow")
			require.NotNil(t, c.store.lastCommit().End)
		})
	}
}

func TestOtherBranchesGoOnBesideAnIncident(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(`
		<startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="end"/>
		<userTask id="good" name="Good" flowable:candidateGroups="G"/>
		<serviceTask id="bad" name="Bad" flowable:expression="${1 / divisor}"/>
		<sequenceFlow id="f0" sourceRef="start" targetRef="fork"/><sequenceFlow id="f1" sourceRef="fork" targetRef="good"/>
		<sequenceFlow id="f2" sourceRef="fork" targetRef="bad"/><sequenceFlow id="f3" sourceRef="good" targetRef="join"/>
		<sequenceFlow id="f4" sourceRef="bad" targetRef="join"/><sequenceFlow id="f5" sourceRef="join" targetRef="end"/>`))
	c.start.Variables = []byte(`{"divisor": 0}`)
	c.at(time.Hour, func() { c.complete("good") })
	c.at(2*time.Hour, func() {
		require.Equal(t, []string{"bad", "join"}, c.store.lastCommit().Open)
		incident := c.store.commits[0].Incidents[0]
		c.send(c.order(casework.CommandRetryIncident, func(cmd *casework.Command) {
			cmd.IncidentID, cmd.Variables = incident.IncidentID, []byte(`{"divisor": 4}`)
		}))
	})
	require.NoError(t, c.run())
	require.Equal(t, casework.InstanceCompleted, c.store.lastCommit().End.Status)
}

func TestARetryOfAnIncidentThatIsGoneIsAppliedWithoutEffect(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(twoTasks))
	c.at(time.Hour, func() {
		c.send(c.order(casework.CommandRetryIncident, func(cmd *casework.Command) { cmd.IncidentID = "which:9" }))
	})
	c.at(2*time.Hour, func() {
		require.Equal(t, []string{"first"}, c.store.open())
		require.Empty(t, c.store.commands)
		require.Empty(t, c.store.lastCommit().Incidents)
	})
	c.stopAt(3 * time.Hour)
	require.NoError(t, c.run())
}

// A variable that could not be stored would let the commit of its step fail for ever.
func TestAVariableWithoutAUsableNameIsAnIncident(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", strings.Repeat("n", 256)} {
		c := newCase(t, process(`<startEvent id="start"/><serviceTask id="set" flowable:expression="${execution.setVariable(name, 1)}"/><endEvent id="end"/>
			<sequenceFlow id="f1" sourceRef="start" targetRef="set"/><sequenceFlow id="f2" sourceRef="set" targetRef="end"/>`))
		c.start.Variables = object("name", name)
		c.stopAt(time.Minute)
		require.NoError(t, c.run())
		require.Len(t, c.store.commits[0].Incidents, 1)
		require.Contains(t, c.store.commits[0].Incidents[0].Message, "1 to 255 characters")
	}
}

// Somebody did by other means what a service failed to do: the case goes on with their answer, and the service is not asked
// again.
func TestWorkThatFailedCanBeResolved(t *testing.T) {
	t.Parallel()
	c := newCase(t, withErrors(charge))
	c.start.Variables = object("card", "4711")
	service := c.serve("ChargeCard", func(int, casework.ActivityInput) (any, error) {
		return nil, temporal.NewNonRetryableApplicationError("the line is dead", "Down", nil)
	})
	c.at(time.Hour, func() {
		raised := c.store.lastCommit().Incidents
		require.Len(t, raised, 1)
		require.True(t, raised[0].Resolvable)
		c.send(c.order(casework.CommandResolveIncident, func(cmd *casework.Command) {
			cmd.IncidentID, cmd.Variables = raised[0].IncidentID, object("receipt", "R-1")
		}))
	})
	c.at(2*time.Hour, func() {
		require.Len(t, service.in, 1)
		require.Equal(t, `"R-1"`, c.variable("receipt"))
		require.Equal(t, []string{"thank"}, c.store.open())
		require.Empty(t, c.state().Activities)
		c.complete("thank")
	})
	require.NoError(t, c.run())
}
