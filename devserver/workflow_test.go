package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// startWorkflow starts a workflow with a search attribute, right after the
// ready line: nothing has to be waited for then.
func startWorkflow(t *testing.T, line readyLine) *commonpb.WorkflowExecution {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	started, err := workflowservice.NewWorkflowServiceClient(connect(t, line.Address)).StartWorkflowExecution(ctx, &workflowservice.StartWorkflowExecutionRequest{
		Namespace:    line.Namespace,
		WorkflowId:   "survivor",
		WorkflowType: &commonpb.WorkflowType{Name: "Survivor"},
		TaskQueue:    &taskqueuepb.TaskQueue{Name: "nobody"},
		RequestId:    "survivor-request",
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
			"Tenant": {Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"acme"`)},
		}},
	})
	require.NoError(t, err)
	return &commonpb.WorkflowExecution{WorkflowId: "survivor", RunId: started.GetRunId()}
}

// requireRunning checks that the workflow runs and is found by its search
// attribute.
func requireRunning(t *testing.T, line readyLine, execution *commonpb.WorkflowExecution) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client := workflowservice.NewWorkflowServiceClient(connect(t, line.Address))
	described, err := client.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{Namespace: line.Namespace, Execution: execution})
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, described.GetWorkflowExecutionInfo().GetStatus())
	require.Eventually(t, func() bool {
		counted, err := client.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: line.Namespace, Query: "Tenant = 'acme'"})
		return err == nil && counted.GetCount() == 1
	}, 15*time.Second, 50*time.Millisecond, "the workflow is not found by its search attribute")
}
