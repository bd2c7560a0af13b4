package main

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// server plays the calls of a worker through the interceptor.
type server struct {
	t     *testing.T
	waits *waits
}

func (s server) call(req, reply any) {
	s.t.Helper()
	invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	require.NoError(s.t, s.waits.intercept(s.t.Context(), "", req, reply, nil, invoke))
}

func task(token, id string) *workflowservice.PollWorkflowTaskQueueResponse {
	return &workflowservice.PollWorkflowTaskQueueResponse{TaskToken: []byte(token), WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id}}
}

func (s server) polled(token, id string) {
	s.call(&workflowservice.PollWorkflowTaskQueueRequest{}, task(token, id))
}

func (s server) completed(token string, next *workflowservice.PollWorkflowTaskQueueResponse, commands ...enumspb.CommandType) {
	req := &workflowservice.RespondWorkflowTaskCompletedRequest{TaskToken: []byte(token)}
	for _, c := range commands {
		req.Commands = append(req.Commands, &commandpb.Command{CommandType: c})
	}
	s.call(req, &workflowservice.RespondWorkflowTaskCompletedResponse{WorkflowTask: next})
}

func TestAStepEndsWhenTheWorkflowWaitsAgain(t *testing.T) {
	t.Parallel()
	w := newWaits()
	s := server{t: t, waits: w}
	end := w.of("a")
	other := w.of("b")
	s.polled("1", "a")
	s.completed("1", nil)
	require.Empty(t, end, "the first task of a workflow is no step")

	s.polled("2", "a")
	w.applied("a")
	require.Empty(t, end, "the activity has run, but the server has not taken the task")
	s.completed("2", nil, enumspb.COMMAND_TYPE_RECORD_MARKER)
	require.Len(t, end, 1)
	<-end

	s.polled("3", "a")
	w.applied("a")
	s.completed("3", task("4", "a"))
	require.Empty(t, end, "the server handed the next task back")
	s.completed("4", nil)
	require.Len(t, end, 1)
	<-end

	s.polled("5", "a")
	w.applied("a")
	s.completed("5", nil, enumspb.COMMAND_TYPE_RECORD_MARKER, enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION)
	require.Empty(t, end, "the next run has yet to get to its wait")
	s.polled("6", "a")
	s.completed("6", nil)
	require.Len(t, end, 1)
	require.Empty(t, other)
}

func TestPollsThatBringNothingAreNoTasks(t *testing.T) {
	t.Parallel()
	w := newWaits()
	server{t: t, waits: w}.call(&workflowservice.PollWorkflowTaskQueueRequest{}, &workflowservice.PollWorkflowTaskQueueResponse{})
	require.Empty(t, w.tasks)
}

func TestOnlyProcessesBelowThisOneAreCounted(t *testing.T) {
	t.Parallel()
	all := map[int]process{1: {}, 10: {parent: 1}, 11: {parent: 10}, 12: {parent: 11}, 20: {parent: 1}}
	require.True(t, descends(all, 10, 10))
	require.True(t, descends(all, 12, 10))
	require.False(t, descends(all, 20, 10))
	require.False(t, descends(all, 99, 10), "gone in between")
}

func TestReadingTheTimesOfAProcess(t *testing.T) {
	t.Parallel()
	p := readStat([]byte("42 (a (strange) name) S 7 1 1 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 1 0 1 1 1"))
	require.Equal(t, process{parent: 7, ms: 3000}, p)
	require.Equal(t, process{}, readStat([]byte("42 (x)")))
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		require.Equal(t, os.Getppid(), processes()[os.Getpid()].parent)
	}
}
