package activities_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/onecms/nextgen-workflow/activities"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// store answers every commit in the same way.
type store struct {
	got    casework.StepCommit
	result casework.StepResult
	err    error
}

func (s *store) CommitStep(_ context.Context, c casework.StepCommit) (casework.StepResult, error) {
	s.got = c
	return s.result, s.err
}

func TestCommitStepHandsTheStepToTheStore(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*store{
		"and its result back": {result: casework.StepResult{Fingerprint: "f", Lost: []string{"t1"}, Tasks: []casework.TaskPlaced{{TaskID: "t2"}}}},
		"and a refusal back":  {result: casework.StepResult{Refused: true, Reason: "not accepted"}},
		"and its error back":  {err: errors.New("the database is away")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestActivityEnvironment()
			acts := &activities.Activities{Store: s}
			env.RegisterActivity(acts.CommitStep)
			commit := casework.StepCommit{InstanceID: "i", Step: 4, Fingerprint: "f", Variables: []casework.VariableChange{{Name: "n", Value: []byte(`{"a":1}`)}}}
			value, err := env.ExecuteActivity(acts.CommitStep, commit)
			require.Equal(t, commit, s.got)
			if s.err != nil {
				require.ErrorContains(t, err, s.err.Error())
				return
			}
			require.NoError(t, err)
			var result casework.StepResult
			require.NoError(t, value.Get(&result))
			require.Equal(t, s.result, result)
		})
	}
}

// sender remembers what it delivers and fails after some.
type sender struct {
	sent  []casework.Delivery
	fails int // deliveries before it fails; 0: never
}

func (s *sender) Deliver(_ context.Context, d casework.Delivery) error {
	if s.fails > 0 && len(s.sent) == s.fails {
		return errors.New("Temporal is away")
	}
	s.sent = append(s.sent, d)
	return nil
}

func TestWhatAStepSendsIsDeliveredAtOnceAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ deliveries, fails, sent int }{
		"all of it":                       {3, 0, 3},
		"until Temporal is away":          {3, 2, 2},
		"no more than a step can take in": {50, 0, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := &sender{fails: tc.fails}
			acts := &activities.Activities{Store: &store{result: casework.StepResult{Deliveries: make([]casework.Delivery, tc.deliveries)}}, Sender: out}
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestActivityEnvironment()
			env.RegisterActivity(acts.CommitStep)
			_, err := env.ExecuteActivity(acts.CommitStep, casework.StepCommit{})
			require.NoError(t, err, "the step is committed; the relay does the rest")
			require.Len(t, out.sent, tc.sent)
		})
	}
}

// timers starts one case and then knows it.
type timers struct{ seen []casework.TimerStart }

func (s *timers) StartByTimer(_ context.Context, in casework.TimerStart) (*casework.Delivery, error) {
	s.seen = append(s.seen, in)
	if len(s.seen) > 1 {
		return nil, nil
	}
	return &casework.Delivery{OutboxID: 7}, nil
}

func TestATimerStartIsStoredAndSent(t *testing.T) {
	t.Parallel()
	out, in := &sender{}, casework.TimerStart{ProcessKey: "bills", StartEventID: "due", RequestID: "start/bills/due-2026"}
	starts := &timers{}
	acts := &activities.Activities{Sender: out, Timers: starts}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(acts.StartCaseByTimer)
	for range 2 {
		_, err := env.ExecuteActivity(acts.StartCaseByTimer, in)
		require.NoError(t, err)
	}
	require.Equal(t, []casework.TimerStart{in, in}, starts.seen)
	require.Equal(t, []casework.Delivery{{OutboxID: 7}}, out.sent)
}
