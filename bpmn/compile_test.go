package bpmn_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/bpmn/models"
)

// sharedDir holds material that is not part of the module; tests that need it skip where it is absent.
var sharedDir = filepath.Join("..", "..", "shared")

func readShared(tb testing.TB, path ...string) []byte {
	tb.Helper()
	source, err := os.ReadFile(filepath.Join(append([]string{sharedDir}, path...)...))
	if os.IsNotExist(err) {
		tb.Skip("the shared material is not here: " + filepath.Join(path...))
	}
	require.NoError(tb, err)
	return source
}

// sharedBPMN finds every BPMN file of the shared material, by its path.
func sharedBPMN(t *testing.T, under string) []string {
	t.Helper()
	root := filepath.Join(sharedDir, under)
	if _, err := os.Stat(root); err != nil {
		t.Skip("the shared material is not here: " + under)
	}
	var found []string
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.Contains(entry.Name(), ".bpmn") {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func compileClean(t *testing.T, source []byte) []*bpmn.Program {
	t.Helper()
	programs, findings := bpmn.Compile(source)
	require.False(t, findings.HasErrors(), "%v", findings)
	return programs
}

func TestTheOneCMSModelsCompile(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		key, name    string
		nodes, flows int
		starts       []string
		tasks, lanes int
		conditions   int
	}{
		"OneCMS_Case_Workflow.bpmn20.xml": {
			key: "oneCmsCaseWorkflow", name: "OneCMS Case Management Workflow", nodes: 22, flows: 29,
			starts: []string{"start_case_received"}, tasks: 11, lanes: 4, conditions: 17,
		},
		"OneCMS_Nextgen_WF.bpmn20.xml": {
			key: "oneCmsUnifiedWorkflow", name: "OneCMS Unified Case Workflow", nodes: 44, flows: 66,
			starts: []string{"startCaseReceived", "startCsisCase"}, tasks: 23, lanes: 9, conditions: 41,
		},
		"OneCMS_Nextgen_WF_Enhanced_v1.bpmn20.xml": {
			key: "oneCmsEnhancedWorkflow", name: "OneCMS Enhanced Case Workflow", nodes: 58, flows: 106,
			starts: []string{"start_eo_case_received", "start_csis_case"}, tasks: 28, lanes: 10, conditions: 67,
		},
	}
	for file, c := range cases {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			programs := compileClean(t, readShared(t, "models", "onecms", file))
			require.Len(t, programs, 1)
			p := programs[0]
			require.Equal(t, []any{c.key, c.name}, []any{p.Key, p.Name})
			require.Len(t, p.Nodes, c.nodes)
			require.Len(t, p.Flows, c.flows)
			require.Len(t, p.SHA256, 64)
			require.Equal(t, c.starts, startsOf(p))
			require.Equal(t, c.tasks, countKind(p, bpmn.UserTask))
			require.Len(t, lanesOf(p), c.lanes)
			require.Equal(t, c.conditions, countConditions(p))
		})
	}
}

func startsOf(p *bpmn.Program) []string {
	var ids []string
	for _, i := range p.Starts {
		ids = append(ids, p.Nodes[i].ID)
	}
	return ids
}

func countKind(p *bpmn.Program, kind bpmn.NodeKind) (n int) {
	for _, node := range p.Nodes {
		if node.Kind == kind {
			n++
		}
	}
	return n
}

func countConditions(p *bpmn.Program) (n int) {
	for _, f := range p.Flows {
		if f.Condition != nil {
			n++
		}
	}
	return n
}

func lanesOf(p *bpmn.Program) map[string]string {
	lanes := map[string]string{}
	for _, node := range p.Nodes {
		if node.Lane != "" {
			lanes[node.Lane] = node.LaneName
		}
	}
	return lanes
}

func groupsOf(n bpmn.Node) []string {
	var groups []string
	for _, g := range n.Human.CandidateGroups {
		groups = append(groups, g.Source())
	}
	return groups
}

