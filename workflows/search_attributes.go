package workflows

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// RegisterSearchAttributes makes the namespace know the attributes of a run. It may be called at every start.
func RegisterSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, a := range SearchAttributes() {
		if _, ok := known.GetCustomAttributes()[a[0]]; ok {
			continue
		}
		kind, err := enumspb.IndexedValueTypeFromString(a[1])
		if err != nil {
			return fmt.Errorf("search attribute %s: %w", a[0], err)
		}
		missing[a[0]] = kind
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) { // another worker may have been first
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}
