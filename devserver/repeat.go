package main

import (
	"context"
	"errors"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// repeat calls step until it succeeds, fails with an error that again does
// not accept, or ctx ends.
func repeat(ctx context.Context, step func(context.Context) error, again func(error) bool) error {
	var final error
	err := retry(ctx, callRetry, func() error {
		callCtx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		err := step(callCtx)
		if err != nil && (ctx.Err() != nil || !again(err)) {
			final = err
			return nil
		}
		return err
	})
	if final != nil {
		return final
	}
	return err
}

// probeRequest asks for a workflow that does not exist.
func probeRequest(namespace string) *workflowservice.GetWorkflowExecutionHistoryRequest {
	return &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace:       namespace,
		Execution:       &commonpb.WorkflowExecution{WorkflowId: "nextgen-temporal-probe"},
		MaximumPageSize: 1,
	}
}

// isTransient tells whether a call may succeed when it is repeated.
func isTransient(err error) bool {
	switch status.Code(rootStatus(err)) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted:
		return true
	}
	return false
}

// rootStatus finds the gRPC error in a chain of wrapped errors.
func rootStatus(err error) error {
	var withStatus interface{ GRPCStatus() *status.Status }
	if errors.As(err, &withStatus) {
		return withStatus.GRPCStatus().Err()
	}
	return err
}