func TestTheEnhancedModelKeepsWhatItsAuthorsWrote(t *testing.T) {
	t.Parallel()
	p := compileClean(t, readShared(t, "models", "onecms", "OneCMS_Nextgen_WF_Enhanced_v1.bpmn20.xml"))[0]
	start := p.Nodes[p.NodeIndex("start_eo_case_received")]
	require.Equal(t, "initiator", start.Initiator)
	require.Equal(t, bpmn.Pos{Line: 92, Column: 5}, start.Pos)

	triage := p.Nodes[p.NodeIndex("task_eo_officer_triage")]
	require.Equal(t, "EO Officer: Triage & Route Case", triage.Name)
	require.Equal(t, []string{"GROUP_EO_OFFICER"}, groupsOf(triage))
	require.Equal(t, []string{"lane_eo_officer", "EO Officer"}, []string{triage.Lane, triage.LaneName})

	created := p.Nodes[p.NodeIndex("task_csis_manager_create")]
	require.Equal(t, "${initiator}", created.Human.Assignee.Source())
	require.Empty(t, created.Human.CandidateGroups)

	work := p.NodeIndex("task_conduct_investigation")
	timer := p.Nodes[p.NodeIndex("timer_escalation")]
	require.Equal(t, work, timer.AttachedTo)
	require.Equal(t, []int{p.NodeIndex("timer_escalation")}, p.Nodes[work].Boundary)
	require.False(t, timer.Interrupting)
	require.Equal(t, bpmn.TimerDuration, timer.Events[0].Timer.Kind)
	require.Equal(t, "P30D", timer.Events[0].Timer.Value.Source())
}

func TestAConditionOfAOneCMSModelDecidesItsFlow(t *testing.T) {
	t.Parallel()
	p := compileClean(t, readShared(t, "models", "onecms", "OneCMS_Nextgen_WF.bpmn20.xml"))[0]
	gateway := p.Nodes[p.NodeIndex("gateway_eo_intake_decision")]
	require.Equal(t, -1, gateway.Default)
	for action, want := range map[string]string{"CREATE": "task_eo_createCase", "REJECT": "endCaseClosed"} {
		var reached []string
		for _, f := range gateway.Out {
			ok, err := p.Flows[f].Condition.EvalBool(expr.MapScope{"eoIntakeAction": action}, expr.Limits{})
			require.NoError(t, err)
			if ok {
				reached = append(reached, p.Nodes[p.Flows[f].Target].ID)
			}
		}
		require.Equal(t, []string{want}, reached, action)
	}
}

func TestTheModelsOfTheProductCompileWithoutErrors(t *testing.T) {
	t.Parallel()
	all, err := models.All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, m := range all {
		programs := compileClean(t, m.XML)
		require.Len(t, programs, 1, m.Name)
		for _, n := range programs[0].Nodes {
			require.NotEmpty(t, n.Lane, "%s of %s", n.ID, m.Name)
			if n.Kind == bpmn.UserTask {
				require.True(t, n.Human.Assignee != nil || len(n.Human.CandidateGroups) > 0, n.ID)
			}
		}
	}
}

func TestEverySharedModelCompilesOrSaysWhereItIsWrong(t *testing.T) {
	t.Parallel()
	for _, under := range []string{"models", "conformance"} {
		for _, path := range sharedBPMN(t, under) {
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			programs, findings := bpmn.Compile(source)
			lines := strings.Count(string(source), "\n") + 1
			for _, d := range findings {
				require.NotEmpty(t, d.Code, path)
				require.NotEmpty(t, d.Message, path)
				require.True(t, d.Line >= 1 && d.Line <= lines && d.Column >= 1, "%s: %s", path, d)
			}
			require.Equal(t, findings.HasErrors(), programs == nil, path)
			if findings.HasErrors() && under == "models" {
				require.NotEmpty(t, findings[0].ElementID, path)
			}
			for _, p := range programs {
				requireConsistent(t, p)
			}
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	source := readShared(b, "models", "onecms", "OneCMS_Nextgen_WF_Enhanced_v1.bpmn20.xml")
	b.ReportAllocs()
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		if _, findings := bpmn.Compile(source); findings.HasErrors() {
			b.Fatal(findings)
		}
	}
}
