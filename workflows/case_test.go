package workflows_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// began is the moment at which every test case starts. It is far ahead of the wall clock, from which the test environment
// takes the deadline of a local activity.
var began = time.Date(2100, time.January, 4, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// sources is a SourceStore of files by their hash.
type sources map[string][]byte

// DefinitionBySHA implements workflows.SourceStore.
func (s sources) DefinitionBySHA(_ context.Context, sha string) ([]byte, error) {
	if source := s[sha]; source != nil {
		return source, nil
	}
	return nil, errors.New("no such definition")
}

func (s sources) add(source []byte) (sha string) {
	sum := sha256.Sum256(source)
	sha = hex.EncodeToString(sum[:])
	s[sha] = source
	return sha
}

// process puts elements into a file with one process, so that a test shows only what it is about.
func process(elements string) []byte {
	return []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn"
		xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="test"><process id="p" name="Test process" isExecutable="true">` +
		elements + `</process></definitions>`)
}

// ownModel reads a model that ships with the product.
func ownModel(t testing.TB, name string) []byte {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "bpmn", "models", name))
	require.NoError(t, err)
	return source
}

// sharedModel reads a published model; the test is skipped where the folder is absent.
func sharedModel(t testing.TB, name string) []byte {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "shared", "models", "onecms", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the folder of shared models is absent")
	}
	require.NoError(t, err)
	return source
}

// testCase is one case in a test environment that skips time. Its store survives continue-as-new.
type testCase struct {
	*testsuite.TestWorkflowEnvironment
	t       *testing.T
	sources sources
	store   *memory
	start   casework.Start
	seen    *seen
}

// newCase prepares a case of the first process in a file, at its first start event.
func newCase(t *testing.T, source []byte) *testCase {
	t.Helper()
	programs, findings := bpmn.Compile(source)
	require.False(t, findings.HasErrors(), "%v", findings)
	p := programs[0]
	c := &testCase{t: t, sources: sources{}, store: newMemory()}
	c.start = casework.Start{
		InstanceID: "a3f5a4de-9ad3-4c11-8f53-0c5a5c7cbb01", ProcessKey: p.Key, ProcessName: "Test process", DefinitionVersion: 3,
		SHA256: c.sources.add(source), EngineRev: engine.Rev, StartEventID: p.Nodes[p.Starts[0]].ID,
		CaseID: 7, CaseNumber: "CASE-7", Initiator: "pat",
	}
	c.newRun(began)
	return c
}

// newRun gives the case an environment for its next run.
func (c *testCase) newRun(at time.Time) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(worker.SDKLogger(zap.NewNop()))
	c.TestWorkflowEnvironment = suite.NewTestWorkflowEnvironment()
	c.seen = &seen{}
	c.SetWorkerOptions(sdk.Options{Interceptors: []interceptor.WorkerInterceptor{c.seen}})
	c.SetStartTime(at)
	c.SetTestTimeout(time.Minute)
	c.SetOnTimerScheduledListener(func(string, time.Duration) { c.seen.pending++ })
	c.SetOnTimerFiredListener(func(string) { c.seen.pending-- })
	c.SetOnTimerCanceledListener(func(string) { c.seen.pending-- })
	worker.Register(c.TestWorkflowEnvironment, worker.Deps{Programs: workflows.NewLibrary(c.sources), Steps: c.store, Values: c.store})
}

// at does something some time after the start of the run, when all else is quiet.
func (c *testCase) at(after time.Duration, do func()) {
	c.RegisterDelayedCallback(func() {
		c.seen.most = max(c.seen.most, c.seen.pending)
		do()
	}, after)
}

// stopAt cancels the case, so that one whose tasks stay open comes to an end.
func (c *testCase) stopAt(after time.Duration) { c.at(after, c.CancelWorkflow) }

// run executes the first run of the case.
func (c *testCase) run() error { return c.runWith(workflows.Input{Start: c.start}) }

func (c *testCase) runWith(in workflows.Input) error {
	c.ExecuteWorkflow(c.start.ProcessKey, in)
	require.True(c.t, c.IsWorkflowCompleted())
	return c.GetWorkflowError()
}

// nextInput returns what a run hands to the next one.
func (c *testCase) nextInput(err error) workflows.Input {
	c.t.Helper()
	var next *workflow.ContinueAsNewError
	require.ErrorAs(c.t, err, &next)
	require.Equal(c.t, c.start.ProcessKey, next.WorkflowType.Name)
	require.Len(c.t, next.Input.Payloads, 1)
	var in workflows.Input
	require.NoError(c.t, json.Unmarshal(next.Input.Payloads[0].Data, &in))
	return in
}

// complete completes the open task of an element as pat, and signals it.
func (c *testCase) complete(element string, variables ...string) {
	c.send(c.completion(element, variables...))
}

// completion is the accepted completion of a task, not yet signalled. Variables are names and texts by turns.
func (c *testCase) completion(element string, variables ...string) casework.Command {
	task := c.store.taskOf(element)
	require.NotNil(c.t, task, "no task %s", element)
	require.False(c.t, task.status.Ended(), "task %s is %s", element, task.status)
	return c.store.accept(casework.Command{
		Kind: casework.CommandComplete, InstanceID: c.start.InstanceID, TaskID: task.TaskID, ActorID: "pat", Variables: object(variables...),
	})
}

// order is an accepted command about the whole case, not yet signalled.
func (c *testCase) order(kind casework.CommandKind, change func(*casework.Command)) casework.Command {
	cmd := casework.Command{Kind: kind, InstanceID: c.start.InstanceID, ActorID: "pat"}
	if change != nil {
		change(&cmd)
	}
	return c.store.accept(cmd)
}

func (c *testCase) send(cmd casework.Command) { c.SignalWorkflow(string(cmd.Kind), cmd) }

// state asks the run for its state.
func (c *testCase) state() workflows.RunState {
	c.t.Helper()
	value, err := c.QueryWorkflow("state")
	require.NoError(c.t, err)
	var s workflows.RunState
	require.NoError(c.t, value.Get(&s))
	return s
}

// details asks the run for the page that the Web UI shows.
func (c *testCase) details() string {
	c.t.Helper()
	value, err := c.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(c.t, err)
	var m sdkpb.WorkflowMetadata
	require.NoError(c.t, value.Get(&m))
	return m.GetCurrentDetails()
}

// object is a JSON object of texts.
func object(pairs ...string) json.RawMessage {
	if len(pairs) == 0 {
		return nil
	}
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return raw
}

// seen is what a run asked Temporal for.
type seen struct {
	interceptor.WorkerInterceptorBase
	timers     []timerSet
	attributes []map[string]any // one per write
	pending    int              // timers that have neither fired nor been cancelled
	most       int              // of pending, when all else is quiet
}

type timerSet struct {
	at      time.Time // when it fires
	summary string
}

// attribute returns the last value of a search attribute; nil if it was never set or is unset.
func (s *seen) attribute(name string) any {
	for _, write := range slices.Backward(s.attributes) {
		if v, ok := write[name]; ok {
			return v
		}
	}
	return nil
}

// writes counts the writes of search attributes that concern one of them.
func (s *seen) writes(name string) (n int) {
	for _, write := range s.attributes {
		if _, ok := write[name]; ok {
			n++
		}
	}
	return n
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (s *seen) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &watchInbound{seen: s}
	in.Next = next
	return in
}

type watchInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	seen *seen
}

// Init implements interceptor.WorkflowInboundInterceptor.
func (w *watchInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	out := &watchOutbound{seen: w.seen}
	out.Next = outbound
	return w.Next.Init(out)
}

type watchOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	seen *seen
}

// NewTimerWithOptions implements interceptor.WorkflowOutboundInterceptor.
func (w *watchOutbound) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	w.seen.timers = append(w.seen.timers, timerSet{workflow.Now(ctx).UTC().Add(d), options.Summary})
	return w.Next.NewTimerWithOptions(ctx, d, options)
}

// UpsertTypedSearchAttributes implements interceptor.WorkflowOutboundInterceptor.
func (w *watchOutbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	untouched := []temporal.SearchAttributeUpdate{ // an attribute that an update unsets is in no way different from one it leaves out
		temporal.NewSearchAttributeKeyKeyword(workflows.AttrCaseStatus).ValueSet("untouched"),
		temporal.NewSearchAttributeKeyKeywordList(workflows.AttrOpenElements).ValueSet([]string{"untouched"}),
		temporal.NewSearchAttributeKeyTime(workflows.AttrNextDue).ValueSet(time.Unix(0, 0)),
	}
	write := values(untouched)
	after := values(append(untouched, updates...))
	for name, before := range write {
		if after[name] != nil && reflect.DeepEqual(before, after[name]) {
			delete(write, name)
			continue
		}
		write[name] = after[name]
	}
	w.seen.attributes = append(w.seen.attributes, write)
	return w.Next.UpsertTypedSearchAttributes(ctx, updates...)
}

func values(updates []temporal.SearchAttributeUpdate) map[string]any {
	named := map[string]any{}
	attributes := temporal.NewSearchAttributes(updates...)
	for key, value := range attributes.GetUntypedValues() {
		named[key.GetName()] = value
	}
	return named
}
