package e2e

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/activities/delegate"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/internal/testdb"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// teller is the delegate of every listener. It notes for what it is called.
type teller struct {
	mu      sync.Mutex
	calls   map[string][]string // by process instance
	mended  bool
	visible func(instance string) int // open tasks that people see
	early   int                       // tasks that somebody saw while their create listener was at work
}

func (l *teller) tell(_ context.Context, in delegate.Input) (map[string]any, error) {
	what := in.ElementID + " " + in.Listener.Event
	var fails, throws string
	if err := errors.Join(delegate.Variable(in, "fails", &fails), delegate.Variable(in, "throws", &throws)); err != nil {
		return nil, err
	}
	if in.Listener.Event == "create" {
		l.early += l.visible(in.ProcessInstanceID)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[in.ProcessInstanceID] = append(l.calls[in.ProcessInstanceID], what)
	switch in.Listener.Event {
	case throws:
		return nil, delegate.BpmnError("REFUSED", "not by "+in.Listener.Assignee, map[string]any{"by": in.Listener.Assignee})
	case fails:
		if !l.mended {
			return nil, errors.New("nobody listens")
		}
	}
	return map[string]any{"last": what}, nil
}

func (l *teller) told(instance string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls[instance])
}

func (l *teller) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mended = true
}

// ownWorker runs a worker with delegates of its own in place of the product's. It keeps no workflow in memory, so that every
// workflow task replays its case.
func ownWorker(t *testing.T, s *stack.Stack, url string, delegates map[string]any) client.Client {
	t.Helper()
	s.Worker.Stop()
	store, err := db.Open(t.Context(), db.Config{URL: url, Role: "nextgen_worker"})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	conn, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	sender := workflows.NewClient(conn, "default")
	sdk.SetStickyWorkflowCacheSize(0)
	w := sdk.New(conn, workflows.TaskQueue, sdk.Options{WorkflowPanicPolicy: sdk.BlockWorkflow})
	worker.Register(w, worker.Deps{Programs: workflows.NewLibrary(store), Steps: store, Sender: sender, Timers: store})
	for name, does := range delegates {
		w.RegisterActivityWithOptions(does, activity.RegisterOptions{Name: name})
	}
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	ctx, cancel := context.WithCancel(context.Background())
	var relay sync.WaitGroup
	relay.Go(func() { worker.NewRelay(store, sender, zap.NewNop(), worker.RelayConfig{}).Run(ctx) })
	t.Cleanup(func() { cancel(); relay.Wait() })
	return conn
}

func TestListenersCallDelegatesOnTheRealStack(t *testing.T) {
	t.Parallel()
	nextgen, temporal := binaries(t)
	url := testdb.DB(t)
	s, err := stack.Start(t.Context(), stack.Config{Binary: nextgen, TemporalBinary: temporal, DatabaseURL: url, Log: logs(), Suffix: "_listeners"})
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	require.NoError(t, s.Deploy(t.Context(), "testdata/listeners.bpmn"))
	admin := s.As("mike.admin")
	l := &teller{calls: map[string][]string{}, visible: func(instance string) int {
		open, err := admin.OpenTasks(context.Background(), instance)
		if err != nil {
			return 1
		}
		return len(open)
	}}
	check := func(context.Context, delegate.Input) error { return nil }
	conn := ownWorker(t, s, url, map[string]any{"org.example.Tell": l.tell, "tell": l.tell, "org.example.Check": check})
	begin := func(t *testing.T, variables map[string]any) *runner {
		r := &runner{t: t, client: admin}
		variables["amount"] = 1
		r.do(step{Start: &start{Process: "listeners", Variables: variables}})
		return r
	}
	claim := func(r *runner) { // it does not wait for its listener
		r.do(step{Open: []string{"decide"}})
		_, err := admin.Claim(r.t.Context(), r.tasks()[0].TaskID)
		require.NoError(r.t, err)
	}
	before := []string{
		"asked start", "asked take", "check start", "check end", "check start", "check end", "decide create",
	}

	t.Run("in the order of the case", func(t *testing.T) {
		r := begin(t, map[string]any{})
		claim(r)
		await(t, func() bool { return slices.Contains(l.told(r.id), "decide assignment") })
		r.do(step{Complete: &done{Task: "decide"}})
		r.check(scenario{End: "decided", Visited: []string{"check", "decide"}, Variables: map[string]any{"amount": 3, "last": "listeners end"}})
		require.Equal(t, append(slices.Clone(before), "decide assignment", "decide complete", "listeners end"), l.told(r.id))
		require.Zero(t, l.early, "nobody sees a task before its create listeners are done")
	})
	t.Run("a BPMN error is caught at the boundary", func(t *testing.T) {
		r := begin(t, map[string]any{"throws": "complete"})
		claim(r)
		r.do(step{Complete: &done{Task: "decide"}})
		r.check(scenario{End: "rejected", Cancelled: []string{"decide"}, Variables: map[string]any{"by": "mike.admin"}})
	})
	t.Run("a failure is an incident, and only its listener is tried again", func(t *testing.T) {
		r := begin(t, map[string]any{"fails": "create"})
		i := r.until(func(i casework.Instance) bool { return len(i.Incidents) == 1 }, "an incident")
		require.Contains(t, i.Incidents[0].Message, "nobody listens")
		require.Empty(t, r.tasks())
		l.mend()
		r.post(instancePath(r.id)+"/incidents/"+i.Incidents[0].IncidentID+"/retry", map[string]any{}, nil)
		claim(r)
		r.do(step{Complete: &done{Task: "decide"}})
		r.check(scenario{End: "decided"})
		told := l.told(r.id)
		require.Equal(t, append(slices.Clone(before), "decide create", "decide create", "decide create"), told[:len(before)+3], "three attempts and one more")
	})
	t.Run("a deletion is told after the end", func(t *testing.T) {
		r := begin(t, map[string]any{"throws": "delete"})
		r.do(step{Open: []string{"decide"}})
		r.post(instancePath(r.id)+"/terminate", map[string]any{"reason": "enough"}, nil)
		r.until(func(i casework.Instance) bool { return i.Status == casework.InstanceTerminated }, "the end")
		require.NoError(t, conn.GetWorkflow(t.Context(), r.id, "").Get(t.Context(), nil))
		require.Equal(t, "decide delete", l.told(r.id)[len(before)])
		i, err := admin.Instance(t.Context(), r.id)
		require.NoError(t, err)
		require.Equal(t, []any{casework.InstanceTerminated, true}, []any{i.Status, i.CompletedAt != nil}, "its failure changes nothing")
		require.Empty(t, i.Incidents)
	})
}
