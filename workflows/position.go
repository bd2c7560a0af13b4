package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// queryTimeout bounds how long a workflow may take to tell its state: it may have to be replayed.
const queryTimeout = 20 * time.Second

// positionQuery is the name of the query for a runPosition.
const positionQuery = "position"

// runPosition is what a run tells of itself.
type runPosition struct {
	Step  int64    `json:"step"`  // last committed step
	Tasks []string `json:"tasks"` // ids of those that tokens wait for
}

func (r *run) position() (runPosition, error) {
	p := runPosition{Step: r.state.Step, Tasks: []string{}}
	for _, t := range r.state.Tasks {
		p.Tasks = append(p.Tasks, t.TaskID)
	}
	return p, nil
}

// Position finds out how the workflow of an instance is; with its step and the tasks that its tokens wait for if it runs and
// closely is set, which asks a worker. An error means that nothing is known.
func (c *Client) Position(ctx context.Context, instanceID string, closely bool) (casework.RunPosition, error) {
	described, err := c.temporal.DescribeWorkflowExecution(ctx, instanceID, "")
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return casework.RunPosition{State: casework.RunMissing}, nil
	}
	if err != nil {
		return casework.RunPosition{}, fmt.Errorf("describe %s: %w", instanceID, err)
	}
	if status := described.GetWorkflowExecutionInfo().GetStatus(); status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return casework.RunPosition{State: casework.RunClosed, Detail: strings.ToLower(status.String())}, nil
	}
	position := casework.RunPosition{State: casework.RunRunning}
	if !closely {
		return position, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	answer, err := c.temporal.QueryWorkflow(ctx, instanceID, "", positionQuery)
	var failed *serviceerror.WorkflowNotReady
	if errors.As(err, &failed) {
		return casework.RunPosition{State: casework.RunStuck, Detail: failed.Error()}, nil
	}
	if err != nil {
		return casework.RunPosition{}, fmt.Errorf("query %s: %w", instanceID, err)
	}
	var told runPosition
	if err := answer.Get(&told); err != nil {
		return casework.RunPosition{}, fmt.Errorf("position of %s: %w", instanceID, err)
	}
	position.Step, position.Tasks = told.Step, told.Tasks
	return position, nil
}

// Running lists the ids of the running workflows of cases, a page after a token; the next token is empty after the last.
// What has just begun may be missing: the list lags behind.
func (c *Client) Running(ctx context.Context, token []byte) (ids []string, next []byte, err error) {
	page, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: c.namespace, PageSize: 500, NextPageToken: token,
		Query: "ExecutionStatus = 'Running' AND " + AttrProcessKey + " IS NOT NULL",
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list running workflows: %w", err)
	}
	for _, e := range page.GetExecutions() {
		ids = append(ids, e.GetExecution().GetWorkflowId())
	}
	return ids, page.GetNextPageToken(), nil
}
