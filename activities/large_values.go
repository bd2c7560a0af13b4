package activities

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ValueStore keeps the contents of large values.
type ValueStore interface {
	// LargeValue reads a content by its SHA-256.
	LargeValue(ctx context.Context, sha256 string) ([]byte, error)
	// KeepLargeValues writes contents, by their SHA-256, that an instance refers to from now on.
	KeepLargeValues(ctx context.Context, instanceID string, contents map[string]string) error
}

// Work is an activity of a service or script task.
type Work[R any] func(context.Context, casework.ActivityInput) (R, error)

// ByReference lets one of our own activities take large values by reference, and answer with such.
type ByReference[R any] struct {
	Store      ValueStore
	Pack       func(into values.Contents, result R) (R, error) // makes references of what is large in a result
	FieldsOnly bool                                            // the activity does not look at variables
}

// Wrap returns an activity that is called with references and calls another one with the values themselves. What is large in the
// answer of that is written before it goes to Temporal.
func (b ByReference[R]) Wrap(work Work[R]) Work[R] {
	return func(ctx context.Context, in casework.ActivityInput) (R, error) {
		if in.References == nil {
			return work(ctx, in)
		}
		var none R
		if err := b.resolve(ctx, &in); err != nil {
			return none, err
		}
		contents := values.Contents{}
		result, err := work(ctx, in)
		if err != nil {
			failed := packError(contents, err)
			if err := keep(ctx, b.Store, in.ProcessInstanceID, contents); err != nil {
				return none, err
			}
			return none, failed
		}
		if result, err = b.Pack(contents, result); err != nil {
			return none, badAnswer(err)
		}
		return result, keep(ctx, b.Store, in.ProcessInstanceID, contents)
	}
}

func (b ByReference[R]) resolve(ctx context.Context, in *casework.ActivityInput) (err error) {
	if !b.FieldsOnly {
		if in.Variables, err = resolveAll(ctx, b.Store, in.Variables, in.References.Variables); err != nil {
			return err
		}
	}
	in.Fields, err = resolveAll(ctx, b.Store, in.Fields, in.References.Fields)
	return err
}

func resolveAll(ctx context.Context, store ValueStore, of map[string]json.RawMessage, names []string) (map[string]json.RawMessage, error) {
	if len(names) == 0 {
		return of, nil
	}
	all := maps.Clone(of)
	for _, name := range names {
		reference, _ := values.Read(all[name])
		content, err := store.LargeValue(ctx, reference.SHA256)
		if err != nil {
			return nil, temporal.NewApplicationErrorWithCause("the large value of "+name+" cannot be read", "LargeValue", err)
		}
		all[name] = content
	}
	return all, nil
}

// packError packs the variables that travel with a BPMN error.
func packError(into values.Contents, err error) error {
	var failed *temporal.ApplicationError
	if !errors.As(err, &failed) || failed.Type() != casework.BpmnErrorType {
		return err
	}
	var code string
	var vars map[string]json.RawMessage
	if failed.Details(&code, &vars) != nil || len(vars) == 0 {
		return err
	}
	if vars, err = PackVariables(into, vars); err != nil {
		return badAnswer(err)
	}
	return service.BpmnError(code, failed.Message(), vars)
}

// badAnswer is the failure of an activity that has done its work and whose answer cannot be kept.
func badAnswer(why error) error {
	return temporal.NewNonRetryableApplicationError("the answer cannot be kept: "+why.Error(), "BadAnswer", nil)
}

// keep writes contents, and tries again as long as the activity may run: its work is done, and should not be done once more for
// a database that is away for a moment.
func keep(ctx context.Context, store ValueStore, instanceID string, contents values.Contents) error {
	if len(contents) == 0 {
		return nil
	}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := store.KeepLargeValues(ctx, instanceID, contents)
		if err == nil {
			return nil
		}
		activity.GetLogger(ctx).Warn("large values not written", "instance", instanceID, "error", err)
		select {
		case <-ctx.Done():
			return temporal.NewApplicationErrorWithCause("its large values cannot be written", "LargeValue", err)
		case <-time.After(pause):
		}
	}
}

// PackVariables packs an answer that is variables.
func PackVariables(into values.Contents, vars map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	raw, err := json.Marshal(vars)
	if err != nil {
		return nil, err
	}
	if raw, err = values.Storable(raw); err != nil {
		return nil, err
	}
	var kept map[string]json.RawMessage
	if err := json.Unmarshal(raw, &kept); err != nil {
		return nil, err
	}
	if err := values.CheckNames(kept); err != nil {
		return nil, err
	}
	return into.PackAll(kept), nil
}

// PackScript packs what a script did.
func PackScript(into values.Contents, r casework.ScriptResult) (casework.ScriptResult, error) {
	result, err := values.Storable(values.Canonical(r.Result))
	if err != nil {
		return r, err
	}
	r.Result = into.Pack(values.Canonical(result), values.LargeBytes)
	r.Variables, err = PackVariables(into, r.Variables)
	return r, err
}
