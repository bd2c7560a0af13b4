package casework_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	running := func(step int64, tasks ...string) casework.RunPosition {
		return casework.RunPosition{State: casework.RunRunning, Step: step, Tasks: tasks}
	}
	rows := func(change func(*casework.Position)) casework.Position {
		p := casework.Position{Step: 5, Open: true, Settled: true, Tasks: map[string]casework.TaskStatus{
			"open": casework.TaskOpen, "held": casework.TaskDelegated, "old": casework.TaskCompleted, "gone": casework.TaskCancelled,
		}}
		if change != nil {
			change(&p)
		}
		return p
	}
	for name, test := range map[string]struct {
		run  casework.RunPosition
		rows casework.Position
		want []string // kind and task
	}{
		"they agree":                             {running(5, "open", "held"), rows(nil), nil},
		"a task for which nothing waits":         {running(5, "open"), rows(nil), []string{"orphan-task held"}},
		"a token without a row":                  {running(5, "open", "held", "other"), rows(nil), []string{"missing-task other"}},
		"a token that waits for a cancelled one": {running(5, "open", "held", "gone"), rows(nil), []string{"missing-task gone"}},
		"a completion that nobody tells":         {running(5, "open", "held", "old"), rows(nil), []string{"lost-completion old"}},
		"a completion on its way": {running(5, "open", "held", "old"), rows(func(p *casework.Position) {
			p.Completing = []string{"old"}
		}), nil},
		"the workflow is behind":               {running(4, "open"), rows(nil), []string{"workflow-behind "}},
		"the workflow is behind, for now":      {running(4, "open"), rows(func(p *casework.Position) { p.Settled = false }), nil},
		"the rows are behind":                  {running(6, "open", "held"), rows(nil), []string{"workflow-ahead "}},
		"no workflow":                          {casework.RunPosition{State: casework.RunMissing}, rows(nil), []string{"workflow-missing "}},
		"an ended workflow":                    {casework.RunPosition{State: casework.RunClosed, Detail: "terminated"}, rows(nil), []string{"workflow-closed "}},
		"an ended workflow of an ended case":   {casework.RunPosition{State: casework.RunClosed}, rows(func(p *casework.Position) { p.Open = false }), nil},
		"a completed workflow of an open case": {casework.RunPosition{State: casework.RunClosed, Detail: casework.RunCompleted}, rows(nil), []string{"workflow-ahead "}},
		"a workflow that fails":                {casework.RunPosition{State: casework.RunStuck, Detail: "panic"}, rows(nil), []string{"workflow-stuck "}},
	} {
		var got []string
		for _, f := range casework.Differences("i", test.run, test.rows) {
			require.Equal(t, "i", f.ProcessInstanceID)
			require.NotEmpty(t, f.Detail)
			require.False(t, f.Repaired)
			got = append(got, string(f.Kind)+" "+f.TaskID)
		}
		require.Equal(t, test.want, got, name)
	}
}
