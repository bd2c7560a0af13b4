package worker_test

import (
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/onecms/nextgen-workflow/activities"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

func TestAWorkerNeedsAllOfItsDependencies(t *testing.T) {
	t.Parallel()
	temporal, err := client.NewLazyClient(client.Options{Logger: worker.SDKLogger(zap.NewNop())})
	require.NoError(t, err)
	defer temporal.Close()
	whole := worker.Deps{
		Client: temporal, Programs: workflows.NewLibrary(nil),
		Steps: struct{ activities.StepStore }{}, Log: zap.NewNop(),
	}
	_, err = worker.New(whole, worker.Config{})
	require.NoError(t, err)
	for name, drop := range map[string]func(d *worker.Deps){
		"Temporal":       func(d *worker.Deps) { d.Client = nil },
		"programs":       func(d *worker.Deps) { d.Programs = nil },
		"the step store": func(d *worker.Deps) { d.Steps = nil },
		"a logger":       func(d *worker.Deps) { d.Log = nil },
	} {
		d := whole
		drop(&d)
		_, err := worker.New(d, worker.Config{})
		require.Error(t, err, "without %s", name)
	}
}

// registry notes what is registered.
type registry struct{ registered []string }

func (r *registry) RegisterDynamicWorkflow(w any, _ workflow.DynamicRegisterOptions) {
	name := runtime.FuncForPC(reflect.ValueOf(w).Pointer()).Name()
	r.registered = append(r.registered, "workflow "+name[strings.LastIndex(name, "/")+1:])
}

func (r *registry) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	r.registered = append(r.registered, "workflow "+options.Name)
}

func (r *registry) RegisterActivityWithOptions(_ any, options activity.RegisterOptions) {
	r.registered = append(r.registered, "activity "+options.Name)
}

func TestTheListOfWorkflowsAndActivities(t *testing.T) {
	t.Parallel()
	r := &registry{}
	worker.Register(r, worker.Deps{})
	require.Equal(t, []string{
		"workflow workflows.(*ProcessInstance).Run-fm", "workflow " + workflows.StartByTimerWorkflow,
		"activity " + workflows.CommitStepName, "activity " + workflows.StartByTimerActivity,
	}, r.registered)
}

func TestTheLogOfTheSDKGoesToZap(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.DebugLevel)
	l := worker.SDKLogger(zap.New(core))
	l.Debug("a", "k", 1)
	l.Info("b")
	l.Warn("c", "error", "x")
	l.Error("d")
	var seen []string
	for _, e := range logs.All() {
		require.Equal(t, "temporal", e.LoggerName)
		seen = append(seen, e.Level.String()+" "+e.Message)
	}
	require.Equal(t, []string{"debug a", "info b", "warn c", "error d"}, seen)
	require.Equal(t, map[string]any{"k": int64(1)}, logs.All()[0].ContextMap())
}
