package bpmn_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn"
)

func compileFile(t *testing.T, path string, o bpmn.Options) bpmn.Diagnostics {
	t.Helper()
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	programs, findings := bpmn.CompileWith(source, o)
	for _, p := range programs {
		requireConsistent(t, p)
	}
	return findings
}

func TestMostInvalidModelsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	var accepted []string
	paths := sharedBPMN(t, filepath.Join("conformance", "betsy", "invalid"))
	for _, path := range paths {
		if !compileFile(t, path, bpmn.Options{}).HasErrors() {
			accepted = append(accepted, filepath.Base(path))
		}
	}
	require.LessOrEqual(t, len(accepted)*100, len(paths)*15, "at least 85 %% of %d are refused; accepted: %v", len(paths), accepted)
}

func TestModelsOfOthersCompile(t *testing.T) {
	t.Parallel()
	bare := bpmn.Options{BareScripts: true, BareExpressions: true}
	cases := map[string]struct {
		folder  string
		options bpmn.Options
		refused []string // by name: what they use is refused
	}{
		"betsy": {"betsy/models", bare, []string{"MultiInstanceTask_NegativeLoopCardinality.bpmn"}},
		"paths": {"paths/models", bpmn.Options{}, []string{"simpleCallActivity.bpmn", "simpleOutboundConnector.bpmn", "simpleScriptTask.bpmn"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := map[string]bool{}
			for _, path := range sharedBPMN(t, filepath.Join("conformance", filepath.FromSlash(c.folder))) {
				if findings := compileFile(t, path, c.options); findings.HasErrors() {
					refused[filepath.Base(path)] = true
					require.Contains(t, c.refused, filepath.Base(path), "%v", findings)
				}
			}
			require.Len(t, refused, len(c.refused))
		})
	}
}

var (
	flowNodeTag = regexp.MustCompile(`<(?:\w+:)?(?:(?:start|end|boundary|intermediateCatch|intermediateThrow)Event|(?:user|manual|service|send|receive|script|businessRule)Task|task|callActivity|subProcess|transaction|adHocSubProcess|\w+Gateway)[ >/]`)
	flowTag     = regexp.MustCompile(`<(?:\w+:)?sequenceFlow[ >/]`)
)

func TestInterchangeModelsAreReadWithEveryNodeAndFlow(t *testing.T) {
	t.Parallel()
	for _, path := range sharedBPMN(t, filepath.Join("conformance", "interchange")) {
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		model, findings := bpmn.Parse(source)
		require.NotNil(t, model, "%s: %v", path, findings)
		nodes, flows := 0, 0
		for _, p := range model.Processes {
			nodes, flows = nodes+len(p.Nodes), flows+len(p.Flows)
			for _, f := range p.Flows {
				require.True(t, f.Source != nil && f.Target != nil, "%s: %s", path, f.ID)
			}
		}
		require.NotZero(t, nodes)
		require.Equal(t, len(flowNodeTag.FindAll(source, -1)), nodes, path)
		require.Equal(t, len(flowTag.FindAll(source, -1)), flows, path)
	}
}

// allowed are the constructs of the scenarios of others that are refused, by what the finding says.
var allowedRefusals = []string{
	"skipExpression", "idVariableName", "caseRef", "eventListener", "eventType", "eventInParameter", "eventOutParameter",
	"channelKey", "systemChannel", "send-event", "RequestHandler", "groovy", "operaton:resource", "it is empty",
	"is a web service", "flowable:in, which", "no event definition",
	"without messageRef", "which is not the name of a variable",
}

func TestScenariosOfOthersAreRefusedForKnownReasonsOnly(t *testing.T) {
	t.Parallel()
	total, refused := 0, 0
	for _, path := range sharedBPMN(t, filepath.Join("conformance", "scenarios", "models")) {
		total++
		findings := compileFile(t, path, bpmn.Options{})
		if !findings.HasErrors() {
			continue
		}
		refused++
		for _, d := range findings {
			known := d.Severity == bpmn.Warning
			for _, reason := range allowedRefusals {
				known = known || strings.Contains(d.Message, reason)
			}
			require.True(t, known, "%s: %s", path, d)
		}
	}
	require.LessOrEqual(t, refused*100, total*7, "%d of %d are refused", refused, total)
}
