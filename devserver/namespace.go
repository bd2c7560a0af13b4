package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	namespaceTimeout = 60 * time.Second
	callTimeout      = 10 * time.Second
	callRetry        = 50 * time.Millisecond
)

// namespaceSetup registers the namespace of the options through the server's
// public API. Every step may be repeated.
type namespaceSetup struct {
	opts     *options
	workflow workflowservice.WorkflowServiceClient
	operator operatorservice.OperatorServiceClient
	changed  bool // search attributes were added
}

// prepareNamespace makes sure that the namespace exists with its retention
// and search attributes and that all services know it.
func prepareNamespace(ctx context.Context, o *options) error {
	conn, err := grpc.NewClient("passthrough:///"+o.address(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return fmt.Errorf("connect to the Temporal server: %w", err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, namespaceTimeout)
	defer cancel()
	setup := &namespaceSetup{
		opts:     o,
		workflow: workflowservice.NewWorkflowServiceClient(conn),
		operator: operatorservice.NewOperatorServiceClient(conn),
	}
	if err := setup.run(ctx); err != nil {
		return fmt.Errorf("prepare namespace %q: %w", o.Namespace, err)
	}
	return nil
}

// run does the steps in order.
func (n *namespaceSetup) run(ctx context.Context) error {
	steps := []func(context.Context) error{n.register, n.setRetention, n.addSearchAttributes}
	for _, step := range steps {
		if err := repeat(ctx, step, isTransient); err != nil {
			return err
		}
	}
	// Until the frontend has read the namespace anew, it refuses the search
	// attributes, so here every error is worth a repetition.
	if err := repeat(ctx, n.probe, func(error) bool { return true }); err != nil {
		return err
	}
	return n.awaitRefresh(ctx)
}

// awaitRefresh waits until the services behind the frontend have read added
// search attributes too. They cannot be asked, but they read at an interval.
func (n *namespaceSetup) awaitRefresh(ctx context.Context) error {
	if !n.changed {
		return nil
	}
	timer := time.NewTimer(namespaceRefresh)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// register creates the namespace.
func (n *namespaceSetup) register(ctx context.Context) error {
	_, err := n.workflow.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        n.opts.Namespace,
		WorkflowExecutionRetentionPeriod: durationpb.New(n.opts.Retention),
	}, grpc.WaitForReady(true))
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}

// setRetention gives an older namespace the asked retention.
func (n *namespaceSetup) setRetention(ctx context.Context) error {
	described, err := n.workflow.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: n.opts.Namespace})
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	if described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() == n.opts.Retention {
		return nil
	}
	_, err = n.workflow.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: n.opts.Namespace,
		Config: &namespacepb.NamespaceConfig{
			WorkflowExecutionRetentionTtl: durationpb.New(n.opts.Retention),
		},
	})
	if err != nil {
		return fmt.Errorf("set the retention: %w", err)
	}
	return nil
}

// addSearchAttributes adds the custom search attributes that are missing.
func (n *namespaceSetup) addSearchAttributes(ctx context.Context) error {
	if len(n.opts.SearchAttributes) == 0 {
		return nil
	}
	listed, err := n.operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: n.opts.Namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for name, kind := range n.opts.SearchAttributes {
		old, exists := listed.GetCustomAttributes()[name]
		if exists && old != kind {
			return fmt.Errorf("search attribute %s is of type %s in the database, not %s: remove it or choose another name", name, old, kind)
		}
		if !exists {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = n.operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        n.opts.Namespace,
		SearchAttributes: missing,
	})
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	n.changed = true
	return nil
}

// probe asks what a client would ask: a count over the search attributes
// needs the frontend and visibility, the description of a workflow that does
// not exist needs history.
func (n *namespaceSetup) probe(ctx context.Context) error {
	names := make([]string, 0, len(n.opts.SearchAttributes))
	for name := range n.opts.SearchAttributes {
		names = append(names, "`"+name+"` IS NULL")
	}
	sort.Strings(names)
	_, err := n.workflow.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: n.opts.Namespace,
		Query:     strings.Join(names, " AND "),
	})
	if err != nil {
		return fmt.Errorf("count workflows: %w", err)
	}
	_, err = n.workflow.GetWorkflowExecutionHistory(ctx, probeRequest(n.opts.Namespace))
	if err != nil && status.Code(err) != codes.NotFound {
		return fmt.Errorf("look for a workflow: %w", err)
	}
	return nil
}
