package main

import (
	"context"
	"slices"
	"sync"

	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// waits knows when a workflow waits again after a step: its activity has run, the server has taken the answer to the
// workflow task, and it has no other task for the workflow. It sees that on the worker's own connection.
type waits struct {
	mu    sync.Mutex
	tasks map[string]string        // workflow ids by the tokens of tasks under way
	ran   map[string]bool          // by workflow id: the activity of the step has run
	ends  map[string]chan struct{} // by workflow id
}

func newWaits() *waits {
	return &waits{tasks: map[string]string{}, ran: map[string]bool{}, ends: map[string]chan struct{}{}}
}

// of returns the channel that is told of the end of each step of a workflow.
func (w *waits) of(id string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[id] = make(chan struct{}, 1)
	return w.ends[id]
}

// applied notes that the activity of a step has run.
func (w *waits) applied(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ran[id] = true
}

// intercept is a grpc.UnaryClientInterceptor.
func (w *waits) intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	if err != nil {
		return err
	}
	switch answer := reply.(type) {
	case *workflowservice.PollWorkflowTaskQueueResponse:
		w.begun(answer)
	case *workflowservice.RespondWorkflowTaskCompletedResponse:
		w.completed(req.(*workflowservice.RespondWorkflowTaskCompletedRequest), answer)
	}
	return nil
}

func (w *waits) begun(task *workflowservice.PollWorkflowTaskQueueResponse) {
	if len(task.GetTaskToken()) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks[string(task.GetTaskToken())] = task.GetWorkflowExecution().GetWorkflowId()
}

func (w *waits) completed(task *workflowservice.RespondWorkflowTaskCompletedRequest, answer *workflowservice.RespondWorkflowTaskCompletedResponse) {
	w.mu.Lock()
	id := w.tasks[string(task.GetTaskToken())]
	delete(w.tasks, string(task.GetTaskToken()))
	over := w.ran[id] && answer.GetWorkflowTask() == nil && !slices.ContainsFunc(task.GetCommands(), goesOn)
	if over {
		delete(w.ran, id)
	}
	end := w.ends[id]
	w.mu.Unlock()
	if next := answer.GetWorkflowTask(); next != nil {
		w.begun(next)
	}
	if over && end != nil {
		select {
		case end <- struct{}{}:
		default: // told already
		}
	}
}

// goesOn reports a command that ends a run for another one, which has yet to get to its wait.
func goesOn(c *commandpb.Command) bool {
	return c.GetCommandType() == enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION
}
