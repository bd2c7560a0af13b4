package workflows_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/workflows"
)

func TestARunShowsItsOpenTasksAndTimers(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(deadline))
	c.start.ProcessName, c.start.CaseNumber = "Complaints | *urgent*", "CASE-2100-7"
	c.store.sla, c.store.levels = 4*time.Hour, []time.Duration{0, 4 * time.Hour}
	c.at(time.Minute, func() {
		require.Equal(t, "**Complaints ¦ urgent** version 3, case **CASE-2100-7**, ACTIVE\n\n"+
			"- task **Work** in queue-of-work, held by nobody, due 2100-01-04T13:00:00Z\n"+
			"- timer **late** fires at 2100-01-04T19:00:00Z", c.details())
		c.send(c.order(casework.CommandClaim, func(cmd *casework.Command) { cmd.TaskID = c.store.taskOf("work").TaskID }))
	})
	c.at(5*time.Hour, func() {
		require.Contains(t, c.details(), "- task **Work** in queue-of-work, held by pat, due 2100-01-04T13:00:00Z, raised to level 1\n")
		c.complete("work")
	})
	require.NoError(t, c.run())
	require.Equal(t, "**Complaints ¦ urgent** version 3, case **CASE-2100-7**, ENDED\n", c.details())
}

func TestSearchAttributesFollowTheCase(t *testing.T) {
	t.Parallel()
	c := newCase(t, process(deadline))
	c.at(time.Minute, func() {
		require.Equal(t, "ACTIVE", c.seen.attribute(workflows.AttrCaseStatus))
		require.Equal(t, []string{"work"}, c.seen.attribute(workflows.AttrOpenElements))
		require.Equal(t, began.Add(10*time.Hour), c.seen.attribute(workflows.AttrNextDue))
		require.Len(t, c.seen.attributes, 1)
		c.send(c.order(casework.CommandClaim, func(cmd *casework.Command) { cmd.TaskID = c.store.taskOf("work").TaskID }))
	})
	c.at(11*time.Hour, func() {
		require.Len(t, c.seen.attributes, 2, "a claim changes no attribute, so none is written")
		require.Equal(t, []string{"chase"}, c.seen.attribute(workflows.AttrOpenElements))
		require.Nil(t, c.seen.attribute(workflows.AttrNextDue))
		c.complete("chase")
	})
	require.NoError(t, c.run())
	require.Equal(t, "ENDED", c.seen.attribute(workflows.AttrCaseStatus))
	require.Empty(t, c.seen.attribute(workflows.AttrOpenElements))
	require.Equal(t, 2, c.seen.writes(workflows.AttrCaseStatus))
}

func TestALongPageIsCutToWhatTemporalTakes(t *testing.T) {
	t.Parallel()
	var elements strings.Builder
	elements.WriteString(`<startEvent id="start"/><parallelGateway id="fork"/><sequenceFlow id="s" sourceRef="start" targetRef="fork"/><endEvent id="end"/>`)
	for i := range 60 {
		n := string(rune('A'+i%26)) + string(rune('a'+i/26))
		n = strings.Repeat("x", 80) + n
		elements.WriteString(`<userTask id="t` + n + `" name="` + strings.Repeat("長い", 60) + `" flowable:candidateGroups="G"/>` +
			`<sequenceFlow id="i` + n + `" sourceRef="fork" targetRef="t` + n + `"/><sequenceFlow id="o` + n + `" sourceRef="t` + n + `" targetRef="end"/>`)
	}
	c := newCase(t, process(elements.String()))
	c.at(time.Minute, func() {
		page := c.details()
		require.Less(t, len(page), 20_000)
		require.Contains(t, page, "and 10 more tasks")
		open, err := json.Marshal(c.seen.attribute(workflows.AttrOpenElements))
		require.NoError(t, err)
		require.Less(t, len(open), 2048, "the server refuses a larger search attribute, and the workflow task with it")
		require.Greater(t, len(open), 1800)
		require.Equal(t, 50, strings.Count(page, strings.Repeat("長い", 40)+"…"))
	})
	c.stopAt(time.Hour)
	require.NoError(t, c.run())
}
