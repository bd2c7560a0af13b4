package workflows

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ErrClosed means that the workflow has ended or never existed: the delivery can never succeed.
var ErrClosed = errors.New("workflow is closed or unknown")

// Client starts cases and signals them. It is safe for concurrent use.
type Client struct {
	temporal  client.Client
	namespace string
}

// NewClient wraps a connected Temporal client of a namespace. It does not close it.
func NewClient(c client.Client, namespace string) *Client {
	return &Client{temporal: c, namespace: namespace}
}

// Deliver sends a start or a signal. Sending the same delivery again has no second effect. It returns ErrClosed
// (wrapped) when the workflow is gone, any other error when trying again may help.
func (c *Client) Deliver(ctx context.Context, d casework.Delivery) error {
	switch {
	case d.Start != nil:
		return c.start(ctx, *d.Start)
	case d.Command != nil:
		return c.signal(ctx, *d.Command)
	}
	return nil
}

func (c *Client) start(ctx context.Context, s casework.Start) error {
	options := client.StartWorkflowOptions{
		ID:                                       s.InstanceID,
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("%s · case %s", cell(s.ProcessName), cell(s.CaseNumber)),
		StaticDetails:                            fmt.Sprintf("Process `%s` version %d\n\nSource SHA-256 `%s`", s.ProcessKey, s.DefinitionVersion, s.SHA256),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(AttrProcessKey).ValueSet(s.ProcessKey),
			temporal.NewSearchAttributeKeyKeyword(AttrCaseNumber).ValueSet(s.CaseNumber),
		),
	}
	_, err := c.temporal.ExecuteWorkflow(ctx, options, s.ProcessKey, Input{Start: s})
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start workflow %s: %w", s.InstanceID, err)
	}
	return nil
}

// signal sends the command with its id as request id, so that the server drops a second copy, and without a run id, so
// that it follows continue-as-new.
func (c *Client) signal(ctx context.Context, cmd casework.Command) error {
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(cmd)
	if err != nil {
		return fmt.Errorf("encode command %s: %w", cmd.CommandID, err)
	}
	_, err = c.temporal.WorkflowService().SignalWorkflowExecution(ctx, &workflowservice.SignalWorkflowExecutionRequest{
		Namespace:         c.namespace,
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: cmd.InstanceID},
		SignalName:        string(cmd.Kind),
		Input:             payloads,
		Identity:          "nextgen",
		RequestId:         cmd.CommandID,
	})
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return fmt.Errorf("signal %s: %w", cmd.InstanceID, ErrClosed)
	}
	if err != nil {
		return fmt.Errorf("signal %s: %w", cmd.InstanceID, err)
	}
	return nil
}
